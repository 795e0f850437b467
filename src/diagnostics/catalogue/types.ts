/** Codes of the area `type`: arguments, parameters and compile-time expressions. */
import { entry } from "../entry.ts";

export const typeCodes = {
  "type/argument": entry<{ name: string; expected: string; found: string }>({
    severity: "error",
    message: (p) => `\`${p.name}\` takes ${p.expected}, not ${p.found}`,
  }),
  "type/range": entry<{ name: string; expected: string; found: string }>({
    severity: "error",
    message: (p) => `\`${p.name}\` is ${p.found}, but takes ${p.expected}`,
  }),
  "type/missing-argument": entry<{ callee: string; name: string; expected: string }>({
    severity: "error",
    message: (p) => `\`${p.callee}\` needs the argument \`${p.name}\`, ${p.expected}`,
  }),
  "type/duplicate-argument": entry<{ callee: string; name: string }>({
    severity: "error",
    message: (p) => `the argument \`${p.name}\` of \`${p.callee}\` is given twice`,
  }),
  "type/excess-argument": entry<{ callee: string; takes: number }>({
    severity: "error",
    message: (p) =>
      `\`${p.callee}\` takes ${p.takes === 0 ? "no arguments" : `at most ${p.takes} ${p.takes === 1 ? "argument" : "arguments"}`}`,
  }),
  "type/argument-order": entry<{ callee: string }>({
    severity: "error",
    message: (p) => `an argument of \`${p.callee}\` without a name stands behind one with a name`,
    hint: () => "put the arguments without names first",
  }),
  "type/operand": entry<{ operator: string; expected: string; found: string }>({
    severity: "error",
    message: (p) => `\`${p.operator}\` takes ${p.expected}, not ${p.found}`,
  }),
  "type/compare": entry<{ operator: string; left: string; right: string }>({
    severity: "error",
    message: (p) => `\`${p.operator}\` can not compare ${p.left} with ${p.right}`,
  }),
  "type/condition": entry<{ found: string }>({
    severity: "error",
    message: (p) => `a condition is true or false, not ${p.found}`,
  }),
  "type/dimension": entry<{ found: string }>({
    severity: "error",
    message: (p) => `a dimension is a whole number, not ${p.found}`,
  }),
  "type/function-arguments": entry<{ name: string; takes: string; found: number }>({
    severity: "error",
    message: (p) => `\`${p.name}\` takes ${p.takes}, not ${p.found}`,
  }),
  "type/variant-arguments": entry<{ name: string; takes: string; found: string }>({
    severity: "error",
    message: (p) => `\`${p.name}\` is written ${p.takes}, not ${p.found}`,
  }),
  "type/repeat-count": entry<{ found: string }>({
    severity: "error",
    message: (p) => `\`repeat\` takes a whole number, 0 or more, not ${p.found}`,
  }),
  "type/division-by-zero": entry({
    severity: "error",
    message: () => "division by zero",
  }),
  "type/inexact-division": entry<{ left: number; right: number; result: number }>({
    severity: "warning",
    message: (p) => `${p.left} / ${p.right} is rounded down to ${p.result}`,
    hint: () => "write `floor(a / b)` or `ceil(a / b)` to say how to round",
  }),
  "type/overflow": entry({
    severity: "error",
    message: () => "the result is too large: whole numbers go up to 2^53, others up to 1.8e308",
  }),
  "type/undefined-result": entry<{ name: string; found: number }>({
    severity: "error",
    message: (p) => `\`${p.name}\` of ${p.found} is not defined`,
  }),
  "type/parameter-value": entry<{ model: string; name: string }>({
    severity: "error",
    message: (p) => `the parameter \`${p.name}\` of the model \`${p.model}\` has no value`,
    hint: (p) => `give it a default, e.g. \`${p.name}: int = 10\`, or a value from outside`,
  }),
  "type/port-count": entry<{ what: string; name: string; direction: string; found: number; expected: string }>({
    severity: "error",
    message: (p) => `the ${p.what} \`${p.name}\` has ${p.found} ${p.direction}s; it needs ${p.expected}`,
  }),
};
