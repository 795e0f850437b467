/** Emitted modules in Node, in a project of their own: the very numbers of sessions that are opened on the compiler's programs. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { emitModel, type EmitOptions } from "../../src/compiler/emit/emit-model.ts";
import type { Program } from "../../src/compiler/graph/program.ts";
import { createDataset } from "../../src/runtime/data/dataset.ts";
import { explain } from "../../src/runtime/explain/explainer.ts";
import { explainNeurons } from "../../src/runtime/explain/neurons.ts";
import { openSession } from "../../src/runtime/session.ts";
import { train as trainSession } from "../../src/runtime/train/trainer.ts";
import { addFiles, createProject, networkOf, runScript } from "./project.ts";

const classes = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"];
const settings = { loss: { kind: "bce" }, optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 } } as const;
const folder = createProject();
const models = { mnist: networkOf("models/mnist.bcos"), resnet20: networkOf("models/cifar/resnet20.bcos") };

async function emit(model: keyof typeof models, options: Partial<EmitOptions> = {}): Promise<void> {
  const { files } = await emitModel(models[model], { name: model, classes, targets: ["wasm"], ...options });
  addFiles(folder, files);
}

beforeAll(async () => {
  await emit("mnist", { train: { batch: 4, settings }, layers: ["stem"] });
  await emit("resnet20", { batch: 3 });
}, 120_000);

/** The images that the scripts make too. */
const IMAGES = `
  const imagesOf = (shape, count) => {
    const size = shape.reduce((a, b) => a * b, 1);
    return Array.from({ length: count }, (_, i) => Float32Array.from({ length: size }, (_, j) => ((j * (i + 3)) % 17) / 17));
  };
`;
const imagesOf = (shape: readonly number[], count: number): Float32Array => {
  const size = shape.reduce((a, b) => a * b, 1);
  return Float32Array.from(
    { length: count * size },
    (_, at) => (((at % size) * (Math.floor(at / size) + 3)) % 17) / 17,
  );
};

function programOf(
  model: keyof typeof models,
  graphs: readonly ("predict" | "explain" | "train")[],
  more: object = {},
): Program {
  return buildProgram(models[model], { form: "bcos", batch: 2, graphs, targets: ["wasm"], train: settings, ...more })
    .program;
}

describe.each(["mnist", "resnet20"] as const)("the module of %s", (model) => {
  it("predicts and explains as a session does, bit for bit", async () => {
    const found = await runScript(
      folder,
      `
      import { load, model } from "./${model}.js";
      ${IMAGES}
      const net = await load({ seed: 5 });
      const images = imagesOf(model.input, 3);
      const predictions = await net.predict(images);
      const one = await net.predict({ shape: model.input, data: Array.from(images[1]) });
      const differences = await net.explain(images, { target: "three", versus: 7 });
      const picture = (await net.explain(images[0])).toImageData("contributions");
      const list = ({ logits, contributions, colour, residual, targetName, explained }) =>
        ({ logits: [...logits], contributions: [...contributions], colour: [...colour], residual, targetName, explained });
      console.log(JSON.stringify({
        device: net.device,
        logits: predictions.map((p) => [...p.logits]),
        names: predictions.map((p) => [p.index, p.name, p.top(2)[1].name]),
        one: [...one.logits],
        differences: differences.map(list),
        picture: [picture.width, picture.height, picture.data.length, Math.max(...picture.data)],
      }));
      await net.dispose();
    `,
    );
    const program = programOf(model, ["predict", "explain"]);
    const session = await openSession(program, { seed: 5 });
    const images = imagesOf(program.input.shape, 3);
    const logits = await session.predict(images);
    const rows = [0, 1, 2].map((i) => [...logits.slice(i * 10, (i + 1) * 10)]);
    const differences = await explain(session, images, { target: 3, versus: 7 });
    const [height, width] = program.input.shape;
    const ranks = rows.map((row) => row.map((_, k) => k).sort((a, b) => row[b]! - row[a]! || a - b));
    expect(found).toEqual({
      device: "wasm",
      logits: rows,
      names: ranks.map(([first, second]) => [first, classes[first!], classes[second!]]),
      one: rows[1],
      differences: differences.map((e) => ({
        logits: [...e.logits],
        contributions: [...e.contributions],
        colour: [...e.colour!],
        residual: e.residual,
        targetName: "three",
        explained: e.explained,
      })),
      picture: [width, height, 4 * height! * width!, 255],
    });
    await session.dispose();
  });
});

describe("the module of mnist", () => {
  it("explains neurons", async () => {
    const found = await runScript(
      folder,
      `
      import { load, model } from "./mnist.js";
      ${IMAGES}
      const net = await load({ seed: 5 });
      const [{ neuron, explained, contributions, targetName }] = await net.explain(imagesOf(model.input, 1), { at: "stem", unit: 3 });
      const error = await net.explain(imagesOf(model.input, 1), { at: "conv2" }).catch(String);
      console.log(JSON.stringify({ neuron, explained, contributions: [...contributions], targetName, error }));
    `,
    );
    const program = programOf("mnist", ["explain"], { explainedLayer: "stem" });
    const session = await openSession(program, { seed: 5 });
    const [expected] = await explainNeurons(session, imagesOf(program.input.shape, 1), { unit: 3 });
    expect(found).toEqual({
      neuron: expected!.neuron,
      explained: expected!.explained,
      contributions: [...expected!.contributions],
      error: expect.stringContaining("run/input: `at` takes `stem`, not `conv2`") as string,
    });
    await session.dispose();
  });

  it("trains from its weights, and explains and predicts with what it has learned", async () => {
    const found = (await runScript(
      folder,
      `
      import { createDataset } from "bcosc/runtime";
      import { load, model, classes } from "./mnist.js";
      ${IMAGES}
      const net = await load({ seed: 5 });
      const image = imagesOf(model.input, 1)[0];
      const before = await net.explain(image, { at: "stem", unit: 3 });
      const images = Uint8Array.from({ length: 8 * 784 }, (_, i) => (i * 31) % 256);
      const dataset = createDataset({ shape: [28, 28, 1], images, labels: Uint32Array.from({ length: 8 }, (_, i) => i), classes });
      const options = { epochs: 2, schedule: { kind: "constant", rate: 0.1 } };
      const result = await net.train(dataset, options);
      const after = await net.explain(image, { at: "stem", unit: 3 });
      const weights = await net.weights();
      const again = await load({ weights: weights.toSafetensors() });
      const logits = [await net.predict(image), await again.predict(image)].map((p) => [...p.logits]);
      const failed = await net.train(dataset, { epochs: 1, schedule: options.schedule, onStep: () => { throw new Error("no more"); } }).catch(String);
      console.log(JSON.stringify({
        losses: result.epochs.map((e) => e.loss),
        changed: before.explained !== after.explained,
        logits,
        failed,
        kept: [...(await net.predict(image)).logits],
        shape: weights.tensor("conv1.weight").shape,
      }));
    `,
    )) as Record<string, unknown>;
    const program = programOf("mnist", ["train", "predict"], { batch: 4 });
    const session = await openSession(program, { seed: 5 });
    const images = Uint8Array.from({ length: 8 * 784 }, (_, i) => (i * 31) % 256);
    const labels = Uint32Array.from({ length: 8 }, (_, i) => i);
    const dataset = createDataset({ shape: [28, 28, 1], images, labels, classes });
    const result = await trainSession(session, dataset, { epochs: 2, schedule: { kind: "constant", rate: 0.1 } });
    const logits = [...(await session.predict(imagesOf(program.input.shape, 1)))];
    expect(found).toEqual({
      losses: result.epochs.map((e) => e.loss),
      changed: true,
      logits: [logits, logits],
      failed: "Error: no more",
      kept: logits,
      shape: [8, 2, 3, 3],
    });
    await session.dispose();
  });

  it("takes pictures as pixels, and says what it does not take", async () => {
    const found = await runScript(
      folder,
      `
      import { load } from "./mnist.js";
      const net = await load({ seed: 5 });
      const data = Uint8ClampedArray.from({ length: 4 * 56 * 40 }, (_, i) => (i % 4 === 3 ? 255 : (i * 7) % 256));
      const fitted = await net.explain({ width: 40, height: 56, data });
      const attempts = {
        short: () => net.predict(new Float32Array(5)),
        shape: () => net.predict([{ shape: [28, 28, 3], data: new Float32Array(2352) }]),
        pixels: () => net.predict({ width: 4, height: 4, data: new Uint8ClampedArray(3) }),
        file: () => net.predict(new Uint8Array(5)),
        target: () => net.explain(new Float32Array(784), { target: "ten" }),
        versus: () => net.explain(new Float32Array(784), { versus: 10 }),
      };
      const errors = {};
      for (const [name, attempt] of Object.entries(attempts)) errors[name] = await attempt().then(() => "", (e) => e.message);
      await net.dispose();
      errors.disposed = await net.predict(new Float32Array(784)).then(() => "", (e) => e.message);
      console.log(JSON.stringify({ input: fitted.input.length, range: Math.max(...fitted.input) <= 1, errors }));
    `,
    );
    expect(found).toEqual({
      input: 784,
      range: true,
      errors: {
        short: expect.stringMatching(/^run\/input: .*the image.* 784 numbers, .* 5/) as string,
        shape: expect.stringMatching(/^run\/input: .*image 0.*\[28, 28, 1\].*\[28, 28, 3\]/) as string,
        pixels: expect.stringMatching(/^data\/image: .*4 × 4 pixels want 64 bytes, not 3/) as string,
        file: expect.stringMatching(/^run\/no-decoder/) as string,
        target: expect.stringMatching(/^run\/input: .*`target`.*the name of a class.*`ten`/) as string,
        versus: expect.stringMatching(/^run\/input: .*`versus`.*a class from 0 to 9.*10/) as string,
        disposed: expect.stringMatching(/^run\/disposed/) as string,
      },
    });
  });

  it("takes weights from anywhere, and none of another architecture", async () => {
    const found = await runScript(
      folder,
      `
      import { readFileSync, writeFileSync } from "node:fs";
      import { readSafetensors, weightsFromSafetensors, writeSafetensors } from "bcosc/runtime";
      import * as mnist from "./mnist.js";
      import * as resnet from "./resnet20.js";
      const image = new Float32Array(784).fill(0.3);
      const first = await mnist.load({ seed: 9 });
      const logits = (await first.predict(image)).logits.join();
      const weights = await first.weights();
      const bytes = weights.toSafetensors();
      writeFileSync("w.safetensors", bytes);
      const file = readSafetensors(bytes);
      const bare = writeSafetensors(file.tensors);
      const sources = {
        handle: weights,
        bytes,
        buffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
        blob: new Blob([bytes]),
        response: new Response(bytes),
        url: new URL("w.safetensors", "file://" + process.cwd() + "/"),
        data: "data:application/octet-stream;base64," + Buffer.from(bytes).toString("base64"),
        map: weightsFromSafetensors(file),
        bare,
      };
      const same = {};
      for (const [name, source] of Object.entries(sources)) {
        const net = await mnist.load({ weights: source });
        same[name] = (await net.predict(image)).logits.join() === logits;
        await net.dispose();
      }
      const say = (promise) => promise.then(() => "", (e) => e.message.split("\\n")[0]);
      const damaged = new Map(file.tensors);
      damaged.delete("bn1.weight");
      const errors = {
        handle: await say(resnet.load({ weights })),
        bytes: await say(resnet.load({ weights: bytes })),
        note: await say(mnist.readWeights(writeSafetensors(file.tensors, [["architecture", "0".repeat(64)]]))),
        bare: await say(resnet.readWeights(bare)),
        missing: await say(mnist.readWeights(writeSafetensors(damaged))),
        response: await say(mnist.readWeights(new Response("no", { status: 404 }))),
        file: await say(mnist.readWeights(new URL("nothing", "file://" + process.cwd() + "/"))),
        device: await say(mnist.load({ seed: 1, device: "webgpu" })),
      };
      console.log(JSON.stringify({ same, errors, architecture: file.metadata.get("architecture") === mnist.model.architecture }));
    `,
    );
    const other =
      /^weights\/architecture: the weights belong to another architecture than `ResNet20`: to \w{12}…, not \w{12}…/;
    expect(found).toEqual({
      same: {
        handle: true,
        bytes: true,
        buffer: true,
        blob: true,
        response: true,
        url: true,
        data: true,
        map: true,
        bare: true,
      },
      errors: {
        handle: expect.stringMatching(other) as string,
        bytes: expect.stringMatching(other) as string,
        note: expect.stringMatching(/^weights\/architecture: .*`Mnist`: to 000000000000…/) as string,
        bare: expect.stringMatching(/^weights\/(missing|shape|unexpected)/) as string,
        missing: expect.stringMatching(/^weights\/missing: .*`bn1.weight`/) as string,
        response: expect.stringMatching(/^data\/unreadable: .*the server answers 404/) as string,
        file: expect.stringMatching(/^data\/unreadable: .*nothing: no such file/) as string,
        device: expect.stringMatching(/^run\/device: .*`webgpu`.*auto, wasm/) as string,
      },
      architecture: true,
    });
  });

  it("refuses plans and kernels that it was not compiled with", async () => {
    const plan = readFileSync(join(folder, "mnist.wasm.plan.json"), "utf8");
    const kernels = readFileSync(join(folder, "mnist.wasm"));
    addFiles(
      folder,
      new Map<string, string | Uint8Array>([
        ["plan/mnist.js", readFileSync(join(folder, "mnist.js"))],
        ["plan/mnist.wasm.plan.json", plan.replace('"batch":1', '"batch":2')],
        ["plan/mnist.wasm", kernels],
        ["plan/mnist.relaxed.wasm", readFileSync(join(folder, "mnist.relaxed.wasm"))],
      ]),
    );
    const say = (): Promise<unknown> =>
      runScript(
        folder,
        `import { load } from "./plan/mnist.js"; console.log(JSON.stringify(await load({ seed: 1 }).catch(String)));`,
      );
    expect(await say()).toMatch(
      /data\/plan-hash: .*mnist\.wasm\.plan\.json is not the file .* its SHA-256 is \w{64}, not \w{64}/,
    );
    const cut = kernels.subarray(0, kernels.length - 1);
    addFiles(
      folder,
      new Map<string, string | Uint8Array>([
        ["plan/mnist.wasm.plan.json", plan],
        ["plan/mnist.wasm", cut],
        ["plan/mnist.relaxed.wasm", cut],
      ]),
    );
    expect(await say()).toMatch(/data\/plan-hash: .*wasm is not the file/);
  });
});

it("needs no files where it has everything in itself, and no names of classes", async () => {
  const { files } = await emitModel(models.mnist, { name: "inline", targets: ["wasm"], assets: "inline" });
  addFiles(folder, new Map([["alone/inline.js", files.get("inline.js")!]]));
  const found = await runScript(
    folder,
    `
    import * as inline from "./alone/inline.js";
    const net = await inline.load({ seed: 5 });
    const { index, name } = await net.predict(new Float32Array(784));
    console.log(JSON.stringify({ index, named: name !== undefined, exports: Object.keys(inline).sort() }));
  `,
  );
  expect(found).toEqual({
    index: expect.any(Number) as number,
    named: false,
    exports: ["load", "model", "params", "planHash", "readWeights"],
  });
});

it("only predicts in the conventional form", async () => {
  const { files } = await emitModel(models.mnist, { name: "standard", form: "standard", targets: ["wasm"] });
  addFiles(folder, files);
  const found = await runScript(
    folder,
    `
    import { load } from "./standard.js";
    const net = await load({ seed: 5 });
    const { logits } = await net.predict(new Float32Array(784));
    console.log(JSON.stringify({ logits: logits.length, explain: typeof net.explain, train: typeof net.train }));
  `,
  );
  expect(found).toEqual({ logits: 10, explain: "undefined", train: "undefined" });
});
