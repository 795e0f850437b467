/**
 * A strict reader for the part of JSON that safetensors headers are made of: objects, arrays, strings and whole
 * numbers. Unlike `JSON.parse` it refuses duplicate keys, gives objects as maps (so that no key can reach a
 * prototype), and has a bound on depth.
 */

import { quoted } from "./quoted.ts";

export type StrictJson = string | number | readonly StrictJson[] | ReadonlyMap<string, StrictJson>;

/** Why and where the text is not what is wanted. `offset` counts UTF-16 units. */
export class StrictJsonError extends Error {
  readonly offset: number;
  constructor(reason: string, offset: number) {
    super(reason);
    this.offset = offset;
  }
}

const MAX_DEPTH = 8;

/** The value of `text`, which may end in spaces but in nothing else. Throws `StrictJsonError`. */
export function parseStrictJson(text: string): StrictJson {
  let at = 0;

  function refuse(reason: string, offset = at): never {
    throw new StrictJsonError(reason, offset);
  }

  function skipSpace(): void {
    for (;;) {
      const c = text.charCodeAt(at);
      if (c === 0x20 || c === 0x0a || c === 0x0d || c === 0x09) at++;
      else return;
    }
  }

  function expect(character: string): void {
    if (text[at] !== character) refuse(`expected \`${character}\`, found ${found()}`);
    at++;
  }

  function found(): string {
    return at >= text.length ? "the end" : JSON.stringify(String.fromCodePoint(text.codePointAt(at)!));
  }

  function value(depth: number): StrictJson {
    if (depth > MAX_DEPTH) refuse(`nested deeper than ${MAX_DEPTH} levels`);
    skipSpace();
    const c = text[at];
    if (c === "{") return object(depth);
    if (c === "[") return array(depth);
    if (c === '"') return string();
    if (c !== undefined && c >= "0" && c <= "9") return wholeNumber();
    return refuse(`expected an object, a list, a string or a whole number, found ${found()}`);
  }

  function object(depth: number): ReadonlyMap<string, StrictJson> {
    const entries = new Map<string, StrictJson>();
    expect("{");
    skipSpace();
    if (text[at] === "}") {
      at++;
      return entries;
    }
    for (;;) {
      skipSpace();
      const start = at;
      const key = string();
      if (entries.has(key)) refuse(`the key ${quoted(key)} is there twice`, start);
      if (key === "__proto__") refuse(`the key "__proto__" is not allowed`, start);
      skipSpace();
      expect(":");
      entries.set(key, value(depth + 1));
      skipSpace();
      if (text[at] === ",") {
        at++;
        continue;
      }
      expect("}");
      return entries;
    }
  }

  function array(depth: number): readonly StrictJson[] {
    const items: StrictJson[] = [];
    expect("[");
    skipSpace();
    if (text[at] === "]") {
      at++;
      return items;
    }
    for (;;) {
      items.push(value(depth + 1));
      skipSpace();
      if (text[at] === ",") {
        at++;
        continue;
      }
      expect("]");
      return items;
    }
  }

  function string(): string {
    const start = at;
    expect('"');
    let plain = at;
    let result = "";
    for (;;) {
      const c = text.charCodeAt(at);
      if (Number.isNaN(c)) refuse("a string that does not end", start);
      if (c < 0x20) refuse("a control character in a string");
      if (c === 0x22) {
        result += text.slice(plain, at);
        at++;
        return result;
      }
      if (c === 0x5c) {
        result += text.slice(plain, at) + escape();
        plain = at;
      } else at++;
    }
  }

  function escape(): string {
    const start = at;
    const kind = text[at + 1];
    at += 2;
    if (kind === "u") {
      const digits = text.slice(at, at + 4);
      if (!/^[0-9a-fA-F]{4}$/.test(digits)) refuse("a \\u without four hexadecimal digits", start);
      at += 4;
      return String.fromCharCode(Number.parseInt(digits, 16));
    }
    const plain = kind === undefined ? undefined : ESCAPES.get(kind);
    return plain ?? refuse("an unknown escape in a string", start);
  }

  function wholeNumber(): number {
    const start = at;
    while (at < text.length && text[at]! >= "0" && text[at]! <= "9") at++;
    const digits = text.slice(start, at);
    if (digits.length > 1 && digits[0] === "0") refuse("a number with a leading zero", start);
    if (at < text.length && ".eE".includes(text[at]!)) refuse("a number that is not written as a whole number", start);
    const number = Number(digits);
    if (!Number.isSafeInteger(number)) refuse(`the number ${digits.slice(0, 30)} is too large`, start);
    return number;
  }

  const result = value(0);
  skipSpace();
  if (at < text.length) refuse(`expected the end, found ${found()}`);
  return result;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ["\\", "\\"],
  ["/", "/"],
  ["b", "\b"],
  ["f", "\f"],
  ["n", "\n"],
  ["r", "\r"],
  ["t", "\t"],
]);
