/// <reference types="@webgpu/types" />
/** Our kernels inside a program of tfjs-webgpu: on its device, on its tensors, without a copy and without the processor. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Tensor, Tensor4D } from "@tensorflow/tfjs-core";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import { emitModel } from "../../src/compiler/emit/emit-model.ts";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { webgpuDeviceOn } from "../../src/runtime/devices/webgpu/device-on.ts";
import { explain } from "../../src/runtime/explain/explainer.ts";
import { fusedDevice, tensorModel, tensorSession, type TensorSession } from "../../src/runtime/index.tfjs.ts";
import type { CompiledModel, ModelTypes } from "../../src/runtime/model/types.ts";
import { openSession, type Session } from "../../src/runtime/session.ts";
import { addFiles, createProject, networkIn } from "../emit/project.ts";
import { distance, feedsOf, stateOf } from "../wasm-device/compare.ts";
import { tinyProgram } from "../webgpu-device/support.ts";
import { tfjsOnWebgpu } from "./webgpu.ts";

const found = await tfjsOnWebgpu();
const tf = found!;
const program = tinyProgram(["predict", "explain", "train"]);
const device = found === undefined ? undefined! : (tf.backend() as unknown as { device: GPUDevice }).device;

const errors: string[] = [];
const open: Session[] = [];
if (found !== undefined) {
  device.addEventListener("uncapturederror", ({ error }) => void errors.push(error.message));
  afterEach(async () => {
    for (const session of open.splice(0)) await session.dispose();
    expect(errors.splice(0)).toEqual([]);
  });
  afterAll(() => device.queue.onSubmittedWorkDone());
}

async function sessionOn(where: Parameters<typeof openSession>[1]): Promise<Session> {
  const session = await openSession(program, { seed: 4, ...where });
  open.push(session);
  return session;
}

/** On the device of tfjs-webgpu, and the truth. */
async function sessions(): Promise<{ readonly fused: TensorSession; readonly numbers: Session }> {
  const fused = tensorSession(tf, await sessionOn({ device: await fusedDevice(tf) }));
  return { fused, numbers: await sessionOn({ device: "reference" }) };
}

const SHAPE = [4, 4, 2] as const;
const SIZE = 32;
const numbersOf = (count: number, seed = 1): Float32Array =>
  Float32Array.from({ length: count * SIZE }, (_, i) => Math.abs(Math.sin((i + 1) * seed)));
const imagesOf = (count: number, seed = 1): Tensor4D => tf.tensor4d(numbersOf(count, seed), [count, ...SHAPE]);

async function expectNumbers(tensor: Tensor, wanted: ArrayLike<number>, where = ""): Promise<void> {
  expect(distance((await tensor.data()) as Float32Array, wanted), where).toBeLessThan(1e-5);
}

/** What TensorFlow.js holds. */
const held = () => {
  const { numTensors, numDataBuffers, numBytes, numBytesInGPU } = tf.memory() as ReturnType<typeof tf.memory> & {
    readonly numBytesInGPU: number;
  };
  return { numTensors, numDataBuffers, numBytes, numBytesInGPU };
};

/** Counts what goes to the processor while `body` runs. */
async function readings(body: () => Promise<void>): Promise<number> {
  let count = 0;
  const own = device.createBuffer;
  device.createBuffer = (descriptor) => {
    if ((descriptor.usage & GPUBufferUsage.MAP_READ) !== 0) count++;
    return own.call(device, descriptor);
  };
  const { mapAsync } = GPUBuffer.prototype;
  GPUBuffer.prototype.mapAsync = function (...range) {
    count++;
    return mapAsync.apply(this, range);
  };
  try {
    await body();
  } finally {
    device.createBuffer = own;
    GPUBuffer.prototype.mapAsync = mapAsync;
  }
  return count;
}

function said(error: unknown): string {
  if (!(error instanceof BcosError)) return String(error);
  return error.diagnostics.map(({ code, message, hints }) => [code, message, ...hints].join(" | ")).join("\n");
}

const failureOf = (call: Promise<unknown>): Promise<string> => call.then(() => "nothing", said);

describe.skipIf(found === undefined)("a session on the device of tfjs-webgpu", () => {
  it("predicts any number of images, and TensorFlow.js holds as much behind it as before", async () => {
    const { fused, numbers } = await sessions();
    expect(fused.direct).toBe(true);
    const start = held();
    for (const count of [0, 1, 2, 3, 5]) {
      const images = imagesOf(count);
      const logits = await fused.predict(images);
      expect(logits.shape).toEqual([count, 3]);
      await expectNumbers(logits, await numbers.predict(numbersOf(count)), `${count} images`);
      await expectNumbers(images, numbersOf(count));
      tf.dispose([images, logits]);
    }
    const single = tf.tensor3d(numbersOf(1), SHAPE as never);
    const logits = await fused.predict(single);
    expect(logits.shape).toEqual([1, 3]);
    await expectNumbers(logits, await numbers.predict(numbersOf(1)));
    tf.dispose([single, logits]);
    expect(held()).toEqual(start);
  });

  it("explains the class with the largest logit, given ones, and differences", async () => {
    const { fused, numbers } = await sessions();
    const start = held();
    const images = imagesOf(3);
    for (const options of [{}, { target: 1 }, { target: [0, 2, 1] }, { target: 2, versus: [0, 1, 0] }]) {
      const explanation = await fused.explain(images, options);
      const wanted = await explain(numbers, numbersOf(3), options);
      for (const name of ["logits", "explained", "contributions", "weights", "constant"] as const) {
        const parts = wanted.map(({ [name]: part }) => (typeof part === "number" ? [part] : Array.from(part)));
        await expectNumbers(explanation[name], parts.flat(), `${name} ${JSON.stringify(options)}`);
      }
      expect(explanation.contributions.shape).toEqual([3, 4, 4]);
      expect(explanation.weights.shape).toEqual([3, ...program.input.encodedShape]);
      expect(Object.keys(explanation.constants)).toEqual(Object.keys(wanted[0]!.constants));
      tf.dispose(explanation);
    }
    images.dispose();
    expect(held()).toEqual(start);
  });

  it("is a part of a program of TensorFlow.js, and nothing goes through the processor", async () => {
    const { fused, numbers } = await sessions();
    const pixels = tf.tensor4d(
      numbersOf(2).map((v) => Math.round(255 * v)),
      [2, ...SHAPE],
    );
    let result: Tensor;
    const run = async (): Promise<void> => {
      const images = tf.tidy(() => tf.reverse(tf.div(tf.add(pixels, 0), 255), 2)) as Tensor4D;
      const logits = await fused.predict(images);
      const { contributions } = await fused.explain(images);
      result = tf.tidy(() => tf.concat([tf.softmax(logits), tf.sum(tf.relu(contributions), 2)], 1));
    };
    await run();
    expect(await readings(run)).toBe(0);
    // The same with numbers between.
    const images = (await tf.reverse(tf.div(pixels, 255), 2).data()) as Float32Array;
    const shares = (await tf
      .softmax(tf.tensor2d(Float32Array.from(await numbers.predict(images)), [2, 3]))
      .data()) as Float32Array;
    const rows = (await explain(numbers, images)).map(({ contributions }) =>
      [0, 4, 8, 12].map((at) =>
        Float32Array.from(contributions.slice(at, at + 4)).reduce((sum, c) => sum + Math.max(c, 0), 0),
      ),
    );
    const wanted = [0, 1].flatMap((i) => [...shares.slice(3 * i, 3 * i + 3), ...rows[i]!]);
    await expectNumbers(result!, wanted);
    // What reading is noticed by.
    expect(await readings(async () => void (await tf.add(result!, 1).data()))).toBeGreaterThan(0);
  });

  it("takes whole numbers that were cast, which tfjs-webgpu leaves as they are", async () => {
    const { fused, numbers } = await sessions();
    const start = held();
    const bits = numbersOf(2).map((v) => Math.round(v));
    const made = tf.tidy(() => tf.tensor4d(bits, [2, ...SHAPE], "int32"));
    const onDevice = tf.tidy(() => tf.cast(tf.add(made, tf.scalar(0, "int32")), "float32")) as Tensor4D;
    const onProcessor = tf.cast(made, "float32");
    for (const images of [onDevice, onProcessor]) {
      const logits = await fused.predict(images);
      await expectNumbers(logits, await numbers.predict(bits));
      logits.dispose();
    }
    tf.dispose([made, onDevice, onProcessor]);
    expect(held()).toEqual(start);
  });

  it("trains on tensors, without touching them", async () => {
    const { fused, numbers } = await sessions();
    const start = held();
    for (let step = 1; step <= 3; step++) {
      const feeds = feedsOf(program, "train", step, step);
      const image = tf.tensor(Float32Array.from(feeds["image"]!), [2, ...SHAPE]);
      const targets = tf.tensor(Float32Array.from(feeds["targets"]!), [2, 3]);
      const outputs = await fused.run("train", { ...feeds, image, targets });
      for (const [name, values] of Object.entries(await numbers.run("train", feeds))) {
        await expectNumbers(outputs[name]!, values, name);
      }
      await expectNumbers(image, feeds["image"]!);
      await expectNumbers(targets, feeds["targets"]!);
      tf.dispose([image, targets, ...Object.values(outputs)]);
    }
    const [got, wanted] = [await stateOf(fused.session), await stateOf(numbers)];
    for (const [path, values] of Object.entries(wanted)) expect(distance(got[path]!, values), path).toBeLessThan(1e-5);
    expect(held()).toEqual(start);
  });

  it("takes tensors that are disposed as soon as it is called, and their buffers are used again only behind it", async () => {
    const { fused, numbers } = await sessions();
    const calls: Promise<Tensor>[] = [];
    for (let i = 1; i <= 8; i++) {
      const images = tf.tidy(() => tf.abs(imagesOf(2, i))) as Tensor4D;
      calls.push(fused.predict(images));
      images.dispose();
      // Takes what was given back.
      tf.tidy(() => tf.mul(imagesOf(2, 100), 7));
    }
    for (const [i, logits] of (await Promise.all(calls)).entries()) {
      await expectNumbers(logits, await numbers.predict(numbersOf(2, i + 1)), `call ${i}`);
      logits.dispose();
    }
  });

  it("keeps memory flat over a thousand calls", async () => {
    const { fused } = await sessions();
    const images = imagesOf(2);
    (await fused.predict(images)).dispose();
    const [start, { numBytesAllocatedInGPU: allocated }] = [held(), tf.memory() as never as Record<string, number>];
    for (let i = 0; i < 1000; i++) (await fused.predict(images)).dispose();
    expect(held()).toEqual(start);
    expect(tf.memory()).toMatchObject({ numBytesAllocatedInGPU: allocated });
    images.dispose();
  });

  it("goes through numbers where it is elsewhere, with the same results", async () => {
    const { numbers } = await sessions();
    const other = await (await navigator.gpu.requestAdapter())!.requestDevice();
    const through = [
      tensorSession(tf, await sessionOn({ device: "reference" })),
      tensorSession(tf, await sessionOn({ device: webgpuDeviceOn(other) })),
    ];
    const start = held();
    for (const session of through) {
      expect(session.direct).toBe(false);
      const images = imagesOf(3);
      const logits = await session.predict(images);
      await expectNumbers(logits, await numbers.predict(numbersOf(3)));
      const explanation = await session.explain(images);
      expect(explanation.contributions.shape).toEqual([3, 4, 4]);
      tf.dispose([images, logits, explanation]);
    }
    // What it has yet to submit is held until then.
    const { numBytesInGPU: _, ...behind } = held();
    expect(start).toMatchObject(behind);
    for (const session of open.splice(0)) await session.dispose();
    other.destroy();
  });

  it("leaves TensorFlow.js as it was when it is disposed", async () => {
    const { fused } = await sessions();
    const images = imagesOf(2);
    const logits = await fused.predict(images);
    const before = (await logits.data()).slice();
    await fused.session.dispose();
    expect(await tf.mul(logits, 2).data()).toEqual(before.map((v) => 2 * v));
    await expect(fused.predict(images)).rejects.toThrow("run/disposed");
    tf.dispose([images, logits]);
  });
});

describe.skipIf(found === undefined)("what does not fit", () => {
  it("is refused, and leaves nothing behind", async () => {
    const { fused } = await sessions();
    const images = imagesOf(2);
    const gone = imagesOf(2);
    gone.dispose();
    const start = held();
    const whole = tf.cast(images, "int32");
    const cases: readonly (readonly [() => Promise<unknown>, RegExp])[] = [
      [() => fused.predict(gone), /run\/tensor \| .*`image` was disposed before/],
      [() => fused.predict(whole), /run\/tensor \| .*has the type int32, not float32 \| .*tf\.div/],
      [
        () => fused.predict(tf.zeros([2, 5, 5, 2])),
        /has the shape \[2, 5, 5, 2\], not \[n, 4, 4, 2\] \| .*resizeBilinear/,
      ],
      [
        () => fused.run("predict", { image: tf.zeros([3, ...SHAPE]) }),
        /has the shape \[3, 4, 4, 2\], not \[2, 4, 4, 2\] \| /,
      ],
      [() => fused.run("predict", {}), /run\/feed \| .*was run without the feed/],
      [() => fused.run("predict", { image: images, other: images }), /run\/feed \| .*has no feed `other`/],
      [() => fused.run("predict", { image: images }, ["nothing"]), /run\/no-output/],
      [() => fused.run("gradient", { image: images }), /run\/no-graph/],
      [() => fused.explain(images, { target: 3 }), /run\/input \| `target` takes a class from 0 to 2, not 3/],
      [
        () => fused.explain(images, { target: 1, versus: [1] }),
        /run\/input \| `versus` takes one class for each of 2 images/,
      ],
    ];
    for (const [call, message] of cases) expect(await failureOf(call())).toMatch(message);
    whole.dispose();
    // The tensors of zeros that were given in passing.
    expect(held().numTensors).toBe(start.numTensors + 2);
    await fused.predict(images);
  });

  it("is told where TensorFlow.js computes with something else, or is not as it is known", async () => {
    const { fused } = await sessions();
    await tf.setBackend("cpu");
    try {
      expect(await failureOf(fusedDevice(tf))).toMatch(
        /run\/tfjs-webgpu \| .*backend `cpu` \| .*setBackend\("webgpu"\)/,
      );
      expect(fused.direct).toBe(false);
    } finally {
      await tf.setBackend("webgpu");
    }
    expect(fused.direct).toBe(true);
    const other = {
      ready: () => Promise.resolve(),
      getBackend: () => "webgpu",
      backend: () => ({ device: {} }) as never,
    };
    expect(await failureOf(fusedDevice(other))).toMatch(/it has no `tensorMap\.get`, .* \| take .*@4\.22\.0/);
  });
});

describe.skipIf(found === undefined)("a compiled module", () => {
  it("is opened on the device of tfjs-webgpu, and takes and gives tensors", async () => {
    const folder = createProject();
    const network = networkIn(`model Net(classes: int = 2) {
  input  image: [6, 6, 1]
  output logits: [classes]
  logits = image -> conv1: conv(4, kernel: 3) -> global_avg_pool -> fc: linear(classes)
}
`);
    const { files } = await emitModel(network, { name: "net", classes: ["cat", "dog"], targets: ["webgpu"] });
    addFiles(folder, files);
    const { model } = (await import(/* @vite-ignore */ pathToFileURL(join(folder, "net.js")).href)) as {
      readonly model: CompiledModel<ModelTypes & { readonly form: "bcos"; readonly className: "cat" | "dog" }>;
    };
    const fused = await model.load({ seed: 3, device: await fusedDevice(tf) });
    const start = held();
    const net = tensorModel(tf, fused);
    expect(net.direct).toBe(true);
    const values = Float32Array.from({ length: 36 }, (_, i) => (i % 7) / 7);
    const image = tf.tensor3d(values, [6, 6, 1]);
    const logits = await net.predict(image);
    await expectNumbers(logits, (await fused.predict(values)).logits);
    const explanation = await net.explain(image, { target: "dog", versus: "cat" });
    const wanted = await fused.explain(values, { target: "dog", versus: "cat" });
    await expectNumbers(explanation.contributions, wanted.contributions);
    expect(explanation.contributions.shape).toEqual([1, 6, 6]);
    const failure = await failureOf(net.explain(image, { target: "cow" as never }));
    expect(failure).toContain("`target` takes the name of a class");
    tf.dispose([image, logits, explanation]);
    expect(held()).toEqual(start);
    await fused.dispose();
    const other = { ...(await fusedDevice(tf)), name: "tfjs:webgpu" };
    expect(await failureOf(model.load({ seed: 3, device: other }))).toContain("run/device");
  });
});
