/** Packages of the bench's own folder. They are not there for the type checker, so each peer writes down what it uses. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../root.ts";

export async function importPeer<Module>(name: string): Promise<Module> {
  const loader = (await import(pathToFileURL(join(root, "bench/import-peer.mjs")).href)) as {
    importPeer(name: string): Promise<Module>;
  };
  return loader.importPeer(name);
}
