/** Makes the paths of an expanded declaration unique, or reports two things at one path. */
import type { Span } from "../../diagnostics/diagnostic.ts";
import { reportAt, type Frame } from "./frame.ts";
import type { Claim } from "./template.ts";

export function finishPaths(frame: Frame): void {
  const { layers } = frame.builder;
  const repeated = claimsWithOnePath(frame);
  const places = new Map<string, Span>();
  for (const [i, layer] of layers.entries()) {
    if (!layer.fixed || repeated.some((claim) => claim.from <= i && i < claim.to)) continue;
    const first = places.get(layer.path);
    if (first === undefined) places.set(layer.path, layer.nameSpan);
    else reportPath(frame, layer.path, first, layer.nameSpan);
  }
  for (const [i, layer] of layers.entries()) {
    if (layer.fixed) continue;
    let path = layer.path;
    for (let n = 1; places.has(path); n++) path = `${layer.path}_${n}`;
    places.set(path, layer.nameSpan);
    if (path !== layer.path) layers[i] = { ...layer, path };
  }
}

/** The instances whose path another one has already: one report stands for all layers in them. */
function claimsWithOnePath(frame: Frame): Claim[] {
  const first = new Map<string, Claim>();
  return frame.builder.claims.filter((claim) => {
    const other = first.get(claim.path);
    if (other === undefined) {
      first.set(claim.path, claim);
      return false;
    }
    reportPath(frame, claim.path, other.span, claim.span);
    return true;
  });
}

function reportPath(frame: Frame, path: string, first: Span, second: Span): void {
  const related = [{ span: first, label: "the first" }];
  reportAt(frame, second, "name/weight-path", { path }, { related });
}
