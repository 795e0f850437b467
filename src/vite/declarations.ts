/**
 * The types of imported `.bcos` files, in files beside them. TypeScript reads `net.d.bcos.ts` for `import … from
 * "./net.bcos"` where `allowArbitraryExtensions` is on; an import with options, `./net.bcos?as=standard`, is declared by its
 * text in `net.as-standard.d.ts`.
 */
import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { writeFileAtomic } from "../runtime/files/atomic-write.node.ts";

/** The path and the content of the types of `path`, imported with `query`. */
export function declarationFile(
  path: string,
  query: string,
  declaration: string,
): { readonly path: string; readonly text: string } {
  const name = basename(path).replace(/\.bcos$/, "");
  const folder = dirname(path);
  const types = withoutPlanHash(declaration);
  if (query === "") return { path: join(folder, `${name}.d.bcos.ts`), text: types };
  const suffix = query.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "");
  const statements = types.replace(/^export declare /gm, "export ").trimEnd();
  const body = statements.split("\n").map((line) => (line === "" ? "" : `  ${line}`));
  const text = `declare module "*/${name}.bcos?${query}" {\n${body.join("\n")}\n}\n`;
  return { path: join(folder, `${name}.${suffix}.d.ts`), text };
}

/** With another version of bcosc the same model has other plans: what is kept beside the source does not change with them. */
function withoutPlanHash(declaration: string): string {
  return declaration.replace(/^(export declare const planHash)\s*[:=]\s*"[^"]*";/m, "$1: string;");
}

/** Writes what is not there already. */
export async function writeDeclaration({
  path,
  text,
}: {
  readonly path: string;
  readonly text: string;
}): Promise<void> {
  if (readIfThere(path) !== text) await writeFileAtomic(path, text);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}
