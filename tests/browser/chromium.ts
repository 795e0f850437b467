/**
 * Runs a script in headless Chromium: a small server gives it the sources of the project, type-stripped on the way, and
 * takes the result back.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, normalize } from "node:path";
import ts from "typescript";

const root = join(import.meta.dirname, "../..");
const names = ["chromium", "chromium-browser", "google-chrome"];

/** The browser's command, undefined where there is none. */
export const chromium = names.find((name) => spawnSync(name, ["--version"]).status === 0);

/** Whether it is a failure that tests of this tier can not run. */
export const requires = (tier: "browser" | "browser-webgpu"): boolean =>
  (process.env["BCOSC_REQUIRE"] ?? "").split(",").includes(tier);

export interface Page {
  /** A file of the project whose `run(data)` gives the result, as JSON can hold it. */
  readonly script: string;
  readonly data: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** For the browser's command line. */
  readonly flags?: readonly string[];
}

/** Both headers that make a page cross-origin isolated. */
export const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** What every browser here is started with. */
export function browserFlags(profile: string): readonly string[] {
  return ["--headless=new", "--no-sandbox", "--disable-gpu", "--no-first-run", `--user-data-dir=${profile}`];
}

/** Opens the page in a browser of its own and resolves to the result of its script. */
export async function runPage(page: Page, timeoutSeconds = 50): Promise<unknown> {
  const profile = mkdtempSync(join(tmpdir(), "bcosc-browser-"));
  const { server, result } = serve(page);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const flags = [...(page.flags ?? []), ...browserFlags(profile)];
  // A group of its own, so that all of its processes end with it.
  const browser = spawn(chromium!, [...flags, `http://127.0.0.1:${port}/`], { stdio: "ignore", detached: true });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      result,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no result after ${timeoutSeconds} s`)), 1000 * timeoutSeconds);
        browser.on("error", reject);
        browser.on("exit", (code) => reject(new Error(`the browser ended with ${code}`)));
      }),
    ]);
  } finally {
    clearTimeout(timer);
    const ended = new Promise((resolve) => browser.once("exit", resolve));
    if (browser.exitCode === null) process.kill(-browser.pid!, "SIGKILL");
    if (browser.exitCode === null && browser.signalCode === null) await ended;
    server.closeAllConnections();
    server.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

function serve({ script, data, headers = {} }: Page): { server: Server; result: Promise<unknown> } {
  let settle: { resolve: (value: unknown) => void; reject: (error: Error) => void };
  const result = new Promise<unknown>((resolve, reject) => (settle = { resolve, reject }));
  const html = `<!doctype html><script type="module">
    const answer = (body) => fetch("/result", { method: "POST", body: JSON.stringify(body) });
    try {
      const { run } = await import("/${script}");
      answer({ value: await run(await (await fetch("/data")).json()) });
    } catch (error) {
      answer({ error: String(error?.stack ?? error) });
    }
  </script>`;

  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = new URL(request.url!, "http://localhost").pathname;
    const send = (type: string, body: string): void => {
      response.writeHead(200, { "Content-Type": type, "Cache-Control": "no-store", ...headers }).end(body);
    };
    if (path === "/") return send("text/html", html);
    if (path === "/data") return send("application/json", JSON.stringify(data));
    if (path === "/result") {
      let body = "";
      for await (const chunk of request) body += String(chunk);
      send("text/plain", "");
      const { value, error } = JSON.parse(body) as { value?: unknown; error?: string };
      if (error === undefined) settle.resolve(value);
      else settle.reject(new Error(error));
      return;
    }
    // The one address that is no import, of a worker, has the ending that it has after compilation.
    const file = normalize(join(root, path.replace(/\.js$/, ".ts")));
    if (!file.startsWith(root) || !file.endsWith(".ts")) return void response.writeHead(404).end();
    send("text/javascript", strip(file));
  };
  const server = createServer((request, response) => {
    respond(request, response).catch((error: Error) => settle.reject(error));
  });
  return { server, result };
}

function strip(file: string): string {
  const compilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
  };
  return ts.transpileModule(readFileSync(file, "utf8"), { compilerOptions, fileName: file }).outputText;
}
