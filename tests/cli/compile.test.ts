/** `bcosc compile`: what it writes and says, what differs, and what it does when files change. */
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bcosc, bcoscHere, root, temporaryFolder, type Ran } from "./run.ts";
import { tinyData, tinyModel } from "./tiny.ts";

const names = Array.from({ length: 10 }, (_, i) => `class ${i}`);
const block = `/// Two layers.
block Pair(width: int) {
  input  x: [H, W, C]
  output y: [H, W, width]

  y = x -> conv1: conv(width, kernel: 3) -> relu -> conv2: conv(width, kernel: 3)
}
`;
const withBlock = `import { Pair } from "./pair.bcos"

model Paired {
  input  image: [8, 8, 1]
  output logits: [10]

  logits = image -> pair: Pair(4) -> global_avg_pool -> fc: linear(10)
}
`;
const folder = temporaryFolder({
  "tiny.bcos": tinyModel,
  "sub/tiny.bcos": tinyModel,
  "sub/Tiny.bcos": tinyModel,
  "paired.bcos": withBlock,
  "pair.bcos": block,
  "faulty.bcos": tinyModel.replace("conv(width", "cnov(width"),
  "warned.bcos": tinyModel.replace("  logits =", "  spare  = stem -> relu\n  logits ="),
  "two.bcos": tinyModel + tinyModel.replace("model Tiny", "model Small"),
  "names.txt": names.join("\n"),
  "few.txt": "a\nb\n",
  file: "no folder",
});
const at = (...path: readonly string[]): string => join(folder, ...path);
/** In this process, as if in the folder: paths are completed before, and cut again in what is said. */
const compile = async (...words: readonly string[]): Promise<Ran> => {
  const isPath = (word: string, i: number): boolean => /\.(bcos|txt)$/.test(word) || words[i - 1] === "--out";
  const ran = await bcoscHere("compile", ...words.map((word, i) => (isPath(word, i) ? at(word) : word)));
  return { ...ran, out: ran.out.replaceAll(`${folder}/`, ""), err: ran.err.replaceAll(`${folder}/`, "") };
};
const list = (path: string): string[] => readdirSync(at(path)).sort();
const read = (path: string): string => readFileSync(at(path), "utf8");

/** The files of a module for WASM alone. */
const wasmFiles = (name: string): string[] =>
  ["d.ts", "js", "map.json", "relaxed.wasm", "ts", "wasm", "wasm.plan.json"].map((extension) => `${name}.${extension}`);

describe("bcosc compile", () => {
  it("writes a module for every model, named after the file or, of several, the model", async () => {
    const words = ["compile", "paired.bcos", "two.bcos", "--out", "many/deep", "--target", "wasm"];
    const { code, out, err } = await bcosc(words, { cwd: folder });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out.split("\n")).toEqual([
      "many/deep/paired.ts: Paired (bcos) of paired.bcos, 7 files written",
      "many/deep/Tiny.ts: Tiny (bcos) of two.bcos, 7 files written",
      "many/deep/Small.ts: Small (bcos) of two.bcos, 7 files written",
      "",
    ]);
    expect(list("many/deep")).toEqual(["Small", "Tiny", "paired"].flatMap(wasmFiles));
  });

  it("names the source from where the module is, and the classes", async () => {
    await compile("tiny.bcos", "--out", "named", "--classes", "names.txt", "--target", "wasm");
    expect(list("named")).toEqual(wasmFiles("tiny"));
    expect(read("named/tiny.ts")).toContain("Compiled from ../tiny.bcos by `bcosc compile`");
    expect(read("named/tiny.ts")).toContain('  "class 9",\n] as const;');
    expect(read("named/tiny.js")).not.toContain(folder);
    expect(read("named/tiny.map.json")).toContain('"file": "../tiny.bcos"');
  });

  it("gives the same bytes from another folder, and writes nothing a second time", async () => {
    const words = ["compile", "tiny.bcos", "--out", "named", "--classes", "names.txt", "--target", "wasm"];
    const { out } = await bcosc(words, { cwd: folder });
    expect(out).toBe("named/tiny.ts: Tiny (bcos) of tiny.bcos, unchanged\n");
  });

  it("compiles for the devices, forms, layers and trainings that are asked for", async () => {
    await compile("tiny.bcos", "--out", "gpu", "--target", "webgpu", "--storage", "f16", "--batch", "4");
    expect(list("gpu")).toEqual(["d.ts", "js", "map.json", "ts", "webgpu.plan.json", "wgsl"].map((e) => `tiny.${e}`));
    expect(read("gpu/tiny.webgpu.plan.json")).toContain('"storage":"f16"');
    expect(read("gpu/tiny.webgpu.plan.json")).toContain('"batch":4');
    await compile(
      "tiny.bcos",
      "--out",
      "more",
      "--target",
      "wasm",
      "--at",
      "stem",
      "--at",
      "conv1",
      "--train",
      "8",
      "--optimizer",
      "sgd",
    );
    expect(list("more").filter((name) => name.endsWith("plan.json"))).toEqual(
      ["at-conv1.wasm", "at-stem.wasm", "train.wasm", "wasm"].map((part) => `tiny.${part}.plan.json`),
    );
    expect(read("more/tiny.ts")).toContain('readonly layer: "stem" | "conv1";');
    await compile("tiny.bcos", "--out", "standard", "--as", "standard", "--set", "width=4", "--target", "wasm");
    expect(read("standard/tiny.ts")).toContain('readonly form: "standard";');
    expect(read("standard/tiny.ts")).toContain('"conv1.weight": [4, 1, 3, 3],');
  });

  it("writes JSON", async () => {
    const { code, out } = await compile("tiny.bcos", "--out", "json", "--target", "wasm", "--json");
    expect(code).toBe(0);
    const json = JSON.parse(out) as {
      models: Record<string, unknown>[];
      changes: unknown[];
      diagnostics: { code: string }[];
    };
    expect(json.models).toEqual([
      {
        file: "tiny.bcos",
        model: "Tiny",
        form: "bcos",
        module: "json/tiny.ts",
        architecture: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        planHash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        files: Object.fromEntries(wasmFiles("tiny").map((name) => [name, readFileSync(at("json", name)).length])),
      },
    ]);
    expect(json.changes).toContainEqual({ file: "json/tiny.ts", change: "missing" });
    expect(json.diagnostics.every((d) => d.code.startsWith("bcos/"))).toBe(true);
  });

  it("says warnings and compiles all the same", async () => {
    const { code, out, err } = await compile("warned.bcos", "--out", "warned", "--target", "wasm");
    expect(code).toBe(0);
    expect(out).toContain("warned/warned.ts: Tiny");
    expect(err).toContain("warning[name/unused]: ");
  });
});

describe("a compiled module", () => {
  it("gives the numbers of bcosc explain with weights of bcosc train, and refuses those of other settings", async () => {
    const at = temporaryFolder({ "tiny.bcos": tinyModel, ...tinyData(40, 10), "package.json": '{ "type": "module" }' });
    mkdirSync(join(at, "node_modules"));
    symlinkSync(root, join(at, "node_modules/bcosc"), "dir");
    const run = (line: string): Promise<Ran> => bcosc(line.split(" "), { cwd: at });
    await run("train tiny.bcos --data data --batch 10 --epochs 1 --out run --device wasm");
    const explained = await run(
      "explain tiny.bcos --weights run/model.safetensors --data data --index 3 --class 2 --out out --device wasm --json",
    );
    const { images } = JSON.parse(explained.out) as {
      images: { explanations: { explained: number; constant: number; residual: number }[] }[];
    };
    await run("compile tiny.bcos --out gen --target wasm");
    await run("compile tiny.bcos --out other --target wasm --settings b:1.5");
    const script = `
      import { readFileSync } from "node:fs";
      import { load } from "./gen/tiny.js";
      // Behind the head of the idx file, the image 3.
      const bytes = readFileSync("data/t10k-images-idx3-ubyte").subarray(16 + 3 * 64, 16 + 4 * 64);
      const other = await import("./other/tiny.js");
      const weights = new URL("run/model.safetensors", "file://" + process.cwd() + "/");
      const net = await load({ weights });
      const { explained, constant, residual } = await net.explain(Float32Array.from(bytes, (byte) => byte / 255), { target: 2 });
      const refused = await other.load({ weights }).catch((error) => error.diagnostics[0].code);
      console.log(JSON.stringify({ explained, constant, residual, refused }));
    `;
    const { stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], {
      cwd: at,
      encoding: "utf8",
    });
    expect(stderr).toBe("");
    const { explained: amount, constant, residual } = images[0]!.explanations[0]!;
    expect(JSON.parse(stdout)).toEqual({ explained: amount, constant, residual, refused: "weights/architecture" });
  });
});

describe("bcosc compile --check", () => {
  const check = (...more: readonly string[]): Promise<Ran> =>
    compile("tiny.bcos", "--out", "checked", "--target", "wasm", "--check", ...more);

  it("compares bytes, and writes nothing", async () => {
    const missing = await check();
    expect(missing.code).toBe(1);
    expect(missing.out).toBe(
      wasmFiles("tiny")
        .map((name) => `checked/${name} is missing\n`)
        .join(""),
    );
    expect(existsSync(at("checked"))).toBe(false);
    await compile("tiny.bcos", "--out", "checked", "--target", "wasm");
    expect(await check()).toEqual({ code: 0, out: "1 model up to date in checked\n", err: "" });

    writeFileSync(at("checked/tiny.js"), `${read("checked/tiny.js")} `);
    rmSync(at("checked/tiny.wasm"));
    const before = list("checked");
    const found = await check();
    expect(found).toEqual({ code: 1, out: "checked/tiny.js differs\nchecked/tiny.wasm is missing\n", err: "" });
    expect(list("checked")).toEqual(before);
    const json = await check("--json");
    expect(json.code).toBe(1);
    expect((JSON.parse(json.out) as { changes: unknown }).changes).toEqual([
      { file: "checked/tiny.js", change: "differs" },
      { file: "checked/tiny.wasm", change: "missing" },
    ]);
    await compile("tiny.bcos", "--out", "checked", "--target", "wasm");
    expect((await check()).code).toBe(0);
  });

  it("names what is stale, which compiling removes, but nothing of others", async () => {
    await compile("tiny.bcos", "--out", "stale", "--target", "wasm", "--train", "2");
    writeFileSync(at("stale/tiny.note.txt"), "mine");
    writeFileSync(at("stale/other.ts"), "mine");
    const found = await compile("tiny.bcos", "--out", "stale", "--target", "wasm", "--check");
    expect(found.code).toBe(1);
    const trained = ["relaxed.wasm", "wasm", "wasm.plan.json"].map((part) => `stale/tiny.train.${part}`);
    for (const name of trained) expect(found.out).toContain(`${name} is stale\n`);
    expect(found.out).not.toContain("note");
    const { out } = await compile("tiny.bcos", "--out", "stale", "--target", "wasm");
    for (const name of trained) expect(out).toContain(`${name} removed\n`);
    expect(list("stale")).toEqual(["other.ts", ...wasmFiles("tiny"), "tiny.note.txt"].sort());
  });

  it("names the files of a module whose source is gone, and leaves them", async () => {
    cpSync(at("tiny.bcos"), at("gone.bcos"));
    await compile("tiny.bcos", "gone.bcos", "--out", "orphans", "--target", "wasm");
    expect((await compile("tiny.bcos", "--out", "orphans", "--target", "wasm", "--check")).code).toBe(0);
    rmSync(at("gone.bcos"));
    const found = await compile("tiny.bcos", "--out", "orphans", "--target", "wasm", "--check");
    expect(found).toEqual({
      code: 1,
      out: wasmFiles("gone")
        .map((name) => `orphans/${name} is stale: its source is gone\n`)
        .join(""),
      err: "",
    });
    await compile("tiny.bcos", "--out", "orphans", "--target", "wasm");
    expect(list("orphans")).toEqual([...wasmFiles("gone"), ...wasmFiles("tiny")].sort());
  });

  it("believes no list of files that leads elsewhere", async () => {
    await compile("tiny.bcos", "--out", "lied", "--target", "wasm");
    const map = JSON.parse(read("lied/tiny.map.json")) as { files: string[] };
    const files = [...map.files, "../tiny.bcos", "tiny./../../tiny.bcos", at("tiny.bcos"), "other.ts"];
    writeFileSync(at("lied/tiny.map.json"), JSON.stringify({ ...map, files }));
    writeFileSync(at("lied/other.ts"), "mine");
    expect((await compile("tiny.bcos", "--out", "lied", "--target", "wasm")).code).toBe(0);
    expect(existsSync(at("tiny.bcos"))).toBe(true);
    expect(read("lied/other.ts")).toBe("mine");
  });
});

describe("bcosc compile refuses", () => {
  const refused = async (code: string, ...words: readonly string[]): Promise<Ran> => {
    const ran = await bcoscHere("compile", ...words);
    expect(ran.out).toBe("");
    expect(ran.err).toContain(`error[${code}]: `);
    return ran;
  };

  it("a faulty file, and then writes nothing of the others", async () => {
    const { code, out, err } = await compile("tiny.bcos", "faulty.bcos", "not-there.bcos", "--out", "none");
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toContain("faulty.bcos:6:28");
    expect(err).toContain("error[data/unreadable]: can not read not-there.bcos");
    expect(existsSync(at("none"))).toBe(false);
    const json = await compile("faulty.bcos", "--out", "none", "--json");
    expect((JSON.parse(json.out) as { diagnostics: { code: string }[] }).diagnostics[0]!.code).toBe("name/unknown");
  });

  it("a file without a model", async () => {
    expect((await refused("usage/no-model", at("pair.bcos"), "--out", at("none"))).code).toBe(2);
  });

  it("two models of one name, also where only the case differs", async () => {
    const { code, err } = await compile("tiny.bcos", "sub/tiny.bcos", "--out", "none");
    expect(code).toBe(2);
    expect(err).toContain("Tiny of tiny.bcos and Tiny of sub/tiny.bcos would both be written to tiny.ts");
    expect((await refused("usage/same-output", at("tiny.bcos"), at("sub/Tiny.bcos"), "--out", at("none"))).code).toBe(
      2,
    );
    expect(existsSync(at("none"))).toBe(false);
    const twice = await compile("tiny.bcos", "./tiny.bcos", "--out", "twice", "--target", "wasm");
    expect({ code: twice.code, files: list("twice") }).toEqual({ code: 0, files: wasmFiles("tiny") });
  });

  it("a file in place of the folder, and a folder in place of a file, and leaves all as it was", async () => {
    const { err, code } = await compile("tiny.bcos", "--out", "file");
    expect(code).toBe(2);
    expect(err).toMatch(/error\[data\/unwritable\]: can not write file\/tiny\.\S+: a part of the path is not a folder/);
    mkdirSync(at("half/tiny.ts"), { recursive: true });
    const half = await compile("tiny.bcos", "--out", "half");
    expect(half.code).toBe(2);
    expect(half.err).toContain("can not write half/tiny.ts: it is a folder");
    expect(list("half")).toEqual(["tiny.ts"]);
  });

  it.skipIf(process.getuid?.() === 0)("a folder without the right to write", async () => {
    mkdirSync(at("locked"));
    chmodSync(at("locked"), 0o555);
    const { code, err } = await compile("tiny.bcos", "--out", "locked");
    expect(code).toBe(2);
    expect(err).toContain("permission denied");
    expect(list("locked")).toEqual([]);
  });

  it("names of classes that are too few, and layers that are not there", async () => {
    await refused("data/class-names", at("tiny.bcos"), "--out", at("none"), "--classes", at("few.txt"));
    await refused("run/no-layer", at("tiny.bcos"), "--out", at("none"), "--at", "steam");
  });

  it.each([
    ["usage/missing-argument", []],
    ["usage/value", ["--out", "x", "--target", "wasm,cuda"]],
    ["usage/needs-option", ["--out", "x", "--optimizer", "sgd"]],
    ["usage/needs-option", ["--out", "x", "--target", "wasm", "--storage", "f16"]],
    ["usage/conflict", ["--out", "x", "--watch", "--check"]],
    ["usage/conflict", ["--out", "x", "--at", "stem", "--as", "standard"]],
  ])("what makes no sense, with %s: %j", async (code, words) => {
    expect((await refused(code, at("tiny.bcos"), ...words)).code).toBe(2);
  });
});

describe("bcosc compile --watch", () => {
  /** As editors do: the new file takes the place of the old one at once. */
  const replace = (path: string, text: string): void => {
    writeFileSync(at(`${path}.new`), text);
    renameSync(at(`${path}.new`), at(path));
  };

  interface Line {
    readonly models: readonly { readonly planHash: string }[];
    readonly changes: readonly { readonly file: string; readonly change: string }[];
    readonly diagnostics: readonly { readonly code: string }[];
  }

  it("compiles again when a file, an import or the names change, also behind a fault, and ends with Ctrl-C", async () => {
    mkdirSync(at("watched"));
    for (const name of ["paired.bcos", "pair.bcos", "names.txt"]) cpSync(at(name), at("watched", name));
    /** What happens after each line that is written. */
    const steps: readonly (() => void)[] = [
      () => replace("watched/pair.bcos", block.replace("kernel: 3) -> relu", "kernel: 1) -> relu")),
      () => replace("watched/paired.bcos", withBlock.replace("Pair(4)", "Pear(4)")),
      () => rmSync(at("watched/pair.bcos")),
      () => replace("watched/paired.bcos", withBlock),
      () => replace("watched/pair.bcos", block),
      () => replace("watched/names.txt", names.map((name) => name.toUpperCase()).join("\n")),
    ];
    let done = 0;
    const ran = await bcosc(
      ["compile", "paired.bcos", "--out", "gen", "--classes", "names.txt", "--target", "wasm", "--watch", "--json"],
      {
        cwd: at("watched"),
        onOut: (out, child) => {
          const lines = out.split("\n").length - 1;
          for (; done < lines; done++) {
            if (done < steps.length) steps[done]!();
            else child.kill("SIGINT");
          }
        },
      },
    );
    expect({ code: ran.code, err: ran.err }).toEqual({ code: 130, err: "" });
    const lines = ran.out
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Line);
    const codes = lines.map(
      (line) => line.diagnostics.map((d) => d.code).find((code) => !code.startsWith("bcos/")) ?? "",
    );
    expect(codes).toEqual(["", "", "name/unknown", "name/file-missing", "name/file-missing", "", ""]);
    const hashes = lines.map((line) => line.models[0]?.planHash);
    expect(hashes[1]).not.toBe(hashes[0]);
    expect(hashes.slice(2, 5)).toEqual([undefined, undefined, undefined]);
    expect(hashes[5]).toBe(hashes[0]);
    expect(lines[6]!.changes.map(({ file }) => file)).toEqual(["gen/paired.d.ts", "gen/paired.js", "gen/paired.ts"]);
    expect(readFileSync(at("watched/gen/paired.ts"), "utf8")).toContain('"CLASS 9"');
  });

  it("says for people that it waits", async () => {
    const { out, err } = await bcosc(["compile", "tiny.bcos", "--out", "waited", "--target", "wasm", "--watch"], {
      cwd: folder,
      onOut: (_, child) => setTimeout(() => child.kill("SIGINT"), 0),
    });
    expect(out).toBe("waited/tiny.ts: Tiny (bcos) of tiny.bcos, 7 files written\n");
    expect(err === "" || err === "watching for changes; Ctrl-C ends\n").toBe(true);
  });
});
