/** The source map of an emitted module: all of it comes from the declaration of the model. */

export interface SourceMap {
  readonly version: 3;
  readonly sources: string[];
  readonly sourcesContent: string[];
  readonly names: string[];
  readonly mappings: string;
}

/** `line` and `column`, counted from 0, are where the model is declared in the file `source`. */
export function mapToModel(
  code: string,
  source: string,
  text: string,
  { line, column }: { readonly line: number; readonly column: number },
): SourceMap {
  const first = [0, 0, line, column].map(encodeVlq).join("");
  // The fields of a segment are differences from the segment before: the same place again is all zeros.
  const others = code
    .split("\n")
    .slice(1)
    .map(() => "AAAA");
  return {
    version: 3,
    sources: [source],
    sourcesContent: [text],
    names: [],
    mappings: [first, ...others].join(";"),
  };
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** A number ≥ 0: five bits a digit, the lowest first, the sign in the lowest of all. */
function encodeVlq(value: number): string {
  let rest = value << 1;
  let text = "";
  do {
    const digit = rest & 31;
    rest >>>= 5;
    text += digits[rest > 0 ? digit | 32 : digit]!;
  } while (rest > 0);
  return text;
}
