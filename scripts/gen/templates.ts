/** The types of the models in `templates/`, as the plugin for Vite writes them beside. */
import { join } from "node:path";
import { compileFile } from "../../src/vite/compile-file.ts";
import { declarationFile } from "../../src/vite/declarations.ts";

/** Path in the repository → text. */
export async function generateTemplateTypes(root: string): Promise<[path: string, text: string]> {
  const project = join(root, "templates/page");
  const path = join(project, "src/net.bcos");
  const { emitted } = await compileFile(project, path, {});
  if (emitted === undefined) throw new Error(`${path} has errors`);
  const { text } = declarationFile(path, "", emitted.declaration);
  return ["templates/page/src/net.d.bcos.ts", text];
}
