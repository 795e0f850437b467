/**
 * The plugin: compiles `.bcos` files where they are imported, in the development server, in builds, for pages, workers and
 * Node. What a module loads when it runs is served, or written beside the bundle, as files of their own; code for Node has it
 * in itself.
 */
import { resolve } from "node:path";
import type { Plugin, ResolvedConfig, Rollup } from "vite";
import { BcosError } from "../diagnostics/diagnostic.ts";
import { createLineMap } from "../diagnostics/lines.ts";
import { reasonOf } from "../runtime/files/reason.ts";
import { compileFile, nameOf, placeholderOf, type CompiledFile, type EmittedModule } from "./compile-file.ts";
import { declarationFile, writeDeclaration } from "./declarations.ts";
import { createDevAssets, type DevAssets } from "./dev-assets.ts";
import { viteLog, type ViteLog } from "./errors.ts";
import { checkPluginOptions, optionsOf, ownQuery, readQuery, type BcosPluginOptions } from "./options.ts";
import { mapToModel, type SourceMap } from "./source-map.ts";

/** A file, and what else may be asked of it that Vite itself answers. */
const imported = /\.bcos(\?(?!(?:.*&)?(?:raw|url)(?:[=&]|$)).*)?$/;

/** For `plugins` of `vite.config.ts`. Throws `usage/unknown-option`. */
export function bcos(options: BcosPluginOptions = {}): Plugin {
  checkPluginOptions(options);
  let config: ResolvedConfig;
  const devAssets = createDevAssets();
  /** By module id: the files it was compiled from, and whether that failed. */
  const known = new Map<string, { readonly watched: ReadonlySet<string>; readonly failed: boolean }>();

  return {
    name: "bcosc",
    config: () => ({
      // Bundled ahead of time, the runtime would not find the file of its worker.
      optimizeDeps: { exclude: ["bcosc"] },
      // Workers load the device that they need, which only modules can.
      worker: { format: "es", plugins: () => [bcos(options)] },
    }),
    configResolved: (resolved) => {
      config = resolved;
    },
    configureServer: ({ middlewares }) => {
      middlewares.use((request, response, next) => devAssets.serve(request, response, next));
    },
    load: {
      filter: { id: imported },
      async handler(id) {
        const { path, compiled, query } = await compileImport(config.root, id, options);
        known.set(id, { watched: new Set(compiled.watched), failed: compiled.emitted === undefined });
        for (const file of compiled.watched) if (file !== path) this.addWatchFile(file);
        const { diagnostics, emitted } = compiled;
        const log = diagnostics.length === 0 ? undefined : logOf(config.root, path, compiled);
        if (emitted === undefined) return this.error(errorOf(log!));
        if (log !== undefined) this.warn(log);
        if ((options.declarations ?? true) && !path.includes("/node_modules/")) {
          await writeDeclaration(declarationFile(path, query, emitted.declaration)).catch((error: unknown) =>
            this.warn(`the types of ${nameOf(config.root, path)} could not be written: ${reasonOf(error)}`),
          );
        }
        const address = addressing(this, config, devAssets);
        const code = [...emitted.assets].reduce(
          (text, [name, content]) => text.replaceAll(placeholderOf(name), () => address(name, content)),
          emitted.code,
        );
        return { code, map: sourceMap(code, path, compiled, emitted), moduleType: "js" };
      },
    },
    hotUpdate({ file, modules }) {
      const affected = [...known].filter(([, { watched }]) => watched.has(resolve(file)));
      if (affected.some(([, { failed }]) => failed)) {
        // What has failed is in no page, so there is nothing that could be replaced.
        this.environment.hot.send({ type: "full-reload" });
        return [];
      }
      const found = affected.flatMap(([id]) => this.environment.moduleGraph.getModuleById(id) ?? []);
      return [...new Set([...modules, ...found])];
    },
  };
}

interface CompiledImport {
  readonly path: string;
  /** The options that stand in the import. */
  readonly query: string;
  readonly compiled: CompiledFile;
}

async function compileImport(root: string, id: string, options: BcosPluginOptions): Promise<CompiledImport> {
  const [path, given = ""] = id.split("?", 2) as [string, string?];
  const query = ownQuery(given);
  try {
    const compiled = await compileFile(root, path, readQuery(query, optionsOf(nameOf(root, path), options)));
    return { path, query, compiled };
  } catch (error) {
    if (!(error instanceof BcosError)) throw error;
    return { path, query, compiled: { watched: [path], diagnostics: error.diagnostics, sources: new Map() } };
  }
}

function logOf(root: string, path: string, { diagnostics, sources }: CompiledFile): ViteLog {
  return viteLog(
    diagnostics,
    path,
    (file) => sources.get(file),
    (file) => resolve(root, file),
  );
}

/** What is shown is about the file: where the plugin noticed it is of no use to anybody. */
function errorOf(log: ViteLog): Error {
  return Object.assign(new Error(log.message), { stack: "", ...log });
}

type Addressing = (name: string, content: string | Uint8Array<ArrayBuffer>) => string;

/** Expressions for the addresses of assets, where the module will run. */
function addressing(context: Rollup.PluginContext, config: ResolvedConfig, devAssets: DevAssets): Addressing {
  // Node has no server to ask, nor have tests.
  const alone = context.environment.config.consumer === "server" || process.env["VITEST"] !== undefined;
  if (alone) return (name, content) => JSON.stringify(dataUrl(name, content));
  if (config.command === "serve") {
    // Vite would look for a file of this address.
    return (name, content) =>
      `new URL(/* @vite-ignore */ ${JSON.stringify(config.base + devAssets.add(name, content))}, import.meta.url)`;
  }
  return (name, source) => `import.meta.ROLLUP_FILE_URL_${context.emitFile({ type: "asset", name, source })}`;
}

function dataUrl(name: string, content: string | Uint8Array<ArrayBuffer>): string {
  const type = name.endsWith(".wasm") ? "application/wasm" : "application/json";
  return `data:${type};base64,${Buffer.from(content as Uint8Array).toString("base64")}`;
}

function sourceMap(code: string, path: string, { sources }: CompiledFile, { span }: EmittedModule): SourceMap {
  const text = sources.get(span.file)!;
  const { line, column } = createLineMap(text).positionAt(span.start);
  return mapToModel(code, path, text, { line: line - 1, column: column - 1 });
}
