/** From an offset to the syntax nodes around it, as a cursor there means them. */
import type { Comment, SourceFile } from "../compiler/syntax/ast.ts";
import { childrenOf, fileNode, spanOf, type SyntaxNode } from "./walk.ts";

/**
 * The nodes that contain the offset, the file first and the innermost last. A cursor right behind a node counts as in it,
 * unless another one starts there.
 */
export function nodePathAt(file: SourceFile, offset: number): SyntaxNode[] {
  const path: SyntaxNode[] = [fileNode(file)];
  for (let inner = childAt(path[0]!, offset); inner !== undefined; inner = childAt(inner, offset)) path.push(inner);
  return path;
}

function childAt(parent: SyntaxNode, offset: number): SyntaxNode | undefined {
  let behind: SyntaxNode | undefined;
  for (const child of childrenOf(parent)) {
    const { start, end } = spanOf(child);
    if (start <= offset && offset < end) return child;
    if (start <= offset && offset === end) behind = child;
  }
  return behind;
}

/** The comment at the offset. A cursor at the end of a line comment is still in it. */
export function commentAt(file: SourceFile, offset: number): Comment | undefined {
  return file.comments.find(({ text, span }) => {
    if (offset < span.start || offset > span.end) return false;
    return offset < span.end || text.startsWith("//");
  });
}
