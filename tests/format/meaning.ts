/** Owns what must stay the same when a file is formatted: its tree without places, and its comments in order. */
import type { SourceFile } from "../../src/compiler/syntax/ast.ts";

/** The tree without spans; labels with a number as their parts, because the spaces in their braces are layout. */
export function meaningOf(file: SourceFile): unknown {
  return JSON.parse(
    JSON.stringify(file, (key, value: unknown) => {
      if (/span$/i.test(key) || key === "comments") return undefined;
      const isNumbered = typeof value === "object" && value !== null && "number" in value && "text" in value;
      return isNumbered ? { number: value.number } : value;
    }),
  );
}

export function commentsOf(file: SourceFile): string[] {
  return file.comments.map((comment) => comment.text.trimEnd());
}
