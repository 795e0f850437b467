/** `bcosc lsp`: the language server for editors. */
import { createNodeServerHost } from "../../language/server/host.node.ts";
import { serveStreams } from "../../language/server/stdio.node.ts";
import type { Command } from "../command.ts";
import { packageFolder, version } from "../version.ts";

export const lsp: Command = {
  positionals: "",
  options: [{ flags: "--stdio", summary: "Talk over standard input and output; it always does, editors may say so" }],
  examples: ["bcosc lsp", "bcosc lsp --stdio"],
  run: async () => {
    const code = await serveStreams(process.stdin, process.stdout, createNodeServerHost(version(), packageFolder()));
    // Timers that watch the client would keep the process.
    process.exit(code);
  },
};
