/** What modules load while Vite serves a project: kept in memory, by the hash of the content. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { sha256 } from "../hash.ts";

export interface DevAssets {
  /** Keeps an asset and gives its path below the base of the server. */
  add(name: string, content: string | Uint8Array<ArrayBuffer>): string;
  /** Answers requests for assets and leaves the others to `next`. */
  serve(request: IncomingMessage, response: ServerResponse, next: () => void): void;
}

const prefix = "@bcosc";

export function createDevAssets(): DevAssets {
  const kept = new Map<string, { readonly name: string; readonly bytes: Uint8Array }>();
  return {
    add: (name, content) => {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      const path = `${prefix}/${sha256(bytes).slice(0, 16)}/${name}`;
      kept.set(path, { name, bytes });
      return path;
    },
    serve: (request, response, next) => {
      const at = request.url?.indexOf(`/${prefix}/`) ?? -1;
      const asset = at < 0 ? undefined : kept.get(decodeURI(request.url!.slice(at + 1).replace(/\?.*$/, "")));
      if (asset === undefined) return next();
      response.writeHead(200, {
        "Content-Type": asset.name.endsWith(".wasm") ? "application/wasm" : "application/json",
        // The address names the content.
        "Cache-Control": "max-age=31536000, immutable",
        "Cross-Origin-Resource-Policy": "same-origin",
      });
      response.end(asset.bytes);
    },
  };
}
