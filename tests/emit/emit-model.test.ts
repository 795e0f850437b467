/** The files of an emitted module: the same bytes each time, formatted, and one thing in three languages. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as prettier from "prettier";
import ts from "typescript";
import { beforeAll, describe, expect, it } from "vitest";
import { emitModel, type EmitOptions, type EmittedModel } from "../../src/compiler/emit/emit-model.ts";
import { canonicalJson } from "../../src/compiler/plan/plan-json.ts";
import { sha256 } from "../../src/hash.ts";
import { networkIn, networkOf, root } from "./project.ts";

const digits = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", 'ni"ne'];
const read = (file: string): string => readFileSync(join(root, file), "utf8");
const train = {
  batch: 4,
  settings: { loss: { kind: "bce" }, optimizer: { kind: "sgd", momentum: 0.9, weightDecay: 0 } },
} as const;

const emitMnist = (options: Partial<EmitOptions> = {}): Promise<EmittedModel> =>
  emitModel(networkOf("models/mnist.bcos"), { name: "mnist", read, ...options });

const textOf = ({ files }: EmittedModel, name: string): string => {
  const content = files.get(name);
  if (typeof content !== "string") throw new Error(`${name} is no text: ${[...files.keys()].join()}`);
  return content;
};

let plain: EmittedModel;
let full: EmittedModel;

beforeAll(async () => {
  plain = await emitMnist();
  full = await emitMnist({ classes: digits, train, layers: ["stem", "conv3"] });
}, 120_000);

describe("an emitted module", () => {
  it("has its files, and more for a training step and for neurons", () => {
    expect([...plain.files.keys()]).toEqual([
      "mnist.d.ts",
      "mnist.js",
      "mnist.map.json",
      "mnist.relaxed.wasm",
      "mnist.ts",
      "mnist.wasm",
      "mnist.wasm.plan.json",
      "mnist.webgpu.plan.json",
      "mnist.wgsl",
    ]);
    const more = [...full.files.keys()].filter((name) => !plain.files.has(name));
    expect(more.filter((name) => name.endsWith(".plan.json"))).toEqual([
      "mnist.at-conv3.wasm.plan.json",
      "mnist.at-conv3.webgpu.plan.json",
      "mnist.at-stem.wasm.plan.json",
      "mnist.at-stem.webgpu.plan.json",
      "mnist.train.wasm.plan.json",
      "mnist.train.webgpu.plan.json",
    ]);
  });

  it("is the same bytes each time, wherever the compiler ran", async () => {
    const again = await emitMnist({ classes: digits, train, layers: ["stem", "conv3"] });
    expect(again).toEqual(full);
    const elsewhere = { nameOf: () => "../mnist.bcos" };
    const moved = await emitMnist(elsewhere);
    const loaded = [...plain.files.keys()].filter((name) => /\.(wasm|plan\.json)$/.test(name));
    for (const name of loaded) expect(moved.files.get(name), name).toEqual(plain.files.get(name));
    expect(moved.planHash).toBe(plain.planHash);
  });

  it("is formatted as prettier formats, and its plans are canonical JSON", async () => {
    for (const [name, content] of full.files) {
      if (name.endsWith(".plan.json")) expect(`${canonicalJson(JSON.parse(content as string))}\n`).toBe(content);
      else if (/\.(ts|js|json)$/.test(name)) {
        expect(await prettier.check(content as string, { filepath: name }), name).toBe(true);
      }
    }
  });

  it.each(["plain", "full", "inline"])(
    "is one module in TypeScript, JavaScript and declarations: %s",
    async (which) => {
      const inline = which === "inline" ? await emitMnist({ assets: "inline", targets: ["wasm"] }) : plain;
      const emitted = which === "full" ? full : inline;
      const text = textOf(emitted, "mnist.ts");
      const options = { target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, verbatimModuleSyntax: true };
      const { outputText } = ts.transpileModule(text, { compilerOptions: options });
      const declared = ts.transpileDeclaration(text, { compilerOptions: { ...options, strict: true } });
      expect(declared.diagnostics).toEqual([]);
      expect(await normal(textOf(emitted, "mnist.js"))).toBe(await normal(outputText));
      expect(await normal(textOf(emitted, "mnist.d.ts"))).toBe(await normal(declared.outputText));
    },
  );

  it("names the SHA-256 of every file that it loads", () => {
    const text = textOf(full, "mnist.js").replace(/\s+/g, " ");
    const named = [...text.matchAll(/new URL\("\.\/([^"]+)", import\.meta\.url\), sha256: "(\w+)"/g)];
    expect(named).toHaveLength(4 * 4);
    for (const [, name, hash] of named) {
      const content = full.files.get(name!)!;
      expect(hash).toBe(sha256(typeof content === "string" ? new TextEncoder().encode(content) : content));
    }
  });

  it("imports from the runtime alone", () => {
    const from = [...textOf(full, "mnist.ts").matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)].map(([, path]) => path);
    expect(from).toEqual(["bcosc/runtime"]);
  });

  it("carries the model's documentation, whatever stands in it", async () => {
    const doc = textOf(plain, "mnist.d.ts");
    expect(doc.match(/A small convolutional net for 28x28 grey digits/g)).toHaveLength(2);
    const odd = networkIn(`/// Ends */ here, and ${"`${x}`"} too.
/// A second line.
model Odd {
  input  image: [4, 4, 1]
  output logits: [2]

  logits = image -> global_avg_pool -> fc: linear(2)
}
`);
    const emitted = await emitModel(odd, { name: "odd", targets: ["wasm"] });
    for (const extension of ["ts", "js", "d.ts"]) {
      const source = ts.createSourceFile("x.ts", textOf(emitted, `odd.${extension}`), ts.ScriptTarget.ESNext);
      const faults = (source as unknown as { parseDiagnostics: readonly unknown[] }).parseDiagnostics;
      expect(faults, extension).toEqual([]);
      expect(source.text).toContain(" * A second line.\n");
    }
  });

  it("refers to its files by what a bundler gives, or has them in itself", async () => {
    const given = await emitMnist({ assets: (file) => `import.meta.ROLLUP_FILE_URL_${file.replace(/\W/g, "_")}` });
    expect(textOf(given, "mnist.js")).toContain("url: import.meta.ROLLUP_FILE_URL_mnist_wasm_plan_json,");
    expect([...given.files.keys()]).toEqual([...plain.files.keys()]);
    const inline = await emitMnist({ assets: "inline" });
    expect([...inline.files.keys()]).toEqual(["mnist.d.ts", "mnist.js", "mnist.map.json", "mnist.ts", "mnist.wgsl"]);
    expect(inline.planHash).toBe(plain.planHash);
  });

  it("has an address for every name of a file", async () => {
    const emitted = await emitMnist({ name: "a #1?%20", targets: ["wasm"] });
    const [, address] = /new URL\("([^"]+\.wasm)"/.exec(textOf(emitted, "a #1?%20.js"))!;
    expect(decodeURIComponent(new URL(address!, "file:///x/").pathname)).toBe("/x/a #1?%20.wasm");
    expect([...emitted.files.keys()]).toContain("a #1?%20.wasm");
  });

  it("says which launch belongs to which layer and place in the source", () => {
    const map = JSON.parse(textOf(full, "mnist.map.json")) as {
      readonly files: readonly string[];
      readonly source: string;
      readonly programs: Record<string, Record<string, Record<string, readonly Mapped[]>>>;
    };
    expect(map.files).toEqual([...full.files.keys()]);
    expect(map.source).toBe("models/mnist.bcos");
    expect(Object.keys(map.programs)).toEqual(["main", "train", "at/stem", "at/conv3"]);
    const lines = read("models/mnist.bcos").split("\n");
    for (const target of ["wasm", "webgpu"]) {
      const plan = JSON.parse(textOf(full, `mnist.${target}.plan.json`)) as {
        readonly code: { readonly plans: Record<string, { readonly launches: readonly { kernel: string }[] }> };
      };
      for (const graph of ["predict", "explain"]) {
        const launches = map.programs["main"]![target]![graph]!;
        expect(launches.map(({ kernel }) => kernel)).toEqual(
          plan.code.plans[graph]!.launches.map(({ kernel }) => kernel),
        );
        const conv = launches.find(({ path, ops }) => path === "conv2" && ops.includes("conv2d"))!;
        const { file, start, end } = conv.source!;
        expect(file).toBe("models/mnist.bcos");
        expect(lines[start!.line - 1]!.slice(start!.column - 1, end!.column - 1)).toBe("conv(16, kernel: 3)");
      }
    }
    expect(textOf(full, "mnist.wgsl")).toMatch(/^\/\/ {3}conv2 \(models\/mnist\.bcos:9:29\): conv2d /m);
  });

  it("has no plan of a place in the source, so that comments and names of folders leave it as it is", async () => {
    const text = read("models/mnist.bcos");
    const options = { name: "mnist", targets: ["wasm"] } as const;
    const one = await emitModel(networkIn(text), options);
    const other = await emitModel(networkIn(`// A comment.\n\n${text}`), options);
    expect(other.planHash).toBe(one.planHash);
    expect(other.architecture).toBe(one.architecture);
  });

  it("refuses a wrong number of names", async () => {
    await expect(emitMnist({ classes: ["a", "b"] })).rejects.toThrow(/run\/input: .*a name for each of 10 classes/);
  });

  it("refuses neurons in the conventional form, which does not explain itself", async () => {
    await expect(emitMnist({ form: "standard", layers: ["stem"] })).rejects.toThrow(
      /run\/input: `layers` takes nothing/,
    );
  });
});

interface Mapped {
  readonly kernel: string;
  readonly path: string;
  readonly ops: readonly string[];
  readonly source?: { readonly file: string; readonly start?: Position; readonly end?: Position };
}

interface Position {
  readonly line: number;
  readonly column: number;
}

/** Without what depends on who printed it. */
async function normal(text: string): Promise<string> {
  const formatted = await prettier.format(text.replace(/^\s*\n/gm, ""), { parser: "typescript" });
  return formatted.replace(/^\s*\n/gm, "");
}
