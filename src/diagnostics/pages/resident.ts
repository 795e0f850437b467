/** Pages of the codes about values that stay on the device. */
import type { residentCodes } from "../catalogue/resident.ts";
import type { PagesOf } from "./page.ts";

export const residentPages: PagesOf<typeof residentCodes> = {
  "run/no-resident": {
    kind: "situation",
    meaning:
      "A run on values that stay on the device is asked for, and the device computes in the processor's own memory.",
    why: "There such a run would be a run on numbers under another name.",
    situation: "`session.runResident(…)` of a session on the device `wasm` or `reference`.",
    remedy: "Take `session.run(…)`, or open the session on a graphics card.",
  },
  "run/gpu-buffer": {
    kind: "situation",
    meaning: "What is given as a feed is no buffer that the kernels can read.",
    why: "The kernels read the buffer itself: it must lie on the session's own device, have the usage `STORAGE`, be as long as the feed and not be mapped. WebGPU itself would compute with zeros, and say so only in the console.",
    situation: "A buffer of another `GPUDevice`, one that is made for vertices, or one that is too short.",
    remedy:
      "Make the buffer on the device that the session is opened on: `usage: GPUBufferUsage.STORAGE`, four bytes a number.",
  },
  "run/gpu-limits": {
    kind: "situation",
    meaning: "The graphics device that the session is opened on allows less than a kernel of the program needs.",
    why: "Programs need no more than what every full WebGPU device allows. A device of the compatibility mode may allow less.",
    situation: 'A device is requested with `featureLevel: "compatibility"`, and a kernel has eight buffers.',
    remedy: "Ask for the limit when the device is requested, or let the session open a device of its own.",
  },
  "run/tensor": {
    kind: "situation",
    meaning: "A tensor of TensorFlow.js does not fit the input that it is given for.",
    why: "Programs compute in float32 and for one shape of images. A tensor that was disposed has no values any more.",
    situation: "Pixels of `tf.browser.fromPixels` are int32 from 0 to 255, and the model takes float32 from 0 to 1.",
    remedy: "Convert the tensor before: `tf.div(pixels, 255)` gives float32, `tf.image.resizeBilinear` another size.",
  },
  "run/tfjs-webgpu": {
    kind: "situation",
    meaning:
      "The fused kernels were to run on the device of tfjs-webgpu, and that is not there, or not as it is known.",
    why: "Tensors are handed over without a copy, which needs parts of tfjs-webgpu that its interface does not name. So only the version 4.22 is taken.",
    situation: "The backend of TensorFlow.js is `webgl`, or its version is another one.",
    remedy: '`await tf.setBackend("webgpu")` before, with `@tensorflow/tfjs-backend-webgpu@4.22.0`.',
  },
};
