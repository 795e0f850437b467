/**
 * Cuts the bytes that a client sends into messages (`Content-Length: 12`, an empty line, 12 bytes of JSON). What is no message
 * is skipped up to the next header, so that one broken message costs itself alone.
 */

/** Larger messages are skipped, without keeping their bytes. */
export const messageSizeLimit = 64 * 1024 * 1024;

const headerSizeLimit = 8 * 1024;
const headerName = "content-length:";

export interface SplitterEvents {
  onMessage(message: unknown): void;
  /** Something that could not be read, in words. */
  onProblem(problem: string): void;
}

/** Takes the bytes as they come. */
export function createMessageSplitter({ onMessage, onProblem }: SplitterEvents): (bytes: Uint8Array) => void {
  const decoder = new TextDecoder("utf-8");
  let held: Uint8Array[] = [];
  let size = 0;
  /** Bytes of the body that is awaited. */
  let awaited: number | undefined;
  /** Bytes of a body that is too large, still to come. */
  let skipped = 0;

  const joined = (): Uint8Array => {
    if (held.length !== 1) {
      const all = new Uint8Array(size);
      let at = 0;
      for (const chunk of held) {
        all.set(chunk, at);
        at += chunk.length;
      }
      held = [all];
    }
    return held[0]!;
  };
  const drop = (count: number): void => {
    const rest = joined().subarray(count);
    held = [rest];
    size = rest.length;
  };

  /** Whether more can be read from what is held. */
  const step = (): boolean => {
    if (skipped > 0) {
      const count = Math.min(skipped, size);
      drop(count);
      skipped -= count;
      return skipped === 0 && size > 0;
    }
    if (awaited !== undefined) {
      if (size < awaited) return false;
      const body = joined().subarray(0, awaited);
      const text = decoder.decode(body);
      drop(awaited);
      awaited = undefined;
      let message: unknown;
      try {
        message = JSON.parse(text);
      } catch {
        onProblem("a message is not JSON");
        return true;
      }
      onMessage(message);
      return true;
    }
    const bytes = joined();
    const end = endOfHeader(bytes);
    if (end === undefined) {
      if (size <= headerSizeLimit) return false;
      // What has no end is no header. The last bytes may be the start of one.
      onProblem(`no header within ${headerSizeLimit} bytes`);
      drop(size - headerName.length);
      return false;
    }
    const length = contentLength(decoder.decode(bytes.subarray(0, end)));
    drop(end);
    if (length === undefined) onProblem("a header has no usable Content-Length");
    else if (length > messageSizeLimit) {
      onProblem(`a message of ${length} bytes, more than ${messageSizeLimit}`);
      skipped = length;
    } else awaited = length;
    return true;
  };

  return (bytes) => {
    held.push(bytes);
    size += bytes.length;
    // Large bodies come in many pieces, which are put together once.
    if (awaited !== undefined && size < awaited) return;
    while (step());
  };
}

/** The offset behind the empty line that ends a header. */
function endOfHeader(bytes: Uint8Array): number | undefined {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10) return at + 3;
  }
  return undefined;
}

/** Of the last field that has it: what stands before may be the rest of something broken. */
function contentLength(header: string): number | undefined {
  const at = header.toLowerCase().lastIndexOf(headerName);
  if (at < 0) return undefined;
  const value = /^[ \t]*(\d{1,15})[ \t]*\r?\n/.exec(header.slice(at + headerName.length));
  return value === null ? undefined : Number(value[1]);
}
