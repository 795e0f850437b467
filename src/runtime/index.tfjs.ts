/**
 * For programs that use TensorFlow.js: its backends as devices, our kernels on its graphics device, sessions and models that
 * take its tensors and give them. Loads none of its packages where `tf` is given.
 */
export { createTfjsDevice, type TfjsDeviceOptions } from "./devices/tfjs/device.ts";
export { fusedDevice } from "./tfjs/fused-device.ts";
export { startWebgpu, type StartedTensorFlow, type WebgpuBackendModule } from "./tfjs/start-webgpu.ts";
export type { TensorFeeds } from "./tfjs/passage.ts";
export {
  tensorModel,
  type ExplainTensors,
  type ImageTensor,
  type TensorModel,
  type TensorModelOptions,
} from "./tfjs/tensor-model.ts";
export {
  tensorSession,
  type TensorExplainOptions,
  type TensorExplanation,
  type TensorSession,
} from "./tfjs/tensor-session.ts";
export type { NamedTensors, TensorFlow } from "./tfjs/tensorflow.ts";
