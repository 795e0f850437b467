/** Finds blocks that contain themselves, before any of them is expanded. */
import type { Declaration } from "../syntax/ast.ts";
import type { Report } from "./report.ts";
import type { Resolution } from "./resolution.ts";

/** Reports every cycle once and makes the call that closes it unknown. Walks without recursion of its own. */
export function checkRecursion(report: Report, resolution: Resolution): void {
  const done = new Set<Declaration>();
  for (const start of resolution.uses.keys()) {
    const path: { readonly declaration: Declaration; next: number }[] = [];
    const places = new Map<Declaration, number>();
    const enter = (declaration: Declaration): void => {
      done.add(declaration);
      places.set(declaration, path.length);
      path.push({ declaration, next: 0 });
    };
    if (!done.has(start)) enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const use = resolution.uses.get(top.declaration)?.[top.next++];
      if (use === undefined) {
        path.pop();
        places.delete(top.declaration);
        continue;
      }
      const { declaration } = use.target;
      const from = places.get(declaration);
      if (from !== undefined) {
        const chain = [...path.slice(from).map((entry) => entry.declaration.name.text), declaration.name.text];
        report.at(use.step.callee.span, "name/recursion", { chain });
        resolution.calls.delete(use.step);
      } else if (!done.has(declaration)) enter(declaration);
    }
  }
}
