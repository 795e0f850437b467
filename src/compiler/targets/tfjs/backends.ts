/** The backends of TensorFlow.js that programs are compiled for. A device's name is `tfjs:` and one of them. */

export const tfjsBackends = ["node-gpu", "node", "webgpu", "webgl", "wasm", "cpu"] as const;

export type TfjsBackend = (typeof tfjsBackends)[number];

/** Plans are made for a backend, or of what all of them have. */
export type TfjsPlanTarget = TfjsBackend | "portable";

export type TfjsTarget = `tfjs:${TfjsBackend}`;

export const tfjsTargets: readonly TfjsTarget[] = tfjsBackends.map((backend) => `tfjs:${backend}` as const);

/** The backend of a device's name; undefined for other devices. */
export function tfjsBackendOf(device: string): TfjsBackend | undefined {
  return tfjsBackends.find((backend) => device === `tfjs:${backend}`);
}
