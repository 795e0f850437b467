/**
 * Times what people wait for while they write: checks of whole models in a warm process, and what one keystroke costs in a
 * workspace of at least 2,000 lines, of which the models here are copies.
 *
 *     npm run build && node dist/bench/language.js [--runs N]
 *
 * The columns are the median and the largest time, and the median of the processor's time, which other programs do not change.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { checkFile } from "../src/compiler/check/check.ts";
import { createMemoryHost } from "../src/compiler/check/source-host.ts";
import { completion } from "../src/language/completion/completion.ts";
import { hover } from "../src/language/hover.ts";
import { inlayHints } from "../src/language/inlay-hints.ts";
import { semanticTokens } from "../src/language/semantic-tokens.ts";
import { createWorkspace, type Workspace } from "../src/language/workspace.ts";
import { median } from "./measure.ts";
import { root } from "./root.ts";

const { values } = parseArgs({ options: { runs: { type: "string", default: "40" } } });
const runs = Number(values.runs);

const files = Object.fromEntries(
  readdirSync(join(root, "models"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".bcos"))
    .map((file) => [file, readFileSync(join(root, "models", file), "utf8")]),
);

interface Row {
  readonly what: string;
  readonly times: readonly number[];
  readonly processor: readonly number[];
  /** Milliseconds that the median may take. */
  readonly goal: number;
}

/** The first third of the runs warms up. */
function timed(what: string, goal: number, run: (round: number) => void): Row {
  const times: number[] = [];
  const processor: number[] = [];
  for (let round = -Math.ceil(runs / 3); round < runs; round++) {
    const [start, used] = [performance.now(), process.cpuUsage()];
    run(round);
    if (round < 0) continue;
    times.push(performance.now() - start);
    const { user, system } = process.cpuUsage(used);
    processor.push((user + system) / 1000);
  }
  return { what, times, processor, goal };
}

function checks(): Row[] {
  const host = createMemoryHost(files);
  return [
    timed("check resnet152.bcos, parsing included", 150, () => void checkFile(host, "resnet152.bcos")),
    timed("check densenet201.bcos, parsing included", 300, () => void checkFile(host, "densenet201.bcos")),
  ];
}

/** As many copies of the models as make 2,000 lines. */
function largeWorkspace(): { readonly workspace: Workspace; readonly lines: number } {
  const texts: Record<string, string> = {};
  let lines = 0;
  for (let copy = 0; lines < 2000; copy++) {
    for (const [path, text] of Object.entries(files)) {
      texts[`copy${copy}/${path}`] = text;
      lines += text.split("\n").length;
    }
  }
  return { workspace: createWorkspace({ read: (path) => texts[path], list: () => Object.keys(texts) }), lines };
}

function keystrokes(): Row[] {
  const { workspace, lines } = largeWorkspace();
  for (const path of workspace.files()) workspace.diagnostics(path);
  const answers: readonly (readonly [string, (path: string, offset: number) => void])[] = [
    ["its findings", (path) => void workspace.diagnostics(path)],
    ["a hover", (path, offset) => void hover(workspace, path, offset)],
    ["completion", (path, offset) => void completion(workspace, path, offset)],
    ["inlay hints", (path) => void inlayHints(workspace, path, { start: 0, end: 1e6 })],
    ["semantic tokens", (path) => void semanticTokens(workspace, path)],
  ];
  const places = ["copy0/resnet50.bcos", "copy0/inception-v3.bcos", "copy0/blocks/residual.bcos"];
  return places.flatMap((path) => {
    const text = workspace.text(path)!;
    // A letter behind the first layer of the file, in a name: the row becomes wrong, and right again.
    const at = text.search(/conv\(/) + 2;
    return answers.map(([what, answer]) =>
      timed(`${what} after a keystroke in ${path}, ${lines} lines`, 50, (round) => {
        workspace.open(path, round % 2 === 0 ? text : `${text.slice(0, at)}x${text.slice(at)}`);
        answer(path, at);
      }),
    );
  });
}

const shown = (milliseconds: number): string => `${milliseconds.toFixed(1)} ms`.padStart(10);
for (const { what, times, processor, goal } of [...checks(), ...keystrokes()]) {
  const middle = median(times);
  const verdict = middle <= goal ? "" : `  over the goal of ${goal} ms`;
  console.log(`${shown(middle)} ${shown(Math.max(...times))} ${shown(median(processor))}  ${what}${verdict}`);
}
