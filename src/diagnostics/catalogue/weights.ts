/** Codes of the area `weights`: weight files. */
import { entry } from "../entry.ts";

export const weightsCodes = {
  "weights/missing": entry<{ path: string }>({
    severity: "error",
    message: (p) => `the weights have no tensor \`${p.path}\``,
  }),
  "weights/unexpected": entry<{ path: string }>({
    severity: "error",
    message: (p) => `the weights have a tensor \`${p.path}\` that the model does not know`,
    hint: () => "the names and the number of classes have to be those of the model that the weights were saved from",
  }),
  "weights/shape": entry<{ path: string; expected: string; found: string }>({
    severity: "error",
    message: (p) => `the tensor \`${p.path}\` has the shape ${p.found}, the model wants ${p.expected}`,
  }),
  "weights/architecture": entry<{ model: string; expected: string; found: string }>({
    severity: "error",
    message: (p) =>
      `the weights belong to another architecture than \`${p.model}\`: to ${p.found.slice(0, 12)}…, not ${p.expected.slice(0, 12)}…`,
    hint: () => "compile the model as it was trained, with the same form, parameters and settings",
  }),
  "weights/header": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `not a valid safetensors file: ${p.reason}`,
    hint: () => "the file may be cut off or of another format; write it or download it again",
  }),
  "weights/tensor": entry<{ name: string; reason: string }>({
    severity: "error",
    message: (p) => `the tensor \`${p.name}\` is not valid: ${p.reason}`,
  }),
  "weights/ranges": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `the byte ranges of the tensors do not tile the data: ${p.reason}`,
    hint: () => "the file is damaged or was written by a faulty program",
  }),
  "weights/format": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `not a weight file of a known format: ${p.reason}`,
    hint: () =>
      "safetensors, PyTorch files (.pth, .pt), ONNX models and layers models of TensorFlow.js (model.json) are read",
  }),
  "weights/zip": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `not a valid PyTorch archive: ${p.reason}`,
    hint: () => "the file may be cut off or changed; download or save it again",
  }),
  "weights/pickle": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `not a PyTorch file of plain tensors: ${p.reason}`,
    hint: () => "save the tensors alone, in Python: `torch.save(model.state_dict(), FILE)`",
  }),
  "weights/onnx": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `not an ONNX model whose weights can be read: ${p.reason}`,
  }),
  "weights/tfjs": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `not a layers model of TensorFlow.js whose weights can be read: ${p.reason}`,
  }),
  "weights/order": entry<{ position: number; problem: string }>({
    severity: "error",
    message: (p) => `the weights of the file are not those of the model in order: at place ${p.position} ${p.problem}`,
    hint: () => "give the layers of the model the names that the file has, or rename with `--rename`",
  }),
  "weights/dtype": entry<{ name: string; dtype: string }>({
    severity: "error",
    message: (p) => `the tensor \`${p.name}\` has whole numbers (${p.dtype}), and weights are floating point`,
    hint: () => "save it as F32, F16, BF16 or F64; quantised weights have to be made floating point before",
  }),
  "weights/export": entry<{ target: string; reason: string }>({
    severity: "error",
    message: (p) => `the names of ${p.target} do not fit this model: ${p.reason}`,
    hint: () => "`--to torchvision` keeps the names of the model",
  }),
  "weights/twice": entry<{ path: string; first: string; second: string }>({
    severity: "error",
    message: (p) => `\`${p.first}\` and \`${p.second}\` of the file are both meant for \`${p.path}\``,
  }),
  "weights/checksum": entry<{ file: string; expected: string; found: string }>({
    severity: "error",
    message: (p) => `${p.file} is not the published file: its SHA-256 starts with ${p.found}, not with ${p.expected}`,
    hint: () => "download it again, or name the model with `--model` in place of `--checkpoint`",
  }),
  "weights/cosify": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `the conventional weights can't become those of the B-cos network: ${p.reason}`,
  }),
};
