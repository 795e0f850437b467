/** Programs that do not find packages, or find others than those that are installed. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Options of Node that make it look for the packages whose names match from another folder, so that its own errors are met. */
export function lookFrom(folder: string, names: RegExp): readonly string[] {
  const from = pathToFileURL(join(folder, "main.js")).href;
  const hooks = `export const resolve = (name, context, next) =>
    next(name, ${String(names)}.test(name) ? { ...context, parentURL: ${JSON.stringify(from)} } : context);`;
  const module = (text: string): string => `data:text/javascript,${encodeURIComponent(text)}`;
  return ["--import", module(`import { register } from "node:module"; register(${JSON.stringify(module(hooks))});`)];
}
