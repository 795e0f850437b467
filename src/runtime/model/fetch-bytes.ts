/** The bytes behind an address: in browsers and in Node, where addresses of files are read from the disk. */
import { fail } from "../../diagnostics/catalogue.ts";
import { nodeModule } from "../devices/wasm/features.ts";
import { reasonOf } from "../files/reason.ts";

/** Throws `data/unreadable`. */
export async function fetchBytes(address: URL | string): Promise<Uint8Array<ArrayBuffer>> {
  const text = String(address);
  const refuse = (reason: string): never => fail("data/unreadable", { file: text.slice(0, 200), reason });
  try {
    if (text.startsWith("data:")) return decodeDataUrl(text) ?? refuse("it is no data URL in base64");
    const fs = text.startsWith("file:") ? nodeModule("node:fs") : undefined;
    if (fs !== undefined) return Uint8Array.from(await fs.promises.readFile(new URL(text)));
    return await responseBytes(await fetch(address), text);
  } catch (error) {
    if (error instanceof Error && error.name === "BcosError") throw error;
    return refuse(reasonOf(error));
  }
}

/** Throws `data/unreadable` for an answer that is no success. */
export async function responseBytes(response: Response, name = response.url): Promise<Uint8Array<ArrayBuffer>> {
  if (!response.ok) {
    fail("data/unreadable", { file: name.slice(0, 200), reason: `the server answers ${response.status}` });
  }
  return new Uint8Array(await response.arrayBuffer());
}

/** Not by `fetch`, which a content security policy may forbid for such addresses. Bundlers make them of small files. */
function decodeDataUrl(url: string): Uint8Array<ArrayBuffer> | undefined {
  const [, base64, content] = /^data:[^,]*?(;base64)?,(.*)$/s.exec(url) ?? [];
  if (content === undefined) return undefined;
  return base64 === undefined ? new TextEncoder().encode(decodeURIComponent(content)) : decodeBase64(content);
}

export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}
