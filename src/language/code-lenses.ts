/**
 * Code lenses: above a model what it holds and costs, above a block where it is used. What a plan knows, kernels and peak
 * memory, takes the planner: `resolveCodeLens` adds it to the lenses that an editor has in view.
 */
import { buildProgram } from "../compiler/compile.ts";
import type { Form } from "../compiler/graph/program.ts";
import type { Network } from "../compiler/network/network.ts";
import { targetNames, type TargetName } from "../compiler/plan/plan.ts";
import { planTotals } from "../compiler/plan/print-plan.ts";
import { scaled } from "../compiler/scaled.ts";
import type { Declaration } from "../compiler/syntax/ast.ts";
import { BcosError, type Span } from "../diagnostics/diagnostic.ts";
import { groupsAt, totalsOf } from "./known/costs.ts";
import { knowledgeOf, type Known } from "./known/knowledge.ts";
import { exactCount, scaledCount } from "./known/text.ts";
import { references } from "./references.ts";
import type { Workspace } from "./workspace.ts";

export interface CodeLensOptions {
  /** Default `bcos`. */
  readonly form?: Form;
}

export type LensCommand =
  /** `bcosc inspect FILE --model MODEL --dump plan --target TARGET` */
  | { readonly name: "show-plan"; readonly path: string; readonly model: string; readonly target: TargetName }
  /** `bcosc compile FILE` */
  | { readonly name: "compile"; readonly path: string; readonly model: string }
  /** All places that use the block whose name is at the span. */
  | { readonly name: "show-references"; readonly span: Span; readonly places: readonly Span[] };

export interface CodeLens {
  /** The name of the model or block. */
  readonly span: Span;
  /** Absent until it is resolved. */
  readonly title?: string;
  /** Absent where there is nothing to do. */
  readonly command?: LensCommand;
}

/** In source order. */
export function codeLenses(workspace: Workspace, path: string, options: CodeLensOptions = {}): readonly CodeLens[] {
  const known = knowledgeOf(workspace, path);
  return (workspace.tree(path)?.declarations ?? []).flatMap((declaration) => {
    if (declaration.name.text === "") return [];
    if (declaration.kind === "block") return blockLenses(workspace, path, declaration, known.get(declaration));
    return modelLenses(workspace, path, declaration, options.form ?? "bcos");
  });
}

function modelLenses(workspace: Workspace, path: string, { name }: Declaration, form: Form): CodeLens[] {
  const model = modelAt(workspace, path, name.text);
  if (model === undefined) return [];
  const { parameters, macs } = totalsOf(model, form, model.layers);
  // The form does not fit: that is a finding of its own.
  if (parameters === undefined || macs === undefined) return [];
  const { span } = name;
  return [
    { span, title: `${scaledCount(parameters, "parameter")} · ${scaledCount(macs, "MAC")}` },
    ...targetNames.map((target): CodeLens => ({
      span,
      command: { name: "show-plan", path, model: name.text, target },
    })),
    { span, title: "compile", command: { name: "compile", path, model: name.text } },
  ];
}

function modelAt(workspace: Workspace, path: string, name: string): Network | undefined {
  return workspace.networks(path).find((network) => network.name === name);
}

/**
 * The lens with its title: what the planner makes of the model for a batch of one, `wasm: 78 kernels · 96.5 MB peak`. Takes
 * up to a second for the largest models; a model that did not change is not planned again.
 */
export function resolveCodeLens(workspace: Workspace, lens: CodeLens, options: CodeLensOptions = {}): CodeLens {
  const { command, title } = lens;
  if (title !== undefined || command?.name !== "show-plan") return lens;
  const { path, model: name, target } = command;
  const model = modelAt(workspace, path, name);
  if (model === undefined) return { ...lens, title: `${target}: no plan` };
  return { ...lens, title: planText(model, options.form ?? "bcos", target) };
}

const planTexts = new WeakMap<Network, Map<string, string>>();

function planText(model: Network, form: Form, target: TargetName): string {
  const texts = planTexts.get(model) ?? new Map<string, string>();
  planTexts.set(model, texts);
  const key = `${form} ${target}`;
  const text = texts.get(key) ?? planned(model, form, target);
  texts.set(key, text);
  return text;
}

function planned(model: Network, form: Form, target: TargetName): string {
  try {
    const { program } = buildProgram(model, { form, batch: 1, graphs: ["predict"], targets: [target] });
    const { launches, peakBytes } = planTotals(program[target]!.plans.predict!);
    return `${target}: ${exactCount(launches, "kernel")} · ${scaled(peakBytes)}B peak`;
  } catch (error) {
    if (!(error instanceof BcosError)) throw error;
    return `${target}: ${error.diagnostics[0]?.message ?? "no plan"}`;
  }
}

function blockLenses(
  workspace: Workspace,
  path: string,
  { name, span }: Declaration,
  known: Known | undefined,
): CodeLens[] {
  const places = references(workspace, path, name.span.start, { includeDeclaration: false }).filter(
    (place) => !isImport(workspace, place),
  );
  const files = new Set(places.map(({ file }) => file)).size;
  const title = places.length === 0 ? "not used" : `used ${times(places.length)} in ${exactCount(files, "file")}`;
  const command: LensCommand = { name: "show-references", span: name.span, places };
  const used: CodeLens = { span: name.span, title, ...(places.length === 0 ? {} : { command }) };
  if (known === undefined) return [used];
  const instances = groupsAt(known.models, span, { perCall: false });
  const models = [...new Set(instances.map(({ model }) => model.name))];
  const different = known.instances.length === 1 ? "" : `, ${known.instances.length} different`;
  const counted = `${exactCount(instances.length, "instance")} in ${models.join(", ")}${different}`;
  return [used, ...(instances.length === 0 ? [] : [{ span: name.span, title: counted }])];
}

function times(count: number): string {
  return count === 1 ? "once" : exactCount(count, "time");
}

function isImport(workspace: Workspace, { file, start }: Span): boolean {
  const imports = workspace.tree(file)?.imports ?? [];
  return imports.some(({ span }) => span.start <= start && start < span.end);
}
