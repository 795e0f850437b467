/** The functions of expressions, as hover, completion and signature help describe them. */
import type { FunctionName } from "../../compiler/check/evaluate-expression.ts";

export interface FunctionDescription {
  /** `…` stands for any number of further ones. */
  readonly parameters: readonly string[];
  /** `undefined`: that of the arguments. */
  readonly result: "int" | "float" | undefined;
  readonly documentation: string;
}

export const functionTable: Readonly<Record<FunctionName, FunctionDescription>> = {
  min: { parameters: ["a", "b", "…"], result: undefined, documentation: "The smallest number." },
  max: { parameters: ["a", "b", "…"], result: undefined, documentation: "The largest number." },
  ceil: {
    parameters: ["x"],
    result: "int",
    documentation: "Rounded up; the division right inside it is exact.",
  },
  floor: {
    parameters: ["x"],
    result: "int",
    documentation: "Rounded down; the division right inside it is exact.",
  },
  sqrt: { parameters: ["x"], result: "float", documentation: "The square root." },
  ln: { parameters: ["x"], result: "float", documentation: "The natural logarithm." },
};
