/** How an emitted module refers to the files that it loads, as text of its source. */
import type { TargetName } from "../plan/plan.ts";

export interface EmittedAsset {
  readonly file: string;
  readonly content: string | Uint8Array<ArrayBuffer>;
  /** Hexadecimal. */
  readonly sha256: string;
}

/** By target, then by what it is to the runtime: `plan`, `kernels`. */
export type EmittedProgram = Readonly<Partial<Record<TargetName, Readonly<Record<string, EmittedAsset>>>>>;

type Assets = "files" | "inline" | ((file: string) => string);

/** The `programs` of a `ModelDescription` as an expression. Keys of `emitted` are `main`, `train` and `at/LAYER`. */
export function programDescription(emitted: Readonly<Record<string, EmittedProgram>>, assets: Assets): string {
  const programText = (program: EmittedProgram): string =>
    object(Object.entries(program).map(([target, parts]) => [target, partsText(parts)]));
  const partsText = (parts: Readonly<Record<string, EmittedAsset>>): string =>
    object(Object.entries(parts).map(([key, asset]) => [key, assetText(asset, assets)]));
  const entries = Object.entries(emitted).map(([key, program]) => [key, programText(program)] as const);
  const named = entries.filter(([key]) => !key.startsWith(AT));
  const layers = entries.flatMap(([key, text]) => (key.startsWith(AT) ? [[key.slice(AT.length), text] as const] : []));
  return object(layers.length === 0 ? named : [...named, ["at", object(layers)]]);
}

const AT = "at/";

function assetText({ file, content, sha256 }: EmittedAsset, assets: Assets): string {
  const hash = ["sha256", JSON.stringify(sha256)] as const;
  if (assets === "files") {
    return object([["url", `new URL(${JSON.stringify(`./${address(file)}`)}, import.meta.url)`], hash]);
  }
  if (assets !== "inline") return object([["url", assets(file)], hash]);
  return typeof content === "string"
    ? object([["text", JSON.stringify(content)], hash])
    : object([["base64", JSON.stringify(encodeBase64(content))], hash]);
}

/** With what has a meaning in addresses written out. */
function address(file: string): string {
  return file.replace(/[%?#]/g, encodeURIComponent);
}

/** The properties of an object literal, in lines of their own. */
function object(entries: Iterable<readonly [string, string]>): string {
  const lines = [...entries].map(([key, value]) => `${JSON.stringify(key)}: ${value},\n`);
  return `{\n${lines.join("")}}`;
}

function encodeBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let i = 0; i < bytes.length; i += 8192) binary += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(binary);
}
