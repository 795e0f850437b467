/**
 * Stands between the transport and the connection: messages that are no JSON-RPC are answered here, so are requests before
 * `initialize` and after `shutdown`, and what the connection gets is well formed.
 */
import { ErrorCodes, type Message, type MessageReader, type ResponseMessage } from "vscode-languageserver";

type Answer = (response: ResponseMessage) => void;

/** The reader with a guard behind it. `answer` sends what the guard answers itself. */
export function guardReader(reader: MessageReader, answer: Answer): MessageReader {
  const check = createGuard(answer);
  return {
    onError: reader.onError,
    onClose: reader.onClose,
    onPartialMessage: reader.onPartialMessage,
    listen: (callback) => reader.listen((message) => void (check(message) && callback(message))),
    dispose: () => reader.dispose(),
  };
}

/** What a message that could not be read is answered with. */
export function parseError(problem: string): ResponseMessage {
  return errorFor(null, ErrorCodes.ParseError, problem);
}

type State = "new" | "running" | "shut down";

/** Whether a message may pass. */
function createGuard(answer: Answer): (message: unknown) => message is Message {
  let state: State = "new";
  return (message): message is Message => {
    const refuse = (code: number, problem: string): false => {
      answer(errorFor(idOf(message), code, problem));
      return false;
    };
    if (!isRecord(message)) return refuse(ErrorCodes.InvalidRequest, "a message is an object");
    const { method, id, params } = message;
    if (method === undefined) {
      // An answer to one of our requests; without a usable number it can't be matched to one.
      return (typeof id === "number" || typeof id === "string") && ("result" in message || isRecord(message["error"]));
    }
    if (typeof method !== "string") return refuse(ErrorCodes.InvalidRequest, "`method` is not a string");
    if (params !== undefined && (typeof params !== "object" || params === null)) {
      // Some clients write `null` for no parameters.
      if (params === null) delete message["params"];
      else return refuse(ErrorCodes.InvalidRequest, "`params` is neither an object nor a list");
    }
    if (id === undefined) {
      if (method === "$/cancelRequest") return isRecord(params) && ["number", "string"].includes(typeof params["id"]);
      return method === "exit" || state === "running";
    }
    if (typeof id !== "number" && typeof id !== "string") {
      return refuse(ErrorCodes.InvalidRequest, "`id` is neither a number nor a string");
    }
    if (state === "shut down") return refuse(ErrorCodes.InvalidRequest, "the server was shut down");
    if (method === "initialize") {
      if (state === "running") return refuse(ErrorCodes.InvalidRequest, "the server is initialized already");
      if (!isRecord(params) || !isRecord(params["capabilities"])) {
        return refuse(ErrorCodes.InvalidParams, "`initialize` has no `capabilities`");
      }
      state = "running";
    } else if (state === "new") return refuse(ErrorCodes.ServerNotInitialized, "the server is not initialized");
    else if (method === "shutdown") state = "shut down";
    return true;
  };
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function idOf(message: unknown): number | string | null {
  const id = isRecord(message) ? message["id"] : null;
  return typeof id === "number" || typeof id === "string" ? id : null;
}

function errorFor(id: number | string | null, code: number, message: string): ResponseMessage {
  return { jsonrpc: "2.0", id, error: { code, message } };
}
