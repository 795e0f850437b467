/** Starts TensorFlow.js: on the graphics card where the browser has WebGPU, else in WebAssembly. */
import * as tf from "@tensorflow/tfjs-core";
import plain from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm?url";
import simd from "@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm?url";

export type Engine = "webgpu" | "wasm";

export async function startEngine(): Promise<Engine> {
  const adapter = await navigator.gpu?.requestAdapter();
  if (adapter) {
    await import("@tensorflow/tfjs-backend-webgpu");
    if (await tf.setBackend("webgpu")) return "webgpu";
  }
  const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
  const paths = { "tfjs-backend-wasm.wasm": plain, "tfjs-backend-wasm-simd.wasm": simd };
  // Its threads are workers made of text, which the page's content security policy forbids; their file has to have a name.
  setWasmPaths({ ...paths, "tfjs-backend-wasm-threaded-simd.wasm": simd });
  tf.env().set("WASM_HAS_MULTITHREAD_SUPPORT", false);
  if (await tf.setBackend("wasm")) return "wasm";
  throw new Error("TensorFlow.js has no backend in this browser");
}
