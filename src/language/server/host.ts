/** What the server needs from where it runs. */
import type { Dump, DumpJob } from "../dump.ts";
import type { WorkspaceHost } from "../workspace.ts";

export interface ServerHost extends WorkspaceHost {
  /** The folders whose files `list` gives, as paths. */
  setFolders(paths: readonly string[]): void;
  /** Where the page that explains a diagnostic code can be read, as a URI. */
  pageOf(code: string): string | undefined;
  /** Runs a job, where it can in another thread. */
  dump(job: DumpJob): RunningDump;
  /** The `initializationOptions` of the client. */
  configure(options: unknown): void;
  readonly version: string | undefined;
}

export interface RunningDump {
  readonly result: Promise<Dump>;
  /** Ends the job; its result may never come. */
  cancel(): void;
}
