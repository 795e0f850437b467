/** What the server needs from where it runs. */
import type { WorkspaceHost } from "../workspace.ts";

export interface ServerHost extends WorkspaceHost {
  /** The folders whose files `list` gives, as paths. */
  setFolders(paths: readonly string[]): void;
  /** Where the page that explains a diagnostic code can be read, as a URI. */
  pageOf(code: string): string | undefined;
  readonly version: string;
}
