/** What does not compile: a wrong class name, shape or path, and weights of another model. In a project with strict settings. */
import { join } from "node:path";
import ts from "typescript";
import { beforeAll, expect, it } from "vitest";
import { emitModel } from "../../src/compiler/emit/emit-model.ts";
import { addFiles, createProject, networkOf, root } from "./project.ts";

const settings = { loss: { kind: "bce" }, optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 } } as const;
const folder = createProject();

/** The strictest settings that a project may have; those of Vite's templates are among them. */
const options: ts.CompilerOptions = {
  strict: true,
  target: ts.ScriptTarget.ES2022,
  lib: ["lib.es2023.d.ts", "lib.dom.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noPropertyAccessFromIndexSignature: true,
  noUnusedLocals: true,
  noUnusedParameters: true,
  verbatimModuleSyntax: true,
  erasableSyntaxOnly: true,
  isolatedModules: true,
  isolatedDeclarations: true,
  declaration: true,
  noEmit: true,
  skipLibCheck: true,
  types: ["node"],
  typeRoots: [join(root, "node_modules/@types")],
};

const HEAD = `
import * as mnist from "./mnist.js";
import * as resnet from "./resnet20.js";
import * as standard from "./standard.js";

declare const image: Float32Array;
declare const bitmap: ImageBitmap;
declare const photo: HTMLImageElement;
declare const net: mnist.Model;
declare const plain: standard.Model;
declare const weights: mnist.Weights;
declare const others: resnet.Weights;
`;

const right = `
const loaded: mnist.Model = await mnist.load({ weights, device: "wasm", threads: 2 });
await mnist.load({ seed: 1 });
await mnist.load({ weights: new URL("w.safetensors", import.meta.url), device: "auto" });
await mnist.load({ weights: await fetch("w.safetensors") });
await resnet.load({ weights: await resnet.readWeights(new Uint8Array(8)) });

const shape: readonly [8, 2, 3, 3] = weights.tensor("conv1.weight").shape;
const path: keyof mnist.Params = "bn1.running_var";
const name: "zero" | "one" | "two" | "three" | "four" | "five" | "six" | "seven" | "eight" | "nine" = (await net.predict(photo)).name;
const names: readonly mnist.ClassName[] = (await net.predict([image, bitmap])).flatMap((p) => p.top(3).map((c) => c.name));
const unnamed: undefined = (await plain.predict({ shape: [28, 28, 1], data: [0, 1] })).name;
const input: readonly [28, 28, 1] = mnist.model.input;

const explanation = await net.explain(new ImageData(4, 4), { target: "three", versus: 8 });
const { contributions, residual, colour, targetName }: { contributions: ArrayLike<number>; residual: number; colour?: Float32Array; targetName: mnist.ClassName | undefined } = explanation;
document.createElement("canvas").getContext("2d")?.putImageData(explanation.toImageData(), 0, 0);
const neurons = await net.explain([image], { at: "stem", unit: 3, place: [1, 2] });
await net.train({} as never, { epochs: 1, schedule: { kind: "constant", rate: 0.1 } });
await loaded.dispose();
export const used: readonly unknown[] = [shape, path, name, names, unnamed, input, contributions, residual, colour, targetName, neurons];
`;

/** A line each, and what its error says. */
const wrong: readonly (readonly [code: string, message: RegExp])[] = [
  [`await net.explain(image, { target: "tree" });`, /'"tree"' is not assignable to type .*Did you mean '"three"'\?/],
  [`await net.explain(image, { target: "one", versus: "eleven" });`, /'"eleven"' is not assignable to type/],
  [`await net.explain(image, { at: "steam" });`, /'"steam"' is not assignable to type '"stem"'/],
  [`await net.explain(image, { at: "stem", target: "one" });`, /'string' is not assignable to type 'undefined'/],
  [
    `await plain.explain(image);`,
    /'plain\.explain' has type 'undefined'|Cannot invoke .* possibly 'undefined'|type 'never'/,
  ],
  [`await plain.train({} as never, {} as never);`, /Cannot invoke .* possibly 'undefined'|type 'never'/],
  [`await net.predict({ shape: [32, 32, 3], data: image });`, /Type '(32|\[32, 32, 3\]|3)' is not assignable to type/],
  [`await net.predict({ shape: [28, 28], data: image });`, /not assignable to type '(readonly )?\[28, 28, 1\]'/],
  [`await net.predict(42);`, /'number' is not assignable to parameter of type/],
  [`weights.tensor("conv1.wieght");`, /'"conv1\.wieght"' is not assignable to parameter of type '"conv1\.weight" \|/],
  [`const a: readonly [8, 3, 3, 3] = weights.tensor("conv1.weight").shape;`, /Type '2' is not assignable to type '3'/],
  [`const b: keyof mnist.Params = "layer1.0.conv1.weight";`, /not assignable to type '"conv1\.weight" \|/],
  [`await mnist.load({ weights: others });`, /'"ResNet20"' is not assignable to type '"Mnist"'/],
  [`await standard.load({ weights });`, /Types of property 'architecture' are incompatible/],
  [`const c: mnist.Weights = await resnet.readWeights("w");`, /'"ResNet20"' is not assignable to type '"Mnist"'/],
  [`await mnist.load({});`, /'\{\}' is not assignable to parameter of type 'LoadOptions<MnistTypes>'/],
  [`await mnist.load({ weights, seed: 3 });`, /'number' is not assignable to type 'undefined'/],
  [
    `await mnist.load({ weights, device: "webgpu" });`,
    /'"webgpu"' is not assignable to type '"wasm" \| "auto"|'"auto" \| "wasm"/,
  ],
  [`const d: "ten" = (await net.predict(image)).name;`, /is not assignable to type '"ten"'/],
  [`const e: mnist.ClassName = mnist.classes[10];`, /Tuple type .* of length '10' has no element at index '10'/],
  [`mnist.params["conv1.weight"][4];`, /Tuple type .* of length '4' has no element at index '4'/],
];

const TENSORS = `
import { fusedDevice, tensorModel, type ImageTensor, type TensorExplanation, type TensorFlow } from "bcosc/tfjs";
import * as mnist from "./mnist.js";
import type * as standard from "./standard.js";

declare const tf: TensorFlow;
declare const images: ImageTensor;
declare const plain: standard.Model;
const net = tensorModel(tf, await mnist.load({ seed: 1, device: await fusedDevice(tf) }));
`;

const rightTensors = `
const shape: [number, number] = (await net.predict(images)).shape;
const explanation: TensorExplanation = await net.explain(images, { target: ["three", 4], versus: "nine" });
const none: undefined = tensorModel(tf, plain).explain;
export const used: readonly unknown[] = [shape, explanation, none];
`;

const wrongTensors: readonly (readonly [code: string, message: RegExp])[] = [
  [`await net.explain(images, { target: "tree" });`, /'"tree"' is not assignable to type/],
  [`await net.explain(images, { target: ["one"], versus: ["eleven"] });`, /'"eleven"' is not assignable to type/],
  [
    `await net.predict(new Float32Array(784));`,
    /'Float32Array<ArrayBuffer>' is not assignable to parameter of type 'ImageTensor'/,
  ],
  [`await tensorModel(tf, plain).explain(images);`, /has type 'undefined'|possibly 'undefined'|type 'never'/],
];

const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  const classes = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
  const targets = ["wasm"] as const;
  const mnist = networkOf("models/mnist.bcos");
  const emitted = [
    await emitModel(mnist, { name: "mnist", classes, targets, layers: ["stem"], train: { batch: 2, settings } }),
    await emitModel(networkOf("models/cifar/resnet20.bcos"), { name: "resnet20", classes, targets }),
    await emitModel(mnist, { name: "standard", form: "standard", targets }),
  ];
  // Only what compilers read: the module is not run here.
  for (const { files } of emitted) addFiles(folder, new Map([...files].filter(([name]) => /^\w+\.ts$/.test(name))));
  const [first] = emitted;
  addFiles(folder, new Map([["declared/mnist.d.ts", first!.files.get("mnist.d.ts")!]]));
  addFiles(folder, new Map([["declared/mnist.js", first!.files.get("mnist.js")!]]));
  addFiles(
    folder,
    new Map([
      ["right.ts", HEAD.replace(/^declare const others.*\n/m, "") + right],
      ["wrong.ts", `${HEAD}${wrong.map(([code]) => code).join("\n")}\nexport {};\n`],
      [
        "declared.ts",
        `import { load, type Model } from "./declared/mnist.js";\nexport const net: Promise<Model> = load({ seed: 1 });\n`,
      ],
      ["tensors.ts", TENSORS + rightTensors],
      ["tensors-wrong.ts", `${TENSORS}${wrongTensors.map(([code]) => code).join("\n")}\nexport {};\n`],
      ["entries.ts", `export * from "bcosc/runtime";\nexport { checkFile } from "bcosc/compiler";\n`],
      ["declared-wrong.ts", `import { load } from "./declared/mnist.js";\nawait load({ seed: 1, device: "gpu" });\n`],
    ]),
  );
}, 120_000);

function compile(names: readonly string[], more: ts.CompilerOptions = {}): readonly ts.Diagnostic[] {
  const program = ts.createProgram(names.map(file), { ...options, ...more });
  return ts.getPreEmitDiagnostics(program);
}

const textOf = ({ messageText }: ts.Diagnostic): string => ts.flattenDiagnosticMessageText(messageText, "\n");
const toTexts = (diagnostics: readonly ts.Diagnostic[]): string[] =>
  diagnostics.map((d) => `${d.file?.fileName ?? ""}:${d.start ?? 0}: ${textOf(d)}`);

it("compiles what is right, with the strictest settings", () => {
  expect(toTexts(compile(["mnist.ts", "resnet20.ts", "standard.ts", "right.ts", "declared.ts"]))).toEqual([]);
});

it("has entries whose own declarations are whole", () => {
  const more = { skipLibCheck: false, types: [] };
  expect(toTexts(compile(["entries.ts"], more))).toEqual([]);
});

it.each(["with the types of a browser", "without them"])("does not compile what is wrong, %s", (which) => {
  // `noUnusedLocals` would be about the names of the examples.
  const lib = which === "without them" ? ["lib.es2023.d.ts"] : options.lib!;
  const diagnostics = compile(["wrong.ts"], { noUnusedLocals: false, lib });
  const source = diagnostics.find((d) => d.file !== undefined)!.file!;
  const first = source.text.slice(0, source.text.indexOf(wrong[0]![0])).split("\n").length - 1;
  const byLine = new Map<number, string>();
  for (const diagnostic of diagnostics) {
    const { line } = source.getLineAndCharacterOfPosition(diagnostic.start!);
    byLine.set(line - first, `${byLine.get(line - first) ?? ""}${textOf(diagnostic)}\n`);
  }
  for (const [i, [code, message]] of wrong.entries()) expect(byLine.get(i), code).toMatch(message);
  const others = [...byLine].filter(([line]) => line < 0 || line >= wrong.length).map(([, text]) => text);
  // Two names of the examples themselves are a browser's.
  expect(others.filter((text) => !/'(ImageBitmap|HTMLImageElement)'/.test(text))).toEqual([]);
});

it("has tensors of TensorFlow.js in and out with the same types", () => {
  expect(toTexts(compile(["tensors.ts"]))).toEqual([]);
  const found = compile(["tensors-wrong.ts"], { noUnusedLocals: false }).map(textOf);
  expect(found).toHaveLength(wrongTensors.length);
  for (const [i, [code, message]] of wrongTensors.entries()) expect(found[i], code).toMatch(message);
});

it("has the same types in its declarations", () => {
  expect(toTexts(compile(["declared-wrong.ts"])).join("\n")).toMatch(
    /'"gpu"' is not assignable to type '("auto"|"wasm"|Device)( \| ("auto"|"wasm"|Device)){2}'/,
  );
});
