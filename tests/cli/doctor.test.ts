import { availableParallelism } from "node:os";
import { expect, it } from "vitest";
import { bcosc, bcoscHere } from "./run.ts";

const threads = Math.min(8, availableParallelism());

it("says what is there, and the device that the other commands take", async () => {
  const { code, out, err } = await bcoscHere("doctor");
  expect({ code, err }).toEqual({ code: 0, err: "" });
  expect(out).toMatch(/^ {2}Node +\d+\.\d+\.\d+ on \w+/m);
  expect(out).toMatch(/^ {2}WebAssembly SIMD +yes$/m);
  expect(out).toMatch(/^ {2}relaxed SIMD +(yes|no: .+)$/m);
  expect(out).toMatch(/^ {2}shared memory +yes$/m);
  expect(out).toMatch(/^ {2}tfjs:wasm +tfjs 4\.\d+\.\d+, as WebAssembly$/m);
  expect(out).toMatch(/^ {2}tfjs:cpu +tfjs 4\.\d+\.\d+, in plain JavaScript$/m);
  expect(out).toMatch(/^ {2}tfjs:webgl +no: Node has no WebGL; .+$/m);
  expect(out).toMatch(new RegExp(`^device wasm, ${threads} threads?: .+$`, "m"));
});

it("says it as JSON", async () => {
  const { code, out } = await bcosc(["doctor", "--json"]);
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    node: process.versions.node,
    processors: availableParallelism(),
    memoryBytes: expect.any(Number),
    simd: true,
    sharedMemory: true,
    tfjs: {
      "tfjs:wasm": { usable: true, description: expect.any(String) },
      "tfjs:webgl": { usable: false, missing: "Node has no WebGL", hints: expect.any(Array) },
    },
    device: { name: "wasm", threads, reason: expect.any(String) },
  });
});
