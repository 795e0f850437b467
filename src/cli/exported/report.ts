/** What `bcosc export --to tfjs` says of the model that it wrote. */
import { countOf, formatCount, formatShape, formatTable } from "../table.ts";
import type { ExportedModel } from "./graph-model.ts";

export function graphModelJson(exported: ExportedModel): Readonly<Record<string, unknown>> {
  const { folder, weights, program, model, files, replaced, comparison } = exported;
  const shapes = (tensors: ExportedModel["model"]["signature"]["inputs"]) =>
    Object.fromEntries(
      Object.entries(tensors).map(([name, { tensorShape }]) => [name, tensorShape.dim.map(({ size }) => Number(size))]),
    );
  return {
    weights,
    model: program.model,
    form: program.form,
    target: "tfjs",
    out: folder,
    replaced,
    batch: model.batch ?? null,
    inputs: shapes(model.signature.inputs),
    outputs: shapes(model.signature.outputs),
    targetNode: model.targetNode ?? null,
    nodes: Object.fromEntries(kindsOf(exported)),
    files,
    comparison: comparison ?? null,
  };
}

export function graphModelText(exported: ExportedModel, verbose: boolean): string {
  const { folder, weights, program, model, files, replaced } = exported;
  const { node } = model.topology;
  const shapes = Object.entries({ ...model.signature.inputs, ...model.signature.outputs }).map(
    ([name, { tensorShape }], i) => [
      i === 0 ? "takes" : i === 1 ? "gives" : "",
      name,
      formatShape(tensorShape.dim.map(({ size }) => Number(size))).replace("[-1", "[any"),
    ],
  );
  const bytes = Object.values(files).reduce((sum, size) => sum + size, 0);
  const kinds = kindsOf(exported).map(([kind, count]) => [kind, formatCount(count)]);
  const amount = `${countOf(node.length - model.weights.length, "node")}, ${countOf(Object.keys(files).length, "file")}, ${formatBytes(bytes)}`;
  return [
    `${weights}: ${program.model} (${program.form}) as a graph model of TensorFlow.js`,
    ...formatTable(shapes, ["left", "left", "left"]).map((line) => `  ${line}`),
    `  ${amount}`,
    ...(verbose ? ["", ...formatTable(kinds, ["left", "right"]).map((line) => `  ${line}`), ""] : []),
    ...comparisonLines(exported),
    `${replaced ? "replaced" : "wrote"} ${folder}`,
    "",
  ].join("\n");
}

function comparisonLines({ comparison }: ExportedModel): readonly string[] {
  if (comparison === undefined) return ["  not compared"];
  const { backend, device, images, samePredictions, differences, relativeResidual } = comparison;
  const rows = Object.entries(differences).map(([output, { largest, amount, relative }]) =>
    amount === 0
      ? [output, "0 on both: these weights say nothing of them"]
      : [output, `differ by at most ${largest.toExponential(1)},`, `${relative.toExponential(1)} of the largest`],
  );
  const residual =
    relativeResidual === undefined ? [] : [`  largest relative residual ${relativeResidual.toExponential(1)}`];
  return [
    `  loaded on \`${backend}\` and compared with the device \`${device}\`: ${samePredictions} of ${countOf(images, "image")} with the same class`,
    ...formatTable(rows, ["left", "left", "left"]).map((line) => `    ${line}`),
    ...residual,
  ];
}

/** Kinds of nodes that compute, the most frequent first. */
function kindsOf({ model }: ExportedModel): readonly (readonly [string, number])[] {
  const counts = new Map<string, number>();
  for (const { op } of model.topology.node) if (op !== "Const") counts.set(op, (counts.get(op) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

function formatBytes(bytes: number): string {
  return bytes < 2 ** 20 ? `${(bytes / 2 ** 10).toFixed(0)} KiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
