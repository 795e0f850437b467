/**
 * What the checker knows about the models and blocks of a file. Blocks are known through models: those of the file itself
 * or, for blocks that these do not use, those of the first file of the workspace that does. Files that are open come first:
 * who looks at a block has most likely come from there.
 */
import type { Instance } from "../../compiler/check/instances.ts";
import type { Network } from "../../compiler/network/network.ts";
import type { Declaration } from "../../compiler/syntax/ast.ts";
import type { Workspace } from "../workspace.ts";

export interface Known {
  /** The distinct expansions of the declaration, at least one; the first is the one that features show. */
  readonly instances: readonly [Instance, ...Instance[]];
  /** The models of the file that they come from, broken ones as far as they are known. */
  readonly models: readonly Network[];
  /** That file. */
  readonly path: string;
}

/** By declaration of the file. Nothing for blocks that no model of the workspace uses. */
export function knowledgeOf(workspace: Workspace, path: string): ReadonlyMap<Declaration, Known> {
  const known = new Map<Declaration, Known>();
  const missing = new Set(workspace.tree(path)?.declarations);
  const [own = path, ...others] = missing.size === 0 ? [] : workspace.dependentsOf(path);
  const isOpen = (other: string): boolean => workspace.isOpen(other);
  for (const dependent of [own, ...others.filter(isOpen), ...others.filter((other) => !isOpen(other))]) {
    if (missing.size === 0) break;
    const { instances, networks, drafts } = workspace.check(dependent);
    const models = [...networks, ...drafts].sort((a, b) => a.input.span.start - b.input.span.start);
    for (const [declaration, found] of byDeclaration(instances)) {
      if (!missing.delete(declaration)) continue;
      known.set(declaration, { instances: found, models, path: dependent });
    }
  }
  return known;
}

function byDeclaration(instances: readonly Instance[]): Map<Declaration, [Instance, ...Instance[]]> {
  const groups = new Map<Declaration, [Instance, ...Instance[]]>();
  for (const instance of instances) {
    const group = groups.get(instance.declaration);
    if (group === undefined) groups.set(instance.declaration, [instance]);
    else group.push(instance);
  }
  return groups;
}
