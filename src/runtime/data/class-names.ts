/** Names of classes, from the files that go around with models and data sets. */
import { fail } from "../../diagnostics/catalogue.ts";
import { reasonOf } from "../files/reason.ts";

/** The class of each index. */
export type ClassNames = readonly string[];

/**
 * Reads names from a text with one a line, the class 0 first, or from JSON: an array of names, an object from index to name,
 * or one from name to index. A name in JSON may be `[id, name]`, as in Keras' list for ImageNet; the id of a WordNet synset
 * before a name (`n02123045 tabby`) is left out. Throws `data/class-names` for what is none of these, for indexes that are
 * missing or given twice, and for empty names; `place` is for the message.
 */
export function parseClassNames(text: string, place: string): ClassNames {
  const refuse: Refuse = (reason) => fail("data/class-names", { reason }, { place });
  const plain = text.replace(/^\uFEFF/, "");
  const names = /^\s*[[{]/.test(plain) ? namesInJson(plain, refuse) : plain.trimEnd().split(/\r\n|\r|\n/);
  return names.map((name, index) => {
    const clean = cleanName(name);
    return clean === "" ? refuse(`the class ${index} has no name`) : clean;
  });
}

type Refuse = (reason: string) => never;

function namesInJson(text: string, refuse: Refuse): readonly string[] {
  const value = parseJson(text, refuse);
  const nameOf = (entry: unknown, key: string): string => {
    const name: unknown = Array.isArray(entry) ? entry.at(-1) : entry;
    return typeof name === "string" ? name : refuse(`the entry ${key} is no name`);
  };
  if (Array.isArray(value)) return value.map((entry, i) => nameOf(entry, String(i)));
  const entries = Object.entries(value as Readonly<Record<string, unknown>>);
  const isFromName = entries.length > 0 && entries.every(([, index]) => typeof index === "number");
  return inOrder(
    entries.map(([key, entry]) => (isFromName ? [Number(entry), key] : [indexOf(key), nameOf(entry, `\`${key}\``)])),
    refuse,
  );
}

function parseJson(text: string, refuse: Refuse): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return refuse(`it is no JSON: ${reasonOf(error)}`);
  }
}

function indexOf(key: string): number {
  return /^\d+$/.test(key) ? Number(key) : NaN;
}

function inOrder(entries: readonly (readonly [number, string])[], refuse: Refuse): readonly string[] {
  const names = new Map<number, string>();
  for (const [index, name] of entries) {
    if (!Number.isSafeInteger(index) || index < 0) refuse(`\`${name}\` has no index of a class`);
    if (names.has(index)) refuse(`the class ${index} has two names, \`${names.get(index)}\` and \`${name}\``);
    names.set(index, name);
  }
  return Array.from(
    { length: names.size },
    (_, index) => names.get(index) ?? refuse(`the class ${index} is missing, of ${names.size}`),
  );
}

/** Control characters would write over the terminal. */
function cleanName(name: string): string {
  return name
    .replace(/\p{Cc}+/gu, " ")
    .trim()
    .replace(/^n\d{8}\s+(?=\S)/, "");
}

/**
 * The classes that a text names: by the whole name or by one of those that stand in it with commas between, whatever the case,
 * `_` for a space. ImageNet has two cranes, so there may be several.
 */
export function classesNamed(names: ClassNames, text: string): readonly number[] {
  const wanted = fold(text);
  const indexes = (matches: (name: string) => boolean): number[] =>
    names.flatMap((name, i) => (matches(name) ? [i] : []));
  const whole = indexes((name) => fold(name) === wanted);
  return whole.length > 0 ? whole : indexes((name) => name.split(",").some((part) => fold(part) === wanted));
}

function fold(text: string): string {
  return text.normalize("NFC").replaceAll("_", " ").trim().toLowerCase();
}
