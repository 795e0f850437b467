/** Work that takes as long as compiling. Jobs and results are plain data, so that another thread can run them. */
import { resolveCodeLens, type CodeLens, type CodeLensOptions } from "../code-lenses.ts";
import { runDump, type Dump, type DumpJob } from "../dump.ts";
import { createWorkspace } from "../workspace.ts";

export type Job =
  | { readonly kind: "dump"; readonly job: DumpJob }
  | {
      readonly kind: "lens";
      /** The texts of all files that the lens needs. */
      readonly files: Readonly<Record<string, string>>;
      readonly lens: CodeLens;
      readonly options: CodeLensOptions;
    };

export type JobResult<J extends Job> = J extends { readonly kind: "dump" } ? Dump : CodeLens;

/** Runs jobs somewhere. */
export interface JobRunner {
  run<J extends Job>(job: J): RunningJob<JobResult<J>>;
}

export interface RunningJob<R> {
  /** Rejects where the job has a fault. */
  readonly result: Promise<R>;
  /** Ends the job; its result may never come. */
  cancel(): void;
}

export function runJob(job: Job): Dump | CodeLens {
  switch (job.kind) {
    case "dump":
      return runDump(job.job);
    case "lens": {
      const files = job.files;
      const workspace = createWorkspace({ read: (path) => files[path], list: () => Object.keys(files) });
      return resolveCodeLens(workspace, job.lens, job.options);
    }
    default:
      throw new Error(`unknown job ${JSON.stringify(job satisfies never)}`);
  }
}
