/**
 * Two and three inputs, element by element, with broadcasting. Each kind has its own loop over rows and columns, so that
 * V8 can inline the operation; a walk reduces every broadcasting pattern to such planes.
 */
import type { Tensor } from "../../../device.ts";
import type { Kernel, KernelTable } from "../kernel.ts";
import { broadcastStrides, createWalk } from "../layout.ts";

/** Sizes of a plane and the steps of the operands in it. */
interface Plane {
  readonly rows: number;
  readonly columns: number;
  readonly aRow: number;
  readonly aColumn: number;
  readonly bRow: number;
  readonly bColumn: number;
}

type Loop = (a: Tensor, aStart: number, b: Tensor, bStart: number, out: Tensor, start: number, plane: Plane) => void;

function elementwise(loop: Loop): Kernel<"add" | "sub" | "mul" | "div" | "max" | "min" | "greater" | "shift"> {
  return (node, [shapeA, shapeB]) => {
    const walk = createWalk(node.shape, [broadcastStrides(shapeA!, node.shape), broadcastStrides(shapeB!, node.shape)]);
    const [a, b] = [walk.operands[0]!, walk.operands[1]!];
    const plane: Plane = {
      rows: walk.rows,
      columns: walk.columns,
      aRow: a.row,
      aColumn: a.column,
      bRow: b.row,
      bColumn: b.column,
    };
    const size = walk.rows * walk.columns;
    return (inputs, out) => {
      for (let p = 0; p < walk.planes; p++) {
        loop(inputs[0]!, a.starts[p]!, inputs[1]!, b.starts[p]!, out, p * size, plane);
      }
    };
  };
}

function add(a: Tensor, aStart: number, b: Tensor, bStart: number, out: Tensor, start: number, p: Plane): void {
  const { rows, columns, aRow, aColumn, bRow, bColumn } = p;
  for (let r = 0, o = start; r < rows; r++) {
    let i = aStart + r * aRow;
    let j = bStart + r * bRow;
    for (let c = 0; c < columns; c++, i += aColumn, j += bColumn) out[o++] = a[i]! + b[j]!;
  }
}

function sub(a: Tensor, aStart: number, b: Tensor, bStart: number, out: Tensor, start: number, p: Plane): void {
  const { rows, columns, aRow, aColumn, bRow, bColumn } = p;
  for (let r = 0, o = start; r < rows; r++) {
    let i = aStart + r * aRow;
    let j = bStart + r * bRow;
    for (let c = 0; c < columns; c++, i += aColumn, j += bColumn) out[o++] = a[i]! - b[j]!;
  }
}

function mul(a: Tensor, aStart: number, b: Tensor, bStart: number, out: Tensor, start: number, p: Plane): void {
  const { rows, columns, aRow, aColumn, bRow, bColumn } = p;
  for (let r = 0, o = start; r < rows; r++) {
    let i = aStart + r * aRow;
    let j = bStart + r * bRow;
    for (let c = 0; c < columns; c++, i += aColumn, j += bColumn) out[o++] = a[i]! * b[j]!;
  }
}

function div(a: Tensor, aStart: number, b: Tensor, bStart: number, out: Tensor, start: number, p: Plane): void {
  const { rows, columns, aRow, aColumn, bRow, bColumn } = p;
  for (let r = 0, o = start; r < rows; r++) {
    let i = aStart + r * aRow;
    let j = bStart + r * bRow;
    for (let c = 0; c < columns; c++, i += aColumn, j += bColumn) out[o++] = a[i]! / b[j]!;
  }
}

function max(a: Tensor, aStart: number, b: Tensor, bStart: number, out: Tensor, start: number, p: Plane): void {
  const { rows, columns, aRow, aColumn, bRow, bColumn } = p;
  for (let r = 0, o = start; r < rows; r++) {
    let i = aStart + r * aRow;
    let j = bStart + r * bRow;
    for (let c = 0; c < columns; c++, i += aColumn, j += bColumn) out[o++] = Math.max(a[i]!, b[j]!);
  }
}

function min(a: Tensor, aStart: number, b: Tensor, bStart: number, out: Tensor, start: number, p: Plane): void {
  const { rows, columns, aRow, aColumn, bRow, bColumn } = p;
  for (let r = 0, o = start; r < rows; r++) {
    let i = aStart + r * aRow;
    let j = bStart + r * bRow;
    for (let c = 0; c < columns; c++, i += aColumn, j += bColumn) out[o++] = Math.min(a[i]!, b[j]!);
  }
}

function greater(a: Tensor, aStart: number, b: Tensor, bStart: number, out: Tensor, start: number, p: Plane): void {
  const { rows, columns, aRow, aColumn, bRow, bColumn } = p;
  for (let r = 0, o = start; r < rows; r++) {
    let i = aStart + r * aRow;
    let j = bStart + r * bRow;
    for (let c = 0; c < columns; c++, i += aColumn, j += bColumn) out[o++] = a[i]! > b[j]! ? 1 : 0;
  }
}

const select: Kernel<"select"> = (node, shapes) => {
  const walk = createWalk(
    node.shape,
    shapes.map((shape) => broadcastStrides(shape, node.shape)),
  );
  const [condition, a, b] = [walk.operands[0]!, walk.operands[1]!, walk.operands[2]!];
  return (inputs, out) => {
    const [ifs, as, bs] = [inputs[0]!, inputs[1]!, inputs[2]!];
    let o = 0;
    for (let p = 0; p < walk.planes; p++) {
      for (let r = 0; r < walk.rows; r++) {
        let k = condition.starts[p]! + r * condition.row;
        let i = a.starts[p]! + r * a.row;
        let j = b.starts[p]! + r * b.row;
        for (let c = 0; c < walk.columns; c++) {
          out[o++] = ifs[k] !== 0 ? as[i]! : bs[j]!;
          k += condition.column;
          i += a.column;
          j += b.column;
        }
      }
    }
  };
};

export const broadcastKernels = {
  add: elementwise(add),
  sub: elementwise(sub),
  mul: elementwise(mul),
  div: elementwise(div),
  max: elementwise(max),
  min: elementwise(min),
  greater: elementwise(greater),
  shift: elementwise(add),
  select,
} satisfies Partial<KernelTable>;
