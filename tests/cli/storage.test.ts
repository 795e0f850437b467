/** `--storage f16`: what it is refused with, what is printed of it, and that explanations are the same within rounding. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { ImageRecord } from "../../src/cli/explained/records.ts";
import { distance } from "../wasm-device/compare.ts";
import { gpuSource } from "../webgpu-device/support.ts";
import { bcosc, bcoscHere, temporaryFolder } from "./run.ts";
import { tinyData, tinyModel } from "./tiny.ts";

const driver = await gpuSource("vulkan");
const folder = temporaryFolder({ "tiny.bcos": tinyModel, ...tinyData(200, 20) });
const tiny = join(folder, "tiny.bcos");

describe("--storage", () => {
  it.each([
    ["evaluate tiny --weights w --data mnist --storage f8", "`--storage` takes one of `f32`, `f16`, not `f8`"],
    [
      "evaluate tiny --weights w --data mnist --device wasm --storage f16",
      "`--storage f16` is of no use without `--device webgpu`",
    ],
    [
      "explain tiny --weights w --data mnist --device reference --storage f16",
      "`--storage f16` is of no use without `--device webgpu`",
    ],
    ["train tiny --data mnist --storage f16", "there is no option `--storage`"],
    ["tune tiny --graph train --storage f16", "`--storage f16` can not be used together with `--graph train`"],
    ["inspect tiny --storage f16", "`--storage` is of no use without `--dump plan --target webgpu`"],
    ["inspect tiny --dump plan --storage f16", "`--storage` is of no use without `--dump plan --target webgpu`"],
    [
      "inspect tiny --dump wgsl --graph train --storage f16",
      "`--storage f16` can not be used together with `--graph train`",
    ],
  ])("%s", async (line, message) => {
    const { code, err } = await bcoscHere(...line.split(" ").map((word) => (word === "tiny" ? tiny : word)));
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it("shows in plans and kernels", async () => {
    const plan = await bcoscHere("inspect", tiny, "--dump", "plan", "--target", "webgpu", "--storage", "f16");
    expect(plan.out).toContain("plan predict for webgpu, batch 1, activations and prepared weights in f16\n");
    const wgsl = await bcoscHere("inspect", tiny, "--dump", "wgsl", "--storage", "f16");
    expect(wgsl.out).toContain("enable f16;\n");
    expect((await bcoscHere("inspect", tiny, "--dump", "wgsl", "--storage", "f32")).out).not.toContain("f16");
  });
});

describe.skipIf(driver === undefined)("bcosc explain --storage f16", () => {
  it("explains as in f32, within rounding", async () => {
    const run = (line: string) => bcosc(line.split(" "), { cwd: folder });
    await run("train tiny.bcos --data data --batch 20 --lr 0.02 --epochs 2 --seed 3 --out a --device wasm");
    const explain = "explain tiny.bcos --weights a/model.safetensors --data data --count 4 --json --device webgpu";
    const results = [await run(`${explain} --out full`), await run(`${explain} --out half --storage f16`)];
    const [full, half] = results.map(({ code, out, err }) => {
      expect(err.replace(/^Warning: .*\n/gm, "")).toBe("");
      expect(code).toBe(0);
      return (JSON.parse(out) as { images: ImageRecord[] }).images;
    });
    expect(half).toHaveLength(4);
    const errors = half!.map(({ logits }, i) => distance(logits, full![i]!.logits));
    expect(Math.max(...errors)).toBeLessThan(4 * 2 ** -11);
    expect(Math.max(...errors)).toBeGreaterThan(1e-6);
    for (const { explanations } of half!) expect(explanations[0]!.relativeResidual).toBeLessThan(2e-3);
    const evaluated = await run(
      "evaluate tiny.bcos --weights a/model.safetensors --data data --device webgpu --storage f16",
    );
    expect(evaluated.code).toBe(0);
  });
});
