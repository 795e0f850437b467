/** What an emitted module tells of its model at run time: the counterpart of `ModelTypes`. */
import type { ModelFacts, ModelTypes } from "./types.ts";

export interface ModelDescription<T extends ModelTypes> extends ModelFacts<T> {
  readonly programs: Programs;
}

export interface Programs {
  /** Predicts and, in the B-cos form, explains. */
  readonly main: ProgramFiles;
  /** Trains. */
  readonly train?: ProgramFiles;
  /** Explains neurons, by layer. */
  readonly at?: Readonly<Record<string, ProgramFiles>>;
}

/** A program for each device that it was compiled for. Only the files of the chosen one are loaded. */
export interface ProgramFiles {
  readonly wasm?: {
    readonly plan: Asset;
    readonly kernels: Asset;
    /** The same with relaxed SIMD, for engines that have it. */
    readonly relaxedKernels: Asset;
  };
  readonly webgpu?: { readonly plan: Asset };
}

/** A file and the SHA-256 of its bytes, hexadecimal. */
export type Asset = { readonly sha256: string } & (
  | { readonly url: URL | string }
  /** In place of a file. */
  | { readonly text: string }
  | { readonly base64: string }
);
