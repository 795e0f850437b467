/** What the command line writes to, and whether it may use colour there. */

export interface Output {
  write(text: string): void;
  /** A terminal that a person looks at: progress bars are drawn there only. */
  readonly isTerminal: boolean;
  readonly color: boolean;
  /** Columns; `undefined` where there is no terminal. */
  readonly width: number | undefined;
}

export interface Terminal {
  /** What was asked for. */
  readonly out: Output;
  /** What is said about it: errors, progress. */
  readonly err: Output;
  /** The same, with colour decided by `--color`. */
  withColor(when: ColorChoice): Terminal;
}

export const colorChoices = ["auto", "always", "never"] as const;
export type ColorChoice = (typeof colorChoices)[number];

type Environment = Readonly<Record<string, string | undefined>>;

export function createTerminal(
  stdout: NodeJS.WriteStream,
  stderr: NodeJS.WriteStream,
  environment: Environment,
  when: ColorChoice = "auto",
): Terminal {
  const output = (stream: NodeJS.WriteStream): Output => ({
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY === true && environment["TERM"] !== "dumb",
    color: useColor(when, environment, stream.isTTY === true),
    get width() {
      // Some terminals say 0 for a width that they don't know.
      return stream.isTTY === true && stream.columns > 0 ? stream.columns : undefined;
    },
  });
  return {
    out: output(stdout),
    err: output(stderr),
    withColor: (choice) => createTerminal(stdout, stderr, environment, choice),
  };
}

/**
 * `--color` first, then FORCE_COLOR and NO_COLOR in the order in which Node reads them, then whether it is a terminal
 * that knows colours.
 */
export function useColor(when: ColorChoice, environment: Environment, isTerminal: boolean): boolean {
  if (when !== "auto") return when === "always";
  const force = environment["FORCE_COLOR"];
  if (force !== undefined) return force !== "0" && force !== "false";
  if ((environment["NO_COLOR"] ?? "") !== "") return false;
  return isTerminal && environment["TERM"] !== "dumb";
}
