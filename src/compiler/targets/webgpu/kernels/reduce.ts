/**
 * Reductions of [outer, reduced, inner] over the middle, in an order that depends on the shape and the variant alone. Long
 * ones are cut into parts; a second kernel joins these. Long rows have two variants: `workgroup`, in which the invocations
 * of a workgroup share a row and meet in workgroup memory, and `registers`, a row an invocation.
 */
import { costOf, ex } from "../../../plan/expression.ts";
import type { ReduceSpec } from "../../../plan/reduction.ts";
import { elementIndex, inputParts } from "../elements.ts";
import { emitExpressions } from "../expression-wgsl.ts";
import {
  createKernel,
  createMapKernel,
  indent,
  mapForm,
  type GpuKernel,
  type GpuRecipe,
  type KernelForm,
} from "../kernel.ts";

/** Terms that are added up before the sum goes to the sum of sums: bounds the rounding error. */
const RUN = 64;
/** Elements that a part has at least, invocations to aim at, and parts at most. */
const PART = 256;
const WANTED = 8192;
const PARTS = 256;
/** Invocations that share a row. */
const TEAM = 64;

interface Parts {
  readonly count: number;
  readonly length: number;
}

function partsOf(s: ReduceSpec): Parts {
  const team = s.inner === 1 && s.reduced >= 2 * TEAM ? TEAM : 1;
  const wanted = Math.ceil(WANTED / (s.outer * s.inner * team));
  const count = Math.max(1, Math.min(wanted, PARTS, Math.floor(s.reduced / (PART * team))));
  const length = Math.ceil(s.reduced / count);
  return { count: Math.ceil(s.reduced / length), length };
}

/** Buffers: `x1`, …, `out`; temporaries `parts` and, for variances, `means`. */
export function reduceRecipe(label: string, spec: ReduceSpec): GpuRecipe {
  const parts = partsOf(spec);
  const first = partKernel(label, spec, parts);
  if (parts.count === 1) return { steps: spec.outer * spec.inner === 0 ? [] : [first], temporaries: {} };
  const bytes = 4 * spec.outer * parts.count * spec.inner;
  return {
    steps: [first, joinKernel(`${label}, parts`, spec, parts)],
    temporaries: { parts: bytes, ...(spec.kind === "variance" ? { means: bytes } : {}) },
  };
}

/** Statements for the finished value. */
function finished(spec: ReduceSpec, value: string): { readonly lines: readonly string[]; readonly value: string } {
  if (spec.finish === undefined) return { lines: [], value };
  const { lines, values } = emitExpressions([spec.finish], () => value, { prefix: "f" });
  return { lines, value: values[0]! };
}

export function partKernel(label: string, spec: ReduceSpec, parts: Parts): GpuKernel {
  const inputs = spec.inputs ?? [{ kind: "same" } as const];
  const [rows, channels] = spec.inner === 1 ? [spec.outer, spec.reduced] : [spec.outer * spec.reduced, spec.inner];
  const { lines, values } = emitExpressions([spec.value ?? ex.input(0)], (index) => {
    return `x${index + 1}[${elementIndex(inputs[index]!, "row", "channel", channels)}]`;
  });
  const place = spec.inner === 1 ? ["outer", "at"] : [`outer * ${spec.reduced}u + at`, "inner"];
  const declarations = [
    "fn value_at(outer: u32, at: u32, inner: u32) -> f32 {",
    `  let row = ${place[0]!};`,
    `  let channel = ${place[1]!};`,
    ...lines.map((line) => `  ${line}`),
    `  return ${values[0]!};`,
    "}",
  ].join("\n");
  const many = parts.count > 1;
  const variance = spec.kind === "variance";
  const average = !many && (spec.kind === "mean" || variance);
  const done = finished(spec, average ? "averaged" : "result");
  const store = [
    ...(average ? ["let averaged = result / size;"] : []),
    ...(many ? [] : done.lines),
    `${many ? "parts" : "out"}[task] = ${many ? "result" : done.value};`,
    ...(many && variance ? ["means[task] = mean;"] : []),
  ].join("\n");
  const begin = [
    `let inner = task % ${spec.inner}u;`,
    `let part = task / ${spec.inner}u % ${parts.count}u;`,
    `let outer = task / ${spec.inner * parts.count}u;`,
    `let from_at = part * ${parts.length}u;`,
    `let to_at = min(from_at + ${parts.length}u, ${spec.reduced}u);`,
    "let size = f32(to_at - from_at);",
  ];
  const tasks = spec.outer * parts.count * spec.inner;
  const names = many ? (variance ? ["parts", "means"] : ["parts"]) : ["out"];
  const common = {
    label,
    inputs: inputParts("x", inputs, rows, channels),
    outputs: names.map((name) => ({ name, length: tasks })),
    flops: spec.outer * spec.reduced * spec.inner * ((variance ? 4 : 1) + (spec.value ? costOf(spec.value) : 0)),
  };
  const steps = (team: number): string[] => {
    const pass = (name: string, term: string): string => passOver(spec, team, name, term);
    if (!variance) return [pass("result", "value_at(outer, at, inner)")];
    return [
      pass("sum", "value_at(outer, at, inner)"),
      "let mean = sum / size;",
      pass("result", "square(value_at(outer, at, inner) - mean)"),
    ];
  };
  const functions = `${declarations}${variance ? "\n\nfn square(x: f32) -> f32 {\n  return x * x;\n}" : ""}`;
  const alone = mapForm({
    name: "registers",
    declarations: functions,
    body: ["let task = i;", ...begin, ...steps(1), store].join("\n"),
    count: tasks,
  });
  if (spec.inner !== 1 || parts.length < 2 * TEAM) return createKernel(common, [alone]);
  const totals = variance ? ["sum", "result"] : ["result"];
  const team = {
    name: "workgroup",
    declarations: `${teamMemory(TEAM, totals)}\n\n${functions}`,
    body: ["let task = group;", ...begin, ...steps(TEAM), "if (lane == 0u) {", indent(store), "}"].join("\n"),
    invocations: TEAM,
    groups: tasks,
    workgroupBytes: 4 * TEAM * totals.length,
  };
  return createKernel(common, [team, alone]);
}

/** Declares `name`: the sum (maximum) of a term over `at` from `from_at` to `to_at`. */
function passOver(spec: ReduceSpec, team: number, name: string, term: string): string {
  const max = spec.kind === "max";
  const step = team === 1 ? "" : `${team}u * `;
  const first = team === 1 ? "from_at" : "from_at + lane";
  // A short last part may leave members of a team without elements: they take its last one, which changes no maximum.
  const own = max
    ? [
        `var ${name}_total = value_at(outer, ${team === 1 ? first : `min(${first}, to_at - 1u)`}, inner);`,
        `for (var at = ${first}; at < to_at; at += ${team}u) {`,
        `  ${name}_total = max(${name}_total, ${term});`,
        "}",
      ]
    : [
        `var ${name}_total = 0.0f;`,
        `for (var begin = ${first}; begin < to_at; begin += ${step}${RUN}u) {`,
        "  var run = 0.0f;",
        `  for (var at = begin; at < min(begin + ${step}${RUN}u, to_at); at += ${team}u) {`,
        `    run += ${term};`,
        "  }",
        `  ${name}_total += run;`,
        "}",
      ];
  if (team === 1) return [...own, `let ${name} = ${name}_total;`].join("\n");
  return [...own, ...teamResult(team, name, max)].join("\n");
}

/** Workgroup memory for the totals of a team: each of its own, so that none is written again while others still read. */
function teamMemory(team: number, names: readonly string[]): string {
  return names.map((name) => `var<workgroup> shared_${name}: array<f32, ${team}>;`).join("\n");
}

/** Joins the totals of a team by a tree; all members have the result. */
function teamResult(team: number, name: string, max: boolean): string[] {
  const [own, other] = [`shared_${name}[lane]`, `shared_${name}[lane + half]`];
  return [
    `${own} = ${name}_total;`,
    "workgroupBarrier();",
    `for (var half = ${team / 2}u; half > 0u; half /= 2u) {`,
    "  if (lane < half) {",
    `    ${own} = ${max ? `max(${own}, ${other})` : `${own} + ${other}`};`,
    "  }",
    "  workgroupBarrier();",
    "}",
    `let ${name} = shared_${name}[0];`,
  ];
}

/** Joins the parts of each outer index; variances by the sizes and means of their parts (Chan, Golub, LeVeque 1983). */
function joinKernel(label: string, spec: ReduceSpec, parts: Parts): GpuKernel {
  const variance = spec.kind === "variance";
  const count = spec.outer * spec.inner;
  const length = count * parts.count;
  const loop = (step: string): string[] => [
    `for (var part = 0u; part < ${parts.count}u; part++) {`,
    `  let at = (i / ${spec.inner}u * ${parts.count}u + part) * ${spec.inner}u + i % ${spec.inner}u;`,
    `  let size = f32(min(${parts.length}u, ${spec.reduced}u - part * ${parts.length}u));`,
    indent(step),
    "}",
  ];
  const body: string[] = [];
  if (variance) {
    body.push("var sum = 0.0f;", ...loop("sum += means[at] * size;"), `let mean = sum / ${spec.reduced}.0f;`);
    body.push("var total = 0.0f;", ...loop("let away = means[at] - mean;\ntotal += parts[at] + away * away * size;"));
  } else if (spec.kind === "max") {
    body.push(`var total = parts[i / ${spec.inner}u * ${parts.count * spec.inner}u + i % ${spec.inner}u];`);
    body.push(...loop("total = max(total, parts[at]);"));
  } else body.push("var total = 0.0f;", ...loop("total += parts[at];"));
  const averaged = spec.kind === "mean" || variance;
  body.push(`let joined = total${averaged ? ` / ${spec.reduced}.0f` : ""};`);
  const done = finished(spec, "joined");
  return createMapKernel({
    label,
    inputs: [{ name: "parts", length }, ...(variance ? [{ name: "means", length }] : [])],
    outputs: [{ name: "out", length: count }],
    body: [...body, ...done.lines, `out[i] = ${done.value};`].join("\n"),
    count,
    flops: length * (variance ? 6 : 1),
  });
}

/** route_max: (g, x, y = maxima of x) over [outer, reduced, inner] → g at the first maximum. Buffers: `g`, `x`, `y`, `out`. */
export function routeMaxKernel(label: string, s: Pick<ReduceSpec, "outer" | "reduced" | "inner">): GpuKernel {
  const sets = s.outer * s.inner;
  return createMapKernel({
    label,
    inputs: [
      { name: "g", length: sets },
      { name: "x", length: sets * s.reduced },
      { name: "y", length: sets },
    ],
    outputs: [{ name: "out", length: sets * s.reduced }],
    body: [
      `let first = i / ${s.inner}u * ${s.reduced * s.inner}u + i % ${s.inner}u;`,
      "var waiting = true;",
      `for (var step = 0u; step < ${s.reduced}u; step++) {`,
      `  let at = first + step * ${s.inner}u;`,
      "  let hit = waiting && x[at] == y[i];",
      "  out[at] = select(0.0f, g[i], hit);",
      "  waiting = waiting && !hit;",
      "}",
    ].join("\n"),
    count: sets,
    flops: sets * s.reduced,
  });
}

/** softmax and log_softmax of x [rows, length]. Buffers: `x`, `out`. */
export function softmaxKernel(label: string, rows: number, length: number, logarithm: boolean): GpuKernel {
  const size = rows * length;
  const parts = {
    label,
    inputs: [{ name: "x", length: size }],
    outputs: [{ name: "out", length: size }],
    flops: 20 * size,
  };
  const alone = mapForm({ name: "registers", body: softmaxBody(length, logarithm, 1), count: rows });
  if (length < 2 * TEAM) return createKernel(parts, [alone]);
  const team: KernelForm = {
    name: "workgroup",
    declarations: teamMemory(TEAM, ["largest", "sum"]),
    body: softmaxBody(length, logarithm, TEAM),
    invocations: TEAM,
    groups: rows,
    workgroupBytes: 8 * TEAM,
  };
  return createKernel(parts, [team, alone]);
}

function softmaxBody(length: number, logarithm: boolean, team: number): string {
  const first = team === 1 ? "0u" : "lane";
  const over = (step: string): string[] => [
    `for (var at = ${first}; at < ${length}u; at += ${team}u) {`,
    `  ${step}`,
    "}",
  ];
  const result = (name: string, max: boolean): string[] =>
    team === 1 ? [`let ${name} = ${name}_total;`] : teamResult(team, name, max);
  return [
    `let start = ${team === 1 ? "i" : "group"} * ${length}u;`,
    `var largest_total = x[start + ${first}];`,
    ...over("largest_total = max(largest_total, x[start + at]);"),
    ...result("largest", true),
    "var sum_total = 0.0f;",
    ...over("sum_total += exp(x[start + at] - largest);"),
    ...result("sum", false),
    ...(logarithm ? ["let log_sum = precise_log(sum);"] : []),
    ...over(
      logarithm
        ? "out[start + at] = x[start + at] - largest - log_sum;"
        : "out[start + at] = exp(x[start + at] - largest) / sum;",
    ),
  ].join("\n");
}
