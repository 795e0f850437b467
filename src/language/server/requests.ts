/** How requests are answered: cancelled ones as cancelled, wrong ones with what is wrong, and faults as faults. */
import {
  ErrorCodes,
  LSPErrorCodes,
  ResponseError,
  type CancellationToken,
  type Connection,
} from "vscode-languageserver";
import { problemOf } from "./parameters.ts";

/** Lets other messages in, and ends the work where they make it useless. */
export type Checkpoint = () => Promise<void>;

/** Thrown by a handler for a request that can't be answered; `message` is shown to the user. */
export class RequestProblem extends Error {
  override readonly name = "RequestProblem";
}

/** An error without data: fits wherever one may have some. */
export type Failure = ResponseError<never>;

const cancelled = (): Failure => new ResponseError(LSPErrorCodes.RequestCancelled, "the request was cancelled");

/**
 * Wraps the work of a request about a document. Short work runs at once, on the texts that the request was made for; long
 * work calls its checkpoint now and then.
 */
export function answer<P, R>(
  connection: Connection,
  work: (params: P, checkpoint: Checkpoint, token: CancellationToken) => R | Promise<R>,
  check: (params: unknown) => string | undefined = problemOf,
): (params: P, token: CancellationToken) => Promise<R | Failure> {
  return async (params, token) => {
    const problem = check(params);
    if (problem !== undefined) return new ResponseError(ErrorCodes.InvalidParams, problem);
    if (token.isCancellationRequested) return cancelled();
    try {
      const checkpoint = async (): Promise<void> => {
        await turn();
        if (token.isCancellationRequested) throw cancelled();
      };
      return await work(params, checkpoint, token);
    } catch (error) {
      if (error instanceof ResponseError) return error as Failure;
      if (error instanceof RequestProblem) return new ResponseError(LSPErrorCodes.RequestFailed, error.message);
      connection.console.error(`a fault in bcosc: ${error instanceof Error ? (error.stack ?? error.message) : error}`);
      return new ResponseError(ErrorCodes.InternalError, `a fault in bcosc: ${messageOf(error)}`);
    }
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message.split("\n", 1)[0]! : String(error);
}

/** Resolves when messages that have arrived had their turn. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === "function") setImmediate(resolve);
    else setTimeout(resolve, 0);
  });
}

/** The result of work that runs elsewhere, which ends where the request is cancelled. */
export function unlessCancelled<R>(result: Promise<R>, token: CancellationToken, cancel: () => void): Promise<R> {
  const cancellation = new Promise<never>((_, reject) => {
    token.onCancellationRequested(() => {
      cancel();
      reject(cancelled());
    });
  });
  return Promise.race([result, cancellation]);
}
