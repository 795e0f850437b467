#!/usr/bin/env node
/** The entry of the command `bcosc`. */
import { internalErrorText, runCli } from "./cli.ts";
import { exitCodes } from "./exit.ts";
import { createTerminal } from "./terminal.ts";

const debug = (process.env["BCOSC_DEBUG"] ?? "") !== "";
const terminal = createTerminal(process.stdout, process.stderr, process.env);

// Whoever reads the output may stop reading (`bcosc inspect … | head`): that is no error.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(process.exitCode ?? exitCodes.ok);
    throw error;
  });
}

for (const event of ["uncaughtException", "unhandledRejection"] as const) {
  process.on(event, (error: unknown) => {
    terminal.err.write(internalErrorText(error, debug));
    process.exit(exitCodes.internal);
  });
}

process.exitCode = await runCli(process.argv.slice(2), terminal, debug);
