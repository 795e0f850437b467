/** What the process ends with. */
import { hasErrors, type Diagnostic } from "../diagnostics/diagnostic.ts";

export const exitCodes = {
  ok: 0,
  findings: 1,
  usage: 2,
  internal: 101,
  /** 128 + SIGINT, as shells count. */
  interrupted: 130,
} as const;

/** For the reference of the command line. */
export const exitCodeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: "All is done; there may be warnings",
  findings: "The sources, or the result, have faults",
  usage: "The command line is wrong, or a file can't be read, written or used",
  internal: "A fault in bcosc itself",
  interrupted: "Stopped with Ctrl-C",
};

const usageAreas = new Set(["usage", "data", "weights"]);

/** The exit code that diagnostics call for. */
export function exitCodeOf(diagnostics: readonly Diagnostic[]): number {
  if (!hasErrors(diagnostics)) return exitCodes.ok;
  const areas = diagnostics.filter((d) => d.severity === "error").map((d) => d.code.split("/")[0]!);
  return areas.every((area) => usageAreas.has(area)) ? exitCodes.usage : exitCodes.findings;
}
