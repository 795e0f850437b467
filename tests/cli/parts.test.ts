/** Parts of the command line that need no process. */
import { describe, expect, it } from "vitest";
import { exitCodeOf } from "../../src/cli/exit.ts";
import { readParameters } from "../../src/cli/model-options.ts";
import { createProgress, progressLine } from "../../src/cli/progress.ts";
import { formatDuration, formatTable } from "../../src/cli/table.ts";
import { type Output, useColor } from "../../src/cli/terminal.ts";
import { checkUnchanged, overSaved, readSettings, savedSettings } from "../../src/cli/training/settings.ts";
import { readers } from "../../src/cli/arguments.ts";
import { diagnose } from "../../src/diagnostics/catalogue.ts";
import { BcosError } from "../../src/diagnostics/diagnostic.ts";

describe("exit codes", () => {
  const usage = diagnose("usage/unknown-option", { option: "--x" });
  const finding = diagnose("shape/dimension", { found: 0 });
  const info = diagnose("bcos/norm-dropped", { path: "bn1", count: 1 });
  it.each([
    [[], 0],
    [[info], 0],
    [[usage], 2],
    [[diagnose("weights/missing", { path: "a" }), diagnose("data/not-found", { what: "it" })], 2],
    [[usage, finding], 1],
    [[finding, info], 1],
  ])("of %#", (diagnostics, code) => {
    expect(exitCodeOf(diagnostics)).toBe(code);
  });
});

it("chooses colour by flag, then FORCE_COLOR, then NO_COLOR, then the terminal", () => {
  expect(useColor("auto", {}, true)).toBe(true);
  expect(useColor("auto", {}, false)).toBe(false);
  expect(useColor("auto", { TERM: "dumb" }, true)).toBe(false);
  expect(useColor("auto", { NO_COLOR: "1" }, true)).toBe(false);
  expect(useColor("auto", { NO_COLOR: "" }, true)).toBe(true);
  expect(useColor("auto", { NO_COLOR: "1", FORCE_COLOR: "1" }, false)).toBe(true);
  expect(useColor("always", { NO_COLOR: "1" }, false)).toBe(true);
  expect(useColor("never", { FORCE_COLOR: "1" }, true)).toBe(false);
});

describe("progress", () => {
  const written: string[] = [];
  const terminal = (isTerminal: boolean): Output => ({
    write: (text) => void written.push(text),
    isTerminal,
    color: false,
    width: 60,
  });

  it("fits its line and fills its bar", () => {
    expect(progressLine("epoch 1/3", 0, 10, "loss 1", 80)).toBe(`epoch 1/3 ${"░".repeat(24)} 0/10  loss 1`);
    expect(progressLine("t", 10, 10, "", 80)).toBe(`t ${"█".repeat(24)} 10/10  `);
    expect(progressLine("t", 99, 10, "", 80)).toContain("█".repeat(24));
    expect(progressLine("epoch 1/3", 5, 10, "loss 1", 20)).toHaveLength(20);
  });

  it("draws on terminals only, and cleans up", () => {
    const silent = createProgress(terminal(false), "t", 2);
    silent.update(1, "");
    silent.clear();
    expect(written).toEqual([]);
    const bar = createProgress(terminal(true), "t", 2);
    bar.update(2, "done");
    bar.clear();
    bar.clear();
    expect(written).toHaveLength(2);
    expect(written[0]).toContain("2/2  done");
    expect(written[1]).toBe("\r\u001b[2K");
  });
});

it("formats tables and durations", () => {
  expect(formatTable([["a", "1"], ["bcd", "20"], ["e"]], ["left", "right"])).toEqual(["a     1", "bcd  20", "e"]);
  expect([0.25, 12.34, 250].map(formatDuration)).toEqual(["250 ms", "12.3 s", "4 min 10 s"]);
});

it("reads values of parameters", () => {
  expect(readParameters(["n=10", "rate=1e-3", "deep=true", "kind=layer", "x=a=b"])).toEqual({
    n: 10,
    rate: 0.001,
    deep: true,
    kind: "layer",
    x: "a=b",
  });
  expect(() => readParameters(["=3"])).toThrow(BcosError);
});

describe("settings of a training", () => {
  const args = (options: Readonly<Record<string, string>>) =>
    readers(["net.bcos"], new Map(Object.entries({ "--data": "mnist", ...options }).map(([k, v]) => [k, [v]])));
  const none = readers(["net.bcos"], new Map());

  it.each([
    {},
    { "--as": "standard", "--optimizer": "sgd", "--momentum": "0.5", "--weight-decay": "1e-4", "--schedule": "step" },
    { "--loss": "uniform_off_label_bce", "--agc": "0.01", "--warmup": "2", "--flip": "true", "--shift": "4" },
    { "--set": "classes=5", "--smoothing": "0.1", "--model": "Net", "--lr": "0.1", "--schedule": "constant" },
  ])("come back from what is saved: %j", (options) => {
    const settings = readSettings(args(options));
    const saved = savedSettings("net.bcos", settings);
    const again = JSON.parse(JSON.stringify(saved)) as typeof saved;
    expect(readSettings(overSaved(none, again))).toEqual(settings);
    expect(() => checkUnchanged(again, saved)).not.toThrow();
  });

  it("have the defaults of the form and the optimiser", () => {
    expect(readSettings(args({}))).toMatchObject({
      train: { loss: { kind: "bce" }, optimizer: { kind: "adam", weightDecay: 0 } },
      schedule: { kind: "cosine", rate: 0.001 },
    });
    expect(readSettings(args({ "--as": "standard", "--optimizer": "sgd" }))).toMatchObject({
      train: { loss: { kind: "cross_entropy" }, optimizer: { kind: "sgd", momentum: 0.9 } },
      schedule: { rate: 0.1 },
    });
  });

  it("may change in their number of epochs only", () => {
    const saved = savedSettings("net.bcos", readSettings(args({})));
    const now = (options: Readonly<Record<string, string>>) =>
      savedSettings("net.bcos", readSettings(overSaved(args(options), saved)));
    expect(() => checkUnchanged(saved, now({ "--epochs": "20", "--lr": "0.0010" }))).not.toThrow();
    for (const options of [{ "--lr": "0.01" }, { "--data": "other" }, { "--agc": "0.1" }, { "--seed": "1" }]) {
      expect(() => checkUnchanged(saved, now(options))).toThrow(/usage\/resumed-setting/);
    }
  });
});
