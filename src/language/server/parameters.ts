/** Whether what a client sends has the parts that handlers take from it. */
import { isRecord } from "./guard.ts";

export function isPosition(value: unknown): boolean {
  return isRecord(value) && isIndex(value["line"]) && isIndex(value["character"]);
}

export function isRange(value: unknown): boolean {
  return isRecord(value) && isPosition(value["start"]) && isPosition(value["end"]);
}

function isIndex(value: unknown): boolean {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

/** What is wrong with the parameters of a request that is about a document; `undefined` if nothing is. */
export function problemOf(params: unknown): string | undefined {
  if (!isRecord(params)) return "there are no parameters";
  const { textDocument, position, range, positions } = params;
  if (!isRecord(textDocument) || typeof textDocument["uri"] !== "string") return "`textDocument.uri` is not a string";
  if (position !== undefined && !isPosition(position)) return "`position` is no position";
  if (range !== undefined && !isRange(range)) return "`range` is no range";
  if (positions !== undefined && !(Array.isArray(positions) && positions.every(isPosition))) {
    return "`positions` is no list of positions";
  }
  return undefined;
}

/** For requests that can't do without a part, beside the document. */
export function required(name: string): (params: unknown) => string | undefined {
  return (params) =>
    problemOf(params) ??
    ((params as Record<string, unknown>)[name] === undefined ? `there is no \`${name}\`` : undefined);
}

export const atPosition = required("position");

/** For requests of which one part is a string and all else may be missing. */
export function withString(name: string): (params: unknown) => string | undefined {
  return (params) => (isRecord(params) && typeof params[name] === "string" ? undefined : `\`${name}\` is not a string`);
}
