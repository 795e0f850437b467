/** The syntax tree as one kind of tree, and the way from an offset into it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseFile } from "../../src/compiler/syntax/parse.ts";
import { commentAt, nodePathAt } from "../../src/language/node-at.ts";
import { childrenOf, fileNode, spanOf, walk, type SyntaxNode } from "../../src/language/walk.ts";

const models = join(import.meta.dirname, "../../models");
const sources = readdirSync(models, { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".bcos"))
  .map((file) => ({ file, text: readFileSync(join(models, file), "utf8") }));

/** `binding name:callee` of the path at the `|` in the text. */
function pathAt(marked: string): string {
  const offset = marked.indexOf("|");
  const { file } = parseFile("a.bcos", marked.replace("|", ""));
  return nodePathAt(file, offset).map(titleOf).join(" ");
}

function titleOf(node: SyntaxNode): string {
  if (node.type === "name") return `${node.role}=${node.node.text}`;
  const kind = "kind" in node.node && node.node.kind !== node.type ? `:${node.node.kind}` : "";
  return `${node.type}${kind}`;
}

describe("walk", () => {
  test.each(sources)("$file: children lie in their parents, in order", ({ file, text }) => {
    walk(fileNode(parseFile(file, text).file), (node) => {
      let last = spanOf(node).start;
      for (const child of childrenOf(node)) {
        expect(spanOf(child).start).toBeGreaterThanOrEqual(last);
        expect(spanOf(child).end).toBeLessThanOrEqual(spanOf(node).end);
        last = spanOf(child).end;
      }
    });
  });

  test("every identifier of a file is one of its nodes", () => {
    for (const { file, text } of sources) {
      const parsed = parseFile(file, text).file;
      const found = new Set<number>();
      walk(fileNode(parsed), (node) => {
        if (node.type === "name" || (node.type === "expression" && node.node.kind === "name")) {
          found.add(spanOf(node).start);
        }
      });
      const code = parsed.comments.reduceRight(
        (rest, { span }) => rest.slice(0, span.start) + " ".repeat(span.end - span.start) + rest.slice(span.end),
        text,
      );
      const reserved =
        /^(?:import|from|bcos|model|block|input|output|repeat|concat|if|else|and|or|not|true|false|int|float|bool|enum)$/;
      for (const match of code.matchAll(/"[^"\n]*"|(?<![\w.])[A-Za-z_][\w.]*(?:\{[^}]*\}[\w.]*)?/g)) {
        if (reserved.test(match[0])) continue;
        expect(found, `${match[0]} at ${match.index} of ${file}`).toContain(match.index);
      }
    }
  });

  test("leaves out what is in a node where it is told to", () => {
    const { file } = parseFile("a.bcos", "block A { input x: [N]\n output y: [N]\n y = x -> relu }");
    const types: string[] = [];
    walk(fileNode(file), (node) => {
      types.push(node.type);
      return node.type !== "port" && node.type !== "flow";
    });
    expect(types).toEqual(["file", "declaration", "name", "port", "port", "binding", "name", "flow"]);
  });
});

describe("nodePathAt", () => {
  const row = (text: string): string => pathAt(`block A {\n  ${text}\n}`);

  test.each([
    ["y = x -> co|nv(3)", "file declaration:block binding flow:pipe step:call callee=conv"],
    ["y = x -> conv|(3)", "file declaration:block binding flow:pipe step:call callee=conv"],
    ["y = x -> conv(3, ker|nel: 2)", "file declaration:block binding flow:pipe step:call argument argument=kernel"],
    [
      "y = x -> conv(wid|th * 2)",
      "file declaration:block binding flow:pipe step:call argument expression:binary expression:name",
    ],
    ["y = |x -> relu", "file declaration:block binding flow:pipe flow:reference reference=x"],
    ["|y = x", "file declaration:block binding binding=y"],
    ["y = x -> a{ind|ex}: relu", "file declaration:block binding flow:pipe step:call label=a{index} expression:name"],
    ["y = if n| == 1 { x } else { x }", "file declaration:block binding flow:if expression:binary expression:name"],
    ["y = x -> repeat 2 { re|lu }", "file declaration:block binding flow:pipe step:repeat step:call callee=relu"],
    ["y = x : [H, |W]", "file declaration:block binding flow:pipe step:ascription shape expression:name"],
  ])("%s", (text, path) => expect(row(text)).toBe(path));

  test("is the file alone between its statements", () => {
    expect(pathAt('import { A } from "./a.bcos"\n|\n')).toBe("file");
    expect(pathAt("|")).toBe("file");
    expect(pathAt('import { A } from "./|a.bcos"')).toBe("file import from=./a.bcos");
  });
});

test("commentAt finds the comment that a cursor is in", () => {
  const { file } = parseFile("a.bcos", "/// doc\nblock A {} // end");
  expect(commentAt(file, 3)?.text).toBe("/// doc");
  expect(commentAt(file, 7)?.text).toBe("/// doc");
  expect(commentAt(file, 8)).toBeUndefined();
  expect(commentAt(file, 25)?.text).toBe("// end");
});
