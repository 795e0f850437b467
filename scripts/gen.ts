/**
 * Writes everything in the repository that is made from the sources: the grammar's EBNF, TextMate grammar and syntax
 * diagrams, the references of layers and of the command line, a page for each diagnostic code, the backends in the page on
 * TensorFlow.js, the README's pictures of the editor and of an error, types of the models in templates. `npm run gen` must
 * leave a clean tree.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import * as prettier from "prettier";
import { generateCliDocs } from "./gen/cli.ts";
import { generateErrorPages } from "./gen/errors.ts";
import { generateGrammarFiles } from "./gen/grammar.ts";
import { generateLayerDocs } from "./gen/layers.ts";
import { generatePictures } from "./gen/pictures.ts";
import { generateTemplateTypes } from "./gen/templates.ts";
import { generateTfjsPage } from "./gen/tfjs.ts";

const root = join(import.meta.dirname, "../..");

/** Folders that hold generated files only: what is not generated any more is removed. */
const generatedFolders = ["grammar/generated", "docs/errors", "docs/syntax"];

async function formatted(path: string, text: string): Promise<string> {
  const info = await prettier.getFileInfo(path, { ignorePath: join(root, ".prettierignore") });
  if (info.inferredParser === null || info.ignored) return text;
  return prettier.format(text, { ...(await prettier.resolveConfig(path)), filepath: path });
}

const files = new Map<string, string>([
  ...(await generateGrammarFiles()),
  ...generateErrorPages(),
  ["docs/layers.md", generateLayerDocs()],
  ["docs/cli.md", await generateCliDocs()],
  ["docs/tfjs.md", generateTfjsPage(readFileSync(join(root, "docs/tfjs.md"), "utf8"))],
  ...generatePictures((path) => readFileSync(join(root, path), "utf8")),
  await generateTemplateTypes(root),
]);

let changed = 0;
for (const [path, text] of files) {
  const target = join(root, path);
  const content = await formatted(target, text);
  if (existsSync(target) && readFileSync(target, "utf8") === content) continue;
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, content);
  changed++;
}
for (const folder of generatedFolders) {
  if (!existsSync(join(root, folder))) continue;
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && !files.has(relative(root, path))) {
      rmSync(path);
      changed++;
    }
  }
}
console.log(`${files.size} generated files, ${changed} changed`);
