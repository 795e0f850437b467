/** How a product writes its sums: through an epilogue, with the norms of the rows of its left side. */
import type { Epilogue, Norm } from "../../../plan/kernel-specs.ts";
import { canWiden, epilogueStatements, inputParts, outputNames } from "../elements.ts";
import { typeOf, type Width } from "../expression-wgsl.ts";
import { indent, type BufferPart } from "../kernel.ts";

export interface StoreSpec {
  readonly epilogue: Epilogue;
  /** Of the rows of the left side, written to the buffer `norm` [rows, groups]. */
  readonly norm?: Norm;
  /** Of the output as the epilogue sees it. */
  readonly rows: number;
  readonly channels: number;
  readonly groups: number;
  /** Statements that give `pixel`, `channel` and `part` (the group of channels) from z, row and column. */
  readonly place: string;
}

/** The function `store` of a product with an epilogue, and the buffers that it needs. */
export interface Store {
  readonly code: (width: Width) => string;
  readonly canWiden: boolean;
  readonly inputs: readonly BufferPart[];
  readonly outputs: readonly BufferPart[];
}

export function storeOf(s: StoreSpec): Store {
  return {
    code: (width) => storeFunction(s, width),
    canWiden: (s.channels / s.groups) % 4 === 0 && canWiden(s.epilogue.inputs, s.channels),
    inputs: inputParts("e", s.epilogue.inputs, s.rows, s.channels),
    outputs: [
      ...(s.norm === undefined ? [] : [{ name: "norm", length: s.rows * s.groups }]),
      ...outputNames(s.epilogue.outputs.length).map((name) => ({ name, length: s.rows * s.channels })),
    ],
  };
}

function storeFunction(s: StoreSpec, width: Width): string {
  const { norm } = s;
  const length =
    norm && (norm.outside === true ? `sqrt(squares) + ${norm.epsilon}f` : `sqrt(squares + ${norm.epsilon}f)`);
  return [
    `fn store(z: u32, row: u32, column: u32, sum: ${typeOf(width)}, squares: f32) {`,
    indent(s.place),
    ...(length === undefined
      ? []
      : [
          `  let length = ${length};`,
          "  if (column == 0u) {",
          `    norm[pixel * ${s.groups}u + part] = length;`,
          "  }",
        ]),
    indent(
      epilogueStatements(
        s.epilogue,
        { row: "pixel", channel: "channel", channels: s.channels },
        "sum",
        norm && "length",
        width,
      ),
    ),
    "}",
  ].join("\n");
}
