/** Imports point one way (docs/architecture.md): this test reads every import in the sources and holds the rule. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import ts from "typescript";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "../..");

/** Which areas an area may import values from. An area may always import from itself. */
const allowed: Record<string, readonly string[]> = {
  diagnostics: [],
  grammar: ["diagnostics"],
  compiler: ["diagnostics", "grammar"],
  runtime: ["diagnostics"],
  language: ["diagnostics", "grammar", "compiler", "format"],
  format: ["diagnostics", "grammar", "compiler"],
  cli: ["diagnostics", "grammar", "compiler", "runtime", "language", "format"],
  vite: ["diagnostics", "grammar", "compiler", "runtime"],
};

/** Areas an area may import only types from. */
const allowedTypes: Record<string, readonly string[]> = { runtime: ["compiler"] };

interface Import {
  readonly file: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

function sourceFiles(): string[] {
  return ["src", "grammar"]
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((f) => posix.join(folder, f)),
    )
    .filter((f) => f.endsWith(".ts"));
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.isTypeOnly) return true;
  const bindings = clause.namedBindings;
  return (
    clause.name === undefined &&
    bindings !== undefined &&
    ts.isNamedImports(bindings) &&
    bindings.elements.length > 0 &&
    bindings.elements.every((e) => e.isTypeOnly)
  );
}

function importsOf(file: string): Import[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true);
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ file, to: node.moduleSpecifier.text, typeOnly: isTypeOnly(node.importClause) });
    } else if (ts.isExportDeclaration(node) && node.moduleSpecifier && ts.isStringLiteral(node.moduleSpecifier)) {
      found.push({ file, to: node.moduleSpecifier.text, typeOnly: node.isTypeOnly });
    } else if (
      ts.isCallExpression(node) &&
      node.expression.kind === ts.SyntaxKind.ImportKeyword &&
      node.arguments[0] !== undefined &&
      ts.isStringLiteral(node.arguments[0])
    ) {
      found.push({ file, to: node.arguments[0].text, typeOnly: false });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Files directly in src that everybody may import. */
const common = ["src/graph-signature.ts", "src/hash.ts", "src/layer-name.ts", "src/shape.ts"];

/** `src/compiler/graph/x.ts` → `compiler`; files directly in src belong to none. */
function areaOf(file: string): string | undefined {
  const parts = file.split("/");
  if (parts[0] === "grammar") return "grammar";
  return parts.length > 2 ? parts[1] : undefined;
}

const imports = sourceFiles().flatMap(importsOf);

test("the sources have imports to check", () => {
  expect(imports.length).toBeGreaterThan(100);
});

test("imports between areas point one way", () => {
  const wrong = imports.filter(({ file, to, typeOnly }) => {
    if (!to.startsWith(".")) return false;
    const path = posix.join(dirname(file), to);
    if (common.includes(path)) return false;
    const from = areaOf(file);
    const target = areaOf(path);
    if (from === undefined || from === target) return false;
    const rule = allowed[from];
    if (rule === undefined || target === undefined) return true;
    return !rule.includes(target) && !(typeOnly && (allowedTypes[from] ?? []).includes(target));
  });
  expect(wrong.map((i) => `${i.file} imports ${i.to}`)).toEqual([]);
});

test("only the command line, the bundler plugin and *.node.ts files touch Node", () => {
  const wrong = imports.filter(({ file, to, typeOnly }) => {
    if (typeOnly || !(to.startsWith("node:") || to === "sharp")) return false;
    const area = areaOf(file);
    return !(area === "cli" || area === "vite" || file.endsWith(".node.ts"));
  });
  expect(wrong.map((i) => `${i.file} imports ${i.to}`)).toEqual([]);
});

test("portable files import no *.node.ts file", () => {
  const wrong = imports.filter(({ file, to, typeOnly }) => {
    const area = areaOf(file);
    return !typeOnly && to.endsWith(".node.ts") && !file.endsWith(".node.ts") && area !== "cli" && area !== "vite";
  });
  expect(wrong.map((i) => `${i.file} imports ${i.to}`)).toEqual([]);
});

/** What an entry loads, at once or later: files of the sources, and names of packages. Types load nothing. */
function loadedBy(entry: string): { readonly files: readonly string[]; readonly packages: readonly string[] } {
  const files = new Set([entry]);
  const packages = new Set<string>();
  for (const file of files) {
    for (const { to, typeOnly } of imports.filter((i) => i.file === file)) {
      if (typeOnly) continue;
      if (to.startsWith(".")) files.add(posix.join(dirname(file), to));
      else packages.add(to);
    }
  }
  return { files: [...files], packages: [...packages] };
}

test("the runtime's entry loads no package and nothing of the compiler, so that a bundle has neither", () => {
  const { files, packages } = loadedBy("src/runtime/index.ts");
  expect(files.length).toBeGreaterThan(20);
  expect(packages).toEqual([]);
  expect(files.filter((file) => ["compiler", "grammar", "cli"].includes(areaOf(file) ?? ""))).toEqual([]);
});

test("the compiler's entry loads chevrotain alone, and nothing of the runtime", () => {
  const { files, packages } = loadedBy("src/compiler/index.ts");
  expect(files.length).toBeGreaterThan(50);
  expect(packages).toEqual(["chevrotain"]);
  expect(files.filter((file) => ["runtime", "cli"].includes(areaOf(file) ?? ""))).toEqual([]);
});
