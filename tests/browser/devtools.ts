/** Headless Chromium that opens pages of other servers and is asked about them: the DevTools protocol over a pipe. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { browserFlags, chromium } from "./chromium.ts";

export interface Browser {
  /** Opens an address in a tab of its own. */
  open(url: string): Promise<Tab>;
  close(): Promise<void>;
}

export interface Tab {
  /** Everything that the page wrote to the console, errors and violated policies among it. */
  readonly messages: readonly string[];
  /** The value of an expression in the page, once its promise is resolved. JSON can hold it. */
  evaluate<T>(expression: string): Promise<T>;
  /** Waits until the expression is true for JavaScript, also where the page is loaded anew meanwhile. */
  until<T>(expression: string, seconds?: number): Promise<T>;
  /** A picture of the page as PNG. */
  screenshot(size: { readonly width: number; readonly height: number; readonly dark?: boolean }): Promise<Uint8Array>;
}

interface Message {
  readonly id?: number;
  readonly method?: string;
  readonly params?: unknown;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
  readonly sessionId?: string;
}

type Send = (method: string, params?: object, sessionId?: string) => Promise<unknown>;

export async function openBrowser(flags: readonly string[] = []): Promise<Browser> {
  const profile = mkdtempSync(join(tmpdir(), "bcosc-browser-"));
  // A group of its own, so that all of its processes end with it.
  const child = spawn(chromium!, [...flags, ...browserFlags(profile), "--remote-debugging-pipe", "about:blank"], {
    stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"],
    detached: true,
  });
  const listeners = new Set<(message: Message) => void>();
  const send = connect(child, (message) => listeners.forEach((listener) => listener(message)));

  async function open(url: string): Promise<Tab> {
    const { targetId } = (await send("Target.createTarget", { url: "about:blank" })) as { targetId: string };
    const attached = await send("Target.attachToTarget", { targetId, flatten: true });
    const { sessionId } = attached as { sessionId: string };
    const messages: string[] = [];
    listeners.add((message) => {
      if (message.sessionId === sessionId) messages.push(...textsOf(message));
    });
    const ask: Send = (method, params) => send(method, params, sessionId);
    for (const area of ["Page", "Runtime", "Log"]) await ask(`${area}.enable`);
    await ask("Page.navigate", { url });
    return createTab(ask, messages);
  }

  return {
    open,
    close: async () => {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      if (child.exitCode === null && child.signalCode === null) {
        process.kill(-child.pid!, "SIGKILL");
        await ended;
      }
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function createTab(ask: Send, messages: readonly string[]): Tab {
  async function evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = (await ask("Runtime.evaluate", {
      expression,
      awaitPromise: true,
      returnByValue: true,
    })) as { result: { value: T }; exceptionDetails?: { exception?: { description?: string }; text: string } };
    if (exceptionDetails === undefined) return result.value;
    throw new Error(exceptionDetails.exception?.description ?? exceptionDetails.text);
  }
  return {
    messages,
    evaluate,
    until: async <T>(expression: string, seconds = 40): Promise<T> => {
      for (const end = performance.now() + 1000 * seconds; performance.now() < end;) {
        // A page that is being left has no answer.
        const value = await evaluate<T>(expression).catch(() => undefined);
        if (value) return value;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      throw new Error(`\`${expression}\` was not so within ${seconds} s; the page said:\n${messages.join("\n")}`);
    },
    screenshot: async ({ width, height, dark = false }) => {
      await ask("Emulation.setDeviceMetricsOverride", { width, height, deviceScaleFactor: 2, mobile: false });
      const value = dark ? "dark" : "light";
      await ask("Emulation.setEmulatedMedia", { features: [{ name: "prefers-color-scheme", value }] });
      const { data } = (await ask("Page.captureScreenshot", { format: "png" })) as { data: string };
      return Buffer.from(data, "base64");
    },
  };
}

/** Messages end with a zero byte. */
function connect(child: ChildProcess, listen: (message: Message) => void): Send {
  const [, , , input, output] = child.stdio as unknown as readonly [null, null, null, Writable, Readable];
  const waiting = new Map<number, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  let number = 0;
  let received = "";
  const end = (reason: string): void => {
    for (const { reject } of waiting.values()) reject(new Error(reason));
    waiting.clear();
  };
  child.on("exit", (code) => end(`the browser ended with ${code}`));
  input.on("error", (error) => end(error.message));
  output.setEncoding("utf8").on("data", (text: string) => {
    const parts = (received + text).split("\0");
    received = parts.pop()!;
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      const asked = message.id === undefined ? undefined : waiting.get(message.id);
      if (asked === undefined) listen(message);
      else if (message.error === undefined) asked.resolve(message.result);
      else asked.reject(new Error(message.error.message));
      if (message.id !== undefined) waiting.delete(message.id);
    }
  });
  return (method, params = {}, sessionId) =>
    new Promise((resolve, reject) => {
      const id = ++number;
      waiting.set(id, { resolve, reject });
      input.write(`${JSON.stringify({ id, method, params, ...(sessionId === undefined ? {} : { sessionId }) })}\0`);
    });
}

function textsOf({ method, params }: Message): string[] {
  switch (method) {
    case "Runtime.consoleAPICalled": {
      const { type, args } = params as { type: string; args: { value?: unknown; description?: string }[] };
      return [`${type}: ${args.map((arg) => String(arg.description ?? arg.value)).join(" ")}`];
    }
    case "Runtime.exceptionThrown": {
      const { exceptionDetails: e } = params as {
        exceptionDetails: { text: string; exception?: { description?: string } };
      };
      return [`exception: ${e.exception?.description ?? e.text}`];
    }
    case "Log.entryAdded": {
      const { entry } = params as { entry: { source: string; level: string; text: string; url?: string } };
      return [`${entry.source} ${entry.level}: ${entry.text} ${entry.url ?? ""}`];
    }
    default:
      return [];
  }
}
