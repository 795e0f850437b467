/** From words to options: strict about what is unknown, missing or given twice, and exact about what was typed. */
import { cac, type CAC } from "cac";
import { fail } from "../diagnostics/catalogue.ts";
import { closest } from "../diagnostics/suggest.ts";
import { type Command, isFlag, optionName, type OptionSpec } from "./command.ts";
import { colorChoices } from "./terminal.ts";

/** The options and positional arguments of one call. Options are named as they are typed: `--epochs`. */
export interface Arguments {
  readonly positionals: readonly string[];
  flag(option: string): boolean;
  /** The options that were given. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  text(option: string): string | undefined;
  /** The value of an option that has to be there; throws `usage/missing-argument` where it is not. */
  required(option: string, hints?: readonly string[]): string;
  /** All values of a repeatable option. */
  texts(option: string): readonly string[];
  choice<T extends string>(option: string, choices: readonly T[]): T | undefined;
  integer(option: string, range: { readonly min: number; readonly max?: number }): number | undefined;
  /** A finite number that is at least `min`, greater than `above` and less than `below`. */
  number(
    option: string,
    range: { readonly min?: number; readonly above?: number; readonly below?: number },
  ): number | undefined;
}

export const commonOptions: readonly OptionSpec[] = [
  { flags: "--color <when>", summary: `Use colour: ${colorChoices.join(", ")}` },
];

/** The name, the summary and, for the one that is called, everything else. */
export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  readonly command?: Command;
}

/** A cac instance that knows the commands; the one that is called with its options and examples. */
export function createCac(entries: readonly CommandEntry[]): CAC {
  const cli = cac("bcosc");
  for (const { name, summary, command } of entries) {
    const registered = cli.command(command === undefined ? name : `${name} ${command.positionals}`, summary);
    for (const { short, flags, summary } of command?.options ?? []) {
      registered.option(short === undefined ? flags : `${short}, ${flags}`, summary);
    }
    for (const example of command?.examples ?? []) registered.example(`  $ ${example}`);
  }
  for (const option of commonOptions) cli.option(option.flags, option.summary);
  return cli;
}

/** Reads the words behind a command's name. Throws with a code of the area `usage`. */
export function parseArguments(
  entry: CommandEntry & { readonly command: Command },
  typed: readonly string[],
): Arguments {
  const options = [...entry.command.options, ...commonOptions];
  const words = longNames(typed, options);
  checkWords(words, options, entry.name);
  const cli = createCac([entry]);
  const parsed = cli.parse(["node", "bcosc", entry.name, ...joinValues(words, options).map(keepText)], { run: false });
  const values = new Map<string, readonly string[]>();
  for (const spec of options) {
    const value: unknown = parsed.options[camelCase(optionName(spec).slice(2))];
    if (value === undefined) continue;
    const list = (Array.isArray(value) ? value : [value]).map((v) => originalText(String(v)));
    if (list.length > 1 && spec.repeatable !== true && !isFlag(spec)) {
      fail("usage/repeated-option", { option: optionName(spec) });
    }
    values.set(optionName(spec), list);
  }
  const behindDashes = parsed.options["--"] as readonly unknown[];
  const positionals = [...parsed.args, ...behindDashes].map((word) => originalText(String(word)));
  checkPositionals(entry.command, positionals);
  return readers(positionals, values);
}

/** The words with `--out` for `-o`. */
function longNames(words: readonly string[], options: readonly OptionSpec[]): readonly string[] {
  const dashes = words.indexOf("--");
  return words.map((word, i) => {
    const spec = dashes >= 0 && i > dashes ? undefined : options.find((o) => o.short === word);
    return spec === undefined ? word : optionName(spec);
  });
}

/** Faults that can be told from the words alone, named as they were typed. */
function checkWords(words: readonly string[], options: readonly OptionSpec[], command: string): void {
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") return;
    if (!word.startsWith("-") || word === "-" || isNumber(word)) continue;
    const [name] = word.split("=", 1) as [string];
    const spec = options.find((o) => optionName(o) === name);
    if (spec === undefined) {
      const near = closest(name, options.map(optionName));
      const hint = near === undefined ? `\`bcosc ${command} --help\` lists the options` : `did you mean \`${near}\`?`;
      fail("usage/unknown-option", { option: name }, { hints: [hint] });
    }
    if (isFlag(spec)) {
      if (word.includes("=")) fail("usage/value", { option: name, expected: "no value", found: afterEquals(word) });
      continue;
    }
    if (word.includes("=") && afterEquals(word) !== "") continue;
    const next = words[i + 1];
    if (spec.takes !== undefined && !word.includes("=")) {
      if (next !== undefined && spec.takes.test(next)) i++;
      continue;
    }
    if (word.includes("=") || next === undefined || (next.startsWith("-") && !isNumber(next))) {
      fail("usage/missing-value", { option: name, usage: spec.flags });
    }
    i++;
  }
}

function afterEquals(word: string): string {
  return word.slice(word.indexOf("=") + 1);
}

function checkPositionals(command: Command, positionals: readonly string[]): void {
  const wanted = command.positionals.split(" ").filter((w) => w !== "");
  const required = wanted.filter((w) => w.startsWith("<"));
  if (positionals.length < required.length) {
    fail("usage/missing-argument", {
      argument: required[positionals.length]!.replace(/^<(\.\.\.)?|>$/g, "").toUpperCase(),
    });
  }
  const variadic = wanted.some((w) => w.includes("..."));
  if (!variadic && positionals.length > wanted.length) {
    fail("usage/excess-argument", { argument: positionals[wanted.length]! });
  }
}

/*
 * cac turns words that look like numbers into numbers, so that `--out 007` would write to `7`, and takes `-1` for an
 * option. A mark in front of such words keeps them what they are.
 */
const mark = "\u0000";

/** Options whose value may be left out, with what is their value behind a `=`: only the mark where there is none. */
function joinValues(words: readonly string[], options: readonly OptionSpec[]): readonly string[] {
  const joined: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") return [...joined, ...words.slice(i)];
    const takes = options.find((o) => optionName(o) === word)?.takes;
    if (takes === undefined) joined.push(word);
    else if (words[i + 1] !== undefined && takes.test(words[i + 1]!)) joined.push(`${word}=${mark}${words[++i]!}`);
    else joined.push(`${word}=${mark}`);
  }
  return joined;
}

function keepText(word: string): string {
  if (!word.startsWith("-")) return isNumber(word) ? mark + word : word;
  if (isNumber(word)) return mark + word;
  const value = afterEquals(word);
  return word.includes("=") && isNumber(value) ? `${word.slice(0, word.length - value.length)}${mark}${value}` : word;
}

function originalText(word: string): string {
  return word.startsWith(mark) ? word.slice(1) : word;
}

function isNumber(word: string): boolean {
  return Number.isFinite(Number(word));
}

function camelCase(name: string): string {
  return name.replace(/([a-z])-([a-z])/g, (_, a: string, b: string) => a + b.toUpperCase());
}

/** Readers over values by option; what they refuse is `usage/value`. */
export function readers(positionals: readonly string[], values: ReadonlyMap<string, readonly string[]>): Arguments {
  const text = (option: string): string | undefined => values.get(option)?.[0];
  const value = (option: string, expected: string): never =>
    fail("usage/value", { option, expected, found: text(option) ?? "" });
  return {
    positionals,
    given: values,
    flag: (option) => text(option) === "true",
    text,
    required: (option, hints) =>
      text(option) ??
      fail("usage/missing-argument", { argument: `\`${option}\`` }, hints === undefined ? {} : { hints }),
    texts: (option) => values.get(option) ?? [],
    choice: (option, choices) => {
      const given = text(option);
      if (given === undefined) return undefined;
      const found = choices.find((c) => c === given);
      if (found !== undefined) return found;
      const near = closest(given, choices);
      const list = choices.map((c) => `\`${c}\``).join(", ");
      const hints = near === undefined ? [] : [`did you mean \`${near}\`?`];
      return fail("usage/value", { option, expected: `one of ${list}`, found: given }, { hints });
    },
    integer: (option, { min, max }) => {
      const given = text(option);
      if (given === undefined) return undefined;
      const number = /^[-+]?\d+$/.test(given) ? Number(given) : NaN;
      if (Number.isSafeInteger(number) && number >= min && (max === undefined || number <= max)) return number;
      return value(option, `a whole number from ${min}${max === undefined ? "" : ` to ${max}`}`);
    },
    number: (option, { min, above, below }) => {
      const given = text(option);
      if (given === undefined) return undefined;
      const number = given.trim() === "" ? NaN : Number(given);
      const inside = number >= (min ?? -Infinity) && number > (above ?? -Infinity) && number < (below ?? Infinity);
      if (inside) return number;
      const bounds = [
        ...(min === undefined ? [] : [`of at least ${min}`]),
        ...(above === undefined ? [] : [`greater than ${above}`]),
        ...(below === undefined ? [] : [`less than ${below}`]),
      ];
      return value(option, `a number ${bounds.join(" and ")}`);
    },
  };
}
