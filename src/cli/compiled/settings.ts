/** What `bcosc compile` is asked for. */
import type { EmitOptions } from "../../compiler/emit/emit-model.ts";
import type { ModelOptions } from "../model-options.ts";

export interface EmitSettings extends Required<Pick<EmitOptions, "targets" | "batch" | "storage" | "layers">> {
  /** The folder. */
  readonly out: string;
  readonly model: ModelOptions;
  /** The file with the names of classes. */
  readonly classes?: string;
  readonly train?: NonNullable<EmitOptions["train"]>;
}
