/** Post-hoc methods: what each must give where that is known in closed form, in full batches and for many classes at once. */
import { describe, expect, it } from "vitest";
import { buildProgram, type ProgramOptions } from "../../src/compiler/compile.ts";
import { lastMap } from "../../src/compiler/network/last-map.ts";
import { explain } from "../../src/runtime/explain/explainer.ts";
import {
  attribute,
  methodNames,
  programFor,
  type AttributeOptions,
  type Method,
} from "../../src/runtime/posthoc/attribute.ts";
import { gaussLegendre } from "../../src/runtime/posthoc/gauss-legendre.ts";
import { squaresOf } from "../../src/runtime/posthoc/occlusion.ts";
import { randomMasks } from "../../src/runtime/posthoc/rise.ts";
import { openSession, type Session } from "../../src/runtime/session.ts";
import { networkOf } from "../check/helper.ts";

const net = networkOf({
  "main.bcos": `bcos { preset: v2 }
    model Net(classes: int = 4) {
      input  image: [8, 12, 3]
      output logits: [classes]
      body   = image -> conv1: conv(6, kernel: 3) -> bn1: norm -> relu -> conv2: conv(5, kernel: 3, stride: 2) -> bn2: norm -> relu
      logits = body -> global_avg_pool -> fc: linear(classes)
    }`,
});

/** B = 1 without norms: linear in the encoded input. */
const linear = networkOf({
  "main.bcos": `bcos { preset: v2, b: 1, norm: none }
    model Net(classes: int = 3) {
      input  image: [6, 9, 1]
      output logits: [classes]
      logits = image -> conv1: conv(4, kernel: 3) -> global_avg_pool -> fc: linear(classes)
    }`,
});

type Network = typeof net;

const images = Float64Array.from({ length: 3 * 8 * 12 * 3 }, (_, i) => ((i * 37 + (i % 11) * 13) % 101) / 101);
const grey = Float64Array.from({ length: 2 * 6 * 9 }, (_, i) => ((i * 29) % 53) / 53);
const total = (values: ArrayLike<number>): number => Array.from(values).reduce((a, b) => a + b, 0);
const closeTo = (found: ArrayLike<number>, expected: ArrayLike<number>, digits = 10): void => {
  expect(found.length).toBe(expected.length);
  for (let i = 0; i < expected.length; i++) expect(found[i]).toBeCloseTo(expected[i]!, digits);
};

function open(network: Network, method: Method, options: Partial<ProgramOptions> = {}): Promise<Session> {
  const { program } = buildProgram(network, { form: "bcos", batch: 4, ...programFor(method), ...options });
  return openSession(program, { device: "reference", precision: "float64", seed: 3 });
}

async function run(network: Network, method: Method, fed: ArrayLike<number>, options: AttributeOptions = {}) {
  const session = await open(network, method);
  return attribute(session, fed, method, options);
}

describe("a program with encoded inputs", () => {
  it("gives the logits of the one that encodes images", async () => {
    const own = await openSession(buildProgram(net, { form: "bcos", batch: 3, graphs: ["predict"] }).program, {
      device: "reference",
      precision: "float64",
      seed: 3,
    });
    const logits = await own.predict(images);
    const found = await run(net, "gradient", images, { target: 1 });
    closeTo(
      found.flatMap((e) => [...e.logits]),
      logits,
      12,
    );
    expect(found.map(({ explained }) => explained)).toEqual([0, 1, 2].map((i) => logits[i * 4 + 1]));
  });

  it.each(["cosified", "v2"])("of the preset %s explains as the other one", async (preset) => {
    const text = `bcos { preset: ${preset} }
      model Net() {
        input image: [5, 5, 3]
        output logits: [3]
        logits = image -> conv1: conv(4, kernel: 3) -> relu -> global_avg_pool -> fc: linear(3)
      }`;
    const network = networkOf({ "main.bcos": text });
    const fed = images.slice(0, 2 * 75);
    const { program } = buildProgram(network, { form: "bcos", batch: 2, graphs: ["explain"] });
    const session = await openSession(program, { device: "reference", precision: "float64", seed: 3 });
    const own = await explain(session, fed, { target: 2 });
    const found = await run(network, "bcos", fed, { target: 2 });
    found.forEach((e, i) => {
      closeTo(e.map, own[i]!.contributions, 12);
      expect(e.explained).toBeCloseTo(own[i]!.explained, 12);
    });
  });

  it("is what methods ask for", async () => {
    const { program } = buildProgram(net, { form: "bcos", batch: 1, graphs: ["gradient"] });
    const session = await openSession(program, { device: "reference" });
    await expect(attribute(session, images, "gradient")).rejects.toThrow("`encodedInput`");
    const encoded = await open(net, "gradient");
    await expect(attribute(encoded, images.slice(1), "gradient")).rejects.toThrow("images of [8, 12, 3]");
    await expect(attribute(encoded, images, "occlusion")).rejects.toThrow("run/no-graph");
  });
});

describe("every method", () => {
  it.each(methodNames)("%s asks about several classes as about each alone", async (method) => {
    const session = await open(net, method);
    const options = { masks: 6, steps: 3, kernel: 4 };
    const classes = [
      [1, 3],
      [0, 2],
      [3, 1],
    ];
    const both = await attribute(session, images, method, { ...options, target: { classes } });
    expect(both.map(({ image, target }) => [image, target])).toEqual([
      ...[0, 0, 1, 1, 2, 2].map((image, at) => [image, classes[image]![at % 2]]),
    ]);
    for (const [at, found] of both.entries()) {
      expect(found.map).toHaveLength(8 * 12);
      const image = images.subarray(found.image * 288, (found.image + 1) * 288);
      const [alone] = await attribute(session, image, method, { ...options, target: found.target! });
      closeTo(found.map, alone!.map, 12);
      closeTo(both[at]!.logits, alone!.logits, 12);
      if (found.channels === undefined) continue;
      const sums = Float64Array.from(found.map, (_, p) => total(found.channels!.slice(p * 6, p * 6 + 6)));
      closeTo(found.map, sums, 12);
    }
  });

  it.each(methodNames)("%s runs on WASM as on the reference device", async (method) => {
    const { program } = buildProgram(net, { form: "bcos", batch: 4, ...programFor(method), targets: ["wasm"] });
    const options = { masks: 6, steps: 3, kernel: 4, target: { top: 2 } };
    const [wasm, reference] = [
      await openSession(program, { device: "wasm", threads: 1, seed: 3 }),
      await openSession(program, { device: "reference", precision: "float64", seed: 3 }),
    ];
    const [found, truth] = [
      await attribute(wasm, images, method, options),
      await attribute(reference, images, method, options),
    ];
    found.forEach(({ map, target }, at) => {
      expect(target).toBe(truth[at]!.target);
      expect(map).toBeInstanceOf(Float32Array);
      const scale = Math.max(...truth[at]!.map.map(Math.abs));
      map.forEach((value, i) => expect(Math.abs(value - truth[at]!.map[i]!) / scale).toBeLessThan(1e-4));
    });
    await wasm.dispose();
  });

  it("refuses classes that are not there", async () => {
    const session = await open(net, "gradient");
    const refused = (target: AttributeOptions["target"]) =>
      expect(attribute(session, images, "gradient", target === undefined ? {} : { target })).rejects;
    await refused({ classes: [[0, 1]] }).toThrow("classes for each of 3 images, not 1 lists");
    await refused({ classes: [[0], [1, 2], [0]] }).toThrow("as many classes for each image, 1, not 2");
    await refused({ classes: [[], [], []] }).toThrow("run/input");
    await refused({ classes: [[0], [4], [0]] }).toThrow("a class from 0 to 3, not 4");
  });
});

describe("integrated gradients", () => {
  it("add up to what the network says more than of the baseline", async () => {
    const grown = Float64Array.from(images, (v) => 0.2 + 0.6 * v);
    const [grey] = await run(net, "gradient", new Float64Array(288).fill(0.5), { target: 2 });
    const zero = await run(net, "intgrad", grown, { target: 2, steps: 60 });
    const other = await run(net, "intgrad", grown, { target: 2, steps: 60, baseline: new Float64Array(288).fill(0.5) });
    zero.forEach((e, i) => {
      // A B-cos network answers nothing with nothing: what is left is the bias of the logits.
      expect(total(e.map)).toBeCloseTo(e.explained + Math.log(3), 5);
      expect(total(other[i]!.map)).toBeCloseTo(e.explained - grey!.explained, 5);
    });
  });

  it("of a linear network are the input times the gradient, with any number of steps", async () => {
    const [one, seven] = [
      await run(linear, "intgrad", grey, { steps: 1 }),
      await run(linear, "intgrad", grey, { steps: 7 }),
    ];
    const product = await run(linear, "ixg", grey);
    one.forEach((e, i) => {
      closeTo(e.channels!, product[i]!.channels!, 12);
      closeTo(seven[i]!.channels!, product[i]!.channels!, 12);
    });
  });

  it("take whole numbers of steps", async () => {
    await expect(run(linear, "intgrad", grey, { steps: 0.5 })).rejects.toThrow("`steps` takes a whole number");
  });

  it.each([1, 2, 3, 8, 50, 200])("integrate polynomials with %i points", (n) => {
    const { nodes, weights } = gaussLegendre(n);
    for (const degree of new Set([0, 1, Math.min(5, 2 * n - 1), 2 * n - 1])) {
      const integral = total(weights.map((w, i) => w * nodes[i]! ** degree));
      expect(integral * (degree + 1)).toBeCloseTo(1, 11);
    }
    expect([...nodes]).toEqual([...nodes].sort((a, b) => a - b));
  });
});

describe("the input times the gradient", () => {
  it("is the explanation of a linear network", async () => {
    const [product, own] = [await run(linear, "ixg", grey), await run(linear, "bcos", grey)];
    product.forEach((e, i) => closeTo(e.channels!, own[i]!.channels!, 12));
  });

  it("against a black image is what it is in grey values alone", async () => {
    const black = await run(linear, "ixg", grey, { target: 1, baseline: "black" });
    const gradient = await run(linear, "gradient", grey, { target: 1 });
    black.forEach((e, i) => {
      const own = grey.subarray(i * 54, (i + 1) * 54);
      const { channels } = gradient[i]!;
      closeTo(
        e.map,
        own.map((v, p) => v * (channels![2 * p]! - channels![2 * p + 1]!)),
        12,
      );
    });
  });

  it("refuses a baseline of another size", async () => {
    await expect(run(linear, "ixg", grey, { baseline: [0, 0] })).rejects.toThrow("an image, 54 numbers, not 2");
  });
});

describe("DeepLIFT and guided backpropagation", () => {
  it("are products with the gradient and the gradient in networks without activations", async () => {
    const [lift, product] = [await run(net, "deeplift", images), await run(net, "ixg", images)];
    lift.forEach((e, i) => expect(e.map).toEqual(product[i]!.map));
    const [guided, gradient] = [await run(net, "guided", images), await run(net, "gradient", images)];
    guided.forEach((e, i) => expect(e.map).toEqual(gradient[i]!.map));
  });

  it("are refused where they have rules of their own", async () => {
    const standard = await open(net, "deeplift", { form: "standard" });
    for (const method of ["deeplift", "guided"] as const) {
      await expect(attribute(standard, images, method)).rejects.toThrow(/network without `relu`.*relu/);
    }
  });
});

describe("occlusion", () => {
  it("of a linear network gives every pixel the mean contribution of its squares", async () => {
    const contributions = await run(linear, "bcos", grey, { target: 1 });
    const found = await run(linear, "occlusion", grey, { target: 1, kernel: 3, stride: 2 });
    found.forEach((e, i) => {
      const expected = new Float64Array(54);
      for (const { top, bottom, left, right } of squaresOf(6, 9, 3, 2)) {
        const inside = Array.from(expected.keys()).filter((p) => {
          const [y, x] = [Math.floor(p / 9), p % 9];
          return y >= top && y < bottom && x >= left && x < right;
        });
        const mean = total(inside.map((p) => contributions[i]!.map[p]!)) / inside.length;
        for (const p of inside) expected[p]! += mean;
      }
      closeTo(e.map, expected, 12);
    });
  });

  it("of squares side by side adds up to what a linear network contributes", async () => {
    const found = await run(linear, "occlusion", grey, { target: 1, kernel: 3, stride: 3 });
    // An odd kernel is one pixel smaller than it says: here there are gaps. An even one has none.
    const even = await run(linear, "occlusion", grey.slice(0, 54), { target: 1, kernel: 2 });
    const [own] = await run(linear, "bcos", grey, { target: 1 });
    const covered = own!.map.filter((_, p) => p % 9 < 8);
    expect(total(even[0]!.map)).toBeCloseTo(total(covered), 12);
    expect(found[0]!.map[0]).not.toBe(0);
  });

  it("has the squares of the published evaluations", () => {
    expect(squaresOf(16, 16, 4, 4)).toHaveLength(16);
    expect(squaresOf(16, 16, 4, 4)[5]).toEqual({ top: 4, bottom: 8, left: 4, right: 8 });
    expect(squaresOf(16, 16, 5, 2).slice(0, 2)).toEqual([
      { top: 0, bottom: 2, left: 0, right: 2 },
      { top: 0, bottom: 2, left: 0, right: 4 },
    ]);
    expect(() => squaresOf(16, 16, 1, 1)).toThrow("`kernel` takes a whole number from 2 to 16, not 1");
    expect(() => squaresOf(16, 16, 17, 1)).toThrow("run/input");
    expect(() => squaresOf(16, 16, 4, 5)).toThrow("`stride` takes a whole number from 1 to 4, not 5");
  });

  it("is for images", async () => {
    const text = `bcos { preset: v2 }
      model Net() { input x: [5]
        output logits: [3]
        logits = x -> fc: linear(3) }`;
    const network = networkOf({ "main.bcos": text });
    await expect(run(network, "occlusion", [0, 1, 0, 1, 0])).rejects.toThrow("images [height, width, channels]");
    expect((await run(network, "ixg", [0, 1, 0, 1, 0]))[0]!.map).toHaveLength(10);
  });
});

describe("RISE", () => {
  it("weighs masks by the probability under them", async () => {
    const masks = [new Float64Array(54).fill(1), new Float64Array(54)].map((mask) => [...mask]).flat();
    const found = await run(linear, "rise", grey, { target: 1, givenMasks: masks, keep: 0.5 });
    for (const e of found) {
      const probability = 1 / (1 + Math.exp(-e.explained));
      closeTo(e.map, new Float64Array(54).fill(probability), 12);
    }
    const soft = await run(linear, "rise", grey, { target: 1, givenMasks: masks, keep: 0.5, score: "softmax" });
    for (const e of soft) {
      const powers = e.logits.map(Math.exp);
      closeTo(e.map, new Float64Array(54).fill(powers[1]! / total(powers)), 12);
    }
  });

  it("draws masks of a seed, each by its number", () => {
    const options = { masks: 200, cells: 4, keep: 0.3, seed: 9 };
    const masks = randomMasks(13, 16, options);
    const read = (own: typeof masks, at: number): number[] => {
      const out = new Float64Array(13 * 16);
      own.write(at, out);
      return [...out];
    };
    expect(read(masks, 7)).toEqual(read(randomMasks(13, 16, { ...options, masks: 8 }), 7));
    expect(read(masks, 7)).not.toEqual(read(randomMasks(13, 16, { ...options, seed: 10 }), 7));
    const all = Array.from({ length: 200 }, (_, at) => read(masks, at)).flat();
    expect(Math.min(...all)).toBe(0);
    expect(Math.max(...all)).toBe(1);
    expect(total(all) / all.length).toBeCloseTo(0.3, 1);
    // Neighbours differ by at most one cell's share.
    const steps = all.flatMap((v, i) => (i % 16 === 0 ? [] : [Math.abs(v - all[i - 1]!)]));
    expect(Math.max(...steps)).toBeLessThanOrEqual((4 / 20) * 1.0001);
  });

  it("refuses what it can not draw", async () => {
    await expect(run(linear, "rise", grey, { keep: 0 })).rejects.toThrow("`keep` takes a share from 0 to 1, not 0");
    await expect(run(linear, "rise", grey, { masks: 0 })).rejects.toThrow("`masks` takes a whole number from 1 on");
    await expect(run(linear, "rise", grey, { givenMasks: [1] })).rejects.toThrow("masks of 54 numbers each");
  });

  it("tells how far it is", async () => {
    const seen: (readonly [number, number])[] = [];
    await run(linear, "rise", grey, { masks: 5, onProgress: (done, all) => seen.push([done, all]) });
    expect(seen).toEqual([
      [4, 10],
      [8, 10],
      [10, 10],
    ]);
  });
});

describe("Grad-CAM", () => {
  it("looks at the last map before the classifier", () => {
    expect(lastMap(net, "bcos")).toBe("body.relu1");
    const { program } = buildProgram(net, { form: "bcos", batch: 1, ...programFor("gradcam") });
    expect(program.gradientLayer).toEqual({ path: "body.relu1", shape: [4, 6, 5] });
  });

  it("takes a layer by its path", async () => {
    const session = await open(net, "gradcam", { gradientLayer: "conv1" });
    const [e] = await attribute(session, images.slice(0, 288), "gradcam");
    expect(e!.map).toHaveLength(96);
    expect(Math.min(...e!.map)).toBe(0);
    expect(Math.max(...e!.map)).toBeGreaterThan(0);
    expect(() =>
      buildProgram(net, { form: "bcos", batch: 1, ...programFor("gradcam"), gradientLayer: "conv9" }),
    ).toThrow("run/no-layer");
  });

  it("of a linear classifier on the map is the part of the logit that speaks for it, place by place", async () => {
    const session = await open(linear, "gradcam");
    const found = await attribute(session, grey, "gradcam", { target: 0 });
    for (const e of found) {
      // The mean over all places: each has its share of the logit, where that is positive.
      expect(e.map).toHaveLength(54);
      expect(total(e.map) / 54 - Math.log(2)).toBeGreaterThanOrEqual(e.explained - 1e-12);
    }
  });

  it("wants a map", async () => {
    const session = await open(net, "gradcam", { gradientLayer: "logits" });
    await expect(attribute(session, images, "gradcam")).rejects.toThrow("one with `logits`, [4]");
    const plain = await open(net, "gradient");
    await expect(attribute(plain, images, "gradcam")).rejects.toThrow("not one without it");
    const text = `model Net() { input x: [5]
        output logits: [3]
        logits = x -> fc: linear(3) }`;
    const vectors = networkOf({ "main.bcos": text });
    expect(() => buildProgram(vectors, { form: "bcos", batch: 1, ...programFor("gradcam") })).toThrow(
      "this network has none before its classifier",
    );
  });
});
