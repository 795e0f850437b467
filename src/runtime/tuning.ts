/** Tunings: which variant of each kernel was the fastest, by adapter. Made by `tuneProgram`, kept as JSON, taken by sessions. */
import { fail } from "../diagnostics/catalogue.ts";

export interface Tuning {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  /** By the name of the adapter, then by `tuningKey` of the kernel: the name of the variant. */
  readonly adapters: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

const FORMAT = "bcosc tuning";
const VERSION = 1;

export function createTuning(adapter: string, variants: Readonly<Record<string, string>>): Tuning {
  return { format: FORMAT, version: VERSION, adapters: { [adapter]: variants } };
}

/** Both; where both have a kernel on an adapter, the second one's choice. */
export function mergeTunings(first: Tuning, second: Tuning): Tuning {
  const names = new Set([...Object.keys(first.adapters), ...Object.keys(second.adapters)]);
  const adapters = [...names].map((name) => [name, { ...first.adapters[name], ...second.adapters[name] }] as const);
  return { format: FORMAT, version: VERSION, adapters: Object.fromEntries(adapters) };
}

/** The tuning in a text that was read from `file`. Throws `run/tuning`. */
export function parseTuning(text: string, file: string): Tuning {
  const refuse = (reason: string): never => fail("run/tuning", { file, reason });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse("it is no JSON");
  }
  if (!isRecord(value) || value["format"] !== FORMAT) return refuse(`its \`format\` is not "${FORMAT}"`);
  if (value["version"] !== VERSION) return refuse(`this program reads version ${VERSION} of it`);
  const { adapters } = value;
  const sound = isRecord(adapters) && Object.values(adapters).every((a) => isRecord(a) && areNames(Object.values(a)));
  return sound
    ? (value as unknown as Tuning)
    : refuse("`adapters` is not what it must be: names of variants by kernel, by adapter");
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const areNames = (values: readonly unknown[]): boolean => values.every((value) => typeof value === "string");
