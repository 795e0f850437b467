/** Whatever a client sends, the server answers what can be answered and goes on. */
import { rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { DocumentDiagnosticReport } from "vscode-languageserver/node";
import { residual, resnet34 } from "../../check/helper.ts";
import { exitCodeOf, spawnServer, startSession } from "./client.ts";

interface Answer {
  readonly id: number | string | null;
  readonly result?: unknown;
  readonly error?: { readonly code: number; readonly message: string };
}

/** A server to which bytes can be written as they are. */
function rawServer(words: readonly string[] = []) {
  const child = spawnServer(words);
  const answers: Answer[] = [];
  const waiting = new Set<() => void>();
  let bytes = Buffer.alloc(0);
  child.stdout!.on("data", (chunk: Buffer) => {
    bytes = Buffer.concat([bytes, chunk]);
    for (;;) {
      // Standard output has messages and nothing else.
      const header = /^Content-Length: (\d+)\r\n\r\n/.exec(bytes.toString("latin1"));
      if (header === null) break;
      const end = header[0].length + Number(header[1]);
      if (bytes.length < end) break;
      answers.push(JSON.parse(bytes.subarray(header[0].length, end).toString()) as Answer);
      bytes = bytes.subarray(end);
    }
    waiting.forEach((look) => look());
  });
  const write = (text: string): void => void child.stdin!.write(text);
  const framed = (body: string): string => `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
  const send = (message: unknown): void => write(framed(JSON.stringify(message)));
  /** The answer with this id; of those without an id the n-th. */
  const answer = (id: number | string | null, nth = 0): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no answer ${id}, but ${JSON.stringify(answers)}`)), 15_000);
      const look = (): void => {
        const found = answers.filter((one) => one.id === id && !("method" in one))[nth];
        if (found === undefined) return;
        clearTimeout(timer);
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  const initialize = async (): Promise<void> => {
    send({
      jsonrpc: "2.0",
      id: "start",
      method: "initialize",
      params: { processId: null, rootUri: null, capabilities: {} },
    });
    await answer("start");
    send({ jsonrpc: "2.0", method: "initialized", params: {} });
  };
  /** Resolves when everything before was read. */
  const ping = async (id: number): Promise<Answer> => {
    send({ jsonrpc: "2.0", id, method: "bcosc/nothing" });
    return answer(id);
  };
  return { child, write, framed, send, answer, initialize, ping };
}

const methodNotFound = -32601;

describe("messages that are none", () => {
  test("cost themselves alone", async () => {
    const server = rawServer();
    await server.initialize();
    server.write(server.framed("{ not json"));
    expect((await server.answer(null, 0)).error?.code).toBe(-32700);
    for (const body of ["[]", "1", "null", '"text"', '{"id": {}, "method": 1}', '{"id": [1], "method": "x"}']) {
      server.write(server.framed(body));
    }
    expect((await server.answer(null, 6)).error?.code).toBe(-32600);
    server.write("no header at all\r\n\r\n");
    expect((await server.answer(null, 7)).error?.code).toBe(-32700);
    server.write("Content-Length: many\r\n\r\nContent-Length: -7\r\n\r\n");
    expect((await server.answer(null, 9)).error?.message).toContain("Content-Length");
    expect((await server.ping(1)).error?.code).toBe(methodNotFound);
    // A length that is too small: the rest of the body stands before the next header.
    server.write('Content-Length: 5\r\n\r\n{"jsonrpc":"2.0","id":9,"method":"a"}');
    expect((await server.ping(2)).error?.code).toBe(methodNotFound);
    // More than is read, and what can't be a header.
    server.write(`Content-Length: 99999999\r\n\r\n${"x".repeat(99_999_999)}`);
    server.write("y".repeat(20_000));
    expect((await server.ping(3)).error?.code).toBe(methodNotFound);
    server.send({ jsonrpc: "2.0", id: 4, method: "shutdown" });
    expect(await server.answer(4)).toMatchObject({ result: null });
    server.send({ jsonrpc: "2.0", method: "exit" });
    expect(await exitCodeOf(server.child)).toBe(0);
  });

  test("in pieces of any size are read", async () => {
    const server = rawServer();
    const start = { jsonrpc: "2.0", id: 1, method: "initialize", params: { capabilities: {}, locale: "日本語" } };
    for (const byte of Buffer.from(server.framed(JSON.stringify(start)))) server.child.stdin!.write(Buffer.of(byte));
    expect((await server.answer(1)).error).toBeUndefined();
    server.child.stdin!.end();
    expect(await exitCodeOf(server.child)).toBe(1);
  });
});

describe("requests at the wrong time", () => {
  test("are refused before `initialize`, which comes once, and after `shutdown`", async () => {
    const server = rawServer(["--stdio"]);
    server.send({ jsonrpc: "2.0", id: 1, method: "textDocument/hover", params: {} });
    expect((await server.answer(1)).error?.code).toBe(-32002);
    server.send({ jsonrpc: "2.0", method: "textDocument/didOpen", params: { textDocument: null } });
    server.send({ jsonrpc: "2.0", id: 2, method: "initialize" });
    expect((await server.answer(2)).error?.code).toBe(-32602);
    await server.initialize();
    server.send({ jsonrpc: "2.0", id: 3, method: "initialize", params: { capabilities: {} } });
    expect((await server.answer(3)).error?.code).toBe(-32600);
    server.send({ jsonrpc: "2.0", id: 4, method: "shutdown", params: null });
    await server.answer(4);
    server.send({ jsonrpc: "2.0", id: 5, method: "textDocument/hover", params: {} });
    expect((await server.answer(5)).error?.code).toBe(-32600);
    server.send({ jsonrpc: "2.0", method: "exit" });
    expect(await exitCodeOf(server.child)).toBe(0);
  });

  test("`exit` without `shutdown` ends with 1, and so does a client that is gone", async () => {
    const server = rawServer();
    await server.initialize();
    server.send({ jsonrpc: "2.0", method: "exit" });
    expect(await exitCodeOf(server.child)).toBe(1);
    const other = rawServer();
    await other.initialize();
    other.child.stdin!.end();
    expect(await exitCodeOf(other.child)).toBe(1);
    expect(other.child.stderr!.read()).toBeNull();
  });
});

test("wrong parameters are answered as such, and unknown methods as unknown", async () => {
  const server = rawServer();
  await server.initialize();
  const wrong = [
    undefined,
    {},
    [],
    { textDocument: null },
    { textDocument: { uri: 3 } },
    { textDocument: { uri: "file:///a.bcos" }, position: { line: -1, character: 0 } },
    { textDocument: { uri: "file:///a.bcos" }, position: "here" },
    { textDocument: { uri: "file:///a.bcos" }, range: { start: 1 } },
  ];
  for (const [id, params] of wrong.entries()) {
    server.send({ jsonrpc: "2.0", id, method: "textDocument/diagnostic", params });
    expect((await server.answer(id)).error?.code, JSON.stringify(params)).toBe(-32602);
  }
  // Notifications have no answer; those that make no sense change nothing.
  for (const params of [undefined, {}, [], { textDocument: null }, { textDocument: { uri: "a.bcos" } }]) {
    for (const method of ["didOpen", "didChange", "didClose"]) {
      server.send({ jsonrpc: "2.0", method: `textDocument/${method}`, params });
    }
    server.send({ jsonrpc: "2.0", method: "workspace/didChangeWatchedFiles", params });
    server.send({ jsonrpc: "2.0", method: "$/cancelRequest", params });
  }
  const change = { textDocument: { uri: "file:///b.bcos", version: 2 }, contentChanges: [{ range: 1, text: "" }, {}] };
  server.send({
    jsonrpc: "2.0",
    method: "textDocument/didOpen",
    params: { textDocument: { uri: "file:///b.bcos", languageId: "bcos", version: 1, text: "}" } },
  });
  server.send({ jsonrpc: "2.0", method: "textDocument/didChange", params: change });
  server.send({
    jsonrpc: "2.0",
    id: 50,
    method: "textDocument/diagnostic",
    params: { textDocument: { uri: "file:///b.bcos" } },
  });
  const { result } = await server.answer(50);
  expect((result as { items: { code: string }[] }).items.map(({ code }) => code)).toEqual(["syntax/unopened"]);
  // An answer that nobody waits for.
  server.send({ jsonrpc: "2.0", id: 77, result: 1 });
  server.send({ jsonrpc: "2.0", id: 78 });
  expect((await server.ping(100)).error?.code).toBe(methodNotFound);
});

test("a request that is cancelled before its turn is answered as cancelled", async () => {
  const server = rawServer();
  await server.initialize();
  const message = (id: number) => ({
    jsonrpc: "2.0",
    id,
    method: "workspace/diagnostic",
    params: { previousResultIds: [] },
  });
  const cancel = { jsonrpc: "2.0", method: "$/cancelRequest", params: { id: 1 } };
  server.write([message(1), cancel, message(2)].map((one) => server.framed(JSON.stringify(one))).join(""));
  expect((await server.answer(1)).error?.code).toBe(-32800);
  expect((await server.answer(2)).result).toEqual({ items: [] });
});

describe("texts that are hard", () => {
  const textDocument = (uri: string) => ({ textDocument: { uri } });

  test("a giant file has its one finding, and its editor goes on", async () => {
    const session = await startSession({ "resnet34.bcos": resnet34, "blocks/residual.bcos": residual });
    await session.open("giant.bcos", "// x\n".repeat(2_000_000));
    const { diagnostics } = await session.pushed("giant.bcos", (found) => found.length > 0);
    expect(diagnostics.map(({ code }) => code)).toEqual(["limit/file-size"]);
    await session.edit("giant.bcos", "// x\n", "// y\n");
    await session.open("resnet34.bcos", resnet34.replace("stem ->", "stam ->"));
    await session.pushed("resnet34.bcos", () => true);
    const report = await session.request<DocumentDiagnosticReport>(
      "textDocument/diagnostic",
      textDocument(session.uri("giant.bcos")),
    );
    expect(report.kind === "full" && report.items).toHaveLength(1);
    expect(await session.stop()).toBe(0);
  });

  test("files that import each other, and files deleted while they are open", async () => {
    const a = 'import { B } from "./b.bcos"\nblock A { input x: [N]\n output y: [N]\n y = x -> B }\n';
    const b = a.replaceAll("B", "C").replaceAll("A", "B").replaceAll("C", "A").replace("b.bcos", "a.bcos");
    const session = await startSession({ "a.bcos": a, "b.bcos": b });
    await session.open("a.bcos", a);
    const circle = await session.pushed("a.bcos", (found) => found.length > 0);
    expect(circle.diagnostics.map(({ code }) => code)).toEqual(["name/import-cycle"]);
    rmSync(join(session.folder, "a.bcos"));
    rmSync(join(session.folder, "b.bcos"));
    await session.changed("a.bcos", 3);
    await session.changed("b.bcos", 3);
    const missing = await session.pushed("a.bcos", (found) => found[0]?.code === "name/file-missing");
    expect(missing.diagnostics).toHaveLength(1);
    await session.close("a.bcos");
    await session.pushed("a.bcos", (found) => found.length === 0);
    expect(await session.stop()).toBe(0);
  });

  test("positions count UTF-16 units, and lines end in any way", async () => {
    const session = await startSession({}, { capabilities: { textDocument: { diagnostic: {} } } });
    const text = '// 🙂\r\n// x\rimport { A } from "./zz.bcos"\nimport { 🙂, B } from "./🙂.bcos"';
    await session.open("a.bcos", text);
    await session.edit("a.bcos", "/zz", "/🙂🙂");
    await session.edit("a.bcos", "🙂, B", "B");
    const report = await session.request<DocumentDiagnosticReport>(
      "textDocument/diagnostic",
      textDocument(session.uri("a.bcos")),
    );
    const found = report.kind === "full" ? report.items : [];
    expect(found.map(({ code, range }) => ({ code, range }))).toEqual(
      ['"./🙂🙂.bcos"', '"./🙂.bcos"'].map((text) => ({
        code: "name/file-missing",
        range: { start: session.position("a.bcos", `|${text}`), end: session.position("a.bcos", `${text}|`) },
      })),
    );
    expect(await session.stop()).toBe(0);
  });
});
