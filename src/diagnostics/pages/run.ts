/** Pages of the area `run`. */
import type { runCodes } from "../catalogue/run.ts";
import type { PagesOf } from "./page.ts";

export const runPages: PagesOf<typeof runCodes> = {
  "run/not-finite": {
    kind: "situation",
    meaning: "A number that must be finite became infinite or not a number.",
    why: "A training would lose every weight from then on, so it stops at once; what was saved before stays. Logits that are not numbers have no largest one, so there is nothing to measure or to explain.",
    situation:
      "The learning rate is too large for this model, or the input or the file of weights holds values that are not numbers. With `--storage f16` activations above 65,504 become infinite, too.",
    remedy:
      "In a training, take a smaller `--lr`; `--resume` goes on from what was saved last. Otherwise, look at the weights, and leave `--storage f16` out.",
  },
  "run/disposed": {
    kind: "situation",
    meaning: "A session is used after `dispose()`.",
    why: "Its memory on the device is gone.",
    situation: "A program keeps a trainer or an explainer longer than the session they work on.",
    remedy: "Dispose the session when nothing uses it any more.",
  },
  "run/no-graph": {
    kind: "situation",
    meaning: "The program was built without the graph that is asked for.",
    why: "Only the graphs that were asked for are built, and only the B-cos form has an `explain` graph: a conventional network has no W(x) that explains its logits exactly.",
    situation: "`bcosc explain net.bcos --as standard`",
    remedy: "Leave out `--as standard`, or name the graph when the program is built.",
  },
  "run/no-layer": {
    kind: "situation",
    meaning: "The network has nothing of the path whose values are to be explained.",
    why: "Layers are named by their weight paths, blocks and bindings by the paths that these start with.",
    situation: 'A program is built with `explainedLayer: "layer5.0"`, and the last binding is `layer4`.',
    remedy: "`bcosc inspect FILE --dump network` lists layers, bindings and blocks.",
  },
  "run/device": {
    kind: "situation",
    meaning: "There is no device of this name here.",
    why: "A device that is replaced silently would give other speed and other rounding than expected.",
    situation: "`--device gpu`",
    remedy: "Use one of the names that the message lists.",
  },
  "run/input": {
    kind: "situation",
    meaning: "What is fed to a graph does not have the shape or the kind that it takes.",
    why: "Shapes are fixed when the program is built; a batch has a fixed size.",
    situation: "A program feeds 10 images to a session that was opened with `batch: 32`.",
    remedy: "Feed what the message asks for, or build the program for another batch size.",
  },
  "run/state": {
    kind: "situation",
    meaning: "The program has no weight or statistic of this path.",
    why: "State is named by weight paths, such as `layer1.0.conv1.weight`.",
    situation: "A program reads a weight by a path that the model does not have, or had before a label was renamed.",
    remedy: "`bcosc inspect FILE` lists the paths.",
  },
  "run/residual": {
    kind: "situation",
    meaning: "The contributions and the constant part of an explanation do not add up to the logit that they explain.",
    why: "For a B-cos network the sum is exact up to rounding: logit = Σ contributions + constant. A larger residual means that the explanation is not to be trusted, so it is an error and not a footnote.",
    situation: "A device that computes with too few digits, or a fault in bcosc.",
    remedy: "Run it with `--device reference`. If the residual stays, please report it with the model and the weights.",
  },
  "run/feed": {
    kind: "situation",
    meaning: "A graph is run with an input that it does not have, or without one that it needs.",
    why: "A misspelt input that is ignored would leave the right one at nothing.",
    situation: "A program runs the graph `train` and forgets `learningRate`.",
    remedy: "Feed exactly what the hint lists.",
  },
  "run/no-output": {
    kind: "situation",
    meaning: "A graph is asked for an output that it does not have.",
    why: "Every graph has a fixed set of outputs.",
    situation: "A program asks the graph `predict` for `contributions`; the graph `explain` has them.",
    remedy: "Use one of the names that the message lists.",
  },
  "run/memory": {
    kind: "situation",
    meaning: "A program does not fit into memory.",
    why: "What a program needs is worked out before anything is allocated: weights, the optimiser's state and everything that the backward pass reads. WebAssembly reaches at most 4 GiB, and a system may give less.",
    situation: "`bcosc train models/resnet34.bcos --batch 256`",
    remedy: "Take a smaller `--batch`. `--device reference` is slower, but has no limit of its own.",
  },
  "run/precision": {
    kind: "situation",
    meaning: "A device is asked for numbers that it does not compute with.",
    why: "Only the device `reference` has float64, for tests and verification.",
    situation: 'A program opens a session with `device: "wasm"` and `precision: "float64"`.',
    remedy: "Use float32, or the device `reference`.",
  },
  "run/no-plan": {
    kind: "situation",
    meaning: "The devices `wasm` and `webgpu` run plans, and the program was built without one for them.",
    why: "A plan takes time to make, so it is made only where it is asked for.",
    situation: "A program calls `buildProgram` without `targets` and opens a session on the device `wasm`.",
    remedy: 'Build the program with `targets: ["wasm"]`, or leave the choice of the device to `auto`.',
  },
  "run/no-simd": {
    kind: "situation",
    meaning: "The engine does not have the 128-bit vectors of WebAssembly.",
    why: "The kernels of the device `wasm` are written with them; all current engines have them.",
    situation: "`--device wasm` in an old browser, or with vectors switched off.",
    remedy: "`bcosc doctor` says what is there. The device `reference` runs everywhere.",
  },
  "run/wasm-refused": {
    kind: "situation",
    meaning: "The page's content security policy forbids to compile WebAssembly.",
    why: "Kernels of the device `wasm` are WebAssembly. Where a policy names the sources of scripts, it has to allow it by `'wasm-unsafe-eval'`, which allows no JavaScript from text.",
    situation: "A page with the policy `default-src 'self'` loads a model where there is no graphics card.",
    remedy:
      "Send `default-src 'self'; script-src 'self' 'wasm-unsafe-eval'`. The device `webgpu` needs nothing of the kind: `load({ device: \"webgpu\" })`.",
  },
  "run/threads": {
    kind: "situation",
    meaning: "As many threads as asked for could not be started.",
    why: "A page may forbid workers, and a system may limit threads.",
    situation: "`--threads 200`, or a page whose content security policy has no `worker-src blob:`.",
    remedy: "Ask for fewer threads, or leave the number out.",
  },
  "run/resume": {
    kind: "situation",
    meaning: "A run is to go on from the one before, which left nothing that it could go on from.",
    why: "What the forward part of a graph leaves is there until another graph runs or a weight changes. Computing on from something else would give wrong numbers.",
    situation: "A program of its own calls a device with `resume: true` after it ran another graph, or wrote a weight.",
    remedy: "Run the graph on all of its feeds first. `explain()` does so by itself.",
  },
  "run/thread-lost": {
    kind: "situation",
    meaning: "A worker thread has ended although the session still needs it.",
    why: "What it was to compute is missing, so the numbers in memory are of no use. The session refuses everything but `dispose()` from then on.",
    situation: "The engine ended the worker because memory ran out, or a program terminated it.",
    remedy:
      "Open a new session; `bcosc train … --resume` goes on from what was saved last. Where memory was short, take fewer `--threads` or a smaller `--batch`.",
  },
  "run/no-profile": {
    kind: "situation",
    meaning: "A profile is asked for on a device that takes no times of launches.",
    why: "A profile tells where the time goes among the launches of a plan. The device `reference` runs the graph without a plan, and its speed says nothing about that of another device. The device `webgpu` has the times from timestamps of the GPU, which not every adapter has (`bcosc doctor` says whether it does).",
    situation: "`bcosc train net.bcos --data mnist --device reference --profile`",
    remedy: "Take the device `wasm`, or `webgpu` on an adapter with timestamps, or leave out `--profile`.",
  },
  "run/no-webgpu": {
    kind: "situation",
    meaning: "The device `webgpu` can not be opened: there is no WebGPU here, or no adapter for it.",
    why: "Browsers have WebGPU themselves; in Node the optional package `webgpu` brings it, and both need a driver.",
    situation:
      "`--device webgpu` in Node without the package `webgpu`, or on a machine without a driver for Vulkan, Metal or Direct3D 12.",
    remedy:
      "Install what the message names. `bcosc doctor` lists the adapter that is found; `--device wasm` runs everywhere.",
  },
  "run/no-tfjs": {
    kind: "situation",
    meaning: "A backend of TensorFlow.js is asked for and can not be used: a package is missing, or what it needs is.",
    why: "The packages of TensorFlow.js are optional, each backend has its own, and those for Node bring a libtensorflow that their install scripts fetch. Where the package for CUDA finds no graphics card, TensorFlow would compute on the processor without a word: that is refused too.",
    situation:
      "`--device tfjs:node-gpu` without `@tensorflow/tfjs-node-gpu`, without CUDA, or on a version of Node that the package has no binding for.",
    remedy:
      "Install what the message names, or take what it says computes the same. `bcosc doctor` lists the backends that are there.",
  },
  "run/tfjs": {
    kind: "situation",
    meaning: "A call of TensorFlow.js failed, or its graphics device refused what it was asked to do.",
    why: "Nothing of such a run counts: the state is that from before, and no tensor is left behind. Where a kernel of WebAssembly trapped, or the graphics device was lost, the session refuses everything but `dispose()` from then on.",
    situation:
      "A program that removes the backend while a session uses it, a driver with a fault, or a fault in bcosc.",
    remedy: "Please report it with the message. `--device wasm` computes the same.",
  },
  "run/no-converter": {
    kind: "situation",
    meaning:
      "`bcosc export --to tfjs` can not load the packages of TensorFlow.js that it compares the exported model with.",
    why: "What was exported is loaded back as `tf.loadGraphModel` does it, run, and compared with our own device before it is put in place. The packages are optional: nothing else needs them.",
    situation:
      "`bcosc export --to tfjs` in a project without `@tensorflow/tfjs-core`, `-converter` and one of `-backend-wasm` and `-backend-cpu`.",
    remedy:
      "Install them, as the hint says, or export with `--unchecked`. Then the report says that nothing was compared.",
  },
  "run/export-differs": {
    kind: "situation",
    meaning: "The exported model, run by TensorFlow.js, does not compute what our own device does.",
    why: "A model that is a little wrong looks as good as a right one, and its explanations as convincing. So nothing is put in place.",
    situation: "A fault in the export, or in a kernel of TensorFlow.js. It has not been seen with TensorFlow.js 4.22.",
    remedy: "Take TensorFlow.js 4.22, which bcosc is tested with. If that does not help, it is a fault to be reported.",
  },
  "run/no-sharp": {
    kind: "situation",
    meaning: "The package that reads and writes image files does not load.",
    why: "Its binaries are packages of their own, one for each system, that npm takes as optional ones. Nothing else needs them: training, measuring and inspecting work without.",
    situation: "`npm ci --omit=optional`, or `node_modules` copied from a machine with another system.",
    remedy: "Install again on this machine, without `--omit=optional`.",
  },
  "run/no-decoder": {
    kind: "situation",
    meaning: "An image is to be decoded as browsers do it where there is no browser.",
    why: "`bcosc/runtime` is made for browsers and Node alike, and has no decoder of its own: browsers bring one, in Node the package `sharp` is one.",
    situation: "A program for Node calls `decodeImage` of `bcosc/runtime`.",
    remedy: "Take `decodeImage` or `readImageFile` from `bcosc/node`.",
  },
  "run/no-half-precision": {
    kind: "situation",
    meaning: "A program that keeps its activations in f16 is opened on an adapter whose shaders have no such numbers.",
    why: "WebGPU leaves it to adapters whether they have `shader-f16`. Taking f32 in secret would need twice the memory that the plan says.",
    situation: "`bcosc explain net.bcos --device webgpu --storage f16 …` on an old graphics card.",
    remedy: "Leave `--storage f16` out. `bcosc doctor` has a line that says whether the adapter has f16.",
  },
  "run/tuning": {
    kind: "situation",
    meaning: "A file that was given with `--tuning` is not what `bcosc tune` writes.",
    why: "A tuning names the fastest variant of each kernel on an adapter. From another file nothing of the kind can be learnt.",
    situation: "`--tuning` with a file that was cut off, edited by hand, or is something else.",
    remedy: "Make it again with `bcosc tune MODEL --graph GRAPH --batch N --out FILE`, or leave `--tuning` out.",
  },
  "run/webgpu": {
    kind: "situation",
    meaning: "WebGPU did not accept something that the device asked of it.",
    why: "Every call is made under error scopes, so that a refusal is an error here and never a result of zeros.",
    situation: "A driver with a fault, or a fault in bcosc.",
    remedy: "Please report it with the message. `--device wasm` computes the same.",
  },
  "run/device-lost": {
    kind: "situation",
    meaning: "The graphics device went away again and again, or one went away that the session can not open again.",
    why: "When a device is lost the session opens it again, restores the weights and repeats what was done since; it gives up where that does not help. A device that was given to the session is its owner's to open, and buffers are lost with their device.",
    situation: "A driver that is reset because a kernel ran for too long, or a graphics card with too little memory.",
    remedy:
      "Take a smaller batch, or `--device wasm`. Request a lost device of one's own again, and open new sessions on it.",
  },
  "run/wrong-results": {
    kind: "situation",
    meaning: "A short test that runs when an adapter is first used gave other numbers than it must.",
    why: "Drivers have faults, and a wrong number would look like a result.",
    situation:
      "`--device webgpu` on an adapter whose driver compiles a kernel wrongly. `auto` takes the device `wasm` instead and says so.",
    remedy: "Update the driver, or take `--device wasm`.",
  },
  "run/kernel": {
    kind: "situation",
    meaning: "A compute kernel stopped, mostly because it reached outside its memory.",
    why: "Its work is half done, so the weights may be half updated. The session refuses everything but `dispose()` from then on.",
    situation: "A stored plan that was changed, or a fault in bcosc.",
    remedy: "Run it with `--device reference`. If that works, please report the fault with the model.",
  },
};
