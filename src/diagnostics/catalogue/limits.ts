/** Codes of the area `limit`: bounds on depth, size and imports. */
import { entry } from "../entry.ts";

export const limitCodes = {
  "limit/depth": entry<{ limit: number }>({
    severity: "error",
    message: (p) => `nested deeper than ${p.limit} levels`,
  }),
  "limit/expansion-depth": entry<{ limit: number }>({
    severity: "error",
    message: (p) => `blocks are nested deeper than ${p.limit} levels here`,
  }),
  "limit/layers": entry<{ limit: number }>({
    severity: "error",
    message: (p) => `the model has more than ${p.limit.toLocaleString("en-US")} layers`,
  }),
  "limit/expansion": entry<{ limit: number }>({
    severity: "error",
    message: (p) => `the model takes more than ${p.limit.toLocaleString("en-US")} steps to expand`,
  }),
  "limit/repeat": entry<{ limit: number; found: number }>({
    severity: "error",
    message: (p) =>
      `\`repeat\` takes at most ${p.limit.toLocaleString("en-US")}, not ${p.found.toLocaleString("en-US")}`,
  }),
  "limit/rank": entry<{ limit: number; found: number }>({
    severity: "error",
    message: (p) => `a shape has at most ${p.limit} axes, not ${p.found}`,
  }),
  "limit/weights": entry<{ limit: string; path: string }>({
    severity: "error",
    message: (p) => `with \`${p.path}\` the model has more than ${p.limit} weights`,
  }),
  "limit/tensor": entry<{ limit: string; shape: string }>({
    severity: "error",
    message: (p) => `a value of the shape ${p.shape} has more than ${p.limit} numbers`,
  }),
  "limit/webgpu": entry<{ path: string; kernel: string; needs: string; limit: string }>({
    severity: "error",
    message: (p) =>
      `${p.path === "" ? "the model" : `\`${p.path}\``} needs ${p.needs} in one WebGPU kernel (${p.kernel}), the limit is ${p.limit}`,
    hint: () => "use a smaller batch or smaller images, or the device `wasm`",
  }),
  "limit/tfjs": entry<{ path: string; backend: string; lacks: string }>({
    severity: "error",
    message: (p) =>
      `${p.path === "" ? "the model" : `\`${p.path}\``} needs ${p.lacks}, which the backend ${p.backend} of TensorFlow.js does not have`,
    hint: () => "use another backend of TensorFlow.js, or the device `wasm` or `webgpu`",
  }),
  "limit/imports": entry<{ limit: number }>({
    severity: "error",
    message: (p) => `more than ${p.limit} files are imported`,
  }),
  "limit/import-depth": entry<{ limit: number }>({
    severity: "error",
    message: (p) => `imports are nested deeper than ${p.limit} files`,
  }),
  "limit/nesting": entry<{ limit: number }>({
    severity: "error",
    message: (p) => `brackets are nested deeper than ${p.limit} levels`,
    hint: () => "name parts of the statement with bindings of their own",
  }),
  "limit/operators": entry<{ limit: number }>({
    severity: "error",
    message: (p) => `more than ${p.limit} operators in one statement`,
    hint: () => "name parts of the statement with bindings of their own",
  }),
  "limit/file-size": entry<{ size: number; unit: "characters" | "tokens"; limit: number }>({
    severity: "error",
    message: (p) => `the file has ${p.size} ${p.unit}, more than the limit of ${p.limit}`,
    hint: () => "split the file, and use `repeat` and blocks for parts that come again",
  }),
};
