/** How deep a syntax tree is. */

/** Levels of objects below and with `root`. Walks without recursion, so that no tree is too deep for it. */
export function depthOf(root: object): number {
  let deepest = 0;
  const open: { readonly node: object; readonly depth: number }[] = [{ node: root, depth: 1 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    deepest = Math.max(deepest, next.depth);
    // Lists are no level of their own.
    const depth = Array.isArray(next.node) ? next.depth : next.depth + 1;
    for (const child of Object.values(next.node)) {
      if (typeof child === "object" && child !== null) open.push({ node: child as object, depth });
    }
  }
  return deepest;
}
