/** How a tensor of a B-cos network is made from those of the conventional network: data, which the runtime carries out. */

/** Paths and shapes are those of weight files. */
export type TensorRecipe =
  /** The numbers as they are; the shape may have other axes of length 1. */
  | { readonly kind: "copy"; readonly from: string }
  /**
   * [w, −w]/2 for inputs that come as [z, −z]. The second axis, the input's, is cut into runs of so many channels, and each
   * run becomes w/2 followed by −w/2.
   */
  | { readonly kind: "signed-pairs"; readonly from: string; readonly run: number }
  /** bias − mean · weight / √(variance + ε): of a batch norm that does not subtract its mean any more. */
  | {
      readonly kind: "folded-bias";
      readonly bias: string;
      readonly mean: string;
      readonly weight: string;
      readonly variance: string;
      readonly epsilon: number;
    };

/** By the path of the tensor that is made. */
export type Recipes = ReadonlyMap<string, TensorRecipe>;
