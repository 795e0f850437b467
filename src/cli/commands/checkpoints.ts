/** `bcosc checkpoints`: the published weights that `bcosc import --checkpoint` knows. */
import { checkpointFolder, checkpoints, optionsOf } from "../../runtime/weights/checkpoints.ts";
import type { Command } from "../command.ts";
import { exitCodes } from "../exit.ts";
import { writeJson } from "../json.ts";
import { formatCount, formatTable } from "../table.ts";

export const checkpointsCommand: Command = {
  positionals: "",
  options: [{ flags: "--json", summary: "Write JSON" }],
  examples: ["bcosc checkpoints", "bcosc checkpoints --json"],
  run: (args, { out }) => {
    if (args.flag("--json")) {
      writeJson({ folder: checkpointFolder, checkpoints }, out);
      return Promise.resolve(exitCodes.ok);
    }
    const rows = checkpoints.map((c) => [
      c.name,
      c.file ?? "",
      c.top1?.toFixed(2) ?? "",
      c.top5?.toFixed(2) ?? "",
      c.parameters === undefined ? "" : formatCount(c.parameters),
      c.model,
      optionsOf(c),
    ]);
    const head = ["checkpoint", "file", "top-1 %", "top-5 %", "parameters", "model", "options"];
    const table = formatTable([head, ...rows], ["left", "left", "right", "right", "right", "left", "left"]);
    out.write(`${table.join("\n")}\n\nfiles with names are from ${checkpointFolder}\n`);
    return Promise.resolve(exitCodes.ok);
  },
};
