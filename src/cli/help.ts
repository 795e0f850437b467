/** The help texts: cac lays out and prints the commands and options, this chooses what is shown. */
import type { CAC } from "cac";

/** Prints to standard output. `command` is the one whose help is wanted; without it the help is about the whole. */
export function printHelp(
  cli: CAC,
  command: { readonly name: string; readonly summary: string } | undefined,
  examples: readonly string[] = [],
): void {
  for (const example of examples) cli.example(`  $ ${example}`);
  if (command === undefined) cli.option("-v, --version", "Show the version");
  cli.option("-h, --help", "Show this");
  cli.globalCommand.helpCallback = (sections) => {
    const shown = sections
      // The first section is the program's name and its version.
      .slice(1)
      .filter((s) => !(s.title ?? "").startsWith("For more info"))
      .map((s) => ({ ...s, body: s.body.replace(/ +$/gm, "") }));
    return command === undefined
      ? [...shown, { body: "`bcosc <command> --help` shows the options of a command." }]
      : [{ body: `${command.summary}.` }, ...shown];
  };
  cli.parse(["node", "bcosc", ...(command === undefined ? [] : [command.name])], { run: false });
  cli.outputHelp();
}
