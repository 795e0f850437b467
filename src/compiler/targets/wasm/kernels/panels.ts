/** Weight panels: the right side of a product, packed as [panel][K][width] so that a tile reads it in order. */
import type { FunctionBuilder } from "../assembler.ts";
import type { Kernel, KernelParameters } from "../kernel.ts";
import { f32x4, i32, v128, type Local, type V128 } from "../values.ts";

/** Columns of one matrix as panels of 8, and one of 4 or 8 for the rest. */
export interface Panels {
  /** Number of panels of full width. */
  readonly full: number;
  /** Columns that count in the last, partial panel; 0 where there is none. */
  readonly tail: number;
  readonly tailWidth: number;
  /** Columns of a full panel in memory. */
  readonly width: number;
  /** Floats of all panels for a depth of K. */
  readonly size: (depth: number) => number;
}

export function panelsOf(columns: number): Panels {
  const full = Math.floor(columns / 8);
  const tail = columns % 8;
  const tailWidth = tail === 0 ? 0 : tail <= 4 ? 4 : 8;
  return { full, tail, tailWidth, width: 8, size: (depth) => depth * (full * 8 + tailWidth) };
}

/** One block of panels: where element (group, ky, kx, k, column) of matrices is in the source, in floats. */
export interface PackBlock {
  /** Matrices of the same form that follow each other, and floats from one to the next on both sides. */
  readonly groups: { readonly count: number; readonly source: number; readonly target: number };
  readonly taps: readonly [number, number];
  readonly depth: number;
  readonly columns: number;
  readonly offset: number;
  readonly tapStrides: readonly [number, number];
  readonly depthStride: number;
  readonly columnStride: number;
  /** Where the block starts in the packed buffer, in floats. */
  readonly target: number;
  /**
   * For MaxOut with this many units (adjacent columns; `columns` counts all of them): 4 outputs at a time, as panels of
   * two units of 4 outputs (8 columns), the last of one unit where their number is odd. So the maximum is taken between
   * registers.
   */
  readonly maxOut: number;
}

/** Floats of the panels of one matrix with MaxOut. */
export function maxOutSize(columns: number, units: number, depth: number): number {
  return depth * Math.ceil(columns / units / 4) * 4 * units;
}

interface PanelForm {
  readonly width: number;
  /** Column of the matrix for each column of the panel, counted from the section's first; −1 for padding. */
  readonly columns: readonly number[];
}

/** A sequence of panel forms that comes `periods` times, each `step` columns further. */
interface Section {
  readonly periods: number;
  readonly forms: readonly PanelForm[];
  readonly firstColumn: number;
  readonly step: number;
}

function sectionsOf({ columns, maxOut }: PackBlock): Section[] {
  const outputs = columns / maxOut;
  const together = maxOut === 1 ? 8 : 4;
  const section = (periods: number, first: number, count: number): Section => ({
    periods,
    forms: maxOut === 1 ? [plainForm(count)] : maxOutForms(count, maxOut),
    firstColumn: first * maxOut,
    step: together * maxOut,
  });
  const full = Math.floor(outputs / together);
  const rest = outputs % together;
  return [...(full > 0 ? [section(full, 0, together)] : []), ...(rest > 0 ? [section(1, full * together, rest)] : [])];
}

function plainForm(count: number): PanelForm {
  const width = count <= 4 ? 4 : 8;
  return { width, columns: Array.from({ length: width }, (_, i) => (i < count ? i : -1)) };
}

function maxOutForms(outputs: number, units: number): PanelForm[] {
  return Array.from({ length: Math.ceil(units / 2) }, (_, pair): PanelForm => {
    const width = 2 * pair + 1 < units ? 8 : 4;
    const columns = Array.from({ length: width }, (_, i) => {
      return i % 4 < outputs ? (i % 4) * units + 2 * pair + (i >> 2) : -1;
    });
    return { width, columns };
  });
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const panelsIn = (section: Section): number => section.periods * section.forms.length;
const widthOf = (section: Section): number => sum(section.forms.map((form) => form.width));

/** (source, packed): copies matrices into panels. A unit is one panel. */
export function packKernel(label: string, blocks: readonly PackBlock[]): Kernel {
  const sections = blocks.map(sectionsOf);
  const perGroup = sections.map((list) => sum(list.map(panelsIn)));
  const floats = blocks.map((block, b) => {
    const columns = sum(sections[b]!.map((section) => section.periods * widthOf(section)));
    return block.groups.count * block.depth * block.taps[0] * block.taps[1] * columns;
  });
  return {
    label,
    buffers: ["source", "packed"],
    reads: 1,
    units: sum(blocks.map((block, b) => block.groups.count * perGroup[b]!)),
    flops: 0,
    bytes: 8 * sum(floats),
    scratchBytes: 0,
    emit: (f, p) => {
      const unit = f.local("i32", "unit");
      const [index, group] = [f.local("i32", "index"), f.local("i32", "group")];
      f.for(unit, p.start, p.end, 1, () => {
        let first = 0;
        blocks.forEach((block, b) => {
          const count = block.groups.count * perGroup[b]!;
          f.if(i32.lt(i32.sub(unit, first), count), () => {
            f.set(index, i32.sub(unit, first));
            f.set(group, i32.div(index, perGroup[b]!));
            f.set(index, i32.rem(index, perGroup[b]!));
            emitBlock(f, p, block, sections[b]!, index, group);
          });
          first += count;
        });
      });
    },
  };
}

function emitBlock(
  f: FunctionBuilder,
  p: KernelParameters,
  block: PackBlock,
  sections: readonly Section[],
  index: Local<"i32">,
  group: Local<"i32">,
): void {
  const depth = block.depth * block.taps[0] * block.taps[1];
  const [from, to, k] = [f.local("i32", "from"), f.local("i32", "to"), f.local("i32", "k")];
  const [ky, kx] = [f.local("i32", "ky"), f.local("i32", "kx")];
  const [period, place] = [f.local("i32", "period"), f.local("i32", "place")];
  const emitPanel = (section: Section, form: PanelForm, target: number): void => {
    const written = i32.add(i32.mul(period, widthOf(section) * depth), target);
    const float = i32.add(i32.mul(group, block.groups.target), written);
    f.set(to, i32.add(p.buffer("packed"), i32.mul(float, 4)));
    const column = i32.add(i32.mul(period, section.step), section.firstColumn);
    const base = i32.add(i32.mul(group, block.groups.source), i32.mul(column, block.columnStride));
    f.for(ky, 0, block.taps[0], 1, () => {
      f.for(kx, 0, block.taps[1], 1, () => {
        const tap = i32.add(i32.mul(ky, block.tapStrides[0]), i32.mul(kx, block.tapStrides[1]));
        const element = i32.add(i32.add(base, tap), block.offset);
        f.set(from, i32.add(p.buffer("source"), i32.mul(element, 4)));
        f.for(k, 0, block.depth, 1, () => {
          for (let v = 0; v < form.width; v += 4) {
            f.store(to, v * 4, gather(from, form.columns.slice(v, v + 4), block.columnStride));
          }
          f.increment(to, form.width * 4);
          f.increment(from, block.depthStride * 4);
        });
      });
    });
  };

  let before = 0;
  let target = block.target;
  for (const section of sections) {
    const { forms } = section;
    f.if(i32.lt(i32.sub(index, before), panelsIn(section)), () => {
      f.set(place, i32.sub(index, before));
      f.set(period, i32.div(place, forms.length));
      f.set(place, i32.rem(place, forms.length));
      let offset = target;
      forms.forEach((form, i) => {
        const start = offset;
        f.if(i32.eq(forms.length === 1 ? 0 : place, i), () => emitPanel(section, form, start));
        offset += form.width * depth;
      });
    });
    before += panelsIn(section);
    target += section.periods * widthOf(section) * depth;
  }
}

/** Four floats of a row of a matrix, zeros for padding. */
function gather(from: Local<"i32">, columns: readonly number[], stride: number): V128 {
  const [first] = columns as [number];
  if (stride === 1 && columns.every((column, lane) => column === first + lane)) return v128.load(from, first * 4);
  return columns.reduce<V128>((value, column, lane) => {
    return column < 0 ? value : v128.loadLane(i32.add(from, column * stride * 4), 0, lane, value);
  }, f32x4.splat(0));
}
