/** Wrong command lines, and those that only ask. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bcosc, bcoscHere, root } from "./run.ts";

const commands = ["check", "fmt", "inspect", "train", "evaluate", "explain", "tune", "explain-error", "doctor"];
/** Examples of other commands at the end, which use what the command made. */
const followUps: Readonly<Record<string, string>> = { tune: "  \\$ bcosc train .*--tuning .*\n" };
const model = join(root, "models/mnist.bcos");

describe("help and version", () => {
  it("lists every command", async () => {
    const { code, out, err } = await bcosc(["--help"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    for (const command of commands) expect(out).toMatch(new RegExp(`^  ${command} +\\w`, "m"));
    expect(out).not.toMatch(/ \n/);
    expect((await bcosc(["help"])).out).toBe(out);
    expect((await bcosc(["-h"])).out).toBe(out);
  });

  it.each(commands)("explains %s with options and examples", async (command) => {
    const { code, out, err } = await bcosc([command, "--help"]);
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(new RegExp(`^Usage:\n  \\$ bcosc ${command}\\b`, "m"));
    expect(out).toMatch(/^Options:\n( {2}-.*\n)+/m);
    const use = followUps[command] ?? "";
    expect(out).toMatch(new RegExp(`^Examples:\n(  \\$ bcosc ${command}\\b.*\n)+${use}$`, "m"));
  });

  it("prints the version", async () => {
    const { code, out } = await bcosc(["--version"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^bcosc \d+\.\d+\.\d+\n$/);
  });

  it("shows the help and fails when nothing is asked", async () => {
    const { code, out } = await bcosc([]);
    expect(code).toBe(2);
    expect(out).toContain("Commands:");
  });
});

describe("wrong usage", () => {
  const cases: readonly [line: string, code: string, text: string][] = [
    ["chek", "usage/unknown-command", "did you mean `check`?"],
    ["-x", "usage/unknown-option", "`-x`"],
    ["--vresion", "usage/unknown-option", "did you mean `--version`?"],
    ["check", "usage/missing-argument", "the argument FILES is missing"],
    ["check a.bcos --jsno", "usage/unknown-option", "did you mean `--json`?"],
    ["check a.bcos -j", "usage/unknown-option", "`bcosc check --help` lists the options"],
    ["check a.bcos --__proto__=1", "usage/unknown-option", "`--__proto__`"],
    ["check a.bcos --no-json", "usage/unknown-option", "`--no-json`"],
    ["check a.bcos --json=yes", "usage/value", "`--json` takes no value, not `yes`"],
    ["check a.bcos --as", "usage/missing-value", "`--as` needs a value"],
    ["check a.bcos --as --json", "usage/missing-value", "`--as` needs a value"],
    ["check a.bcos --as= b.bcos", "usage/missing-value", "`--as` needs a value"],
    ["check a.bcos --as bcoss", "usage/value", "did you mean `bcos`?"],
    ["check a.bcos --as bcos --as standard", "usage/repeated-option", "`--as` is given more than once"],
    ["check a.bcos --set classes", "usage/value", "takes NAME=VALUE, not `classes`"],
    ["check a.bcos --set 7", "usage/value", "takes NAME=VALUE, not `7`"],
    ["check a.bcos --set a=1 --set a=2", "usage/repeated-option", "`--set a`"],
    ["check a.bcos --color sometimes", "usage/value", "one of `auto`, `always`, `never`"],
    ["inspect a.bcos b.bcos", "usage/excess-argument", "`b.bcos` is one too many"],
    ["inspect a.bcos --after fold", "usage/needs-option", "`--after` is of no use without `--dump graph`"],
    ["inspect a.bcos --dump plans", "usage/value", "one of `network`, `graph`, `plan`, `wgsl`, not `plans`"],
    ["inspect a.bcos --dump graph --loss bce", "usage/needs-option", "--dump graph --graph train"],
    ["inspect a.bcos --dump graph --graph explain --as standard", "usage/conflict", "`--as standard`"],
    ["inspect a.bcos --dump graph --batch 0", "usage/value", "a whole number from 1 to 65536, not `0`"],
    ["train a.bcos", "usage/missing-argument", "the argument `--data` is missing"],
    ["train a.bcos --data mnist --epochs many", "usage/value", "`--epochs` takes a whole number from 1, not `many`"],
    ["train a.bcos --data mnist --epochs 1.5", "usage/value", "not `1.5`"],
    ["train a.bcos --data mnist --epochs -1", "usage/value", "not `-1`"],
    ["train a.bcos --data mnist --epochs 1e99", "usage/value", "not `1e99`"],
    ["train a.bcos --data mnist --lr 0", "usage/value", "`--lr` takes a number greater than 0, not `0`"],
    ["train a.bcos --data mnist --weight-decay=-.5", "usage/value", "of at least 0, not `-.5`"],
    ["train a.bcos --data mnist --lr NaN", "usage/value", "not `NaN`"],
    ["train a.bcos --data mnist --smoothing 1", "usage/value", "of at least 0 and less than 1"],
    ["train a.bcos --data mnist --momentum 0.5", "usage/needs-option", "`--optimizer sgd`"],
    ["train a.bcos --data mnist --loss uniform_off_label_bce --smoothing 0.1", "usage/conflict", "`--smoothing`"],
    ["train a.bcos --data mnist --resume --overwrite", "usage/conflict", "`--overwrite`"],
    ["train a.bcos --data mnist --out /nowhere/at-all --resume", "usage/nothing-to-resume", "/nowhere/at-all"],
    ["evaluate a.bcos --data mnist", "usage/missing-argument", "`--weights`"],
    ["evaluate a.bcos --weights w", "usage/missing-argument", "`--data`"],
    ["explain a.bcos --weights w", "usage/missing-argument", "name image files, or a data set"],
    ["explain a.bcos x.png --weights w --data mnist", "usage/conflict", "`--image`"],
    ["explain a.bcos x.png --weights w --index 3", "usage/needs-option", "`--index` is of no use without `--data`"],
    ["explain a.bcos --weights w --data mnist --index 1,b", "usage/value", "whole numbers with commas between"],
    ["explain a.bcos --weights w --data mnist --index 1 --count 2", "usage/conflict", "`--count`"],
    ["explain a.bcos --weights w --data mnist --resize 0", "usage/value", "`--resize` takes a whole number from 1"],
    ["explain a.bcos --weights w --data mnist --top 0", "usage/value", "`--top` takes a whole number from 1"],
    ["explain a.bcos --weights w --data mnist --top 2 --class 1", "usage/conflict", "`--class`"],
    ["explain-error shape/mismach", "usage/unknown-code", "did you mean `shape/mismatch`?"],
    ["explain-error mismatch", "usage/unknown-code", "did you mean `shape/mismatch`?"],
    ["check not-there.bcos", "data/unreadable", "no such file or folder"],
    ["train not-there.bcos --data mnist --out not-there", "data/unreadable", "no such file or folder"],
    [`check ${root}`, "data/unreadable", "it is a folder"],
    [`evaluate ${model} --weights not-there --data mnist`, "data/unreadable", "no such file or folder"],
    [`evaluate ${model} --weights ${model} --data mnist`, "weights/header", "not a valid safetensors file"],
    [`train ${join(root, "models/blocks/residual.bcos")} --data mnist --out not-there`, "usage/no-model", "no model"],
  ];

  it.each(cases)("bcosc %s: %s", async (line, code, text) => {
    const ran = await bcoscHere(...line.split(" "));
    expect(ran.code).toBe(2);
    const said = ran.out + ran.err;
    expect(said).toContain(`error[${code}]: `);
    expect(said).toContain(text);
    expect(said.match(/^error\[/gm)).toHaveLength(1);
    expect(said).not.toMatch(/^ +at /m);
  });

  it("tells it on standard error, with exit code 2", async () => {
    const { code, out, err } = await bcosc(["train", "a.bcos", "--epoch", "3"]);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatchInlineSnapshot(`
      "error[usage/unknown-option]: there is no option \`--epoch\`
        = hint: did you mean \`--epochs\`?
        = see: bcosc explain-error usage/unknown-option

      "
    `);
  });

  it("takes words that look like numbers or options as they are", async () => {
    expect((await bcoscHere("check", "007")).out).toContain("can not read 007: ");
    expect((await bcoscHere("check", "--", "--odd.bcos")).out).toContain("can not read --odd.bcos: ");
    expect((await bcoscHere("check", "1e3", "0x10")).out).toMatch(/can not read 1e3: [^]*can not read 0x10: /);
  });
});

describe("colour", () => {
  const line = ["check", "not-there.bcos"];
  it.each([
    [{}, [], false],
    [{ FORCE_COLOR: "1" }, [], true],
    [{ FORCE_COLOR: "0" }, [], false],
    [{ NO_COLOR: "1" }, ["--color", "always"], true],
    [{ FORCE_COLOR: "1" }, ["--color=never"], false],
    [{ NO_COLOR: "1" }, ["--color", "auto"], false],
  ])("with %j and %j: %s", async (env, more, colored) => {
    const { out } = await bcosc([...line, ...more], { env });
    expect(out.includes("\u001b[")).toBe(colored);
  });
});

describe("the process", () => {
  it("ends quietly when nobody reads on", async () => {
    const { code, err } = await bcosc(["explain-error", "--json"], { onOut: (_, child) => child.stdout!.destroy() });
    expect({ code, err }).toEqual({ code: 0, err: "" });
  });

  it("reports a fault of its own with exit code 101, and where it was only on demand", async () => {
    const broken = ["--import", "data:text/javascript,JSON.stringify=()=>{throw new Error('broken on purpose')}"];
    const words = ["explain-error", "--json"];
    const { code, out, err } = await bcosc(words, { node: broken });
    expect({ code, out }).toEqual({ code: 101, out: "" });
    expect(err).toMatch(/^internal error: broken on purpose\n/);
    expect(err).toContain("Please report it");
    expect(err).not.toMatch(/^ +at /m);
    const debugged = await bcosc(words, { node: broken, env: { BCOSC_DEBUG: "1" } });
    expect(debugged.code).toBe(101);
    expect(debugged.err).toMatch(/^ +at /m);
  });
});

describe("explain-error", () => {
  it("lists areas, codes and pages, also as JSON", async () => {
    expect((await bcoscHere("explain-error")).out).toMatch(/^ {2}shape +\w/m);
    expect((await bcoscHere("explain-error", "shape")).out).toMatch(/^shape\/mismatch +\w/m);
    const page = await bcoscHere("explain-error", "shape/mismatch");
    expect(page.code).toBe(0);
    expect(page.out).toMatch(/^# shape\/mismatch\n[^]*^## Wrong\n[^]*^## Right\n/m);
    expect((await bcoscHere("explain-error", "error[shape/mismatch]")).out).toBe(page.out);
    const json = JSON.parse((await bcoscHere("explain-error", "usage/value", "--json")).out) as object;
    expect(json).toMatchObject({ code: "usage/value", severity: "error", kind: "situation" });
  });
});
