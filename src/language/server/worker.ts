/**
 * The language server in a browser's worker. Files that no editor has open come from the client: as
 * `initializationOptions: { files: { URI: text } }`, and later as notifications `bcosc/files` with `{ files: { URI: text } }`, where
 * `null` deletes one.
 */
import {
  BrowserMessageReader,
  BrowserMessageWriter,
  createConnection,
  ProposedFeatures,
} from "vscode-languageserver/browser";
import { guardReader } from "./guard.ts";
import { createBrowserHost } from "./host.browser.ts";
import { startServer } from "./server.ts";

/** What messages go through: the scope of a worker, or a port. */
type Port = ConstructorParameters<typeof BrowserMessageReader>[0];

const port = globalThis as unknown as Port;
const host = createBrowserHost();
const writer = new BrowserMessageWriter(port);
const reader = guardReader(
  new BrowserMessageReader(port),
  (response) => void writer.write(response).catch(() => undefined),
);
const connection = createConnection(ProposedFeatures.all, reader, writer);
const server = startServer(connection, host);
connection.onNotification("bcosc/files", (given: unknown) => server.changed(host.take(given)));
connection.listen();
