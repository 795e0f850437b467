/** For programs that use TensorFlow.js: sessions and models that take its tensors and give them. Loads none of its packages. */
export { fusedDevice } from "./tfjs/fused-device.ts";
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
