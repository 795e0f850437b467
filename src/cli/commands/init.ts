/** `bcosc init FOLDER`: writes a small project with an architecture, a training and a page that explains what it sees. */
import { existsSync } from "node:fs";
import { posix, relative, resolve, sep } from "node:path";
import { fail } from "../../diagnostics/catalogue.ts";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit.ts";
import { packageName, projectFiles, templateNames } from "../init/project.ts";
import { writeProject } from "../init/write-project.ts";
import { writeJson } from "../json.ts";
import { version } from "../version.ts";

export const init: Command = {
  positionals: "<folder>",
  options: [
    {
      flags: "--template <name>",
      summary: `What the page computes with: ${templateNames.join(", ")} (page: bcosc alone)`,
    },
    {
      flags: "--bcosc <spec>",
      summary: "Which bcosc the project installs: a version (this one), or the path of a package",
    },
    { flags: "--json", summary: "Write JSON" },
  ],
  examples: ["bcosc init digits", "bcosc init digits --template tfjs", "bcosc init digits --bcosc ./bcosc-0.1.0.tgz"],
  run: async (args, { out }) => {
    const folder = args.positionals[0]!;
    const target = resolve(folder);
    const bcosc = dependencyOf(args.text("--bcosc") ?? version(), target);
    const template = args.choice("--template", templateNames) ?? "page";
    const files = await projectFiles({ template, name: packageName(target), bcosc });
    await writeProject(folder, files);
    const enter = relative(process.cwd(), target) === "" ? [] : [`cd ${quoted(folder)}`];
    const next = [...enter, "npm install", "npm run train", "npm run dev"];
    const paths = [...files.keys()];
    if (args.flag("--json")) writeJson({ folder: target, files: paths, next }, out);
    else out.write([`made ${folder}`, "", ...indented(paths), "", "next:", "", ...indented(next), ""].join("\n"));
    return exitCodes.ok;
  },
};

/** Paths are typed as seen from here, and npm reads them as seen from the project. */
function dependencyOf(spec: string, project: string): string {
  const [, path] = /^(?:file:)?((?:\.{0,2}[\\/]|[A-Za-z]:[\\/]).*|.*\.t(?:ar\.)?gz)$/.exec(spec) ?? [];
  if (path === undefined || spec.includes("://")) return spec;
  if (!existsSync(path)) fail("data/unreadable", { file: path, reason: "no such file or folder" });
  return `file:${relative(project, resolve(path)).split(sep).join(posix.sep)}`;
}

/** As a shell takes it. */
function quoted(word: string): string {
  return /^[\w./@%+=:,~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
