/** The plugin in Vite's development server: what pages get, what Node gets, errors, warnings, and what follows a change. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createServer, type ViteDevServer } from "vite";
import { afterEach, describe, expect, it, vi } from "vitest";
import { buildProgram } from "../../src/compiler/compile.ts";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createMemoryHost } from "../../src/compiler/check/source-host.ts";
import { explain } from "../../src/runtime/explain/explainer.ts";
import type { CompiledModel, Explain, ModelTypes } from "../../src/runtime/model/types.ts";
import { openSession } from "../../src/runtime/session.ts";
import type { BcosPluginOptions } from "../../src/vite/index.ts";
import { blockText, files, modelText, project, type Logged } from "./project.ts";

const servers: ViteDevServer[] = [];
afterEach(async () => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) await server.close();
});

async function serve(
  options: BcosPluginOptions = {},
  over: Readonly<Record<string, string>> = {},
): Promise<{ server: ViteDevServer; folder: string; logged: Logged; origin: string }> {
  // In tests of projects the plugin gives modules without addresses; here they are those of a page.
  vi.stubEnv("VITEST", undefined);
  const { folder, config, logged } = project(options, over);
  const server = await createServer(config);
  servers.push(server);
  await server.listen();
  return { server, folder, logged, origin: server.resolvedUrls!.local[0]!.replace(/\/$/, "") };
}

/** Changes a file as an editor does; the server is told what its watcher would tell. */
function change(server: ViteDevServer, path: string, text: string): void {
  writeFileSync(path, text);
  server.watcher.emit("change", path);
}

interface SmallModule {
  readonly model: CompiledModel<ModelTypes>;
  readonly classes?: readonly string[];
}

describe("a page", () => {
  it("gets a module, and the files that it loads from the server", async () => {
    const { server, origin } = await serve();
    const { code } = (await server.environments.client.transformRequest("/src/net.bcos"))!;
    const addresses = [...code.matchAll(/new URL\(\/\* @vite-ignore \*\/ "([^"]+)"/g)].map(([, path]) => path!);
    expect(addresses).toHaveLength(4);
    expect(code).not.toContain("bcosc-asset");
    const types = await Promise.all(
      addresses.map(async (path) => {
        const response = await fetch(origin + path);
        expect(response.status).toBe(200);
        const bytes = new Uint8Array(await response.arrayBuffer());
        const isWasm = path.endsWith(".wasm");
        if (isWasm) expect(Array.from(bytes.subarray(0, 4))).toEqual([0, 97, 115, 109]);
        else expect(JSON.parse(new TextDecoder().decode(bytes))).toMatchObject({ format: "bcosc program" });
        return response.headers.get("content-type");
      }),
    );
    expect(types.filter((type) => type === "application/wasm")).toHaveLength(2);
    expect((await fetch(`${origin}/@bcosc/0000000000000000/net.wasm`)).status).toBe(404);
  });

  it("gets a source map that leads to the model", async () => {
    const { server, folder } = await serve();
    const { map } = (await server.environments.client.transformRequest("/src/net.bcos"))!;
    const { sources, sourcesContent, mappings } = map as {
      sources: string[];
      sourcesContent: string[];
      mappings: string;
    };
    expect(sources.map((s) => join(folder, "src", s))).toEqual([join(folder, "src/net.bcos")]);
    expect(sourcesContent).toEqual([modelText]);
    const line = modelText.split("\n").findIndex((text) => text.startsWith("model Small"));
    // Column 0, source 0, that line, column 6, in base 64 with the sign in the lowest bit.
    expect(mappings).toMatch(new RegExp(`^;*AA${"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[2 * line]!}M;`));
  });

  it("is told of `?raw` and `?url` by Vite itself", async () => {
    const { server } = await serve();
    const raw = await server.environments.client.transformRequest("/src/net.bcos?raw");
    expect(raw!.code).toContain("Two classes of small pictures");
    const url = await server.environments.client.transformRequest("/src/net.bcos?url");
    expect(url!.code).toContain(`"/src/net.bcos"`);
  });
});

it("gives tests a module with all in it, as there is no server to ask", async () => {
  const { server } = await serve();
  vi.stubEnv("VITEST", "true");
  const { code } = (await server.environments.client.transformRequest("/src/net.bcos"))!;
  expect(code.match(/"data:application\/(wasm|json);base64,/g)).toHaveLength(4);
});

describe("Node", () => {
  it("gets a module with all in it, which computes what the library computes", async () => {
    const { server } = await serve();
    const module = (await server.ssrLoadModule("/src/net.bcos")) as unknown as SmallModule;
    const model = await module.model.load({ seed: 1, device: "wasm" });
    const image = Float32Array.from({ length: 36 }, (_, i) => (i % 7) / 7);
    const mine = await (model.explain as unknown as Explain<ModelTypes>)(image);

    const host = createMemoryHost({ "net.bcos": modelText, "block.bcos": blockText });
    const [network] = checkFile(host, "net.bcos").networks;
    const { program } = buildProgram(network!, { form: "bcos", batch: 1, graphs: ["explain"], targets: ["wasm"] });
    const session = await openSession(program, { seed: 1, device: "wasm" });
    const [other] = await explain(session, image);
    expect(Array.from(mine.logits)).toEqual(Array.from(other!.logits));
    expect(Array.from(mine.contributions)).toEqual(Array.from(other!.contributions));
    await Promise.all([model.dispose(), session.dispose()]);
  });

  it("takes options of the plugin, of files and of imports, the nearest first", async () => {
    const options = {
      as: "standard",
      files: { "./src/net.bcos": { classes: "names.txt", targets: ["wasm"] } },
    } as const;
    const { server, folder } = await serve(options);
    const formOf = async (query: string): Promise<string> => {
      const { model } = (await server.ssrLoadModule(`/src/net.bcos${query}`)) as unknown as SmallModule;
      return model.form;
    };
    expect(await formOf("")).toBe("standard");
    expect(await formOf("?as=bcos")).toBe("bcos");
    const { classes } = (await server.ssrLoadModule("/src/net.bcos")) as unknown as SmallModule;
    expect(classes).toEqual(["cat", "dog"]);
    const { model } = (await server.ssrLoadModule(
      "/src/net.bcos?set=classes=2&train=4&batch=3",
    )) as unknown as SmallModule;
    expect(model.classes).toEqual(["cat", "dog"]);
    const types = readFileSync(join(folder, "src/net.d.bcos.ts"), "utf8");
    expect(types).toContain(`readonly form: "standard";`);
    expect(types).toContain(`readonly device: "wasm";`);
    const own = readFileSync(join(folder, "src/net.as-bcos.d.ts"), "utf8");
    expect(own).toMatch(/^declare module "\*\/net\.bcos\?as=bcos" \{\n/);
    expect(own).toContain(`readonly form: "bcos";`);
  });
});

describe("what is wrong", () => {
  const broken = modelText.replace("[6, 6, 1]", "[6, 6, 1").replace("fc: linear(classes)", "fc: liner(classes)");

  it("is an error with a place and our frame", async () => {
    const { server, folder } = await serve({}, { "src/net.bcos": broken });
    const error = await server.environments.client.transformRequest("/src/net.bcos").catch((e: unknown) => e);
    const path = join(folder, "src/net.bcos");
    expect(error).toMatchObject({ plugin: "bcosc", id: path, loc: { file: path, line: 5 } });
    const { message, frame } = error as { message: string; frame: string };
    expect(message).toContain("error[syntax/unclosed]: ");
    expect(message).toContain("(and 1 more)");
    expect(frame).toMatch(/^ *5 \| +input {2}image: \[6, 6, 1$/m);
    expect(frame).toMatch(/^ +\| +\^/m);
    expect(frame).toContain("did you mean `linear`?");
    expect(frame).not.toContain("\u001b");
  });

  it("in an imported file has that file's place", async () => {
    const { server, folder } = await serve({}, { "src/block.bcos": blockText.replace("conv(width", "cnov(width") });
    const error = await server.environments.client.transformRequest("/src/net.bcos").catch((e: unknown) => e);
    const path = join(folder, "src/block.bcos");
    expect(error).toMatchObject({ id: path, loc: { file: path, line: 5, column: 17 } });
  });

  it.each([
    ["?bach=3", "usage/unknown-option", "did you mean `batch`?"],
    ["?as=bcoss", "usage/value", "one of `bcos`, `standard`, not `bcoss`"],
    ["?batch=0", "usage/value", "a whole number from 1 to 65536"],
    ["?targets=wasm,cuda", "usage/value", "not `cuda`"],
    ["?set=classes", "usage/value", "NAME=VALUE"],
    ["?set=klasses=3", "name/unknown", "klasses"],
    ["?model=Large", "name/unknown", "Large"],
    ["?classes=./nothing.txt", "data/unreadable", "no such file"],
    ["?classes=./names.txt&set=classes=3", "run/input", "3 classes"],
    ["?settings=b: x", "", "error["],
  ])("in the options %s is an error of the import", async (query, code, text) => {
    const { server, folder } = await serve();
    const error = await server.environments.client.transformRequest(`/src/net.bcos${query}`).catch((e: unknown) => e);
    expect(error).toMatchObject({ plugin: "bcosc", id: join(folder, "src/net.bcos") });
    const { message, frame } = error as { message: string; frame: string };
    expect(message + frame).toContain(code);
    expect(message + frame).toContain(text);
  });

  it("in the plugin's own options is said at once", () => {
    expect(() => project({ bathc: 3 } as never)).toThrow("usage/unknown-option");
    expect(() => project({ files: { "src/net.bcos": { clases: [] } } } as never)).toThrow("usage/unknown-option");
  });

  it("says where a file has no model, or several", async () => {
    const two = `${modelText}\n${modelText.split("\n").slice(3).join("\n").replace("Small", "Other")}`;
    const { server } = await serve({}, { "src/two.bcos": two });
    const messageOf = async (url: string): Promise<string> =>
      server.environments.client.transformRequest(url).then(
        () => "",
        (error: unknown) => String(error),
      );
    expect(await messageOf("/src/block.bcos")).toContain("usage/no-model");
    expect(await messageOf("/src/two.bcos")).toContain("usage/which-model");
    expect(await messageOf("/src/two.bcos?model=Other")).toBe("");
  });

  it("is a warning of Vite where the file can be used all the same", async () => {
    const unused = modelText.replace("  logits =", "  spare  = stem -> relu\n  logits =");
    const { server, logged } = await serve({}, { "src/net.bcos": unused });
    await server.environments.client.transformRequest("/src/net.bcos");
    const text = logged.warnings.join("\n");
    expect(text).toContain("warning[name/unused]");
    expect(text).toMatch(/\d+ \| +spare {2}= stem -> relu/);
  });
});

describe("a change", () => {
  async function opened(over: Readonly<Record<string, string>> = {}) {
    const { server, folder } = await serve({}, over);
    const { client } = server.environments;
    const sent: { type: string; updates?: { acceptedPath: string }[] }[] = [];
    vi.spyOn(client.hot, "send").mockImplementation((payload: unknown) => void sent.push(payload as (typeof sent)[0]));
    await client.transformRequest("/src/main.ts");
    await client.transformRequest("/src/net.bcos").catch(() => undefined);
    return { server, folder, client, sent };
  }
  const accepting = `import { load } from "./net.bcos";
export const opened = () => load({ seed: 1 });
if (import.meta.hot) import.meta.hot.accept("./net.bcos", () => undefined);
`;

  it.each(["src/net.bcos", "src/block.bcos"])("of %s compiles anew, and updates who accepts it", async (file) => {
    const { server, folder, client, sent } = await opened({ "src/main.ts": accepting });
    const before = (await client.transformRequest("/src/net.bcos"))!.code;
    const text = files[file as "src/net.bcos"].replace("Block(4)", "Block(5)").replace("kernel: 3", "kernel: 1");
    change(server, join(folder, file), text);
    await vi.waitFor(() => expect(sent.some(({ type }) => type === "update")).toBe(true));
    const { updates } = sent.find(({ type }) => type === "update")!;
    expect(updates!.map(({ acceptedPath }) => acceptedPath)).toEqual(["/src/net.bcos"]);
    expect((await client.transformRequest("/src/net.bcos"))!.code).not.toBe(before);
  });

  it("reloads the page where nobody accepts it", async () => {
    const { server, folder, sent } = await opened();
    change(server, join(folder, "src/block.bcos"), blockText.replace("kernel: 3", "kernel: 1"));
    await vi.waitFor(() => expect(sent.map(({ type }) => type)).toContain("full-reload"));
  });

  it.each(["src/net.bcos", "src/block.bcos"])(
    "that repairs what was broken from the start reloads: %s",
    async (file) => {
      const text = files[file as "src/net.bcos"];
      const { server, folder, client, sent } = await opened({ [file]: text.replace("[", "[[") });
      await expect(client.transformRequest("/src/net.bcos")).rejects.toThrow("error[");
      change(server, join(folder, file), text);
      await vi.waitFor(() => expect(sent.map(({ type }) => type)).toContain("full-reload"));
      expect((await client.transformRequest("/src/net.bcos"))!.code).toContain("compiledModel");
    },
  );

  it("of the class names is one too", async () => {
    const { server, folder, client, sent } = await opened();
    await client.transformRequest("/src/net.bcos?classes=names.txt");
    change(server, join(folder, "src/names.txt"), "cow\ndog\n");
    await vi.waitFor(() =>
      expect(client.moduleGraph.getModuleById(`${folder}/src/net.bcos?classes=names.txt`)!.transformResult).toBeNull(),
    );
    expect((await client.transformRequest("/src/net.bcos?classes=names.txt"))!.code).toContain("cow");
    expect(sent).toBeDefined();
  });
});
