/** WebGPU in Node for all who want it: one instance of Dawn, as `navigator.gpu`, where libraries look for it. */

interface Dawn {
  create(options: readonly string[]): object;
}

/** Dawn ends the process when the object that `create` returns is collected: it stays here. */
let instance: object | undefined;

/** Call it before a library that looks for WebGPU is imported. Throws where the package or an adapter is missing. */
export async function provideWebgpu(): Promise<void> {
  if (instance !== undefined) return;
  const { create, globals } = (await import("webgpu")) as unknown as Dawn & { readonly globals: object };
  Object.assign(globalThis, globals);
  const gpu = create([]) as { requestAdapter(): Promise<object | null> };
  if ((await gpu.requestAdapter()) === null) throw new Error("no WebGPU adapter");
  instance = gpu;
  const known = (globalThis as { navigator?: object }).navigator;
  if (known === undefined) Object.defineProperty(globalThis, "navigator", { value: { gpu, userAgent: "Node" } });
  else Object.defineProperty(known, "gpu", { value: gpu });
}
