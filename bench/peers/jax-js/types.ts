/** What is used of @jax-js/jax 0.1.25. Arrays are consumed by what they are given to; `ref` is one more use. */

export interface Arr {
  readonly ref: Arr;
  readonly shape: readonly number[];
  add(other: Arr | number): Arr;
  sub(other: Arr | number): Arr;
  mul(other: Arr | number): Arr;
  div(other: Arr | number): Arr;
  neg(): Arr;
  dispose(): void;
  data(): Promise<Float32Array>;
}

export type Tree = Arr | readonly Tree[] | { readonly [name: string]: Tree };

type Pads = readonly (readonly [number, number])[];

export interface Jax {
  readonly numpy: {
    array(values: Float32Array, options: { readonly shape: readonly number[] }): Arr;
    sum(x: Arr, axis?: number | readonly number[], options?: { readonly keepdims: boolean }): Arr;
    mean(x: Arr, axis?: number | readonly number[], options?: { readonly keepdims: boolean }): Arr;
    sqrt(x: Arr): Arr;
    exp(x: Arr): Arr;
    log(x: Arr): Arr;
    absolute(x: Arr): Arr;
    maximum(x: Arr, y: Arr | number): Arr;
    concatenate(xs: readonly Arr[], axis: number): Arr;
    matmul(x: Arr, y: Arr): Arr;
  };
  readonly lax: {
    /** x [N,C,H,W], w [O,I,kh,kw]. */
    convGeneralDilated(
      x: Arr,
      w: Arr,
      strides: readonly number[],
      pads: Pads,
      options?: { readonly featureGroupCount: number },
    ): Arr;
    stopGradient(x: Arr): Arr;
  };
  init(device: string): Promise<readonly string[]>;
  defaultDevice(device: string): string;
  jit<A extends readonly Tree[], R extends Tree>(f: (...values: A) => R): ((...values: A) => R) & { dispose(): void };
  grad<A extends readonly Tree[]>(f: (...values: A) => Arr): (...values: A) => A[0];
  valueAndGrad<A extends readonly Tree[], X extends Tree>(
    f: (...values: A) => readonly [Arr, X],
    options: { readonly hasAux: true },
  ): (...values: A) => readonly [readonly [Arr, X], A[0]];
  blockUntilReady<T extends Tree>(tree: T): Promise<T>;
  readonly tree: { ref<T extends Tree>(tree: T): T; dispose(tree: Tree): void };
}
