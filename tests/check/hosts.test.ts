import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import { normalizePath, resolvePath } from "../../src/compiler/check/source-host.ts";
import { check, findings, resnet34Files, residual, withHead } from "./helper.ts";

describe("paths", () => {
  test("are relative to the importing file", () => {
    expect(resolvePath("models/a.bcos", "./blocks/b.bcos")).toBe("models/blocks/b.bcos");
    expect(resolvePath("models/cifar/a.bcos", "../blocks/b.bcos")).toBe("models/blocks/b.bcos");
    expect(resolvePath("a.bcos", "b.bcos")).toBe("b.bcos");
    expect(resolvePath("a.bcos", "../b.bcos")).toBe("../b.bcos");
    expect(resolvePath("/x/a.bcos", "../../../b.bcos")).toBe("/b.bcos");
    expect(resolvePath("x/a.bcos", "/b.bcos")).toBe("/b.bcos");
    expect(normalizePath("./x//y/../z/./a.bcos")).toBe("x/z/a.bcos");
  });
});

describe("files on disk", () => {
  test("are read below a directory", () => {
    const folder = mkdtempSync(join(tmpdir(), "bcosc-"));
    try {
      mkdirSync(join(folder, "blocks"));
      for (const [path, text] of Object.entries(resnet34Files)) writeFileSync(join(folder, path), text);
      const host = createNodeHost(folder);
      expect(checkFile(host, "main.bcos").networks.map((n) => n.name)).toEqual(["ResNet34"]);
      expect(checkFile(createNodeHost("/"), join(folder, "main.bcos")).networks).toHaveLength(1);
      expect(host.read("blocks")).toBeUndefined();
      expect(host.read("none.bcos")).toBeUndefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("imports", () => {
  const using = (line: string) => withHead("  a = image -> BasicBlock(4)", `${line}\n`);

  test("may be shared, and are read once", () => {
    const reads: string[] = [];
    const files: Record<string, string> = {
      "main.bcos": `import { D } from "./d.bcos"\n${using('import { BasicBlock } from "./b.bcos"')}`.replace(
        "BasicBlock(4)",
        "BasicBlock(4) -> D",
      ),
      "b.bcos": residual,
      "d.bcos": `import { BasicBlock } from "./b.bcos"\nblock D {\n  input x: [H, W, C]\n  output y: [H, W, C]\n  y = x -> BasicBlock(C)\n}\n`,
    };
    const host = {
      read: (path: string) => {
        reads.push(path);
        return files[path];
      },
      resolve: resolvePath,
    };
    expect(checkFile(host, "main.bcos").networks).toHaveLength(1);
    expect(reads).toEqual(["main.bcos", "d.bcos", "b.bcos"]);
  });

  test("name what there is", () => {
    const wrong = check({
      "main.bcos": using('import { BasicBlok } from "./b.bcos"').replace("BasicBlock(", "BasicBlok("),
      "b.bcos": residual,
    });
    expect(findings(wrong)).toEqual(["name/unknown: BasicBlok"]);
    expect(wrong.diagnostics[0]!.message).toBe("there is no block in b.bcos named `BasicBlok`");
    expect(wrong.diagnostics[0]!.fixes[0]!.edits[0]!.text).toBe("BasicBlock");
  });

  test("do not pass on what a file imports itself", () => {
    const files = {
      "main.bcos": using('import { BasicBlock } from "./c.bcos"'),
      "c.bcos": `import { BasicBlock } from "./b.bcos"\nblock C {\n  input x: [H, W, C]\n  output y: [H, W, C]\n  y = x -> BasicBlock(C)\n}\n`,
      "b.bcos": residual,
    };
    expect(findings(check(files))).toEqual(["name/unknown: BasicBlock"]);
  });

  test("of models, of two things with one name, and of a file by itself are errors", () => {
    const two = { "b.bcos": residual, "c.bcos": residual };
    const lines = 'import { BasicBlock } from "./b.bcos"\nimport { BasicBlock } from "./c.bcos"';
    expect(findings(check({ ...two, "main.bcos": using(lines) }))).toEqual(["name/duplicate: BasicBlock"]);
    expect(
      findings(check({ ...two, "main.bcos": `${using('import { BasicBlock } from "./b.bcos"')}${residual}` })),
    ).toEqual(["name/duplicate: BasicBlock"]);
    const model = {
      "main.bcos": withHead("  a = image", 'import { M } from "./m.bcos"\n').replace("model M", "model N"),
      "m.bcos": withHead("  a = image"),
    };
    expect(findings(check(model))).toEqual(["name/wrong-kind: M"]);
    expect(findings(check(using('import { BasicBlock } from "./main.bcos"')))).toEqual([
      'name/import-cycle: "./main.bcos"',
    ]);
  });

  test("without the ending have a fix", () => {
    const result = check({ "main.bcos": using('import { BasicBlock } from "./b"'), "b.bcos": residual });
    expect(result.diagnostics.map((d) => d.fixes[0]?.edits[0]?.text)).toEqual(['"./b.bcos"']);
  });

  test("that are unused are removed by their fix", () => {
    const apply = (text: string) => {
      const result = check({ "main.bcos": text, "b.bcos": `${residual}${residual.replace("BasicBlock", "Other")}` });
      const edit = result.diagnostics[0]!.fixes[0]!.edits[0]!;
      return text.slice(0, edit.span.start) + edit.text + text.slice(edit.span.end);
    };
    expect(apply(withHead("  a = image", 'import { BasicBlock } from "./b.bcos"\n'))).toBe(withHead("  a = image"));
    const keep = (names: string) => using(`import { ${names} } from "./b.bcos"`);
    expect(apply(keep("BasicBlock, Other"))).toBe(keep("BasicBlock"));
    expect(apply(keep("Other, BasicBlock"))).toBe(keep("BasicBlock"));
  });
});
