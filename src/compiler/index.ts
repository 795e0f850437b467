/** The compiler: from the text of a `.bcos` file to a program for the runtime. Works in browsers and in Node alike. */
export { BcosError, hasErrors, type Diagnostic } from "../diagnostics/diagnostic.ts";
export { renderDiagnostic, renderDiagnostics, type FrameOptions, type Sources } from "../diagnostics/frame.ts";
export { checkFile, type CheckOptions, type CheckResult } from "./check/check.ts";
export { createMemoryHost, type SourceHost } from "./check/source-host.ts";
export { buildProgram, summarise, type BuiltProgram, type LayerSummary, type ProgramOptions } from "./compile.ts";
export { cosificationSteps, type CosificationStep } from "./cosify/cosification.ts";
export type { Recipes, TensorRecipe } from "./cosify/recipe.ts";
export type { CosificationStepName } from "./cosify/settings-steps.ts";
export type { Form, GraphName, Program, StateSpec, TrainSettings } from "./graph/program.ts";
export type { CodeTarget } from "./targets/code-target.ts";
export type { TargetName } from "./plan/plan.ts";
export type { Network } from "./network/network.ts";
export { checkForm } from "./network/forms.ts";
export { layerTable } from "./layers/table.ts";
export { parseFile, type ParsedFile } from "./syntax/parse.ts";
export { defaultTrainSettings } from "./training/default-settings.ts";
