/** Codes of the area `run` about values that stay on the device: buffers of WebGPU, tensors of TensorFlow.js. */
import { entry } from "../entry.ts";

export const residentCodes = {
  "run/no-resident": entry<{ device: string }>({
    severity: "error",
    message: (p) => `the device \`${p.device}\` has no memory of its own that values could stay in`,
    hint: () => "`webgpu` has, and so have the devices of TensorFlow.js; everywhere else `run` takes and gives numbers",
  }),
  "run/gpu-buffer": entry<{ name: string; problem: string; remedy: string }>({
    severity: "error",
    message: (p) => `the buffer for the feed \`${p.name}\` ${p.problem}`,
    hint: (p) => p.remedy,
  }),
  "run/gpu-limits": entry<{ path: string; kernel: string; needs: string; limit: string; name: string }>({
    severity: "error",
    message: (p) =>
      `the graphics device allows ${p.limit}, but the kernel \`${p.kernel}\`${p.path === "" ? "" : ` of \`${p.path}\``} needs ${p.needs}`,
    hint: (p) => `ask for more when the device is requested, with \`${p.name}\` in \`requiredLimits\``,
  }),
  "run/tensor": entry<{ name: string; problem: string; remedy: string }>({
    severity: "error",
    message: (p) => `the tensor \`${p.name}\` ${p.problem}`,
    hint: (p) => p.remedy,
  }),
  "run/tfjs-webgpu": entry<{ problem: string; remedy: string }>({
    severity: "error",
    message: (p) => `the device of tfjs-webgpu can not be shared: ${p.problem}`,
    hint: (p) => p.remedy,
  }),
};
