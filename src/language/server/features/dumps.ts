/**
 * Two requests of our own: `bcosc/plan` and `bcosc/wgsl`. Parameters are a `textDocument`, and as far as wanted a `position`,
 * `model`, `graph`, `target` and `batch`; the answer has a `title` and a `text`.
 */
import type { Position } from "vscode-languageserver";
import { dumpJob, type DumpOptions } from "../../dump.ts";
import { documentOf, type Feature } from "../context.ts";
import { offsetOf } from "../locations.ts";
import { problemOf } from "../parameters.ts";
import { answer, RequestProblem, unlessCancelled } from "../requests.ts";

export interface DumpParams extends Omit<DumpOptions, "kind"> {
  readonly textDocument: { readonly uri: string };
  /** Which model, and of `bcosc/wgsl` which layer. */
  readonly position?: Position;
}

export interface DumpAnswer {
  readonly title: string;
  readonly text: string;
}

const graphs = ["predict", "explain", "gradient"];
const targets = ["wasm", "webgpu"];

export const dumps: Feature = (context) => {
  const { connection, workspace, host } = context;
  for (const kind of ["plan", "wgsl"] as const) {
    connection.onRequest(
      `bcosc/${kind}`,
      answer(
        connection,
        async (params: DumpParams, _checkpoint, token): Promise<DumpAnswer> => {
          const document = documentOf(context, params);
          if (document === undefined) throw new RequestProblem("there is no such file");
          const { position, model, graph, target, batch } = params;
          const offset = position && offsetOf(document.lines, position);
          const options: DumpOptions = {
            kind,
            ...(model === undefined ? {} : { model }),
            ...(graph === undefined ? {} : { graph }),
            ...(target === undefined ? {} : { target }),
            ...(batch === undefined ? {} : { batch }),
          };
          const job = dumpJob(workspace, document.path, offset, options);
          if ("problem" in job) throw new RequestProblem(job.problem);
          const { result, cancel } = host.jobs.run({ kind: "dump", job });
          const dump = await unlessCancelled(result, token, cancel);
          if ("problem" in dump) throw new RequestProblem(dump.problem);
          return dump;
        },
        problemOfDump,
      ),
    );
  }
  return {};
};

function problemOfDump(params: unknown): string | undefined {
  const problem = problemOf(params);
  if (problem !== undefined) return problem;
  const { model, graph, target, batch } = params as Record<string, unknown>;
  if (model !== undefined && typeof model !== "string") return "`model` is not a string";
  if (graph !== undefined && !graphs.includes(graph as string)) return `\`graph\` is none of ${graphs.join(", ")}`;
  if (target !== undefined && !targets.includes(target as string)) return `\`target\` is none of ${targets.join(", ")}`;
  const isBatch = batch === undefined || (Number.isSafeInteger(batch) && (batch as number) >= 1);
  return isBatch ? undefined : "`batch` is not a whole number of at least 1";
}
