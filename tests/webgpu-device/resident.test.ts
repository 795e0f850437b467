/// <reference types="@webgpu/types" />
/** Runs on a device that the user has, on buffers of the user's: as runs on numbers, and nothing of the user's is touched. */
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { GraphName } from "../../src/compiler/graph/program.ts";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";
import { sizeOf } from "../../src/shape.ts";
import { webgpuDeviceOn } from "../../src/runtime/devices/webgpu/device-on.ts";
import { createWebgpuDevice } from "../../src/runtime/devices/webgpu/device.ts";
import { usage } from "../../src/runtime/devices/webgpu/gpu.ts";
import { openSession, type Session } from "../../src/runtime/session.ts";
import { feedsOf, stateOf } from "../wasm-device/compare.ts";
import { gpuOf, tinyProgram } from "./support.ts";

const gpu = await gpuOf("vulkan");
const program = tinyProgram(["predict", "explain", "train"]);
const devices: GPUDevice[] = [];

async function requestDevice(): Promise<GPUDevice> {
  const device = await (await gpu!.requestAdapter())!.requestDevice();
  devices.push(device);
  return device;
}

const device = gpu === undefined ? undefined : await requestDevice();

const open: Session[] = [];
afterEach(async () => {
  for (const session of open.splice(0)) await session.dispose();
});
afterAll(async () => {
  for (const own of devices) {
    await own.queue.onSubmittedWorkDone().catch(() => undefined);
    own.destroy();
  }
});

async function sessionOn(on: GPUDevice = device!, seed = 5): Promise<Session> {
  const session = await openSession(program, { device: webgpuDeviceOn(on), seed });
  open.push(session);
  return session;
}

/** With the usage that is asked for and no more. */
function bufferOf(values: ArrayLike<number>, on: GPUDevice = device!, more = 0): GPUBuffer {
  const size = 4 * values.length;
  const buffer = on.createBuffer({ size, usage: usage.storage | usage.copySource | more, mappedAtCreation: true });
  new Float32Array(buffer.getMappedRange()).set(Array.from(values));
  buffer.unmap();
  return buffer;
}

async function numbersIn(buffer: GPUBuffer, on: GPUDevice = device!): Promise<Float32Array> {
  const target = on.createBuffer({ size: buffer.size, usage: usage.mapRead | usage.copyTarget });
  const encoder = on.createCommandEncoder();
  encoder.copyBufferToBuffer(buffer, 0, target, 0, buffer.size);
  on.queue.submit([encoder.finish()]);
  await target.mapAsync(1);
  const values = new Float32Array(target.getMappedRange().slice(0));
  target.destroy();
  return values;
}

const buffersOf = (feeds: Readonly<Record<string, ArrayLike<number>>>): Record<string, GPUBuffer> =>
  Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, bufferOf(values)]));

async function readAll(buffers: Readonly<Record<string, GPUBuffer>>): Promise<Record<string, Float32Array>> {
  const read: Record<string, Float32Array> = {};
  for (const [name, buffer] of Object.entries(buffers)) read[name] = await numbersIn(buffer);
  return read;
}

/** What an error says, its hints included. */
function said(error: unknown): string {
  if (!(error instanceof BcosError)) return String(error);
  return error.diagnostics.map(({ code, message, hints }) => [code, message, ...hints].join(" | ")).join("\n");
}

const failureOf = (call: Promise<unknown>): Promise<string> => call.then(() => "nothing", said);

/** What is reported outside of error scopes while `body` runs. */
async function uncaptured(on: GPUDevice, body: () => Promise<void>): Promise<string[]> {
  const found: string[] = [];
  const listen = (event: GPUUncapturedErrorEvent): void => {
    event.preventDefault();
    found.push(event.error.message);
  };
  on.addEventListener("uncapturederror", listen);
  await body();
  await on.queue.onSubmittedWorkDone();
  on.removeEventListener("uncapturederror", listen);
  return found;
}

describe.skipIf(gpu === undefined)("runs on buffers", () => {
  it.each(["predict", "explain", "train"] as const)("of `%s` give the bits of a run on numbers", async (graph) => {
    const [onBuffers, onNumbers] = [await sessionOn(), await sessionOn()];
    const found = await uncaptured(device!, async () => {
      for (let step = 1; step <= 3; step++) {
        const feeds = feedsOf(program, graph, step, step);
        const given = buffersOf(feeds);
        const outputs = await onBuffers.runResident<GPUBuffer>(graph, given);
        const wanted = await onNumbers.run(graph, feeds);
        for (const [name, buffer] of Object.entries(outputs)) expect(buffer.size, name).toBe(wanted[name]!.byteLength);
        expect(await readAll(outputs)).toEqual(wanted);
        // Later launches reuse the slots of inputs and outputs.
        expect(await readAll(given)).toEqual(
          Object.fromEntries(Object.entries(feeds).map(([name, values]) => [name, Float32Array.from(values)])),
        );
        for (const buffer of [...Object.values(outputs), ...Object.values(given)]) buffer.destroy();
      }
      expect(await stateOf(onBuffers)).toEqual(await stateOf(onNumbers));
    });
    expect(found).toEqual([]);
  });

  it("take some feeds as numbers, wanted outputs alone, and the same buffers again", async () => {
    const session = await sessionOn();
    const feeds = feedsOf(program, "explain", 7);
    const wanted = await session.run("explain", feeds);
    const image = bufferOf(feeds["image"]!);
    const first = await session.runResident<GPUBuffer>("explain", { image, cotangent: feeds["cotangent"]! });
    const logits = await session.runResident<GPUBuffer>("explain", { image }, ["logits"]);
    expect(Object.keys(logits)).toEqual(["logits"]);
    const again = await session.runResident<GPUBuffer>("explain", { image, cotangent: feeds["cotangent"]! });
    // Outputs of one run are its own: later ones do not write into them.
    const other = feedsOf(program, "explain", 8);
    await session.runResident("explain", other);
    expect(await session.run("explain", other)).not.toEqual(wanted);
    expect(await readAll(first)).toEqual(wanted);
    expect(await readAll(again)).toEqual(wanted);
    expect(await numbersIn(logits["logits"]!)).toEqual(wanted["logits"]);
  });

  it("feed each other: the outputs of one session are inputs of another one", async () => {
    const [one, two] = [await sessionOn(), await sessionOn(device!, 6)];
    const { image } = feedsOf(program, "predict", 3);
    const { logits } = await one.runResident<GPUBuffer>("predict", { image: image! });
    const through = await two.runResident<GPUBuffer>("explain", { image: image!, cotangent: logits! });
    const { logits: cotangent } = await one.run("predict", { image: image! });
    expect(await readAll(through)).toEqual(await two.run("explain", { image: image!, cotangent: cotangent! }));
  });

  it("may make feeds of early outputs, and compute what comes before once", async () => {
    const session = await sessionOn();
    const { image } = feedsOf(program, "explain", 4);
    const { logits } = await session.run("predict", { image: image! });
    const wanted = await session.run("explain", { image: image!, cotangent: logits! });
    const started: string[][] = [];
    const after = {
      outputs: ["logits"],
      feeds: (first: Readonly<Record<string, GPUBuffer>>) => {
        started.push(Object.keys(first));
        return { cotangent: first["logits"]! };
      },
    };
    for (const given of [bufferOf(image!), image!]) {
      const outputs = await session.runResident<GPUBuffer>("explain", { image: given }, undefined, { after });
      expect(await readAll(outputs)).toEqual(wanted);
    }
    const some = await session.runResident<GPUBuffer>("explain", { image: image! }, ["contributions"], { after });
    expect(await readAll(some)).toEqual({ logits: wanted["logits"], contributions: wanted["contributions"] });
    expect(started).toEqual([["logits"], ["logits"], ["logits"]]);
    const train = session.runResident("train", feedsOf(program, "train", 1), undefined, { after });
    await expect(train).rejects.toThrow("run/resume");
    const thrown = {
      ...after,
      feeds: () => {
        throw new Error("no feeds");
      },
    };
    const failing = session.runResident("explain", { image: image! }, undefined, { after: thrown });
    await expect(failing).rejects.toThrow("no feeds");
    expect(await session.run("explain", { image: image!, cotangent: logits! })).toEqual(wanted);
  });

  it("may be cut into slices, and timed", async () => {
    const adapter = (await gpu!.requestAdapter())!;
    const own = await adapter.requestDevice({
      requiredFeatures: adapter.features.has("timestamp-query") ? ["timestamp-query"] : [],
    });
    devices.push(own);
    const session = await openSession(program, { device: webgpuDeviceOn(own), seed: 5, sliceMilliseconds: 0.001 });
    open.push(session);
    const feeds = feedsOf(program, "predict", 1);
    const image = bufferOf(feeds["image"]!, own);
    const wanted = await (await sessionOn()).run("predict", feeds);
    const { logits } = await session.runResident<GPUBuffer>("predict", { image });
    expect(await numbersIn(logits!, own)).toEqual(wanted["logits"]);
    if (!own.features.has("timestamp-query")) return;
    await session.startProfile();
    const timed = await session.runResident<GPUBuffer>("predict", { image });
    const { runs, launches } = await session.stopProfile();
    expect(runs.map(({ graph }) => graph)).toEqual(["predict"]);
    expect(launches.length).toBeGreaterThan(1);
    expect(await numbersIn(timed["logits"]!, own)).toEqual(wanted["logits"]);
  });

  it("leave nothing to resume from, and nothing of other runs behind", async () => {
    const { run, resident, dispose } = await webgpuDeviceOn(device!).open(program, {});
    const feeds = Object.fromEntries(
      Object.entries(feedsOf(program, "explain", 1)).map(([name, values]) => [name, Float32Array.from(values)]),
    );
    const wanted = await run("explain", feeds);
    expect(await run("explain", { cotangent: feeds["cotangent"]! }, undefined, { resume: true })).toEqual(wanted);
    await resident!.run("explain", { image: bufferOf(feeds["image"]!.map((v) => 1 - v)) }, ["logits"]);
    await expect(run("explain", { cotangent: feeds["cotangent"]! }, undefined, { resume: true })).rejects.toThrow(
      "run/resume",
    );
    expect(await run("explain", feeds)).toEqual(wanted);
    await dispose();
  });

  it("wait for nothing, copy nothing and make no buffers but those of their results", async () => {
    const own = await requestDevice();
    const session = await sessionOn(own);
    const image = bufferOf(feedsOf(program, "predict", 1)["image"]!, own);
    await session.runResident("predict", { image });
    const calls = { created: [] as number[], copies: 0, waits: 0, bindGroups: 0 };
    const create = own.createBuffer.bind(own);
    own.createBuffer = (descriptor) => {
      calls.created.push(descriptor.usage);
      return create(descriptor);
    };
    const createEncoder = own.createCommandEncoder.bind(own);
    own.createCommandEncoder = (descriptor) => {
      const encoder = createEncoder(descriptor);
      encoder.copyBufferToBuffer = () => void calls.copies++;
      return encoder;
    };
    const group = own.createBindGroup.bind(own);
    own.createBindGroup = (descriptor) => {
      calls.bindGroups++;
      return group(descriptor);
    };
    own.queue.onSubmittedWorkDone = () => {
      calls.waits++;
      return Promise.resolve(undefined);
    };
    const results: GPUBuffer[] = [];
    for (let i = 0; i < 5; i++) results.push((await session.runResident<GPUBuffer>("predict", { image }))["logits"]!);
    const { plans } = program.webgpu!;
    expect(calls).toMatchObject({ copies: 0, waits: 0 });
    expect(calls.created).toEqual(results.map(() => usage.storage | usage.copySource | usage.copyTarget));
    // Those of the image are kept; the outputs are new each time.
    expect(calls.bindGroups).toBeLessThan(5 * plans.predict!.launches.length);
    const [target] = results;
    const before = calls.bindGroups;
    const options = { create: () => target! };
    for (let i = 0; i < 5; i++) await session.runResident<GPUBuffer>("predict", { image }, ["logits"], options);
    expect(calls.bindGroups).toBe(before);
  });

  it("share pipelines on a device, and leave it, its handlers and its buffers to their owner", async () => {
    const own = await requestDevice();
    let pipelines = 0;
    const build = own.createComputePipelineAsync.bind(own);
    own.createComputePipelineAsync = (descriptor) => {
      pipelines++;
      return build(descriptor);
    };
    const handler = (): void => undefined;
    own.onuncapturederror = handler;
    const first = await openSession(program, { device: webgpuDeviceOn(own) });
    const built = pipelines;
    expect(built).toBeGreaterThan(0);
    const second = await openSession(program, { device: webgpuDeviceOn(own) });
    expect(pipelines).toBe(built);
    expect([first.place, second.place]).toEqual([own, own]);
    const image = bufferOf(feedsOf(program, "predict", 1)["image"]!, own);
    const { logits } = await first.runResident<GPUBuffer>("predict", { image });
    await first.dispose();
    await second.dispose();
    expect(own.onuncapturederror).toBe(handler);
    expect((await numbersIn(logits!, own)).every((v) => v !== 0)).toBe(true);
    expect(await numbersIn(image, own)).toEqual(feedsOf(program, "predict", 1)["image"]);
    const third = await openSession(program, { device: webgpuDeviceOn(own) });
    await third.dispose();
    expect(pipelines).toBe(built);
  });
});

describe.skipIf(gpu === undefined)("what does not fit", () => {
  const size = program.batch * sizeOf(program.input.shape);

  it("is refused before anything runs, and the session goes on", async () => {
    const session = await sessionOn();
    const image = new Float32Array(size).fill(0.5);
    const refused = async (given: object, text: string): Promise<void> => {
      const failure = await failureOf(session.runResident("predict", { image: given }));
      expect(failure).toContain("run/gpu-buffer");
      expect(failure).toContain(text);
    };
    const other = await requestDevice();
    const found = await uncaptured(device!, async () => {
      await refused(bufferOf(image, other), "of the session");
      await refused(bufferOf(image.subarray(1)), `has ${4 * size - 4} bytes, not ${4 * size}`);
      await refused(device!.createBuffer({ size: 4 * size, usage: usage.copyTarget }), "GPUBufferUsage.STORAGE");
      await refused(device!.createBuffer({ size: 4 * size, usage: usage.storage, mappedAtCreation: true }), "unmap()");
      await refused({}, "is no `GPUBuffer`");
      const run = (feeds: Record<string, object>, only?: string[]) =>
        session.runResident("predict", feeds, only as never);
      await expect(run({ image: bufferOf(image), nothing: bufferOf(image) })).rejects.toThrow("has no feed `nothing`");
      await expect(run({})).rejects.toThrow("was run without the feed");
      await expect(run({ image: bufferOf(image) }, ["nothing"])).rejects.toThrow("run/no-output");
      await expect(session.runResident("gradient", {})).rejects.toThrow("run/no-graph");
    });
    expect(found).toEqual([]);
    const { logits } = await session.runResident<GPUBuffer>("predict", { image: bufferOf(image) });
    expect(await numbersIn(logits!)).toEqual((await session.run("predict", { image }))["logits"]);
  });

  it.each(["runResident", "run", "exportWeights"] as const)(
    "is an error of the next call where only the device can tell, of `%s`",
    async (call) => {
      const session = await sessionOn();
      const image = new Float32Array(size).fill(0.5);
      const gone = bufferOf(image);
      await session.runResident("predict", { image: gone });
      gone.destroy();
      const { logits } = await session.runResident<GPUBuffer>("predict", { image: gone });
      // The others wait until it is known.
      if (call === "runResident") await new Promise((resolve) => setTimeout(resolve, 100));
      const next = call === "exportWeights" ? session.exportWeights() : session[call]("predict", { image });
      await expect(next).rejects.toThrow(/run\/(webgpu|kernel)/);
      // So that nobody takes it for a result.
      const found = await uncaptured(device!, async () => void (await numbersIn(logits!).catch(() => undefined)));
      expect(found.join()).toMatch(/destroyed/);
      const wanted = await (await sessionOn()).run("predict", { image });
      expect(await session.run("predict", { image })).toEqual(wanted);
    },
  );

  it("is told where the device has less than the program needs", async () => {
    const own = await requestDevice();
    Object.defineProperty(own, "limits", { value: { maxStorageBuffersPerShaderStage: 2 } });
    const failure = await failureOf(webgpuDeviceOn(own).open(program, {}));
    expect(failure).toMatch(
      /run\/gpu-limits \| the graphics device allows 2 buffers, but the kernel `.*` needs \d buffers \| .*`maxStorageBuffersPerSh/,
    );
  });

  it("is told where the device has no memory of its own", async () => {
    const session = await openSession(program, { device: "reference" });
    expect(session.place).toBeUndefined();
    await expect(session.runResident("predict", { image: [] })).rejects.toThrow("run/no-resident");
    await session.dispose();
  });
});

describe.skipIf(gpu === undefined)("a loss", () => {
  it("of a given device is the end of its sessions", async () => {
    const own = await requestDevice();
    const session = await sessionOn(own);
    const feeds = feedsOf(program, "predict", 1);
    await session.run("predict", feeds);
    own.destroy();
    const calls: readonly (() => Promise<unknown>)[] = [
      () => session.run("predict", feeds),
      () => session.runResident("predict", feeds),
      () => session.exportWeights(),
      () => openSession(program, { device: webgpuDeviceOn(own) }),
    ];
    for (const call of calls) {
      const failure = await failureOf(call());
      expect(failure).toMatch(/^run\/device-lost \| the graphics device was lost: .*request another one/);
    }
  });

  it.each(["predict", "train"] as GraphName[])("of a session's own device takes its buffers (%s)", async (graph) => {
    const find = gpu!;
    const opened: GPUDevice[] = [];
    const { openGpu } = await import("../../src/runtime/devices/webgpu/opened-gpu.ts");
    const { traitsOf } = await import("../../src/runtime/devices/webgpu/adapter.ts");
    const source = async () => {
      const adapter = (await find.requestAdapter())!;
      const own = await openGpu(async () => ({ adapter, traits: traitsOf(adapter) }));
      opened.push(own.device);
      return own;
    };
    const session = await openSession(program, { device: createWebgpuDevice({ source }), seed: 5 });
    open.push(session);
    const feeds = feedsOf(program, graph, 1);
    const image = bufferOf(feeds["image"]!, opened[0]);
    await session.runResident(graph, { ...feeds, image });
    opened[0]!.destroy();
    const second = session.runResident(graph, { ...feeds, image });
    if (graph === "train") {
      // The steps on the buffers can't be done again.
      expect(await failureOf(second)).toContain("trained on buffers");
      await expect(session.run("predict", feedsOf(program, "predict", 1))).rejects.toThrow("run/device-lost");
      return;
    }
    expect(await failureOf(second)).toContain("buffers are lost with their device");
    const wanted = await (await sessionOn()).run(graph, feeds);
    expect(await session.run(graph, feeds)).toEqual(wanted);
    expect(session.place).toBe(opened[1]);
    await expect(session.runResident(graph, { image })).rejects.toThrow("run/gpu-buffer");
    const again = await session.runResident<GPUBuffer>(graph, { image: bufferOf(feeds["image"]!, opened[1]) });
    expect(await numbersIn(again["logits"]!, opened[1])).toEqual(wanted["logits"]);
  });
});
