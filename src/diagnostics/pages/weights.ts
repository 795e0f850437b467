/** Pages of the area `weights`. */
import type { weightsCodes } from "../catalogue/weights.ts";
import type { PagesOf } from "./page.ts";

export const weightsPages: PagesOf<typeof weightsCodes> = {
  "weights/missing": {
    kind: "situation",
    meaning: "The model has a weight that the file does not hold.",
    why: "A weight that is left at its random start gives wrong answers without a sign of it, so all must be there.",
    situation:
      "The file was saved from another model or another form of it (`--as standard` has biases and running means that the B-cos form has not), or a label in the `.bcos` file was renamed since.",
    remedy:
      "`bcosc inspect FILE` lists the weight paths of the model. Use the weights that were saved from this model, or give the step the label that the file uses (`conv1: conv(64)`).",
  },
  "weights/unexpected": {
    kind: "situation",
    meaning: "The file holds a tensor that the model has no place for.",
    why: "It is the sign of weights that belong to another model; loading the rest would hide it.",
    situation: "The model has lost a layer since the weights were saved, or they are those of a larger sibling.",
    remedy: "`bcosc inspect FILE` lists the weight paths of the model. Use the weights that were saved from it.",
  },
  "weights/shape": {
    kind: "situation",
    meaning: "A tensor of the file has another shape than the model's weight of that name.",
    why: "Numbers can't be moved into another shape without changing what they mean.",
    situation:
      "The model was trained with `--set classes=10` and is loaded with `classes: 1000`, or a width was changed.",
    remedy: "Give the parameters that the weights were trained with: `--set classes=10`.",
  },
  "weights/header": {
    kind: "situation",
    meaning: "The header of the safetensors file is not valid.",
    why: "A safetensors file starts with the length of its header (8 bytes) and a JSON object that names every tensor. The header is checked strictly, since a file that is half understood gives wrong weights.",
    situation: "The download was cut off, the file is one of PyTorch (`.pth`), or a web page was saved in its place.",
    remedy:
      "Download or save the file again. `bcosc import` makes a safetensors file of the weights of other programs.",
  },
  "weights/tensor": {
    kind: "situation",
    meaning: "The header describes a tensor that can't be: its type, its shape or its byte range is not valid.",
    why: "The number of bytes must be the number of elements times the size of one, and the type must be a known one.",
    situation: "The file is damaged, or a program wrote a type that only it knows.",
    remedy: "Save the file again, with a floating point type (F32, F16, BF16 or F64).",
  },
  "weights/ranges": {
    kind: "situation",
    meaning: "The byte ranges of the tensors have a gap, overlap, or do not cover the file.",
    why: "The format asks for ranges that follow each other without a hole: anything else may hide data or read it twice.",
    situation: "The file was cut off while it was copied, or something was appended to it.",
    remedy: "Download or save the file again.",
  },
  "weights/format": {
    kind: "situation",
    meaning: "The file is of none of the formats that weights are read from.",
    why: "The format is told from the content of the file, never from its name.",
    situation: "A web page was saved in place of the file, or the file is of another program (`.h5`, `.npz`, `.gguf`).",
    remedy:
      "Take a safetensors file, a PyTorch file of a state dict, an ONNX model, or a layers model of TensorFlow.js (`model.json`).",
  },
  "weights/zip": {
    kind: "situation",
    meaning: "The archive that a PyTorch file is can't be read.",
    why: "PyTorch's archives hold their tensors as they are, without compression, each with a checksum. Whatever deviates is a damaged file or one that was made to do harm.",
    situation: "The download was cut off, or the file was packed again by another program.",
    remedy: "Download the file again, or save it again with `torch.save`.",
  },
  "weights/pickle": {
    kind: "situation",
    meaning: "A PyTorch file asks for more than dicts, numbers, texts and tensors.",
    why: "A pickle is a program that can run anything. It is read here by an interpreter that knows only what makes plain tensors; everything else is refused, harmless or not.",
    situation:
      "A whole module was saved in place of its state dict, a checkpoint holds settings as objects of a program, or the file was made to do harm.",
    remedy:
      "In Python, if you trust the file: `torch.save(torch.load(FILE)['state_dict'], 'plain.pth')`, or save it with the package `safetensors`.",
  },
  "weights/onnx": {
    kind: "situation",
    meaning: "The initialisers of an ONNX model can't be read.",
    why: "Only what is certain is read: tensors of known types whose data has the length that their shapes say, in the file itself or in a file of its folder.",
    situation: "The download was cut off, the file with the data is missing, or the file was made to do harm.",
    remedy:
      "Download or export the model again. Files with data (`.data`) have to lie in the model's folder, under the names that the model gives them.",
  },
  "weights/tfjs": {
    kind: "situation",
    meaning: "The weights of a layers model of TensorFlow.js can't be read.",
    why: "Its manifest has to say the name, type and shape of every weight, and the files beside it have to hold just that many bytes. Kernels are read of convolutions and linear layers, whose order of axes is known.",
    situation:
      "A file of numbers is missing or cut off, the model is a graph model, or it has layers that no `.bcos` model has.",
    remedy:
      "Put all files of the model into one folder, and convert from Keras again where they are damaged: as a layers model, `--output_format tfjs_layers_model`.",
  },
  "weights/order": {
    kind: "situation",
    meaning: "With `--by-order`, the file does not have the same weights as the model in the same order.",
    why: "Where names carry nothing, only the order is left to tell which tensor is which. It is trusted only if the whole of it fits: what each tensor is to its layer, and its shape.",
    situation:
      "The file is of another network, or of one with branches, whose layers programs put into different orders.",
    remedy: "Name the layers of the model as the file does, or give rules with `--rename`, and leave `--by-order` out.",
  },
  "weights/architecture": {
    kind: "situation",
    meaning: "The weights were trained in another architecture than that of the model which loads them.",
    why: "Names and shapes of weights may agree and the networks may still compute different things: another B, another norm, the conventional form instead of the B-cos form. Files that bcosc writes carry a hash of the architecture, and compiled models compare it with theirs.",
    situation:
      "The `.bcos` file, or an option such as `--set`, `--settings` or `--as`, was changed between training and compiling.",
    remedy:
      "Compile the model as it was trained, or train it anew. Where the change is meant, read the tensors without the note: `load({ weights: weightsFromSafetensors(readSafetensors(bytes)) })`.",
  },
  "weights/dtype": {
    kind: "situation",
    meaning: "A tensor that is meant for a weight of the model holds whole numbers or truth values.",
    why: "Weights are floating point. Whole numbers there are quantised weights without the scale that belongs to them, or a counter that has the name of a weight.",
    situation: "The file was made for an engine that computes with 8-bit numbers.",
    remedy: "Take the file from before quantisation, or multiply by the scales and save as F32.",
  },
  "weights/export": {
    kind: "situation",
    meaning: "`bcosc export` can't give the weights the names that another program uses.",
    why: "What is written must lead back to the same weights when it is imported. With names that stand for two weights, or for another one, it would not.",
    situation:
      "The conventional form of a model is exported with the names of B-cos networks, or a label of the model ends in `.linear`, which B-cos networks put behind every layer.",
    remedy:
      "Export with `--to torchvision`, which keeps the names of the model, or rename the label in the `.bcos` file.",
  },
  "weights/twice": {
    kind: "situation",
    meaning: "Two tensors of the file would become the same weight of the model.",
    why: "Only one of them can be the right one, and nothing says which.",
    situation: "A checkpoint holds the weights twice: those that were trained and their running average.",
    remedy: "`--prefix` says which to take: `--prefix ema.module.`.",
  },
  "weights/checksum": {
    kind: "situation",
    meaning: "The file is not the one that was published under the name that `--checkpoint` gives.",
    why: "Published files carry the start of their SHA-256 in their names. Another hash means other weights, or damaged ones.",
    situation: "The download was cut off, or the weights were trained further and saved again.",
    remedy: "Download the file again, or import it as what it is: `bcosc import FILE --model MODEL`.",
  },
  "weights/cosify": {
    kind: "situation",
    meaning: "The B-cos form of the model has a part that no conventional weights can be turned into.",
    why: "B-cosification starts from a B-cos network that computes what the conventional one does: its first layer sees [z, -z], the normalised input beside its negative, through [W, -W] / 2. That does not work for a layer with groups, or behind a layer that treats z and -z differently, nor where the settings want two units an output or other norms.",
    situation:
      "`bcosc cosify` was asked for a preset other than `cosified`, a setting of the file stands against it, or the first layer is a `depthwise_conv`.",
    remedy:
      'Leave the preset to the command, or change what the message names. A network that takes colours from 0 to 1 without normalising them takes `--settings "encode: add_inverse_normalized([0, 0, 0], [1, 1, 1])"`.',
  },
};
