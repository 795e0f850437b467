/**
 * Owns the way of tokens and comments into prettier's documents. The printing functions walk the syntax tree in source
 * order and take one token after the other; each becomes a slot. When all are taken, the comments are put into the
 * slots around them, so that none is lost and their order stays.
 *
 * Where a comment goes is decided by the token behind it. If a line can begin with that token, then a comment on the
 * line before stays at its end, and others get lines of their own. If not, the line is broken there, as it was in the
 * text. Either way a line break stands where one stood, so that the meaning can not change.
 */
import { builders } from "prettier/doc";
import type { PlacedComment, SourceTokens } from "./source-tokens.ts";

type Doc = builders.Doc;

const { breakParent, hardline, indent, join, lineSuffix, literalline } = builders;

interface Slot {
  /** The index of the token in the source. */
  readonly token: number;
  readonly kind: SlotKind;
  /** What is printed: the comments in front, the token, the comments behind. */
  readonly parts: [Doc, Doc, Doc];
  /** Where the comments in front are printed instead. */
  readonly lead: Doc[] | undefined;
}

type SlotKind =
  /** In the middle of a line. */
  | "inner"
  /** A line begins with it if what surrounds it is broken. */
  | "first"
  /** The same, for `->` and operators: comments behind it go in front of it. */
  | "operator"
  /** The same in the middle of a line: the first `->` of a row. */
  | "inner operator"
  /** Comments in front of it go behind it: a comma, or what the text does not have. */
  | "unmoved"
  /** A closing bracket: comments in front of it are indented. */
  | "close";

export interface Writer {
  readonly source: SourceTokens;
  /** The index of the token that is taken next. */
  readonly position: () => number;
  /** Takes the next token, which must be `image`; prints `shown` for it. */
  readonly take: (image?: string, shown?: Doc) => Doc;
  /** Takes an operator, with which a line can begin unless it is an inner one. */
  readonly operator: (image: string, isInner?: boolean) => Doc;
  readonly comma: (shown?: Doc) => Doc;
  /** Takes a closing bracket; `gap` stands between it and what it closes. */
  readonly close: (image: string, gap: Doc) => Doc;
  /** A parenthesis that the text does not have. */
  readonly add: (text: "(" | ")") => Doc;
  /** Takes all tokens up to the one that ends at the offset as they are written, with the comments between them. */
  readonly copyUpTo: (offset: number) => Doc;
  /** Says that a line can begin with the next token. Returns the place of the comments in front of it. */
  readonly lineStart: () => Doc;
  /** The place of the comments in front of the next token, where they should not stand directly before it. */
  readonly lead: () => Doc;
  /** Leaves tokens out. Only for ones without comments around them. */
  readonly skip: (count: number) => void;
  /** Whether an empty line is in front of the next token and its comments. */
  readonly isBlankBefore: () => boolean;
  /** Whether an empty line is in front of the next token, or between its comments. */
  readonly isBlankAround: () => boolean;
  /** Puts the comments into the slots. Returns what stands behind the last token. */
  readonly finish: () => Doc;
}

export function createWriter(source: SourceTokens): Writer {
  const { tokens, comments, firstComment } = source;
  const slots: Slot[] = [];
  const copied: { readonly from: number; readonly to: number }[] = [];
  let position = 0;
  let isFirst = false;
  let lead: Doc[] | undefined;

  /** Makes the slot of a token that is printed as `shown`. */
  function place(kind: SlotKind, token: number, shown: Doc): Doc {
    const parts: [Doc, Doc, Doc] = ["", shown, ""];
    slots.push({ token, kind: isFirst && kind === "inner" ? "first" : kind, parts, lead });
    isFirst = false;
    lead = undefined;
    return parts;
  }

  function advance(image: string | undefined): string {
    const found = tokens[position]?.image;
    if (found === undefined || (image !== undefined && found !== image)) {
      throw new Error(`the printer expected ${image ?? "a token"} at token ${position}, found ${found ?? "the end"}`);
    }
    position++;
    return found;
  }

  function put(kind: SlotKind, image: string | undefined, shown: Doc | undefined): Doc {
    const token = position;
    const text = advance(image);
    return place(kind, token, shown ?? text);
  }

  const isOpening = (slot: Slot): boolean => source.closing(slot.token) >= 0;
  const commentsBefore = (token: number): readonly PlacedComment[] =>
    comments.slice(firstComment(token), token < tokens.length ? firstComment(token + 1) : undefined);

  function ownLines(): readonly PlacedComment[] {
    return commentsBefore(position).filter((comment, i) => i > 0 || !comment.sameLine);
  }

  function finish(): Doc {
    let next = 0;
    const groups: { readonly slot: number; readonly comments: PlacedComment[] }[] = [];
    for (const comment of comments) {
      if (copied.some(({ from, to }) => from < comment.before && comment.before <= to)) continue;
      while (next < slots.length && !stands(slots[next]!, comment)) next++;
      if (groups.at(-1)?.slot === next) groups.at(-1)!.comments.push(comment);
      else groups.push({ slot: next, comments: [comment] });
    }
    let end: Doc = "";
    for (const { slot, comments: group } of groups) {
      const [first, ...others] = group as [PlacedComment, ...PlacedComment[]];
      const previous = slots[slot - 1];
      const trails = first.sameLine && previous !== undefined;
      const own = trails ? others : group;
      const target = slots[slot];
      // In the middle of a line a line break follows, not so where it only may be broken.
      if (trails) previous.parts[2] = isInner(target) ? ` ${first.text}` : lineSuffix(` ${first.text}`);
      if (target === undefined) {
        end = linesBehind(own, previous !== undefined);
        continue;
      }
      const lines = linesBefore(target, own, trails, previous !== undefined && isOpening(previous));
      if (target.lead === undefined) target.parts[0] = lines;
      else target.lead.push(...lines);
    }
    return end;
  }

  return {
    source,
    position: () => position,
    take: (image, shown) => put("inner", image, shown),
    operator: (image, isInner = false) => put(isInner ? "inner operator" : "operator", image, undefined),
    comma: (shown) => put("unmoved", ",", shown),
    close(image, gap) {
      return put("close", image, [gap, image]);
    },
    add(text) {
      return place(text === "(" ? "inner" : "unmoved", position, text);
    },
    copyUpTo(offset) {
      const first = position;
      const last = source.endingAt(offset);
      copied.push({ from: first, to: last });
      position = last + 1;
      const lines = source.text.slice(tokens[first]!.startOffset, offset).split(/\r\n|\n|\r/);
      return place("inner", first, join(literalline, lines));
    },
    lineStart() {
      isFirst = true;
      return (lead = []);
    },
    lead: () => (lead = []),
    skip: (count) => {
      position += count;
    },
    isBlankBefore: () => ownLines()[0]?.blankBefore ?? isBlankBetween(position),
    isBlankAround: () =>
      ownLines().some((comment) => comment.blankBefore || comment.blankAfter) || isBlankBetween(position),
    finish,
  };

  /** Whether only empty lines, and a comment at the end of the first, are in front of the token. */
  function isBlankBetween(token: number): boolean {
    const found = commentsBefore(token);
    if (found.length === 0) return source.breaksBefore(token) > 1;
    return found.length === 1 && found[0]!.sameLine && found[0]!.blankAfter;
  }
}

/** Whether comments in front of the token at `before` belong to the slot. */
function stands(slot: Slot, { before }: PlacedComment): boolean {
  const takesNext = slot.kind === "operator" || slot.kind === "inner operator";
  return slot.kind !== "unmoved" && slot.token + (takesNext ? 1 : 0) >= before;
}

function isInner(slot: Slot | undefined): boolean {
  return slot?.kind === "inner" || slot?.kind === "inner operator";
}

/** Comments with lines of their own in front of a token. `trails`: one is at the end of the line before already. */
function linesBefore(slot: Slot, own: readonly PlacedComment[], trails: boolean, isFirstInside: boolean): Doc[] {
  const isBlankBehind = (i: number): boolean => own[i + 1]?.blankBefore ?? own[i]!.blankAfter;
  if (slot.kind === "close") {
    const lines = own.map(({ text, blankBefore }, i): Doc => {
      const isBlank = blankBefore && !(i === 0 && isFirstInside);
      return [hardline, isBlank ? hardline : "", text];
    });
    return [breakParent, indent(lines)];
  }
  if (isInner(slot)) return [trails || own.length > 0 ? hardline : "", own.map(({ text }) => [text, hardline])];
  const lines = own.map(({ text }, i): Doc => {
    return [text, hardline, slot.kind === "first" && isBlankBehind(i) ? hardline : ""];
  });
  return [breakParent, lines];
}

/** Comments behind the last token. */
function linesBehind(own: readonly PlacedComment[], isBehind: boolean): Doc {
  return own.map(({ text, blankBefore }, i): Doc => {
    const isLater = isBehind || i > 0;
    return [isLater ? hardline : "", isLater && blankBefore ? hardline : "", text];
  });
}
