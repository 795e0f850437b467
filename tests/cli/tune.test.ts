/** `bcosc tune`, and `--tuning` on the commands that compute. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ImageRecord } from "../../src/cli/explained/records.ts";
import { parseTuning } from "../../src/runtime/tuning.ts";
import { distance } from "../wasm-device/compare.ts";
import { gpuSource } from "../webgpu-device/support.ts";
import { bcosc, temporaryFolder } from "./run.ts";
import { tinyData, tinyModel } from "./tiny.ts";

const driver = await gpuSource("vulkan");
const folder = temporaryFolder({ "tiny.bcos": tinyModel, ...tinyData(40, 20) });
const run = (line: string) => bcosc(line.split(" "), { cwd: folder });
const read = (file: string): string => readFileSync(join(folder, file), "utf8");
const write = (file: string, text: string): void => writeFileSync(join(folder, file), text);

describe.skipIf(driver === undefined)("bcosc tune", () => {
  it("measures the kernels, keeps what was in the file, and says what it chose", async () => {
    write("t.json", JSON.stringify({ format: "bcosc tuning", version: 1, adapters: { other: { kernel: "variant" } } }));
    const { code, out } = await run("tune tiny.bcos --graph predict --batch 10 --out t.json");
    expect(code).toBe(0);
    expect(out).toMatch(/\n {2}conv2d 10×8×8×\d→8 3×3 +\w+.* ms/);
    expect(out).toMatch(/\n\d+ kernels? measured, \d+ with another variant than without tuning\nsaved t\.json\n$/);
    const [adapter] = out.split("\n");
    const { adapters } = parseTuning(read("t.json"), "t.json");
    expect(Object.keys(adapters).sort()).toEqual([adapter, "other"].sort());
    expect(adapters["other"]).toEqual({ kernel: "variant" });
    expect(Object.keys(adapters[adapter!]!)).toHaveLength(Number(/\n(\d+) kernels? measured/.exec(out)![1]));
  });

  it("says it as JSON", async () => {
    const { code, out } = await run("tune tiny.bcos --graph predict --batch 10 --out j.json --json");
    expect(code).toBe(0);
    const { adapter, kernels } = JSON.parse(out) as {
      adapter: string;
      kernels: { label: string; untuned: string; chosen: string; milliseconds: Record<string, number> }[];
    };
    expect(kernels.length).toBeGreaterThan(0);
    for (const { untuned, chosen, milliseconds } of kernels) {
      expect(Object.keys(milliseconds)).toEqual(expect.arrayContaining([untuned, chosen]));
      expect(milliseconds[chosen]!).toBeLessThanOrEqual(milliseconds[untuned]!);
    }
    expect(Object.keys(parseTuning(read("j.json"), "j.json").adapters)).toEqual([adapter]);
  });

  it("takes other variants from a tuning, for the same numbers", async () => {
    await run("train tiny.bcos --data data --batch 10 --lr 0.02 --epochs 1 --seed 3 --out a --device wasm");
    const { kernels } = JSON.parse((await run("tune tiny.bcos --graph explain --batch 4 --out e.json --json")).out) as {
      kernels: { untuned: string; milliseconds: Record<string, number> }[];
    };
    const { adapters, ...head } = parseTuning(read("e.json"), "e.json");
    const [[adapter, chosen]] = Object.entries(adapters) as [[string, Record<string, string>]];
    expect(Object.keys(chosen)).toHaveLength(kernels.length);
    // Of every kernel a variant that is not taken without a tuning.
    const others = Object.keys(chosen).map((key, i) => {
      const { untuned, milliseconds } = kernels[i]!;
      return [key, Object.keys(milliseconds).find((name) => name !== untuned)!] as const;
    });
    write("others.json", JSON.stringify({ ...head, adapters: { [adapter]: Object.fromEntries(others) } }));
    const explain = "explain tiny.bcos --weights a/model.safetensors --data data --count 4 --json --device webgpu";
    const results = [await run(`${explain} --out plain`), await run(`${explain} --out tuned --tuning others.json`)];
    const [plain, tuned] = results.map(({ code, out }) => {
      expect(code).toBe(0);
      return (JSON.parse(out) as { images: ImageRecord[] }).images;
    });
    expect(plain).toHaveLength(4);
    const sumOf = ({ explanations }: ImageRecord) => [explanations[0]!.contributions];
    plain!.forEach((image, i) => {
      expect(distance(tuned![i]!.logits, image.logits)).toBeLessThan(1e-5);
      expect(distance(sumOf(tuned![i]!), sumOf(image))).toBeLessThan(1e-4);
    });
  });
});

const sound = { format: "bcosc tuning", version: 1, adapters: {} };
describe.each([
  "train tiny.bcos --data data --batch 10 --epochs 1 --out r --device wasm --tuning FILE",
  "tune tiny.bcos --out FILE",
])("%s", (line) => {
  it.each([
    ["no JSON", "{", "it is no JSON"],
    ["another format", JSON.stringify({ ...sound, format: "x" }), "its `format`"],
    ["another version", JSON.stringify({ ...sound, version: 2 }), "version 1"],
    ["no adapters", JSON.stringify({ ...sound, adapters: [] }), "`adapters`"],
    ["numbers for variants", JSON.stringify({ ...sound, adapters: { a: { k: 1 } } }), "`adapters`"],
  ])("refuses a tuning with %s and leaves it as it is", async (_, text, reason) => {
    write("bad.json", text);
    const ran = await run(line.replace("FILE", "bad.json"));
    expect(ran).toMatchObject({ code: 1, out: "" });
    expect(ran.err).toMatch(/^error\[run\/tuning\]: `bad\.json` is no tuning: /);
    expect(ran.err).toContain(reason);
    expect(ran.err).toContain("= hint: `bcosc tune` makes one");
    expect(ran.err).not.toMatch(/^ +at /m);
    expect(read("bad.json")).toBe(text);
    expect(existsSync(join(folder, "r"))).toBe(false);
  });
});

it("refuses a tuning that is not there", async () => {
  const { code, err } = await run("train tiny.bcos --data data --out r --tuning nowhere.json");
  expect(code).toBe(2);
  expect(err).toContain("error[data/unreadable]: can not read nowhere.json: no such file or folder");
});
