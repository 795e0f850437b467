/** Codes of the area `name`: imports, scopes, duplicates, unused things. */
import { entry } from "../entry.ts";

export const nameCodes = {
  "name/unknown": entry<{ what: string; name: string }>({
    severity: "error",
    message: (p) => `there is no ${p.what} named \`${p.name}\``,
  }),
  "name/used-before": entry<{ name: string }>({
    severity: "error",
    message: (p) => `\`${p.name}\` is used before it is assigned`,
  }),
  "name/duplicate": entry<{ what: string; name: string }>({
    severity: "error",
    message: (p) => `there is already ${p.what} named \`${p.name}\``,
    hint: () => "every name is given once; choose another name",
  }),
  "name/reserved": entry<{ name: string; reason: string }>({
    severity: "error",
    message: (p) => `\`${p.name}\` can not be used as a name here: ${p.reason}`,
  }),
  "name/wrong-kind": entry<{ name: string; found: string; expected: string }>({
    severity: "error",
    message: (p) => `\`${p.name}\` is ${p.found}; ${p.expected} is needed here`,
  }),
  "name/unused": entry<{ what: string; name: string }>({
    severity: "warning",
    message: (p) => `the ${p.what} \`${p.name}\` is never used`,
  }),
  "name/unassigned-output": entry<{ name: string }>({
    severity: "error",
    message: (p) => `the output \`${p.name}\` is never assigned`,
    hint: (p) => `end with a row \`${p.name} = …\``,
  }),
  "name/weight-path": entry<{ path: string }>({
    severity: "error",
    message: (p) => `the weight path \`${p.path}\` is taken already`,
    hint: () => "give one of them another label, e.g. `conv2: conv(…)`",
  }),
  "name/file-missing": entry<{ file: string }>({
    severity: "error",
    message: (p) => `there is no file ${p.file}`,
    hint: () => "paths are relative to the file that has the import, and end in `.bcos`",
  }),
  "name/import-cycle": entry<{ chain: readonly string[] }>({
    severity: "error",
    message: (p) => `these files import each other: ${p.chain.join(" → ")}`,
    hint: () => "move the blocks that both need into a file of their own",
  }),
  "name/recursion": entry<{ chain: readonly string[] }>({
    severity: "error",
    message: (p) =>
      p.chain.length <= 2
        ? `the block \`${p.chain[0]}\` contains itself`
        : `these blocks contain each other: ${p.chain.join(" → ")}`,
    hint: () => "use `repeat` for a part that occurs several times",
  }),
  "name/reserved-input": entry<{ name: string }>({
    severity: "error",
    message: (p) => `the model's input can't be named \`${p.name}\`: training and explaining feed a value of that name`,
    hint: () => "call it `image` or `x`",
  }),
};
