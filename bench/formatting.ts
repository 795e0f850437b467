/**
 * Times the formatter on a file of 5,000 lines, about the largest that is read:
 *
 *     npm run build && node dist/bench/formatting.js
 *
 * once in a new process, as `bcosc fmt` does it, and in the median of later runs, as a language server does.
 */
import { fileSizeLimit, parseFile, tokenLimit } from "../src/compiler/syntax/parse.ts";
import { lex } from "../grammar/lexer.ts";
import { formatText } from "../src/format/format-text.ts";

const lines = 5000;

/** A residual block in a careless layout, with comments: ten lines. */
const block = (i: number): string => `/// Block ${i}: two layers and a skip.
block Block${i}(width:int, stride: int=1) {
input x: [H, W, C]
output   y: [ceil(H/stride), ceil(W / stride), width]

  // The branch.
  main = x->conv1: conv(width, kernel: 3, stride: stride)->norm
  -> relu -> conv2: conv(width, kernel: 3)
  y=main+x // and the skip
}
`;

const text = Array.from({ length: lines / 10 }, (_, i) => block(i)).join("");
const tokens = lex("large.bcos", text).tokens.length;
console.log(
  `${text.split("\n").length - 1} lines, ${text.length} of ${fileSizeLimit} characters, ${tokens} of ${tokenLimit} tokens`,
);

async function time(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

async function median(run: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let i = 0; i < 11; i++) times.push(await time(run));
  return times.toSorted((a, b) => a - b)[5]!;
}

const first = await time(() => formatText("large.bcos", text));
const later = await median(() => formatText("large.bcos", text));
const parsing = await median(() => parseFile("large.bcos", text));
const result = await formatText("large.bcos", text);
if ("diagnostics" in result) throw new Error("the file has faults");
const again = await median(() => formatText("large.bcos", result.text));
console.log(
  [
    ["first run", first],
    ["later runs", later],
    ["of that parsing", parsing],
    ["what is formatted already", again],
  ]
    .map(([what, milliseconds]) => `${String(what).padEnd(28)}${Number(milliseconds).toFixed(0).padStart(6)} ms`)
    .join("\n"),
);
