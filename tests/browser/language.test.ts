/** The language server in a worker of a real browser: bundled, it answers as it does in Node. */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { build, type Rollup } from "vite";
import { residual, resnet34 } from "../check/helper.ts";
import { chromium, requires, runPage } from "./chromium.ts";

if (chromium === undefined && requires("browser")) throw new Error("BCOSC_REQUIRE has browser, but there is none");

const root = join(import.meta.dirname, "../..");

interface Received {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly code: number };
}

/** The worker as a bundler makes it. */
async function bundledWorker(): Promise<string> {
  const output = await build({
    root,
    configFile: false,
    logLevel: "error",
    publicDir: false,
    build: {
      write: false,
      lib: { entry: join(root, "src/language/server/worker.ts"), formats: ["es"], fileName: "worker" },
    },
  });
  const [bundle] = output as Rollup.RollupOutput[];
  expect(bundle!.output).toHaveLength(1);
  return bundle!.output[0].code;
}

describe.skipIf(chromium === undefined)("the language server in a worker", () => {
  let received: readonly Received[];
  const uri = "memfs:/project/net.bcos";
  const block = "memfs:/project/blocks/residual.bcos";
  const textDocument = { uri };
  const at = (marked: string): { readonly line: number; readonly character: number } => {
    const before = resnet34.slice(0, resnet34.indexOf(marked.replace("|", "")) + marked.indexOf("|")).split("\n");
    return { line: before.length - 1, character: before.at(-1)!.length };
  };
  const answerTo = (id: number): Received => received.find((one) => one.id === id)!;

  beforeAll(async () => {
    const request = (id: number, method: string, params: object) => ({ jsonrpc: "2.0", id, method, params });
    const notification = (method: string, params: object) => ({ jsonrpc: "2.0", method, params });
    const messages = [
      request(1, "textDocument/definition", { textDocument, position: at("BasicBlock|(64)") }),
      request(2, "initialize", {
        processId: null,
        rootUri: null,
        capabilities: { textDocument: { diagnostic: {} } },
        initializationOptions: { files: { [block]: residual } },
      }),
      notification("initialized", {}),
      notification("textDocument/didOpen", { textDocument: { uri, languageId: "bcos", version: 1, text: resnet34 } }),
      request(3, "textDocument/diagnostic", { textDocument }),
      request(4, "textDocument/definition", { textDocument, position: at("BasicBlock|(64)") }),
      request(5, "bcosc/wgsl", { textDocument, position: at("conv1|: conv(64") }),
      notification("bcosc/files", { files: { [block]: null } }),
      request(6, "textDocument/diagnostic", { textDocument }),
      request(7, "shutdown", {}),
    ];
    const data = { worker: await bundledWorker(), messages };
    received = (await runPage({ script: "tests/browser/language-page.ts", data })) as readonly Received[];
  }, 100_000);

  it("refuses what comes before `initialize`", () => {
    expect(answerTo(1).error?.code).toBe(-32002);
    expect(answerTo(2).result).toMatchObject({ serverInfo: { name: "bcosc" } });
  });

  it("finds names in files that the client gave", () => {
    expect(answerTo(3).result).toMatchObject({ kind: "full", items: [] });
    expect(answerTo(4).result).toMatchObject({ uri: block });
  });

  it("shows the kernels of a layer", () => {
    const { title, text } = answerTo(5).result as { readonly title: string; readonly text: string };
    expect(title).toBe("ResNet34: WGSL of `conv` in predict");
    const uses = text.split("\n").filter((one) => one.startsWith("//   "));
    expect(uses).not.toEqual([]);
    const line = at("conv1|: conv(64").line + 1;
    for (const use of uses) expect(use.startsWith(`//   conv1 (memfs:/project/net.bcos:${line}:`), use).toBe(true);
    expect(text.includes("@compute")).toBe(true);
  });

  it("takes changes of files from the client", () => {
    expect(answerTo(6).result).toMatchObject({ items: [{ code: "name/file-missing" }] });
    expect(answerTo(7).result).toBeNull();
  });
});
