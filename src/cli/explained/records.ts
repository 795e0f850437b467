/** Explanations in numbers: what `explanation.json` says, and the table on the terminal. */
import type { Tensor } from "../../runtime/device.ts";
import type { Explanation } from "../../runtime/explain/explanation.ts";
import type { Attribution } from "../../runtime/posthoc/attribution.ts";
import { softmax } from "../../runtime/probabilities.ts";
import { top } from "../../runtime/top.ts";
import { formatTable, type Align } from "../table.ts";
import type { SourceImage } from "./images.ts";
import { subjectName } from "./names.ts";
import type { FileOptions, Files, MapScale } from "./pictures.ts";
import type { Finding } from "./subject.ts";

export interface ClassRecord {
  readonly index: number;
  /** `null` where classes have no names. */
  readonly name: string | null;
  readonly logit: number;
  /** The logit's sigmoid: each class has a probability of its own. Of a conventional network the softmax of all logits. */
  readonly probability: number;
}

/** How classes are called, and what their probabilities are. */
export type Classes = Pick<FileOptions, "names" | "independent">;

export interface ExplanationRecord {
  /** What is explained, in words. */
  readonly subject: string;
  readonly target: ClassRecord | null;
  readonly versus: ClassRecord | null;
  readonly neuron: Explanation["neuron"] | null;
  readonly explained: number;
  /** Their sum. */
  readonly contributions: number;
  readonly constant: number;
  readonly constants: Readonly<Record<string, number>>;
  readonly residual: number;
  readonly relativeResidual: number;
  readonly scales: {
    readonly contributions: MapScale;
    readonly colour: Explanation["colourScale"] | null;
  };
  readonly files: Files;
}

/** What a method from outside attributes to pixels: nothing says that it adds up to what is explained. */
export interface AttributionRecord {
  /** What it is about, in words. */
  readonly subject: string;
  readonly target: ClassRecord | null;
  readonly versus: ClassRecord | null;
  readonly explained: number;
  /** The sum over all pixels. */
  readonly attributions: number;
  readonly scales: { readonly attributions: MapScale };
  readonly files: Files;
}

export interface ImageRecord {
  readonly image: string;
  readonly source: SourceImage["source"] | null;
  readonly label: Pick<ClassRecord, "index" | "name"> | null;
  readonly predicted: ClassRecord;
  /** The classes with the largest logits, the largest first. */
  readonly top: readonly ClassRecord[];
  readonly logits: readonly number[];
  readonly files: Files;
  /** The network's own. */
  readonly explanations: readonly ExplanationRecord[];
  /** Those of another method, in place of explanations. */
  readonly attributions?: readonly AttributionRecord[];
}

/** Classes that are listed of each image. */
const mostOfTop = 5;

export function imageRecord(
  { name, source, label }: SourceImage,
  logits: Tensor,
  classes: Classes,
  files: Files,
  found: Pick<ImageRecord, "explanations" | "attributions">,
): ImageRecord {
  const { names } = classes;
  const best = top(mostOfTop, logits).map((index) => classRecord(index, logits, classes));
  return {
    image: name,
    source: source ?? null,
    label: label === undefined ? null : { index: label, name: names?.[label] ?? null },
    predicted: best[0]!,
    top: best,
    logits: [...logits],
    files,
    ...found,
  };
}

export function explanationRecord(e: Explanation, classes: Classes, scale: MapScale, files: Files): ExplanationRecord {
  return {
    ...subjectRecord(e, classes),
    neuron: e.neuron ?? null,
    explained: e.explained,
    contributions: sum(e.contributions),
    constant: e.constant,
    constants: e.constants,
    residual: e.residual,
    relativeResidual: e.relativeResidual,
    scales: { contributions: scale, colour: e.colourScale ?? null },
    files,
  };
}

export function attributionRecord(
  attribution: Attribution,
  classes: Classes,
  scale: MapScale,
  files: Files,
): AttributionRecord {
  const { explained, map } = attribution;
  return {
    ...subjectRecord(attribution, classes),
    explained,
    attributions: sum(map),
    scales: { attributions: scale },
    files,
  };
}

function subjectRecord(finding: Finding, classes: Classes): Pick<ExplanationRecord, "subject" | "target" | "versus"> {
  const classOf = (index: number | undefined): ClassRecord | null =>
    index === undefined ? null : classRecord(index, finding.logits, classes);
  return {
    subject: subjectName(finding, classes.names),
    target: classOf(finding.target),
    versus: classOf(finding.versus),
  };
}

function classRecord(index: number, logits: Tensor, { names, independent }: Classes): ClassRecord {
  const logit = logits[index]!;
  const probability = independent ? 1 / (1 + Math.exp(-logit)) : softmax(logits)[index]!;
  return { index, name: names?.[index] ?? null, logit, probability };
}

type AnyRecord = ExplanationRecord | AttributionRecord;

/** A number that explanations alone have. */
function own(text: (e: ExplanationRecord) => string): Column["cell"] {
  return (e) => ("residual" in e ? text(e) : "");
}

interface Column {
  readonly head: string;
  readonly align: Align;
  readonly cell: (e: AnyRecord, image: ImageRecord) => string;
}

const columns: readonly Column[] = [
  { head: "image", align: "left", cell: (_, { image }) => printable(image) },
  { head: "label", align: "left", cell: (_, { label }) => (label === null ? "" : called(label)) },
  { head: "predicted", align: "left", cell: (_, { predicted }) => called(predicted) },
  { head: "explained", align: "left", cell: ({ subject }) => subject },
  { head: "probability", align: "right", cell: probabilityCell },
  { head: "amount", align: "right", cell: (e) => amountText(e.explained) },
  { head: "Σ contributions", align: "right", cell: own((e) => amountText(e.contributions)) },
  { head: "constant", align: "right", cell: own((e) => amountText(e.constant)) },
  { head: "residual", align: "right", cell: own((e) => e.residual.toExponential(1)) },
  { head: "relative", align: "right", cell: own((e) => e.relativeResidual.toExponential(1)) },
  { head: "Σ attributions", align: "right", cell: (e) => ("attributions" in e ? amountText(e.attributions) : "") },
];

/** A line for each explanation; columns without anything in them are left out. */
export function recordsTable(images: readonly ImageRecord[]): readonly string[] {
  const rows = images.flatMap((image) => {
    const records: readonly AnyRecord[] = [...image.explanations, ...(image.attributions ?? [])];
    return records.map((e) => columns.map(({ cell }) => cell(e, image)));
  });
  const used = columns.flatMap((column, i) => (rows.some((row) => row[i] !== "") ? [{ ...column, i }] : []));
  return formatTable(
    [used.map(({ head }) => head), ...rows.map((row) => used.map(({ i }) => row[i]!))],
    used.map(({ align }) => align),
  );
}

function called({ index, name }: Pick<ClassRecord, "index" | "name">): string {
  return name ?? String(index);
}

/** Names of files may hold what would write over the terminal. */
function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, "?");
}

/** Four places, or three digits of what is too small for them. */
function amountText(amount: number): string {
  return amount === 0 || Math.abs(amount) >= 1e-3 ? amount.toFixed(4) : amount.toExponential(2);
}

function probabilityCell({ target, versus }: AnyRecord): string {
  return target === null || versus !== null ? "" : `${(100 * target.probability).toFixed(1)} %`;
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i]!;
  return total;
}
