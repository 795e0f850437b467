/** The language server on standard input and output. */
import type { Readable, Writable } from "node:stream";
import {
  AbstractMessageReader,
  createConnection,
  ProposedFeatures,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import type { DataCallback, Disposable } from "vscode-languageserver/node";
import { guardReader, parseError } from "./guard.ts";
import type { ServerHost } from "./host.ts";
import { createMessageSplitter } from "./message-splitter.ts";
import { startServer } from "./server.ts";

/**
 * Serves one client until it says `exit` or its end of the streams is gone, and resolves to the exit code: 0 after a
 * `shutdown`, else 1. Nothing else may write to `output`.
 */
export function serveStreams(input: Readable, output: Writable, host: ServerHost): Promise<number> {
  return new Promise((resolve) => {
    const writer = new StreamMessageWriter(output);
    const answer = (message: Parameters<typeof writer.write>[0]): void =>
      void writer.write(message).catch(() => undefined);
    const reader = guardReader(new SplittingReader(input, (problem) => answer(parseError(problem))), answer);
    const connection = createConnection(ProposedFeatures.all, reader, writer);
    let isShutDown = false;
    const end = (): void => resolve(isShutDown ? 0 : 1);
    connection.onShutdown(() => void (isShutDown = true));
    connection.onExit(end);
    input.once("end", end).once("close", end);
    output.once("error", end);
    startServer(connection, host);
    connection.listen();
  });
}

class SplittingReader extends AbstractMessageReader {
  readonly #input: Readable;
  readonly #onProblem: (problem: string) => void;

  constructor(input: Readable, onProblem: (problem: string) => void) {
    super();
    this.#input = input;
    this.#onProblem = onProblem;
  }

  listen(callback: DataCallback): Disposable {
    const onMessage = callback as (message: unknown) => void;
    const push = createMessageSplitter({ onMessage, onProblem: this.#onProblem });
    this.#input.on("data", push);
    return { dispose: () => void this.#input.off("data", push) };
  }
}
