/** `bcosc train` and `evaluate` on a tiny model and data set. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { loadWeights } from "../../src/runtime/weights/files.node.ts";
import { bcosc, temporaryFolder, type RunOptions } from "./run.ts";
import { tinyData, tinyModel } from "./tiny.ts";

const folder = temporaryFolder({ "tiny.bcos": tinyModel, ...tinyData() });
const run = (line: string, options: RunOptions = {}) => bcosc(line.split(" "), { cwd: folder, ...options });
const read = (path: string): Buffer => readFileSync(join(folder, path));
const lines = (path: string): Record<string, number>[] =>
  read(path)
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, number>);
/** Metrics without what depends on the clock. */
const results = (path: string) => lines(path).map(({ seconds: _, ...rest }) => rest);

const settings = "--data data --batch 10 --lr 0.02 --seed 3";

describe("bcosc train", () => {
  it("trains, says a line an epoch and writes model, metrics and settings", async () => {
    const { code, out, err } = await run(`train tiny.bcos ${settings} --epochs 3 --out a`);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^training Tiny \(bcos\) on 200 images: 3 epochs in batches of 10, adam, bce, device \w+\n/);
    expect(out.match(/^epoch [123]\/3 {2}loss \d/gm)).toHaveLength(3);
    expect(out).toContain("saved a/model.safetensors\n");
    expect(out).not.toContain("\r");
    const metrics = lines("a/metrics.jsonl");
    expect(metrics.map((m) => m["epoch"])).toEqual([1, 2, 3]);
    expect(metrics[2]!["loss"]).toBeLessThan(metrics[0]!["loss"]!);
    expect(metrics[2]!["testAccuracy"]).toBeGreaterThan(0.3);
    expect(JSON.parse(read("a/settings.json").toString())).toMatchObject({
      data: "data",
      epochs: 3,
      lr: 0.02,
      seed: 3,
    });
  });

  it("gives the same bits again, and other ones with another seed", async () => {
    const { code, out } = await run(`train tiny.bcos ${settings} --epochs 3 --out again --json`);
    expect(code).toBe(0);
    expect(read("again/model.safetensors").equals(read("a/model.safetensors"))).toBe(true);
    expect(out).toBe(read("again/metrics.jsonl").toString());
    await run("train tiny.bcos --data data --batch 10 --lr 0.02 --epochs 1 --seed 4 --out other");
    expect(read("other/model.safetensors").equals(read("a/model.safetensors"))).toBe(false);
  });

  it("refuses to overwrite a training, unless told", async () => {
    const before = read("other/model.safetensors");
    const refused = await run("train tiny.bcos --data data --epochs 1 --out other");
    expect(refused.code).toBe(2);
    expect(refused.err).toContain("error[usage/run-exists]: ");
    const unfit = await run("train tiny.bcos --data data --batch 1000 --out other --overwrite");
    expect(unfit.code).toBe(1);
    expect(unfit.err).toContain("at least one batch of 1000 images");
    expect(read("other/model.safetensors").equals(before)).toBe(true);
    const line =
      "train tiny.bcos --data data --epochs 1 --batch 10 --as standard --optimizer sgd --set width=4 --out other";
    expect((await run(`${line} --overwrite`)).code).toBe(0);
    expect(lines("other/metrics.jsonl")).toHaveLength(1);
    expect(JSON.parse(read("other/settings.json").toString())).toMatchObject({ as: "standard", set: ["width=4"] });
  });

  it("goes on where it was stopped by Ctrl-C, to the same bits and the same metrics", async () => {
    const line = `train tiny.bcos ${settings} --epochs 6`;
    expect((await run(`${line} --out whole`)).code).toBe(0);
    const stopped = await run(`${line} --out parts`, {
      onOut: (out, child) => {
        if (out.includes("epoch 1/6") && !child.killed) child.kill("SIGINT");
      },
    });
    expect(stopped.code).toBe(130);
    expect(stopped.err).toMatch(/stopping after this step[^]*stopped in epoch \d after \d+ steps and saved parts/);
    expect(existsSync(join(folder, "parts/model.safetensors"))).toBe(true);
    expect(lines("parts/metrics.jsonl").length).toBeLessThan(6);

    // What a crash behind the last checkpoint would leave: an epoch too many and a line cut off.
    const whole = read("whole/metrics.jsonl").toString().trimEnd().split("\n");
    writeFileSync(join(folder, "parts/metrics.jsonl"), `${read("parts/metrics.jsonl").toString()}${whole[5]!}\n{"epo`);
    const resumed = await run("train tiny.bcos --out parts --resume");
    expect({ code: resumed.code, err: resumed.err }).toEqual({ code: 0, err: "" });
    expect(resumed.out).toMatch(/, from epoch \d, step \d+\n/);
    expect(read("parts/model.safetensors").equals(read("whole/model.safetensors"))).toBe(true);
    expect(results("parts/metrics.jsonl")).toEqual(
      // The test is left out in an epoch that Ctrl-C ended.
      results("whole/metrics.jsonl").map((line, i) => ({
        ...line,
        testAccuracy: results("parts/metrics.jsonl")[i]!["testAccuracy"] === null ? null : line["testAccuracy"],
      })),
    );
  });

  it("resumes to more epochs, and only with the settings it was begun with", async () => {
    const nothing = await run("train tiny.bcos --out a --resume");
    expect(nothing.code).toBe(0);
    expect(nothing.err).toContain("has its 3 epochs already");
    const other = await run("train tiny.bcos --out a --resume --batch 20");
    expect(other.code).toBe(2);
    expect(other.err).toContain("`--batch` was 10 in the training that is resumed, not 20");
    const more = await run("train tiny.bcos --out a --resume --epochs 4 --batch 10");
    expect(more.code).toBe(0);
    expect(lines("a/metrics.jsonl").map((m) => m["epoch"])).toEqual([1, 2, 3, 4]);
  });

  it("starts from weights, with another preset and settings over those of the file", async () => {
    const start = "train tiny.bcos --data data --batch 10 --epochs 1 --preset cosified --out";
    const refused = await run(`${start} from-v2 --init a/model.safetensors --lr 1e-30`);
    expect(refused.code).toBe(1);
    expect(refused.err).toContain("error[bcos/encode-channels]: ");
    const settings = "encode:add_inverse_normalized([0.5],[0.25])";
    const line = start.replace("--out", `--settings ${settings} --out`);
    expect((await run(`${line} first --seed 5`)).code).toBe(0);
    // So small a rate leaves the weights as they are.
    const { code, err } = await run(`${line} second --init first/model.safetensors --lr 1e-30 --seed 6`);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const weightOf = async (path: string) => (await loadWeights(join(folder, path))).get("conv1.weight");
    expect(await weightOf("second/model.safetensors")).toEqual(await weightOf("first/model.safetensors"));
    expect(JSON.parse(read("second/settings.json").toString())).toMatchObject({
      init: "first/model.safetensors",
      preset: "cosified",
      settings,
    });
    expect((await run("train tiny.bcos --out second --resume --epochs 2")).code).toBe(0);
    const other = await run(`${line} third --init damaged`);
    expect(other.code).toBe(2);
    expect(other.err).toContain("error[data/unreadable]: ");
  });

  it("reads a folder of images with one folder a class", async () => {
    for (const [i, part] of ["train", "test"].entries()) {
      for (let c = 0; c < 10; c++) {
        mkdirSync(join(folder, `pictures/${part}/${c}`), { recursive: true });
        const pixels = Uint8Array.from({ length: 64 }, (_, at) => (at % 8 === c % 8 ? 255 : 20 * i + c));
        const file = join(folder, `pictures/${part}/${c}/picture.png`);
        await sharp(pixels, { raw: { height: 8, width: 8, channels: 1 } }).toFile(file);
      }
    }
    const trained = await run("train tiny.bcos --data pictures --batch 5 --epochs 1 --out pictured");
    expect({ code: trained.code, err: trained.err }).toEqual({ code: 0, err: "" });
    expect(lines("pictured/metrics.jsonl")[0]).toMatchObject({ images: 10 });
    const line = "evaluate tiny.bcos --weights pictured/model.safetensors --json --data";
    const whole = await run(`${line} pictures`);
    expect(JSON.parse(whole.out)).toMatchObject({ count: 10, perClass: { length: 10 } });
    expect((await run(`${line} pictures/test`)).out).toBe(whole.out);
    const half = await run("train tiny.bcos --data pictures/test --batch 5 --out halved");
    expect(half.code).toBe(2);
    expect(half.err).toContain("can not find the folder `train` in pictures/test");
  });

  it("refuses a damaged folder, and weights of another model, without changing them", async () => {
    await run("train tiny.bcos --data data --epochs 1 --batch 100 --out damaged");
    const good = read("damaged/settings.json").toString();
    for (const text of ["{", "[1]", "null", '{"set": [1]}', good.replace('"adam"', '"eve"')]) {
      writeFileSync(join(folder, "damaged/settings.json"), text);
      const { code, err } = await run("train tiny.bcos --out damaged --resume --epochs 2");
      expect(code).toBe(2);
      expect(err).toMatch(/error\[(data\/unreadable|usage\/value|usage\/missing-argument)\]/);
    }
    writeFileSync(join(folder, "damaged/settings.json"), good);
    writeFileSync(join(folder, "damaged/checkpoint.safetensors"), read("damaged/model.safetensors"));
    const lost = await run("train tiny.bcos --out damaged --resume --epochs 2");
    expect(lost.code).toBe(2);
    expect(lost.err).toContain("it does not say where the training stopped");
  });

  it("stops with a finding where the loss is lost", async () => {
    const { code, err } = await run("train tiny.bcos --data data --as standard --optimizer sgd --lr 1e30 --out lost");
    expect(code).toBe(1);
    expect(err).toContain("error[run/not-finite]: ");
  });

  it("says which part of the data does not fit", async () => {
    const missing = await run("train tiny.bcos --data nowhere --out unfit");
    expect(missing.code).toBe(2);
    expect(missing.err).toContain("error[data/not-found]: ");
    writeFileSync(join(folder, "large.bcos"), tinyModel.replace("[8, 8, 1]", "[16, 16, 1]"));
    const unfit = await run("train large.bcos --data data --out unfit");
    expect(unfit.code).toBe(2);
    expect(unfit.err).toContain("error[data/does-not-fit]: ");
    const device = await run("train tiny.bcos --data data --device abacus --out unfit");
    expect(device.code).toBe(2);
    expect(device.err).toContain("`--device` takes one of `auto`");
    expect(existsSync(join(folder, "unfit"))).toBe(false);
  });
});

describe("bcosc evaluate", () => {
  it("measures the test split", async () => {
    const { code, out } = await run("evaluate tiny.bcos --weights a/model.safetensors --data data");
    expect(code).toBe(0);
    expect(out).toMatch(/\naccuracy \d+\.\d\d % \(\d+ of 30\)\n$/);
    const json = await run("evaluate tiny.bcos --weights a/model.safetensors --data data --json");
    const { accuracy, count, perClass } = JSON.parse(json.out) as {
      accuracy: number;
      count: number;
      perClass: object[];
    };
    expect(count).toBe(30);
    expect(perClass).toHaveLength(10);
    expect(accuracy).toBe(lines("a/metrics.jsonl")[3]!["testAccuracy"]);
  });

  it("names every tensor that does not fit", async () => {
    const { code, err } = await run("evaluate tiny.bcos --as standard --weights a/model.safetensors --data data");
    expect(code).toBe(2);
    expect(err).toContain("error[weights/missing]: ");
  });
});
