/** Plans as text and as files: what `inspect --dump plan` says of every launch, and plans that are loaded again. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { Plan } from "../../src/compiler/plan/plan.ts";
import { planHash } from "../../src/compiler/plan/plan-json.ts";
import { bcosc, temporaryFolder } from "./run.ts";
import { tinyModel } from "./tiny.ts";

const folder = temporaryFolder({ "tiny.bcos": tinyModel });
const run = (line: string) => bcosc(line.split(" "), { cwd: folder });
const dump = "inspect tiny.bcos --dump plan --graph explain --batch 2";
const write = (name: string, content: string) => writeFileSync(join(folder, name), content);

it("says memory, the part that runs again, and for each launch its layer, place and amounts", async () => {
  const { code, out, err } = await run(dump);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^[\d.]+ kFLOP, [\d.]+ kB moved, [\d.]+ kB at most in \d+ slots$/m);

  expect(out).toMatch(
    /^beside them [\d.]+ (k)?B of state, [\d.]+ k?B of constants and [\d.]+ k?B of scratch memory a thread$/m,
  );
  expect(out).toMatch(/^from launch \d+ on again for another cotangent: \d+ launches, [\d.]+ kFLOP, [\d.]+ kB moved$/m);
  expect(out).toMatch(
    /^ *\d+ {2}conv1 +conv2d patch_norm .* tiny\.bcos:6:28 +\d+ units +[\d.]+ kFLOP +[\d.]+ kB +conv2d_\w+: /m,
  );
  expect(out).toMatch(/^kept for the backward pass, [\d.]+ kB:$/m);
});

it("reads a plan from a file, checked, and prints the same", async () => {
  write("plan.json", (await run(`${dump} --json`)).out);
  expect(await run("inspect plan.json")).toEqual(await run(dump));
  expect((await run("inspect plan.json --json")).out).toBe((await run(`${dump} --json`)).out);
});

it("reads the plans of a compiled module, and checks them", async () => {
  await run("compile tiny.bcos --out gen");
  for (const target of ["wasm", "webgpu"]) {
    const { code, out } = await run(`inspect gen/tiny.${target}.plan.json`);
    expect(code).toBe(0);
    expect(out).toMatch(new RegExp(`^plan predict for ${target}`, "m"));
    expect(out).toMatch(new RegExp(`^plan explain for ${target}`, "m"));
  }
  const text = readFileSync(join(folder, "gen/tiny.wasm.plan.json"), "utf8");
  write("gen/tiny.wasm.plan.json", text.replace('"launches":[{"buffers":[{', '"launches":[{"buffers":[{"x":1,'));
  const { code, err } = await run("inspect gen/tiny.wasm.plan.json");
  expect(code).toBe(2);
  expect(err).toContain("error[data/plan]: gen/tiny.wasm.plan.json is no sound plan: the hash is that of another plan");
});

it("refuses plans that are not sound, with every problem", async () => {
  const plan = JSON.parse((await run(`${dump} --json`)).out) as Plan;
  write("changed.json", JSON.stringify({ ...plan, batch: 3 }));
  const changed = await run("inspect changed.json");
  expect(changed.code).toBe(2);
  expect(changed.err).toContain("error[data/plan]: changed.json is no sound plan: the hash is that of another plan");

  const unsound = { ...plan, slots: plan.slots.map(() => 16) };
  write("small.json", JSON.stringify({ ...unsound, hash: planHash(unsound) }));
  const small = await run("inspect small.json");
  expect(small.code).toBe(2);
  expect(small.err.match(/bytes do not fit into slot \d+ of 16/g)!.length).toBeGreaterThan(1);

  write("other.json", '{"version": 1}');
  expect((await run("inspect other.json")).err).toContain("the plan has version 1, this program reads version");
  write("broken.json", "{");
  expect((await run("inspect broken.json")).err).toContain("broken.json is no sound plan: not JSON");
  expect((await run("inspect nowhere.json")).err).toContain("error[data/unreadable]: ");
  const graph = await run("inspect plan.json --graph train");
  expect(graph.code).toBe(2);
  expect(graph.err).toContain("`--graph` can not be used together with `plan.json`");
});
