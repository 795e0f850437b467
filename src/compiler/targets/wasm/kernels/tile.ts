/**
 * The heart of matrix products and convolutions: a register tile of rows × 4 or 8 columns, accumulated over a nest of
 * runs. Rows are read as single floats through a pointer each, columns come from a packed panel [K][width].
 */
import type { FunctionBuilder } from "../assembler.ts";
import { f32x4, i32, v128, type I32, type Local } from "../values.ts";

/** Rows of a tile: 5 × 8 fills the 16 registers of x64 without spilling. */
export const TILE_ROWS = 5;

/** Bytes of a whole tile in memory. */
export const TILE_BYTES = TILE_ROWS * 32;

export interface Tile {
  readonly rows: number;
  readonly accumulators: readonly (readonly Local<"v128">[])[];
}

export function createTile(f: FunctionBuilder, rows: number, vectors: number): Tile {
  const accumulators = Array.from({ length: rows }, () =>
    Array.from({ length: vectors }, () => f.local("v128", "accumulator")),
  );
  return { rows, accumulators };
}

export interface DotLoops {
  /** Outer loops over the taps, slow to fast: how often, and how many bytes a row pointer moves from turn to turn. */
  readonly levels: readonly { readonly count: number; readonly step: number }[];
  /** Floats that follow each other inside the innermost loop. */
  readonly run: number;
}

/** Steps of K in one turn of the inner loop. */
const UNROLL = 4;

/**
 * Terms that are added one after the other before their sum goes to the sum of sums. One sum over all of K has an error
 * that grows with √K; with blocks of c terms it grows with √(c + K/c) (Higham 2002, section 4.2). A block of 48 costs
 * 3 % of the time.
 */
const CHUNK = 48;
/** Sums that are not much longer are left whole. */
const SHORT = 64;

/**
 * V8 moves all loads of a basic block to its top, where they take the registers of the accumulators and both spill
 * (a third of the speed on x64). A branch that is never taken and after which the accumulators are needed keeps the
 * multiply-adds before it in place; one behind every second row is enough.
 */
export function needsPin(row: number, rows: number): boolean {
  return row % 2 === 1 || row === rows - 1;
}

/** Never true, since pointers are multiples of 4; a different one for every step, lest they be merged. */
export function never(pointer: Local<"i32">, k: number): I32 {
  return i32.eq(pointer, 4 * k + 1);
}

/**
 * Zeroes the tile, then accumulates. `rows` are pointers to the first float of each row, `panel` to the panel; all are
 * moved: the panel behind the last element read. `sums` has room for the tile, `TILE_BYTES` at most.
 */
export function emitDot(
  f: FunctionBuilder,
  tile: Tile,
  rows: readonly Local<"i32">[],
  panel: Local<"i32">,
  given: DotLoops,
  sums: I32,
): void {
  const vectors = tile.accumulators[0]!.length;
  const width = vectors * 16;
  const each = (body: (accumulator: Local<"v128">, offset: number) => void): void => {
    tile.accumulators.flat().forEach((accumulator, i) => body(accumulator, i * 16));
  };
  each((accumulator) => f.set(accumulator, f32x4.splat(0)));
  if (given.run === 0 || given.levels.some((level) => level.count === 0)) return;
  const { loops, depth: chunkDepth } = chunked(given);
  const total = f.let("sums", sums);
  if (chunkDepth !== undefined) each((_, offset) => f.store(total, offset, f32x4.splat(0)));
  /** Adds what has been summed up to the sums before it; it stays in the registers for the last time. */
  const gather = (): void => {
    each((accumulator, offset) => {
      f.set(accumulator, f32x4.add(v128.load(total, offset), accumulator));
      f.store(total, offset, accumulator);
    });
  };

  const columns = Array.from({ length: vectors }, () => f.local("v128", "columns"));
  const splat = f.local("v128", "splat");
  const step = (k: number, leave?: (condition: I32, depth: number) => void): void => {
    columns.forEach((column, v) => f.set(column, v128.load(panel, k * width + v * 16)));
    tile.accumulators.forEach((row, i) => {
      f.set(splat, v128.loadSplat(rows[i]!, k * 4));
      row.forEach((accumulator, v) => f.set(accumulator, f.madd(splat, columns[v]!, accumulator)));
      if (leave !== undefined && needsPin(i, tile.rows)) leave(never(rows[i]!, k), 1);
    });
  };
  const advance = (bytes: number): void => rows.forEach((row) => f.increment(row, bytes));

  const unrolled = (count: number): void => {
    for (let k = 0; k < count; k++) step(k);
    advance(count * 4);
    f.increment(panel, count * width);
  };
  const inner = (): void => {
    const { run } = loops;
    const whole = run <= 2 * UNROLL ? 0 : Math.floor(run / UNROLL);
    if (whole > 0) {
      const left = f.let("left", i32.of(whole));
      f.block((leave) => {
        f.repeat(() => {
          for (let k = 0; k < UNROLL; k++) {
            step(k, leave);
          }
          advance(UNROLL * 4);
          f.increment(panel, UNROLL * width);
          f.increment(left, -1);
          return left;
        });
      });
    }
    if (run > whole * UNROLL) unrolled(run - whole * UNROLL);
  };
  const nest = (depth: number): void => {
    if (depth === chunkDepth) each((accumulator) => f.set(accumulator, f32x4.splat(0)));
    const level = loops.levels[depth];
    if (level === undefined) inner();
    else if (level.count === 1) nest(depth + 1);
    else {
      const turn = f.let("turn", i32.of(level.count));
      f.repeat(() => {
        nest(depth + 1);
        advance(level.step - movedBy(loops, depth + 1));
        f.increment(turn, -1);
        return turn;
      });
    }
    if (depth === chunkDepth) gather();
  };
  nest(0);
}

/** Floats that the loops from `depth` inwards go through. */
function amountOf({ levels, run }: DotLoops, depth: number): number {
  return levels.slice(depth).reduce((amount, level) => amount * level.count, run);
}

/** The loops with long runs cut into equal parts, and the depth of what is summed up by itself, where anything is. */
function chunked(given: DotLoops): { readonly loops: DotLoops; readonly depth: number | undefined } {
  if (amountOf(given, 0) <= SHORT) return { loops: given, depth: undefined };
  let part = given.run;
  if (part > SHORT) for (part = CHUNK; part > CHUNK / 3 && given.run % part > 0; part--);
  const split = part < given.run && given.run % part === 0;
  const loops = split ? { levels: [...given.levels, { count: given.run / part, step: part * 4 }], run: part } : given;
  const depth = [...loops.levels, 0].findIndex((_, i) => amountOf(loops, i) <= SHORT);
  return { loops, depth: depth < 0 ? loops.levels.length : depth };
}

/** Bytes by which the loops from `depth` inwards move a row pointer. */
function movedBy(loops: DotLoops, depth: number): number {
  const level = loops.levels[depth];
  if (level === undefined) return loops.run * 4;
  return level.count === 1 ? movedBy(loops, depth + 1) : level.count * level.step;
}
