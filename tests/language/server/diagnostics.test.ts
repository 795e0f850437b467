/** Findings in a real session: pushed as one types, and pulled by clients that can. */
import { describe, expect, test } from "vitest";
import type { Diagnostic, DocumentDiagnosticReport, WorkspaceDiagnosticReport } from "vscode-languageserver/node";
import { residual, resnet34 } from "../../check/helper.ts";
import { startSession } from "./client.ts";

const files = { "resnet34.bcos": resnet34, "blocks/residual.bcos": residual };
const codes = (diagnostics: readonly Diagnostic[]): unknown[] => diagnostics.map(({ code }) => code);
const none = (diagnostics: readonly Diagnostic[]): boolean => diagnostics.length === 0;
const some = (diagnostics: readonly Diagnostic[]): boolean => diagnostics.length > 0;

describe("push", () => {
  test("findings come and go as one types, in the file that has the fault", async () => {
    const session = await startSession(files);
    await session.open("resnet34.bcos", resnet34);
    await session.pushed("resnet34.bcos", none);

    await session.edit("resnet34.bcos", "BasicBlock(64)", "BasicBlok(64)");
    const { diagnostics, version } = await session.pushed("resnet34.bcos", some);
    expect(version).toBe(2);
    expect(diagnostics[0]).toMatchObject({
      code: "name/unknown",
      source: "bcosc",
      severity: 1,
      range: {
        start: session.position("resnet34.bcos", "|BasicBlok"),
        end: session.position("resnet34.bcos", "BasicBlok|"),
      },
    });
    expect(diagnostics[0]!.message).toContain("did you mean `BasicBlock`?");
    expect(diagnostics[0]!.codeDescription?.href).toMatch(/^file:.*docs\/errors\/name-unknown\.md$/);

    await session.edit("resnet34.bcos", "BasicBlok(64)", "BasicBlock(64)");
    await session.pushed("resnet34.bcos", none);

    await session.open("blocks/residual.bcos", residual);
    await session.edit("blocks/residual.bcos", "conv2: conv(width,", "conv2: conv(width + 1,");
    const block = await session.pushed("blocks/residual.bcos", some);
    expect(codes(block.diagnostics)).toEqual(["shape/mismatch"]);
    // Both sides, and the call in the other file that leads here.
    const related = block.diagnostics[0]!.relatedInformation!;
    expect(related.map(({ location }) => location.uri)).toContain(session.uri("resnet34.bcos"));
    expect(related.map(({ message }) => message)).toContain("while expanding `BasicBlock(64)`");
    expect(await session.stop()).toBe(0);
  });

  test("files that are not open have findings too, and lose them when they are mended or deleted", async () => {
    const broken = resnet34.replace("fc: linear(classes)", "fc: linear(klasses)");
    const session = await startSession({ ...files, "broken.bcos": broken, "other.bcos": broken });
    const first = await session.pushed("broken.bcos", some);
    expect(first.version).toBeUndefined();
    await session.pushed("other.bcos", some);
    session.write("broken.bcos", resnet34);
    await session.changed("broken.bcos");
    await session.pushed("broken.bcos", none);
    const { rmSync } = await import("node:fs");
    rmSync(`${session.folder}/other.bcos`);
    await session.changed("other.bcos", 3);
    await session.pushed("other.bcos", none);
    expect(await session.stop()).toBe(0);
  });

  test("what an editor has open counts before what is stored, until it is closed", async () => {
    const session = await startSession(files);
    await session.open("blocks/residual.bcos", "block Other { input x: [N]\n output y: [N]\n y = x -> relu }");
    expect(codes((await session.pushed("resnet34.bcos", some)).diagnostics)).toEqual(["name/unknown"]);
    await session.close("blocks/residual.bcos");
    await session.pushed("resnet34.bcos", none);
    expect(await session.stop()).toBe(0);
  });

  test("an unused name is marked as unnecessary", async () => {
    const session = await startSession(files);
    await session.open("resnet34.bcos", resnet34);
    await session.edit("resnet34.bcos", "linear(classes)", "linear(1000)");
    await session.edit("resnet34.bcos", "[classes]", "[1000]");
    const { diagnostics } = await session.pushed("resnet34.bcos", some);
    expect(diagnostics.map(({ code, tags, severity }) => ({ code, tags, severity }))).toEqual([
      { code: "name/unused", tags: [1], severity: 2 },
    ]);
    expect(await session.stop()).toBe(0);
  });
});

describe("pull", () => {
  const capabilities = {
    textDocument: { diagnostic: { relatedDocumentSupport: false } },
    workspace: { diagnostics: { refreshSupport: true }, didChangeWatchedFiles: { dynamicRegistration: true } },
  };

  test("a document's findings, unchanged where the client has them", async () => {
    const session = await startSession(files, { capabilities });
    await session.open("resnet34.bcos", resnet34);
    await session.edit("resnet34.bcos", "[7, 7, 512]", "[7, 7, 511]");
    const textDocument = { uri: session.uri("resnet34.bcos") };
    const ask = (previousResultId?: string): Promise<DocumentDiagnosticReport> =>
      session.request("textDocument/diagnostic", { textDocument, previousResultId });
    const first = await ask();
    expect(first.kind === "full" && codes(first.items)).toEqual(["shape/ascription"]);
    expect(await ask(first.resultId)).toEqual({ kind: "unchanged", resultId: first.resultId });
    await session.edit("resnet34.bcos", "[7, 7, 511]", "[7, 7, 512]");
    const last = await ask(first.resultId);
    expect(last.kind === "full" && last.items).toEqual([]);
    expect(await session.stop()).toBe(0);
  });

  test("the workspace's findings, those of gone files taken back, and a refresh when files change", async () => {
    const broken = resnet34.replace("fc: linear(classes)", "fc: linear(klasses)");
    const session = await startSession({ ...files, "broken.bcos": broken }, { capabilities });
    const ask = (previousResultIds: object[]): Promise<WorkspaceDiagnosticReport> =>
      session.request("workspace/diagnostic", { previousResultIds });
    const { items } = await ask([]);
    const found = items.map((item) => [item.uri, item.kind === "full" ? codes(item.items) : item.kind]);
    expect(Object.fromEntries(found)).toEqual({
      [session.uri("blocks/residual.bcos")]: [],
      [session.uri("broken.bcos")]: ["name/unknown"],
      [session.uri("resnet34.bcos")]: [],
    });
    const gone = { uri: session.uri("gone.bcos"), value: "1" };
    const again = await ask([...items.map(({ uri, resultId }) => ({ uri, value: resultId! })), gone]);
    expect(again.items.map(({ kind }) => kind)).toEqual(["unchanged", "unchanged", "unchanged", "full"]);

    expect(session.asked).toContain("client/registerCapability");
    session.write("broken.bcos", resnet34);
    await session.changed("broken.bcos");
    const mended = await ask([]);
    expect(mended.items.every((item) => item.kind === "full" && item.items.length === 0)).toBe(true);
    expect(session.asked).toContain("workspace/diagnostic/refresh");
    expect(await session.stop()).toBe(0);
  });
});
