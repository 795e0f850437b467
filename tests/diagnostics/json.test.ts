import { expect, it } from "vitest";
import type { Diagnostic } from "../../src/diagnostics/diagnostic.ts";
import { diagnosticsToJson } from "../../src/diagnostics/json.ts";

const text = "model M {\n  y = cnov(8)\n}\n";
const at = (start: number, end: number, file = "a.bcos") => ({ file, start, end });

it("gives lines, columns and offsets, and every key always", () => {
  const diagnostic: Diagnostic = {
    code: "name/unknown",
    severity: "error",
    message: "there is no layer named `cnov`",
    span: at(16, 20),
    label: "not known",
    related: [{ span: at(0, 5), label: "in this model" }],
    expansion: [{ call: "B(1)", span: at(0, 1, "gone.bcos") }],
    hints: ["did you mean `conv`?"],
    fixes: [{ title: "write `conv`", edits: [{ span: at(16, 20), text: "conv" }] }],
  };
  const sources = (file: string) => (file === "a.bcos" ? text : undefined);
  const location = { file: "a.bcos", line: 2, column: 7, endLine: 2, endColumn: 11, start: 16, end: 20 };
  expect(diagnosticsToJson([diagnostic], sources)).toEqual([
    {
      code: "name/unknown",
      severity: "error",
      message: "there is no layer named `cnov`",
      label: "not known",
      location,
      place: null,
      related: [
        {
          label: "in this model",
          location: { file: "a.bcos", line: 1, column: 1, endLine: 1, endColumn: 6, start: 0, end: 5 },
        },
      ],
      expansion: [
        {
          call: "B(1)",
          location: { file: "gone.bcos", line: null, column: null, endLine: null, endColumn: null, start: 0, end: 1 },
        },
      ],
      hints: ["did you mean `conv`?"],
      fixes: [{ title: "write `conv`", edits: [{ location, text: "conv" }] }],
    },
  ]);
  const bare: Diagnostic = {
    code: "weights/missing",
    severity: "error",
    message: "m",
    place: "w.safetensors",
    related: [],
    expansion: [],
    hints: [],
    fixes: [],
  };
  const [json] = diagnosticsToJson([bare], sources);
  expect(json).toMatchObject({ label: null, location: null, place: "w.safetensors", related: [], fixes: [] });
});
