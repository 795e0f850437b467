/** Workers and the process: a program ends when it is done, by signals too, and `dispose` leaves no thread behind. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, expect, it } from "vitest";
import { mixedProgram, numbers, withLists } from "./hand-made.ts";

const root = join(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "bcosc-wasm-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const file = join(folder, "program.json");
writeFileSync(file, JSON.stringify({ program: withLists(mixedProgram), x: Array.from(numbers(3)) }));

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** Runs `body` in a process of its own, on the built package: `session` is open on 3 threads and has run twice. */
function runChild(body: string, onOut?: (kill: (signal: NodeJS.Signals) => void) => void): Promise<Ended> {
  const device = pathToFileURL(join(root, "dist/src/runtime/devices/wasm/device.js")).href;
  const script = `
    import { readFileSync, readdirSync } from "node:fs";
    import { wasmDevice } from ${JSON.stringify(device)};
    const { program, x } = JSON.parse(readFileSync(${JSON.stringify(file)}, "utf8"));
    for (const name of ["module", "relaxedModule"]) program.wasm[name] = Uint8Array.from(program.wasm[name]);
    const feeds = { x: Float32Array.from(x) };
    const threads = () => readdirSync("/proc/self/task").length;
    const open = () => wasmDevice.open(program, { threads: 3 });
    const session = await open();
    for (let i = 0; i < 2; i++) await session.run("predict", feeds);
    ${body}
  `;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.on("data", (text: Buffer) => {
    out += text.toString();
    onOut?.((signal) => child.kill(signal));
  });
  child.stderr.on("data", (text: Buffer) => (err += text.toString()));
  const guard = setTimeout(() => child.kill("SIGKILL"), 30_000);
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      clearTimeout(guard);
      resolve({ code, signal, out, err });
    });
  });
}

it("a program that is done ends, with the session open, disposed, or broken off", async () => {
  const ended = await Promise.all(["", "await session.dispose();", "process.exit(3);"].map((body) => runChild(body)));
  expect(ended).toEqual([0, 0, 3].map((code) => ({ code, signal: null, out: "", err: "" })));
});

it("a program ends although a thread of its open session was lost", async () => {
  const ended = await runChild(`
    const builtin = process.getBuiltinModule("node:worker_threads");
    const workers = [];
    builtin.Worker = class extends builtin.Worker {
      constructor(...given) {
        super(...given);
        workers.push(this);
      }
    };
    const other = await open();
    await other.run("predict", feeds);
    void workers[0].terminate();
    await workers[1].terminate();
    await other.run("predict", feeds).catch((error) => console.log(error.diagnostics[0].code));
  `);
  expect(ended).toEqual({ code: 0, signal: null, out: "run/thread-lost\n", err: "" });
});

it("a signal in the middle of the work ends the program at once", async () => {
  const endless = `for (let i = 0; ; i++) {
    await session.run("predict", feeds);
    if (i === 20) console.log("running");
  }`;
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    const ended = await runChild(endless, (kill) => kill(signal));
    expect(ended).toMatchObject({ signal, err: "" });
  }
});

it.skipIf(!existsSync("/proc/self/task"))("dispose ends every thread that was started", async () => {
  const { out, err } = await runChild(`
    const before = threads();
    const others = [await open(), await open()];
    const during = threads();
    for (const other of others) await other.dispose();
    // The system takes a moment to clear up after a thread.
    for (let i = 0; i < 100 && threads() > before; i++) await new Promise((resolve) => setTimeout(resolve, 20));
    console.log(JSON.stringify([during - before >= 4, threads() <= before]));
  `);
  expect({ out, err }).toEqual({ out: "[true,true]\n", err: "" });
});
