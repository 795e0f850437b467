/** WebGPU in Node for all who want it: one instance of Dawn, as `navigator.gpu`, where libraries look for it. */

interface Dawn {
  create(options: readonly string[]): object;
}

interface Info {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
}

/** Dawn ends the process when the object that `create` returns is collected: it stays here. */
let instance: object | undefined;
let adapter: string | undefined;

/** Call it before a library that looks for WebGPU is imported. Throws where the package or an adapter is missing. */
export async function provideWebgpu(): Promise<void> {
  if (instance !== undefined) return;
  const { create, globals } = (await import("webgpu")) as unknown as Dawn & { readonly globals: object };
  Object.assign(globalThis, globals);
  const gpu = create([]) as { requestAdapter(options: object): Promise<{ readonly info: Info } | null> };
  const found = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (found === null) throw new Error("no WebGPU adapter");
  const { vendor, architecture, description } = found.info;
  adapter = [vendor, architecture, description].filter((text) => text !== "").join(", ");
  instance = gpu;
  const known = (globalThis as { navigator?: object }).navigator;
  if (known === undefined) Object.defineProperty(globalThis, "navigator", { value: { gpu, userAgent: "Node" } });
  else Object.defineProperty(known, "gpu", { value: gpu });
}

/** Of the adapter that everybody gets; undefined where nobody asked. */
export function adapterName(): string | undefined {
  return adapter;
}
