import fc from "fast-check";
import { expect, it } from "vitest";
import { createLineMap } from "../../src/diagnostics/lines.ts";

it("knows all three line breaks", () => {
  const map = createLineMap("a\nbb\r\nccc\rd");
  expect(map.lineCount).toBe(4);
  expect([1, 2, 3, 4].map((n) => map.text.slice(map.lineStart(n), map.lineEnd(n)))).toEqual(["a", "bb", "ccc", "d"]);
  expect(map.positionAt(3)).toEqual({ line: 2, column: 2 });
  expect(map.positionAt(-5)).toEqual({ line: 1, column: 1 });
  expect(map.positionAt(99)).toEqual({ line: 4, column: 2 });
});

it("finds every offset again", () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("a", "\n", "\r", "日") }), (text) => {
      const map = createLineMap(text);
      for (let offset = 0; offset <= text.length; offset++) {
        const { line, column } = map.positionAt(offset);
        expect(map.lineStart(line) + column - 1).toBe(offset);
      }
      expect(map.lineEnd(map.lineCount)).toBe(text.length);
    }),
  );
});
