/** Every feature in a real session. What each one finds is tested beside it; this is about the way through the protocol. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  CompletionList,
  DocumentHighlight,
  DocumentSymbol,
  FoldingRange,
  Hover,
  InlayHint,
  Location,
  LocationLink,
  Position,
  Range,
  SelectionRange,
  SemanticTokens,
  SemanticTokensDelta,
  SignatureHelp,
  SymbolInformation,
  TextEdit,
  WorkspaceEdit,
} from "vscode-languageserver/node";
import { createLineMap } from "../../../src/diagnostics/lines.ts";
import { residual } from "../../check/helper.ts";
import { startSession, type Session } from "./client.ts";

const net = `import { BasicBlock } from "./blocks/residual.bcos"

/// A small network.
model Small(classes: int = 10) {
  input  image: [16, 16, 3]
  output logits: [classes]

  stem   = image  -> conv1: conv(8, kernel: 3) -> bn1: norm -> relu
  layer1 = stem   -> repeat 2 { BasicBlock(8) }
  logits = layer1 -> global_avg_pool -> fc: linear(classes)
}
`;
const files = { "net.bcos": net, "blocks/residual.bcos": residual };

let session: Session;
const textDocument = (path: string) => ({ uri: session.uri(path) });
const whole: Range = { start: { line: 0, character: 0 }, end: { line: 999, character: 0 } };

/** The text of a range of an open document. */
function textAt(path: string, { start, end }: Range): string {
  return session.text(path).slice(offsetAt(path, start), offsetAt(path, end));
}

function offsetAt(path: string, { line, character }: Position): number {
  const lines = createLineMap(session.text(path));
  return line >= lines.lineCount ? lines.text.length : lines.lineStart(line + 1) + character;
}

function applied(path: string, edits: readonly TextEdit[]): string {
  return [...edits]
    .sort((a, b) => offsetAt(path, b.range.start) - offsetAt(path, a.range.start))
    .reduce((text, { range, newText }) => {
      return text.slice(0, offsetAt(path, range.start)) + newText + text.slice(offsetAt(path, range.end));
    }, session.text(path));
}

const capabilities = {
  textDocument: {
    definition: { linkSupport: true },
    documentSymbol: { hierarchicalDocumentSymbolSupport: true },
    diagnostic: {},
  },
};

beforeAll(async () => {
  session = await startSession(files, { capabilities });
  await session.open("net.bcos", net);
  await session.open("blocks/residual.bcos", residual);
}, 30_000);

afterEach(async () => {
  for (const [path, text] of Object.entries(files)) await session.replace(path, text);
});

afterAll(async () => expect(await session.stop()).toBe(0));

describe("names", () => {
  test("definition, with the place it starts from", async () => {
    const [link] = await session.at<LocationLink[]>("textDocument/definition", "net.bcos", "Basic|Block(8)");
    expect(link!.targetUri).toBe(session.uri("blocks/residual.bcos"));
    expect(textAt("blocks/residual.bcos", link!.targetSelectionRange)).toBe("BasicBlock");
    expect(textAt("blocks/residual.bcos", link!.targetRange)).toMatch(/^block BasicBlock[^]*}$/);
    expect(textAt("net.bcos", link!.originSelectionRange!)).toBe("BasicBlock");
    expect(await session.at("textDocument/definition", "net.bcos", "model| Small")).toBeNull();
  });

  test("references in all files, with and without the declaration", async () => {
    const ask = (includeDeclaration: boolean) =>
      session.at<Location[]>("textDocument/references", "net.bcos", "Basic|Block(8)", {
        context: { includeDeclaration },
      });
    const found = (await ask(true)).map(({ uri, range }) => `${uri} ${range.start.line}`);
    expect(found).toHaveLength(3);
    expect(found.filter((place) => place.startsWith(session.uri("net.bcos")))).toHaveLength(2);
    expect(await ask(false)).toHaveLength(2);
  });

  test("highlights", async () => {
    const found = await session.at<DocumentHighlight[]>("textDocument/documentHighlight", "net.bcos", "st|em   =");
    expect(found.map(({ range, kind }) => [textAt("net.bcos", range), kind])).toEqual([
      ["stem", 3],
      ["stem", 2],
    ]);
  });

  test("rename across files, and what can't be renamed", async () => {
    const target = await session.at<{ placeholder: string; range: Range }>(
      "textDocument/prepareRename",
      "net.bcos",
      "Basic|Block(8)",
    );
    expect(target.placeholder).toBe("BasicBlock");
    const { changes } = await session.at<WorkspaceEdit>("textDocument/rename", "net.bcos", "Basic|Block(8)", {
      newName: "Residual",
    });
    const after = Object.entries({ "net.bcos": net, "blocks/residual.bcos": residual }).map(([path, text]) => ({
      found: applied(path, changes![session.uri(path)]!),
      wanted: text.replaceAll("BasicBlock", "Residual"),
    }));
    for (const { found, wanted } of after) expect(found).toBe(wanted);
    await expect(session.at("textDocument/prepareRename", "net.bcos", "co|nv(8")).rejects.toThrow(
      "`conv` is a layer of the language",
    );
    await expect(session.at("textDocument/rename", "net.bcos", "st|em   =", { newName: "layer1" })).rejects.toThrow(
      "layer1",
    );
  });

  test("a rename that moves weights says so", async () => {
    const { changes } = await session.at<WorkspaceEdit>("textDocument/rename", "net.bcos", "con|v1: conv(8", {
      newName: "first",
    });
    expect(applied("net.bcos", changes![session.uri("net.bcos")]!)).toBe(net.replace("conv1", "first"));
    expect(session.messages.join()).toContain("conv1");
  });

  test("signature help", async () => {
    const help = await session.at<SignatureHelp>("textDocument/signatureHelp", "net.bcos", "conv(8, kernel: |3)");
    expect(help.signatures[0]!.label).toMatch(/^conv\(/);
    const parameter = help.signatures[0]!.parameters![help.activeParameter!]!;
    const [start, end] = parameter.label as [number, number];
    expect(help.signatures[0]!.label.slice(start, end)).toMatch(/^kernel: /);
    expect(await session.at("textDocument/signatureHelp", "net.bcos", "model |Small")).toBeNull();
  });
});

describe("writing", () => {
  const complete = (marked: string, more: object = {}): Promise<CompletionList | null> =>
    session.at("textDocument/completion", "net.bcos", marked, more);

  test("completion: layers, arguments, documentation on demand", async () => {
    const list = await complete("-> re|lu");
    const item = list!.items.find(({ label }) => label === "max_pool")!;
    expect(textAt("net.bcos", (item.textEdit as TextEdit).range)).toBe("relu");
    // This client takes no snippets.
    expect(item.insertTextFormat).toBeUndefined();
    const resolved = await session.request<CompletionItem>("completionItem/resolve", item);
    expect(resolved).toMatchObject({ label: "max_pool", documentation: { kind: "markdown" } });
    const named = await complete("kernel|: 3)");
    expect(named!.items.map(({ label }) => label)).toContain("stride");
    // The items of an answer before the last one are not known any more.
    expect(await session.request("completionItem/resolve", item)).toEqual(item);
  });

  test("completion imports what it names", async () => {
    await session.edit("net.bcos", 'import { BasicBlock } from "./blocks/residual.bcos"\n\n', "");
    const item = (await complete("{ Basic|Block(8)"))!.items.find(({ label }) => label === "BasicBlock");
    expect(applied("net.bcos", item!.additionalTextEdits!)).toContain(
      'import { BasicBlock } from "./blocks/residual.bcos"\n',
    );
  });

  test("a blank completes only where something is missing", async () => {
    const typed = { context: { triggerKind: 2, triggerCharacter: " " } };
    expect((await complete("image  -> |conv1", typed))!.items.length).toBeGreaterThan(10);
    expect(await complete("input |", typed)).toBeNull();
  });

  test("formatting, as `bcosc fmt` does it; none of what does not parse", async () => {
    const ask = (): Promise<TextEdit[] | null> =>
      session.request("textDocument/formatting", {
        textDocument: textDocument("net.bcos"),
        options: { tabSize: 8, insertSpaces: false },
      });
    expect(await ask()).toEqual([]);
    await session.edit("net.bcos", "stem   = image  -> conv1:", "stem=image   ->conv1 :");
    const edits = await ask();
    expect(applied("net.bcos", edits!)).toBe(net);
    await session.edit("net.bcos", "stem=image", "stem=)");
    expect(await ask()).toBeNull();
  });
});

describe("symbols", () => {
  test("of a document", async () => {
    const [model] = await session.request<DocumentSymbol[]>("textDocument/documentSymbol", {
      textDocument: textDocument("net.bcos"),
    });
    expect(model).toMatchObject({ name: "Small", kind: 5 });
    expect(model!.children!.map(({ name }) => name)).toEqual([
      "classes",
      "image",
      "logits",
      "stem",
      "layer1",
      "logits",
    ]);
  });

  test("of the workspace, by letters in their order", async () => {
    const found = await session.request<SymbolInformation[]>("workspace/symbol", { query: "bblk" });
    expect(found.map(({ name }) => name)).toContain("BasicBlock");
    expect(found[0]!.location.uri).toBe(session.uri("blocks/residual.bcos"));
    await expect(session.request("workspace/symbol", {})).rejects.toThrow("`query` is not a string");
  });
});

describe("what the compiler knows", () => {
  test("hover", async () => {
    const found = await session.at<Hover>("textDocument/hover", "net.bcos", "co|nv(8");
    expect(found.contents).toMatchObject({ kind: "markdown" });
    expect((found.contents as { value: string }).value).toContain("[16, 16, 8]");
    expect(textAt("net.bcos", found.range!)).toBe("conv");
    expect(await session.at("textDocument/hover", "net.bcos", "/// A sm|all")).toBeNull();
  });

  test("inlay hints, whose edits write them into the text", async () => {
    const hints = await session.request<InlayHint[]>("textDocument/inlayHint", {
      textDocument: textDocument("net.bcos"),
      range: whole,
    });
    const labels = hints.map(({ label, kind }) => [String(label).trim(), kind]);
    expect(labels).toContainEqual([": [16, 16, 8]", 1]);
    expect(labels).toContainEqual(["width:", 2]);
    const name = hints.find(({ label }) => String(label).trim() === "width:");
    expect(applied("net.bcos", name!.textEdits!)).toContain("conv(width: 8, kernel: 3)");
    const few = await session.request<InlayHint[]>("textDocument/inlayHint", {
      textDocument: textDocument("net.bcos"),
      range: { start: { line: 0, character: 0 }, end: { line: 4, character: 0 } },
    });
    expect(few.length).toBeLessThan(hints.length);
  });

  test("code lenses, of which the plan's come later", async () => {
    const lenses = await session.request<CodeLens[]>("textDocument/codeLens", {
      textDocument: textDocument("net.bcos"),
    });
    const titles = lenses.map(({ command }) => command?.title);
    expect(titles[0]).toMatch(/parameters · .*MACs$/);
    const open = lenses.filter(({ command }) => command === undefined);
    expect(open).toHaveLength(2);
    for (const lens of open) {
      const { command } = await session.request<CodeLens>("codeLens/resolve", lens);
      expect(command!.title).toMatch(/^(?:wasm|webgpu): \d+ kernels · .*B peak$/);
      // This client said nothing of having the command.
      expect(command!.command).toBe("");
    }
    await expect(session.request("codeLens/resolve", { range: whole, data: { uri: 1 } })).rejects.toThrow("none of");
  });

  test("semantic tokens: all, a part, and what changed", async () => {
    const { tokenTypes } = session.capabilities.semanticTokensProvider!.legend;
    const ask = <T>(what: string, more: object = {}): Promise<T> =>
      session.request<T>(`textDocument/semanticTokens/${what}`, { textDocument: textDocument("net.bcos"), ...more });
    const { data, resultId } = await ask<SemanticTokens>("full");
    const found: string[] = [];
    let [line, character] = [0, 0];
    for (let i = 0; i < data.length; i += 5) {
      [line, character] = [line + data[i]!, data[i] === 0 ? character + data[i + 1]! : data[i + 1]!];
      const range = { start: { line, character }, end: { line, character: character + data[i + 2]! } };
      found.push(`${tokenTypes[data[i + 3]!]} ${textAt("net.bcos", range)}`);
    }
    expect(found.slice(0, 8)).toEqual([
      "keyword import",
      "struct BasicBlock",
      "keyword from",
      'string "./blocks/residual.bcos"',
      "comment /// A small network.",
      "keyword model",
      "class Small",
      "parameter classes",
    ]);
    expect(found).toContain("function conv");
    const part = await ask<SemanticTokens>("range", {
      range: { start: { line: 3, character: 0 }, end: { line: 4, character: 0 } },
    });
    expect(part.data.slice(0, 2)).toEqual([3, 0]);
    expect(part.data.length).toBeLessThan(data.length);

    await session.edit("net.bcos", "stem   =", "stem =");
    const delta = await ask<SemanticTokensDelta>("full/delta", { previousResultId: resultId });
    const patched = [...data];
    for (const edit of [...delta.edits].reverse()) patched.splice(edit.start, edit.deleteCount, ...(edit.data ?? []));
    await session.edit("net.bcos", "stem =", "stem  =");
    await session.edit("net.bcos", "stem  =", "stem =");
    expect(patched).toEqual((await ask<SemanticTokens>("full")).data);
    expect(delta.edits.flatMap((edit) => edit.data ?? []).length).toBeLessThan(data.length / 4);
    const all = await ask<SemanticTokens>("full/delta", { previousResultId: "unknown" });
    expect(all.data).toEqual(patched);
  });

  test("folding and selection", async () => {
    const folds = await session.request<FoldingRange[]>("textDocument/foldingRange", {
      textDocument: textDocument("net.bcos"),
    });
    expect(folds).toContainEqual({ startLine: 3, endLine: 9, kind: "region" });
    const [selection] = await session.request<SelectionRange[]>("textDocument/selectionRange", {
      textDocument: textDocument("net.bcos"),
      positions: [session.position("net.bcos", "ker|nel: 3")],
    });
    const texts: string[] = [];
    for (let at: SelectionRange | undefined = selection; at !== undefined; at = at.parent)
      texts.push(textAt("net.bcos", at.range));
    expect(texts.slice(0, 3)).toEqual(["kernel", "kernel: 3", "conv1: conv(8, kernel: 3)"]);
    expect(texts.at(-1)).toBe(net);
  });
});

describe("code actions", () => {
  const ask = (range: Range, only?: string[]): Promise<CodeAction[]> =>
    session.request("textDocument/codeAction", {
      textDocument: textDocument("net.bcos"),
      range,
      context: { diagnostics: [], ...(only === undefined ? {} : { only }) },
    });

  test("fixes at a place, refactorings, and source actions for those who ask", async () => {
    await session.edit("net.bcos", "BasicBlock(8)", "BasicBlok(8)");
    const at = session.position("net.bcos", "Basic|Blok");
    const range = { start: at, end: at };
    const actions = await ask(range);
    const fix = actions.find(({ kind }) => kind === "quickfix")!;
    expect(fix).toMatchObject({ title: "replace with `BasicBlock`", diagnostics: [{ code: "name/unknown" }] });
    const uri = session.uri("net.bcos");
    expect(applied("net.bcos", fix.edit!.changes![uri]!)).toBe(net);
    expect(actions.some(({ kind }) => kind!.startsWith("source"))).toBe(false);

    expect((await ask(range, ["refactor"])).every(({ kind }) => kind!.startsWith("refactor"))).toBe(true);
    const all = await ask(whole, ["source.fixAll"]);
    expect(all.map(({ kind }) => kind)).toEqual(["source.fixAll.bcosc"]);
    expect(applied("net.bcos", all[0]!.edit!.changes![uri]!)).toBe(net);
    await session.edit("net.bcos", "BasicBlok(8)", "BasicBlock(8)");
    expect(await ask(whole, ["source.fixAll"])).toEqual([]);
  });

  test("organize imports", async () => {
    await session.edit("net.bcos", "{ BasicBlock }", "{ Unused, BasicBlock }");
    await session.edit(
      "blocks/residual.bcos",
      "/// Two",
      "block Unused { input x: [N]\n output y: [N]\n y = x -> relu }\n/// Two",
    );
    const [action] = await ask(whole, ["source.organizeImports"]);
    expect(applied("net.bcos", action!.edit!.changes![session.uri("net.bcos")]!)).toBe(net);
  });
});

describe("requests of our own", () => {
  test("the plan of a model and the kernels of a layer", async () => {
    const plan = await session.request<{ title: string; text: string }>("bcosc/plan", {
      textDocument: textDocument("net.bcos"),
      graph: "explain",
    });
    expect(plan.title).toBe("Small: plan of explain for wasm");
    const wgsl = await session.at<{ title: string; text: string }>("bcosc/wgsl", "net.bcos", "co|nv(8");
    expect(wgsl.title).toBe("Small: WGSL of `conv` in predict");
    expect(wgsl.text).toContain("@compute");
  });

  test("say what is wrong", async () => {
    await expect(session.at("bcosc/wgsl", "net.bcos", "re|lu")).rejects.toThrow("no kernel of its own");
    await expect(session.at("bcosc/plan", "net.bcos", "re|lu", { graph: "train" })).rejects.toThrow(
      "`graph` is none of",
    );
    await expect(session.at("bcosc/plan", "net.bcos", "re|lu", { batch: 0.5 })).rejects.toThrow("`batch`");
    const missing = { textDocument: textDocument("missing.bcos") };
    await expect(session.request("bcosc/plan", missing)).rejects.toThrow("there is no such file");
  });

  test("do not keep others waiting, and end where they are cancelled", async () => {
    const { CancellationTokenSource } = await import("vscode-languageserver/node");
    const source = new CancellationTokenSource();
    let isDone = false;
    const slow = session.connection
      .sendRequest("bcosc/plan", { textDocument: textDocument("net.bcos"), batch: 64 }, source.token)
      .finally(() => (isDone = true));
    await session.at("textDocument/hover", "net.bcos", "co|nv(8");
    expect(isDone).toBe(false);
    source.cancel();
    await expect(slow).rejects.toMatchObject({ code: -32800 });
    // The thread that was ended is followed by another one.
    await session.request("bcosc/plan", { textDocument: textDocument("net.bcos") });
  });
});

test("files that are not there have nothing to say", async () => {
  const missing = { textDocument: textDocument("missing.bcos"), position: { line: 0, character: 0 } };
  for (const method of ["definition", "hover", "prepareRename", "signatureHelp"]) {
    expect(await session.request(`textDocument/${method}`, missing), method).toBeNull();
  }
  for (const method of ["documentHighlight", "documentSymbol", "foldingRange", "codeLens"]) {
    expect(await session.request(`textDocument/${method}`, missing), method).toEqual([]);
  }
  expect(await session.request("textDocument/semanticTokens/full", missing)).toEqual({ data: [] });
});

describe("settings", () => {
  test("are asked for, and followed when they change", async () => {
    const settings = { inlayHints: { shapes: "off", argumentNames: false, totals: 7 }, codeLenses: { enabled: false } };
    const own = await startSession(files, {
      capabilities: { workspace: { configuration: true, inlayHint: { refreshSupport: true } } },
      settings,
    });
    await own.open("net.bcos", net);
    const hints = (): Promise<InlayHint[]> =>
      own.request("textDocument/inlayHint", { textDocument: { uri: own.uri("net.bcos") }, range: whole });
    await own.pushed("net.bcos", () => true);
    const few = await hints();
    expect(few.some(({ kind }) => kind === 2)).toBe(false);
    expect(await own.request("textDocument/codeLens", { textDocument: { uri: own.uri("net.bcos") } })).toEqual([]);
    Object.assign(settings, { inlayHints: {}, codeLenses: {} });
    await own.connection.sendNotification("workspace/didChangeConfiguration", { settings: null });
    await expect.poll(async () => (await hints()).length).toBeGreaterThan(few.length);
    expect(own.asked).toContain("workspace/inlayHint/refresh");
    expect(await own.stop()).toBe(0);
  });

  test("of a client that sends them, and commands that it has", async () => {
    const own = await startSession(files, {
      options: { commands: ["bcosc.showPlan"], settings: { codeLenses: { plans: false } } },
    });
    await own.open("net.bcos", net);
    const lenses = (): Promise<CodeLens[]> =>
      own.request("textDocument/codeLens", { textDocument: { uri: own.uri("net.bcos") } });
    expect((await lenses()).every(({ command }) => command !== undefined)).toBe(true);
    await own.connection.sendNotification("workspace/didChangeConfiguration", { settings: { bcosc: {} } });
    const open = (await lenses()).find(({ command }) => command === undefined);
    const { command } = await own.request<CodeLens>("codeLens/resolve", open!);
    expect(command).toMatchObject({
      command: "bcosc.showPlan",
      arguments: [{ uri: own.uri("net.bcos"), model: "Small", target: "wasm" }],
    });
    expect(await own.stop()).toBe(0);
  });
});
