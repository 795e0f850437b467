/** Cases for every kind of operation, with the result by its plain formula. */
import type { Cases } from "./cases/case.ts";
import { convolutionCases } from "./cases/convolutions.ts";
import { elementwiseCases } from "./cases/elementwise.ts";
import { formCases } from "./cases/form.ts";
import { productCases } from "./cases/products.ts";
import { reductionCases } from "./cases/reductions.ts";
import { windowCases } from "./cases/windows.ts";

export type { Case } from "./cases/case.ts";

export const cases: Cases = {
  ...elementwiseCases,
  ...reductionCases,
  ...formCases,
  ...productCases,
  ...convolutionCases,
  ...windowCases,
};
