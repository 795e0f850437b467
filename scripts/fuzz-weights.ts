/**
 * Damages valid weight files at random, and reads files made to do harm: each has to load cleanly or to be refused with
 * one error of the catalogue, soon and without much memory. The same seed damages in the same way.
 *
 *     npm run fuzz -- [--cases N] [--seed S] [--only TEXT]
 */
import { cac } from "cac";
import { createRandom } from "../src/runtime/random.ts";
import { attacks } from "./fuzz/attacks.ts";
import { mutate } from "./fuzz/mutations.ts";
import { tryFile, type Outcome } from "./fuzz/outcome.ts";
import { filesOf, fuzzedState, specimens, type WeightFiles } from "./fuzz/specimens.ts";

const MEBIBYTE = 2 ** 20;

interface Tried {
  readonly outcome: Outcome;
  readonly milliseconds: number;
}

const state = fuzzedState();

function timed(files: WeightFiles): Tried {
  const start = performance.now();
  const outcome = tryFile(files, state);
  return { outcome, milliseconds: performance.now() - start };
}

function wordOf(outcome: Outcome): string {
  if (outcome.kind === "loaded") return outcome.fits ? "loaded" : "loaded, does not fit";
  return outcome.kind === "refused" ? outcome.code : `FAULT: ${outcome.reason}`;
}

/** The most memory that the process had so far, in MiB. */
const peak = (): number => (process.resourceUsage().maxRSS * 1024) / MEBIBYTE;

const cli = cac("fuzz-weights");
let status = 2;
cli
  .command("", "Damage weight files and read them")
  .option("--cases <n>", "Damaged files of each format", { default: 2000 })
  .option("--seed <s>", "Of the damage", { default: 1 })
  .option("--only <text>", "Only formats and attacks whose name contains the text")
  .action((options: { cases: number; seed: number; only?: string }) => {
    const isWanted = (name: string): boolean => options.only === undefined || name.includes(options.only);
    let faults = 0;
    let slowest = { milliseconds: 0, name: "" };
    const note = (name: string, { outcome, milliseconds }: Tried, expected?: string): void => {
      if (milliseconds > slowest.milliseconds) slowest = { milliseconds, name };
      const found = outcome.kind === "loaded" ? "loaded" : wordOf(outcome);
      const isFault = outcome.kind === "fault" || (expected !== undefined && found !== expected);
      if (isFault) faults++;
      if (isFault) console.log(`${name}: ${wordOf(outcome)}${expected === undefined ? "" : `, expected ${expected}`}`);
    };
    const before = peak();

    const all = specimens();
    for (const [i, specimen] of all.entries()) {
      const { format, part } = specimen;
      if (!isWanted(format)) continue;
      const random = createRandom(options.seed, format);
      const counts = new Map<string, number>();
      for (let k = 0; k < options.cases; k++) {
        const donor = all[(i + 1 + (k % (all.length - 1))) % all.length]!.part;
        const tried = timed(filesOf(specimen, mutate(part, random, donor)));
        note(`${format}, case ${k}`, tried);
        const word = wordOf(tried.outcome);
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
      const words = [...counts].sort((a, b) => b[1] - a[1]).map(([word, count]) => `${count} ${word}`);
      console.log(`${format}: ${words.join(", ")}`);
    }
    for (const { name, file, expected } of attacks) {
      if (!isWanted(name)) continue;
      const bytes = file();
      const start = peak();
      const tried = timed({ file: bytes });
      note(name, tried, expected);
      const memory = `${Math.max(0, peak() - start).toFixed(0)} MiB more than before`;
      const took = `${tried.milliseconds.toFixed(0)} ms`;
      console.log(`${name} (${bytes.length} bytes): ${wordOf(tried.outcome)}, ${took}, ${memory}`);
    }
    console.log(`slowest: ${slowest.name}, ${slowest.milliseconds.toFixed(0)} ms`);
    console.log(`memory: ${before.toFixed(0)} MiB at the start, ${peak().toFixed(0)} MiB at most`);
    console.log(`${faults} faults`);
    status = faults === 0 ? 0 : 1;
  });
cli.help();
try {
  cli.parse(process.argv, { run: false });
  cli.runMatchedCommand();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
}
process.exitCode = status;
