/** What became of the tensors of a file, as text and as JSON. */
import type { Program } from "../compiler/graph/program.ts";
import type { ImportReport, MappedTensor } from "../runtime/weights/exchange/import-tensors.ts";
import type { WeightFormat } from "../runtime/weights/read-tensors.ts";
import { countOf, formatCount, formatShape, formatTable } from "./table.ts";

export interface ImportFacts {
  readonly file: string;
  readonly format: WeightFormat;
  readonly program: Program;
  readonly report: ImportReport;
  /** Lines about a published checkpoint. */
  readonly notes: readonly string[];
  /** Where the weights were written; `undefined` where nothing was. */
  readonly out: string | undefined;
}

export function importJson({ file, format, program, report, notes, out }: ImportFacts): object {
  const { model, form } = program;
  const counts = {
    renamed: report.mapped.filter(isRenamed).length,
    converted: report.mapped.filter(isConverted).length,
  };
  return { file, format, model, form, ...counts, ...report, notes, out: out ?? null };
}

export function importText({ file, format, program, report, notes, out }: ImportFacts, verbose: boolean): string {
  const { mapped, dropped, aside, missing, unexpected } = report;
  const renamed = mapped.filter(isRenamed).length;
  const converted = mapped.filter(isConverted).length;
  const prefix = report.prefix === "" ? "" : `, names behind \`${report.prefix}\``;
  const counts = [
    `${countOf(mapped.length, "tensor")} mapped: ${formatCount(renamed)} renamed, ${formatCount(converted)} of another shape`,
    ...(dropped.length === 0 ? [] : [`${countOf(dropped.length, "tensor")} left out that the model does not need`]),
    ...(aside.length === 0 ? [] : [`${countOf(aside.length, "tensor")} left aside: other copies, or no weights`]),
    ...(missing.length === 0 ? [] : [`${countOf(missing.length, "tensor")} of the model missing`]),
    ...(unexpected.length === 0 ? [] : [`${countOf(unexpected.length, "tensor")} unknown to the model`]),
  ];
  return [
    `${file} (${format}): weights of ${program.model} (${program.form}) with the names of ${report.source}${prefix}`,
    ...[...counts, ...notes].map((line) => `  ${line}`),
    ...(verbose ? ["", ...details(report)] : []),
    ...(out === undefined ? [] : [`wrote ${out}`]),
    "",
  ].join("\n");
}

/** A line for every tensor: its name in the file, what it became, type and shape. */
function details({ mapped, dropped, aside, missing, unexpected }: ImportReport): readonly string[] {
  const shape = ({ shape, converted }: MappedTensor): string =>
    converted === undefined ? formatShape(shape) : `${formatShape(converted)} → ${formatShape(shape)}`;
  const rows = [
    ...mapped.map((m) => [m.name, isRenamed(m) ? `→ ${m.path}` : "", m.dtype, shape(m)]),
    ...dropped.map(({ name, reason }) => [name, `left out: ${reason}`]),
    ...aside.map((name) => [name, "left aside"]),
    ...missing.map((m) => ["", `missing: ${m.path}`, "", formatShape(m.shape)]),
    ...unexpected.map((u) => [u.name, "unknown to the model", "", formatShape(u.shape)]),
  ];
  return [...formatTable(rows, ["left", "left", "left", "left"]).map((line) => `  ${line}`), ""];
}

function isRenamed({ name, path }: MappedTensor): boolean {
  return name !== path;
}

function isConverted({ converted }: MappedTensor): boolean {
  return converted !== undefined;
}
