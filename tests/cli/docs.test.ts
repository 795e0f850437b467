/** Commands in the documentation are commands: the argument parser takes each of them, and their models are there. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { generateCliDocs } from "../../scripts/gen/cli.ts";
import { parseArguments, type Arguments } from "../../src/cli/arguments.ts";
import { commands, examples } from "../../src/cli/cli.ts";
import { bcosc, root } from "./run.ts";

const reference = await generateCliDocs();

/** The lines of a document's ```sh blocks that call bcosc, without `npx`. */
function commandLines(document: string): string[] {
  return [...document.matchAll(/^```sh\n([^]*?)^```$/gm)]
    .flatMap(([, body]) => body!.replaceAll("\\\n", " ").split("\n"))
    .flatMap((line) => line.split(" && "))
    .map((line) => line.replace(/ +#.*$/, "").trim())
    .flatMap((line) => /^(?:npx )?(bcosc .*)$/.exec(line)?.[1] ?? []);
}

/** Words as a shell splits them, where quotes are around whole words. */
function shellWords(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain!,
  );
}

async function parsed(line: string): Promise<Arguments> {
  const [program, name, ...words] = shellWords(line);
  expect(program).toBe("bcosc");
  const found = commands.find((c) => c.name === name);
  if (found === undefined) throw new Error(`there is no command \`${name}\``);
  return parseArguments({ name: found.name, summary: found.summary, command: await found.load() }, words);
}

describe("docs/cli.md", () => {
  /** What --help prints, by command. */
  const help = new Map<string, string>();
  beforeAll(async () => {
    for (const { name } of commands) help.set(name, (await bcosc([name, "--help"])).out);
  }, 120_000);

  test.each(commands)("says of $name what --help says", async ({ name, summary, load }) => {
    const section = reference.split(`\n## bcosc ${name}\n`)[1]?.split("\n## ")[0] ?? "";
    const out = help.get(name)!;
    expect(section).toContain(`${summary}.`);
    expect(out).toContain(`${summary}.`);
    const command = await load();
    expect(command.examples.length).toBeGreaterThan(0);
    for (const { flags, summary } of command.options) {
      expect(section).toContain(`\`${flags}\` `);
      expect(section).toContain(summary.replaceAll("|", "\\|"));
      expect(out).toContain(flags);
      expect(out).toContain(summary);
    }
    for (const example of command.examples) {
      expect(section).toContain(`\n${example}\n`);
      expect(out).toContain(`  $ ${example}\n`);
    }
  });

  test("names every option of every command's help", () => {
    for (const { name } of commands) {
      const out = help.get(name)!;
      const options = [...out.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, option]) => option!);
      expect(options.length).toBeGreaterThan(1);
      for (const option of options) expect(reference, name).toContain(`\`${option}`);
    }
  });

  const lines = commandLines(reference);

  test("has examples of every command", () => {
    const shown = new Set(lines.map((line) => shellWords(line)[1]));
    expect([...shown].sort()).toEqual(commands.map((c) => c.name).sort());
  });

  test.each([...lines, ...examples])("%s", async (line) => {
    const { positionals } = await parsed(line);
    const models = positionals.filter((word) => word.startsWith("models/") && !word.includes("*"));
    expect(models.filter((path) => !existsSync(join(root, path.split("#")[0]!)))).toEqual([]);
  });
});

const pages = ["README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)].filter((path) =>
  path.endsWith(".md"),
);

describe.each(pages)("the commands of %s", (path) => {
  const lines = commandLines(readFileSync(join(root, path), "utf8"));
  test("can be parsed", async () => {
    for (const line of lines) await expect(parsed(line), line).resolves.toBeDefined();
  });
});
