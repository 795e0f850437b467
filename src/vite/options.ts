/** How a `.bcos` file is compiled: options of the plugin, of single files, and of single imports (`./net.bcos?as=standard`). */
import { readParameter, type ParameterValue } from "../compiler/check/parameter-text.ts";
import { presets } from "../compiler/network/presets.ts";
import type { BcosSettings } from "../compiler/network/settings.ts";
import type { Form, TrainSettings } from "../compiler/graph/program.ts";
import { targetNames, type TargetName } from "../compiler/plan/plan.ts";
import { storageTypes, type StorageType } from "../compiler/plan/storage.ts";
import { fail } from "../diagnostics/catalogue.ts";
import { closest } from "../diagnostics/suggest.ts";

export interface BcosOptions {
  /** `bcos` (the default), or the conventional network, `standard`. */
  readonly as?: Form;
  /** The devices that the module can run on. Default: both. A module loads code for the one that it runs on alone. */
  readonly targets?: readonly TargetName[];
  /** Images that are computed at once. Default 1. The module takes any number of images all the same. */
  readonly batch?: number;
  /** What `webgpu` keeps activations and weights in. Default `f32`; `f16` takes half of the memory. */
  readonly storage?: StorageType;
  /** Names of the classes, or a file with them as seen from the `.bcos` file: a text with one a line, or JSON. */
  readonly classes?: readonly string[] | string;
  /** Whether the module can train, and how. */
  readonly train?: boolean | BcosTraining;
  /** Layers, bindings and blocks whose neurons can be explained. */
  readonly layers?: readonly string[];
  /** Values for parameters of the model. */
  readonly set?: Readonly<Record<string, ParameterValue>>;
  /** B-cos settings to start from, in place of the preset that the file names. */
  readonly preset?: BcosSettings["preset"];
  /** B-cos settings over those of the file: `b: 1.5, relu: keep`. */
  readonly settings?: string;
  /** Which model of the file, where it has several. */
  readonly model?: string;
}

export interface BcosTraining {
  /** Images a step. Default 32. */
  readonly batch?: number;
  /** Loss, optimiser and clipping. Default: those of `bcosc train`. */
  readonly settings?: TrainSettings;
}

export interface BcosPluginOptions extends BcosOptions {
  /** Options of single files, over those of all. Names are paths as seen from the root of the project. */
  readonly files?: Readonly<Record<string, BcosOptions>>;
  /**
   * Write the types of `net.bcos` to `net.d.bcos.ts` beside it, for TypeScript's `allowArbitraryExtensions`. Default true,
   * but for files in `node_modules`.
   */
  readonly declarations?: boolean;
}

type Reader = (text: string, option: string) => BcosOptions;

const presetNames = Object.keys(presets) as BcosSettings["preset"][];

/** Options as they stand in the query of an import. */
const readers: Readonly<Record<keyof BcosOptions, Reader>> = {
  as: (text, option) => ({ as: choice(text, option, ["bcos", "standard"]) }),
  targets: (text, option) => ({ targets: list(text).map((target) => choice(target, option, targetNames)) }),
  batch: (text, option) => ({ batch: count(text, option) }),
  storage: (text, option) => ({ storage: choice(text, option, storageTypes) }),
  classes: (text) => ({ classes: text }),
  train: (text, option) => ({ train: text === "" ? true : { batch: count(text, option) } }),
  layers: (text) => ({ layers: list(text) }),
  set: (text, option) => ({ set: parameter(text, option) }),
  preset: (text, option) => ({ preset: choice(text, option, presetNames) }),
  settings: (text) => ({ settings: text }),
  model: (text) => ({ model: text }),
};

/** Queries that mean something to Vite itself. */
const othersQueries = new Set(["import", "t", "v", "direct", "inline", "no-inline", "worker_file", "type"]);

/** The options of an import, over `base`. Throws `usage/unknown-option` and `usage/value`. */
export function readQuery(query: string, base: BcosOptions): BcosOptions {
  return [...new URLSearchParams(query)].reduce<BcosOptions>((options, [key, value]) => {
    if (othersQueries.has(key)) return options;
    const reader = Object.hasOwn(readers, key) ? readers[key as keyof BcosOptions] : unknownOption(`?${key}`);
    return mergeOptions(options, reader(value, `?${key}`));
  }, base);
}

/** Without what is not ours: two imports with the same text have the same options. */
export function ownQuery(query: string): string {
  const own = [...new URLSearchParams(query)].filter(([key]) => !othersQueries.has(key));
  return own.map(([key, value]) => (value === "" ? key : `${key}=${value}`)).join("&");
}

/** The options of a file; `path` is that from the root, with `/`. */
export function optionsOf(path: string, { files, declarations: _, ...all }: BcosPluginOptions): BcosOptions {
  const own = Object.entries(files ?? {}).find(([name]) => name.replace(/^(\.?\/)+/, "") === path)?.[1];
  return mergeOptions(all, own ?? {});
}

/** For configurations in plain JavaScript, where a typing fault is no type error. */
export function checkPluginOptions({ files, declarations: _, ...all }: BcosPluginOptions): void {
  for (const options of [all, ...Object.values(files ?? {})]) {
    for (const key of Object.keys(options)) if (!Object.hasOwn(readers, key)) unknownOption(key);
  }
}

/** Of parameters each is its own option. */
function mergeOptions(base: BcosOptions, over: BcosOptions): BcosOptions {
  const set = { ...base.set, ...over.set };
  return { ...base, ...over, ...(Object.keys(set).length === 0 ? {} : { set }) };
}

function unknownOption(option: string): never {
  const near = closest(option.replace("?", ""), Object.keys(readers));
  const hint = near === undefined ? `options are ${Object.keys(readers).join(", ")}` : `did you mean \`${near}\`?`;
  return fail("usage/unknown-option", { option }, { hints: [hint] });
}

function list(text: string): string[] {
  return text.split(",").filter((part) => part !== "");
}

function choice<T extends string>(found: string, option: string, choices: readonly T[]): T {
  const expected = `one of ${choices.map((c) => `\`${c}\``).join(", ")}`;
  return choices.find((c) => c === found) ?? fail("usage/value", { option, expected, found });
}

function count(found: string, option: string): number {
  const number = /^\d+$/.test(found) ? Number(found) : 0;
  return number >= 1 && number <= 65536
    ? number
    : fail("usage/value", { option, expected: "a whole number from 1 to 65536", found });
}

/** `classes=10`. */
function parameter(found: string, option: string): Readonly<Record<string, ParameterValue>> {
  const { name, value } = readParameter(found) ?? fail("usage/value", { option, expected: "NAME=VALUE", found });
  return { [name]: value };
}
