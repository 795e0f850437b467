/** `bcosc lsp`: the language server for editors. */
import { createNodeServerHost } from "../../language/server/host.node.ts";
import { serveStreams } from "../../language/server/stdio.node.ts";
import type { Command } from "../command.ts";
import { packageFolder, version } from "../version.ts";

export const lsp: Command = {
  positionals: "",
  options: [{ flags: "--stdio", summary: "Talk over standard input and output; it always does, editors may say so" }],
  examples: ["bcosc lsp", "bcosc lsp --stdio"],
  run: async (_args, { err }) => {
    // A fault in one answer ends no session: it is said, and the editor goes on.
    for (const event of ["uncaughtException", "unhandledRejection"] as const) {
      process.removeAllListeners(event);
      process.on(event, (error: unknown) => err.write(faultText(error)));
    }
    const code = await serveStreams(process.stdin, process.stdout, createNodeServerHost(version(), packageFolder()));
    // Timers that watch the client would keep the process.
    process.exit(code);
  },
};

function faultText(error: unknown): string {
  return `a fault in bcosc: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`;
}
