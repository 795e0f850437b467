/** What the server needs from where it runs. */
import type { WorkspaceHost } from "../workspace.ts";
import type { JobRunner } from "./jobs.ts";

export interface ServerHost extends WorkspaceHost {
  /** The folders whose files `list` gives, as paths. */
  setFolders(paths: readonly string[]): void;
  /** Where the page that explains a diagnostic code can be read, as a URI. */
  pageOf(code: string): string | undefined;
  /** In another thread, where that can be. */
  readonly jobs: JobRunner;
  /** The `initializationOptions` of the client. */
  configure(options: unknown): void;
  readonly version: string | undefined;
}
