/** Checks what the findings of a file depend on, in pieces between which other messages have their turn. */
import type { Workspace } from "../workspace.ts";

/** After how many milliseconds others have their turn. */
const slice = 10;

/** `next` says whether the work still matters; so does the result. */
export async function warmUp(workspace: Workspace, path: string, next: () => Promise<boolean>): Promise<boolean> {
  let start = performance.now();
  for (const dependent of workspace.dependentsOf(path)) {
    if (performance.now() - start > slice) {
      if (!(await next())) return false;
      start = performance.now();
    }
    workspace.check(dependent);
  }
  return next();
}
