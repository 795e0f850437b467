import { describe, expect, test } from "vitest";
import { signatureHelp } from "../../src/language/signature-help.ts";
import { fixture, type Files } from "./fixture.ts";

/** The signature at each cursor, with the active parameter in `«…»`; "" where there is none. */
function helps(marked: string | Files): string[] {
  const { workspace, cursors } = fixture(marked);
  expect(cursors.length).toBeGreaterThan(0);
  return cursors.map(({ path, offset }) => {
    const help = signatureHelp(workspace, path, offset);
    if (help === undefined) return "";
    const { label, parameters, active } = help;
    for (const { name, start, end } of parameters) expect(label.slice(start, end).startsWith(name)).toBe(true);
    if (active === undefined) return label;
    const { start, end } = parameters[active]!;
    return `${label.slice(0, start)}«${label.slice(start, end)}»${label.slice(end)}`;
  });
}

const inModel = (row: string): string => `model M(classes: int) {\n input image: [8, 8, 3]\n y = image -> ${row}\n}\n`;

describe("layers", () => {
  const linear = (active: string): string =>
    ["width: int", "b?: float", "maxout?: int", "weights?: unit | free", "bias: bool = true"]
      .map((part) => (part.startsWith(active) && active !== "" ? `«${part}»` : part))
      .join(", ")
      .replace(/^(.*)$/, "linear($1)");

  test("by position and by name", () => {
    expect(helps(inModel("linear(┆classes┆, ┆b: ┆2┆, bias: true┆)┆"))).toEqual([
      linear("width"),
      linear("width"),
      linear("b?"),
      linear("b?"),
      linear("b?"),
      linear("bias"),
      "",
    ]);
  });

  test("while an argument is being written", () => {
    expect(helps(inModel("linear(┆"))).toEqual([linear("width")]);
    expect(helps(inModel("linear(3, ┆"))).toEqual([linear("b?")]);
    expect(helps(inModel("linear(3, bia┆s: "))).toEqual([linear("bias")]);
    expect(helps(inModel("linear(3, bias: ┆"))).toEqual([linear("bias")]);
    expect(helps(inModel("linear(3, nothing: ┆"))).toEqual([linear("")]);
    expect(helps(inModel("linear(bias: true, ┆3)"))).toEqual([linear("")]);
    expect(helps(inModel("linear(1, 2, 3, 4, 5, 6┆)"))).toEqual([linear("")]);
  });

  test("over several lines, and in lists and brackets inside", () => {
    const [list, group] = helps(inModel("avg_pool(\n  [2, ┆2],\n  stride: (1 + ┆\n"));
    expect(list).toContain("(«kernel: int | [int, int]»");
    expect(group).toContain("«stride?: int | [int, int]»");
  });

  test("with their documentation", () => {
    const { workspace, path, offset } = fixture(inModel("max_pool(┆)"));
    const help = signatureHelp(workspace, path, offset)!;
    expect(help.documentation).toContain("Maximum over a window");
    expect(help.parameters[0]!.documentation).toContain("Height and width of the window");
  });

  test("without parameters", () => {
    expect(helps(inModel("relu(┆)"))).toEqual(["relu()"]);
  });
});

describe("blocks", () => {
  const block =
    "/// Two layers.\nblock Twice(width: int, stride:   int = 1, kind: enum(a, b) = a) {\n input x: [C]\n}\n";

  test("of the file and of other files", () => {
    const label = "Twice(width: int, «stride: int = 1», kind: enum(a, b) = a)";
    expect(helps(block + inModel("Twice(3, ┆"))).toEqual([label]);
    expect(helps(block + inModel("repeat 2 { Twice(3, stride: ┆) }"))).toEqual([label]);
    const files = { "m.bcos": `import { Twice } from "./b.bcos"\n${inModel("Twice(3, ┆")}`, "b.bcos": block };
    expect(helps(files)).toEqual([label]);
    const { workspace, path, offset } = fixture(files);
    expect(signatureHelp(workspace, path, offset)?.documentation).toBe("Two layers.");
  });

  test("that are not known give none", () => {
    expect(helps(inModel("Nothing(┆3)"))).toEqual([""]);
    expect(helps(`import { A } from "./missing.bcos"\n${inModel("A(┆3)")}`)).toEqual([""]);
  });
});

describe("functions and values", () => {
  test("functions", () => {
    expect(helps(inModel("linear(min(classes, ┆3), b: ceil(┆2))"))).toEqual(["min(a, «b», …)", "ceil(«x»): int"]);
    expect(helps(inModel("linear(max(1, 2, 3, ┆"))).toEqual(["max(a, b, «…»)"]);
    expect(helps("block B {\n input x: [H, W, C]\n output y: [ceil(H ┆/ 2), min(┆")).toEqual([
      "ceil(«x»): int",
      "min(«a», b, …)",
    ]);
    expect(helps(inModel("repeat max(┆2, 3) { relu }"))).toEqual(["max(«a», b, …)"]);
    expect(helps("model M(a: int = floor(┆"), "in a head").toEqual(["floor(«x»): int"]);
  });

  test("settings with arguments", () => {
    expect(helps("bcos { norm: group(┆) }")).toEqual(["group(«int»)"]);
    expect(helps("bcos {\n encode: add_inverse_normalized([0.5, ┆0.5], ┆")).toEqual([
      "add_inverse_normalized(«list», list)",
      "add_inverse_normalized(list, «list»)",
    ]);
  });

  test("values of arguments with arguments, and what is in no call of its own", () => {
    expect(helps(inModel("norm(group(┆2))"))).toEqual(["group(«int»)"]);
    expect(helps(inModel("norm(eps: 1, kind: group(┆"))).toEqual(["group(«int»)"]);
    expect(helps(inModel("norm(nothing(┆2))"))[0]).toMatch(/^norm\(«kind/);
    expect(helps(inModel("norm(constructor(┆2))"))[0]).toMatch(/^norm\(«kind/);
  });

  test("nothing outside of calls, in comments and in an empty file", () => {
    expect(helps("mod┆el M(┆a: i┆nt) {\n y ┆= x┆ -> co┆nv // conv(┆\n z = concat(┆x)\n} ┆")).toEqual(Array(9).fill(""));
    expect(helps("┆")).toEqual([""]);
    expect(helps(inModel("relu -> conv(1, kernel: 3) -> ┆"))).toEqual([""]);
  });

  test("a bracket that was left open does not reach over the next arrow or statement", () => {
    expect(helps(inModel("conv(1, kernel: 3 -> ┆ linear(┆"))).toEqual(["", expect.stringMatching(/^linear\(«width/)]);
    expect(helps(inModel("conv(1, \n z = image -> ┆"))).toEqual([""]);
  });
});
