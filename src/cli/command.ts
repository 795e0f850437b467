/** The shape of a command. Each is one file in `commands/`, loaded only when it is called. */
import type { Arguments } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

export interface Command {
  /** What stands behind the name in the usage line: `<file>`, `[...files]`. */
  readonly positionals: string;
  readonly options: readonly OptionSpec[];
  /** Whole command lines. */
  readonly examples: readonly string[];
  /** Resolves to the exit code. Throws a `BcosError` for what the user did wrong. */
  run(args: Arguments, terminal: Terminal): Promise<number>;
}

export interface OptionSpec {
  /** `--epochs <n>`, `--profile [file]` where the value may be left out, or `--json` for a flag. */
  readonly flags: string;
  readonly summary: string;
  /** One letter that stands for it: `-o`. */
  readonly short?: string;
  /** May be given several times. */
  readonly repeatable?: boolean;
  /** Where the value may be left out: which words behind the option are its value. */
  readonly takes?: RegExp;
}

/** `--epochs` of `--epochs <n>`. */
export function optionName(spec: OptionSpec): string {
  return spec.flags.split(" ")[0]!;
}

/** Whether the option is a flag, without a value. */
export function isFlag(spec: OptionSpec): boolean {
  return !/[<[]/.test(spec.flags);
}
