/** Codes of the area `syntax`: text that is not a .bcos file. */
import { entry } from "../entry.ts";

export const syntaxCodes = {
  "syntax/unexpected": entry<{ found: string; expected: string }>({
    severity: "error",
    message: (p) => `unexpected ${p.found}, expected ${p.expected}`,
  }),
  "syntax/unclosed": entry<{ open: string; close: string }>({
    severity: "error",
    message: (p) => `\`${p.open}\` is not closed`,
    hint: (p) => `add the missing \`${p.close}\``,
  }),
  "syntax/unopened": entry<{ close: string }>({
    severity: "error",
    message: (p) => `\`${p.close}\` closes nothing`,
    hint: (p) => `remove this \`${p.close}\`, or open the bracket that it should close`,
  }),
  "syntax/missing-value": entry<{ what: string; after: string }>({
    severity: "error",
    message: (p) => `${p.what} is missing after ${p.after}`,
    hint: (p) => `write ${p.what} after ${p.after}`,
  }),
  "syntax/missing-step": entry<{ after: string }>({
    severity: "error",
    message: (p) => `no step follows ${p.after}`,
    hint: () => "name a layer or block here, or remove the `->`",
  }),
  "syntax/missing-comma": entry<{ before: string }>({
    severity: "error",
    message: (p) => `a comma is missing before ${p.before}`,
    hint: () => "items in brackets are separated by commas",
  }),
  "syntax/missing-line-break": entry<{ before: string }>({
    severity: "error",
    message: (p) => `a line break is missing before ${p.before}`,
    hint: () => "each statement stands on a line of its own",
  }),
  "syntax/missing-token": entry<{ missing: string; before: string }>({
    severity: "error",
    message: (p) => `\`${p.missing}\` is missing before ${p.before}`,
    hint: (p) => `add \`${p.missing}\``,
  }),
  "syntax/outside": entry<{ what: string }>({
    severity: "error",
    message: (p) => `${p.what} stands outside of a \`model\` or \`block\``,
    hint: () => "move it between the braces of a `model` or `block`",
  }),
  "syntax/reserved": entry<{ word: string }>({
    severity: "error",
    message: (p) => `\`${p.word}\` is a word of the language and can not be a name`,
    hint: () => "choose another name",
  }),
  "syntax/bad-character": entry<{ character: string }>({
    severity: "error",
    message: (p) => `the character \`${p.character}\` has no meaning here`,
    hint: (p) =>
      /^\p{L}$/u.test(p.character) ? "names are made of the letters a to z, A to Z, digits and `_`" : undefined,
  }),
  "syntax/bad-number": entry<{ text: string; reason: string | undefined }>({
    severity: "error",
    message: (p) => `\`${p.text}\` is not a number${p.reason === undefined ? "" : `: ${p.reason}`}`,
    hint: () => "numbers look like `3`, `0.1` or `1e-5`",
  }),
  "syntax/unterminated-string": entry({
    severity: "error",
    message: () => "the text in quotes has no end",
    hint: () => 'add the closing `"`',
  }),
  "syntax/escape": entry({
    severity: "error",
    message: () => "`\\` has no meaning in a path",
    hint: () => "write paths with `/`",
  }),
  "syntax/comment": entry<{ start: string }>({
    severity: "error",
    message: (p) => `\`${p.start}\` does not start a comment`,
    hint: () => "a comment starts with `//` and goes to the end of the line",
  }),
  "syntax/not-text": entry({
    severity: "error",
    message: () => "this is no text file",
    hint: () => "a .bcos file is plain text in UTF-8",
  }),
  "syntax/too-many": entry<{ limit: number }>({
    severity: "info",
    message: (p) => `there are more than ${p.limit} syntax errors; only the first ${p.limit} are shown`,
  }),
};
