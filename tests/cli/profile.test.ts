/** `--profile` on the commands that have it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import type { ChromeTrace, CompleteEvent } from "../../src/runtime/profile/trace.ts";
import { bcosc, temporaryFolder } from "./run.ts";
import { tinyData, tinyModel } from "./tiny.ts";

const folder = temporaryFolder({ "tiny.bcos": tinyModel, ...tinyData() });
const run = (line: string) => bcosc(line.split(" "), { cwd: folder });
const trace = (file: string): CompleteEvent[] => {
  const { traceEvents } = JSON.parse(readFileSync(join(folder, file), "utf8")) as ChromeTrace;
  return traceEvents.flatMap((event) => (event.ph === "X" ? [event] : []));
};
const training = "train tiny.bcos --data data --batch 10 --epochs 2 --lr 0.02 --out a --overwrite";

it("of a training: tables for each graph, and a trace with places in the source", async () => {
  const { code, out, err } = await run(`${training} --profile`);
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(
    /^profile of train: \d+\.\d+ ms a run \(median of 30\), of which .* in \d+ launches, .* GFLOP\/s, /m,
  );
  expect(out).toMatch(/^profile of predict: /m);
  expect(out).toMatch(/^layer +launches +ms +share +GFLOP\/s +GB\/s$/m);
  expect(out).toMatch(/^conv1 +\d+ +\d+\.\d+ +\d+\.\d %/m);
  expect(out).toMatch(/\nsaved the trace a\/profile\.json\n$/);
  const events = trace("a/profile.json");
  expect(events.filter(({ cat, name }) => cat === "run" && name === "train")).toHaveLength(30);
  const convolution = events.find(({ name, args }) => name.startsWith("conv1: conv2d") && Number(args["flops"]) > 0);
  expect(convolution!.args["source"]).toBe("tiny.bcos:6:28");
});

it("writes the trace where it is told, and JSON stays JSON", async () => {
  const { code, out, err } = await run(`${training} --json --profile traces/b.json`);
  expect(code).toBe(0);
  for (const line of out.trimEnd().split("\n")) expect(() => JSON.parse(line) as unknown).not.toThrow();
  expect(err).toContain("saved the trace traces/b.json\n");
  expect(trace("traces/b.json").length).toBeGreaterThan(100);
});

it("of explanations; a word behind it that is no .json file is none of its own", async () => {
  const weights = "--weights a/model.safetensors";
  const { code, out } = await run(`explain --profile tiny.bcos ${weights} --data data --count 3 --out e`);
  expect(code).toBe(0);
  expect(out).toMatch(/^profile of explain: /m);
  expect(trace("e/profile.json").some(({ name }) => name.startsWith("conv1: "))).toBe(true);
});

it.each([
  [`${training} --profile=trace.txt`, 2, "`--profile` takes a file whose name ends in .json, not `trace.txt`"],
  [`${training} --profile=`, 2, "`--profile` needs a value: `--profile [file]`"],
  [`${training} --profile --profile`, 2, "`--profile` is given more than once"],
  ["train tiny.bcos --data data --batch 10 --out r --device reference --profile", 1, "error[run/no-profile]"],
])("refuses %s", async (line, code, text) => {
  const ran = await run(line);
  expect(ran.code).toBe(code);
  expect(ran.err).toContain(text);
  expect(existsSync(join(folder, "r"))).toBe(false);
});
