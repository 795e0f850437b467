/** Codes of the area `usage`: the command line. */
import { entry } from "../entry.ts";

export const usageCodes = {
  "usage/unknown-command": entry<{ command: string }>({
    severity: "error",
    message: (p) => `there is no command \`${p.command}\``,
    hint: () => "`bcosc --help` lists the commands",
  }),
  "usage/unknown-option": entry<{ option: string }>({
    severity: "error",
    message: (p) => `there is no option \`${p.option}\``,
  }),
  "usage/missing-value": entry<{ option: string; usage: string }>({
    severity: "error",
    message: (p) => `\`${p.option}\` needs a value: \`${p.usage}\``,
  }),
  "usage/value": entry<{ option: string; expected: string; found: string }>({
    severity: "error",
    message: (p) => `\`${p.option}\` takes ${p.expected}, not \`${p.found}\``,
  }),
  "usage/repeated-option": entry<{ option: string }>({
    severity: "error",
    message: (p) => `\`${p.option}\` is given more than once`,
  }),
  "usage/needs-option": entry<{ option: string; other: string }>({
    severity: "error",
    message: (p) => `\`${p.option}\` is of no use without \`${p.other}\``,
  }),
  "usage/conflict": entry<{ option: string; other: string }>({
    severity: "error",
    message: (p) => `\`${p.option}\` can not be used together with \`${p.other}\``,
  }),
  "usage/missing-argument": entry<{ argument: string }>({
    severity: "error",
    message: (p) => `the argument ${p.argument} is missing`,
  }),
  "usage/excess-argument": entry<{ argument: string }>({
    severity: "error",
    message: (p) => `the argument \`${p.argument}\` is one too many`,
  }),
  "usage/unknown-code": entry<{ code: string }>({
    severity: "error",
    message: (p) => `there is no diagnostic code \`${p.code}\``,
    hint: () => "`bcosc explain-error` lists the areas, `bcosc explain-error AREA` the codes of one",
  }),
  "usage/resumed-setting": entry<{ option: string; saved: string; given: string }>({
    severity: "error",
    message: (p) => `\`${p.option}\` was ${p.saved} in the training that is resumed, not ${p.given}`,
    hint: (p) => `leave \`${p.option}\` out, or train anew in another folder with \`--out\``,
  }),
  "usage/run-exists": entry<{ folder: string }>({
    severity: "error",
    message: (p) => `the folder ${p.folder} holds a training already`,
    hint: () => "`--resume` continues it, `--overwrite` starts anew in its place, `--out` names another folder",
  }),
  "usage/nothing-to-resume": entry<{ folder: string }>({
    severity: "error",
    message: (p) => `the folder ${p.folder} holds no training that could be resumed`,
    hint: () => "leave `--resume` out to start one",
  }),
  "usage/folder-not-empty": entry<{ folder: string; found: string }>({
    severity: "error",
    message: (p) => `the folder ${p.folder} is not empty: there is ${p.found}`,
    hint: () => "name a folder that is not there yet; nothing of what is in this one was touched",
  }),
  "usage/no-model": entry<{ file: string }>({
    severity: "error",
    message: (p) => `the file ${p.file} has no model`,
    hint: () => "name the file with the `model`; files with blocks only are imported by it",
  }),
  "usage/same-output": entry<{ file: string; first: string; second: string }>({
    severity: "error",
    message: (p) => `${p.first} and ${p.second} would both be written to ${p.file}`,
    hint: () => "a module has the name of its file: compile one of them with another `--out`, or rename the file",
  }),
  "usage/which-model": entry<{ file: string; models: string }>({
    severity: "error",
    message: (p) => `the file ${p.file} has several models: ${p.models}`,
    hint: () => "choose one with `--model NAME`; `bcosc import` and `export` take `--model FILE#NAME`",
  }),
};
