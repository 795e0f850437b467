/** The server's host in a browser: texts that the client gives, in memory. */
import { isRecord } from "./guard.ts";
import type { ServerHost } from "./host.ts";
import { runJob } from "./jobs.ts";
import { pathOfUri } from "./locations.ts";

export interface BrowserHost extends ServerHost {
  /** Takes `{ files: { URI: text } }`, where `null` deletes a file, and gives the paths. */
  take(given: unknown): readonly string[];
}

export function createBrowserHost(): BrowserHost {
  const texts = new Map<string, string>();
  const host: BrowserHost = {
    read: (path) => texts.get(path),
    list: () => [...texts.keys()].filter((path) => path.endsWith(".bcos")),
    // What is there was given: there is nothing to look for.
    setFolders: () => undefined,
    pageOf: () => undefined,
    // Workers of workers are not everywhere.
    jobs: {
      run: (job) => ({ result: new Promise((resolve) => resolve(runJob(job) as never)), cancel: () => undefined }),
    },
    configure: (options) => void host.take(options),
    version: undefined,
    take(given) {
      const files = isRecord(given) && isRecord(given["files"]) ? given["files"] : {};
      for (const [uri, text] of Object.entries(files)) {
        if (typeof text === "string") texts.set(pathOfUri(uri), text);
        else texts.delete(pathOfUri(uri));
      }
      return Object.keys(files).map(pathOfUri);
    },
  };
  return host;
}
