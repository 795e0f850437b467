/**
 * Reads the part of Python's pickle format that plain data and tensors are made of. A pickle is a program; this
 * interpreter has no way to run anything: a global name is only a name that `PickleHost` may know, and what it is called
 * with makes data. Unknown opcodes and unknown globals are `PickleError`s, and so is all that is too large.
 */

export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleList
  | PickleTuple
  | PickleDict
  | PickleGlobal
  | PickleObject;

export interface PickleList {
  readonly kind: "list";
  readonly items: PickleValue[];
}

export interface PickleTuple {
  readonly kind: "tuple";
  readonly items: readonly PickleValue[];
}

/** Keys that are neither text nor a number are left out with their values. */
export interface PickleDict {
  readonly kind: "dict";
  readonly entries: Map<string | number, PickleValue>;
}

/** A name that the host knows: `collections.OrderedDict`. */
export interface PickleGlobal {
  readonly kind: "global";
  readonly name: string;
}

/** Whatever the host makes: opaque to the interpreter. */
export interface PickleObject {
  readonly kind: "object";
  readonly value: unknown;
}

export interface PickleHost {
  /** Whether pickles may name it. */
  readonly knows: (global: string) => boolean;
  /** The result of calling a known global; `undefined` where it can't be called with these arguments. */
  readonly call: (global: string, args: readonly PickleValue[]) => PickleValue | undefined;
  /** What a persistent id stands for; `undefined` where it is none. */
  readonly persistent: (id: PickleValue) => PickleValue | undefined;
}

export class PickleError extends Error {}

/** Values and remembered places that a pickle may have, a dict for eight: some fifty go to a tensor of a state dict. */
const MAX_VALUES = 400_000;
const DICT_COST = 8;
const MAX_BYTES = 1 << 22;
const HIGHEST_PROTOCOL = 5;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const mark = Symbol("mark");
type Slot = PickleValue | typeof mark;

export function emptyDict(): PickleDict {
  return { kind: "dict", entries: new Map() };
}

/** Runs the pickle that starts at `start`: its value and where it ends. Throws `PickleError`. */
export function readPickle(
  bytes: Uint8Array,
  host: PickleHost,
  start = 0,
): { readonly value: PickleValue; readonly end: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const limit = Math.min(bytes.length, start + MAX_BYTES);
  const stack: Slot[] = [];
  const memo = new Map<number, PickleValue>();
  let made = 0;
  let at = start;

  function refuse(reason: string): never {
    throw new PickleError(`${reason}, at byte ${at}`);
  }

  /** The place of the next `length` bytes, which are taken. */
  function take(length: number): number {
    if (length > limit - at) {
      refuse(limit < bytes.length ? `it is longer than the limit of ${MAX_BYTES} bytes` : "it ends too early");
    }
    at += length;
    return at - length;
  }

  function push(value: Slot): void {
    count(typeof value === "object" && isKind(value, "dict") ? DICT_COST : 1);
    stack.push(value);
  }

  function count(cost: number): void {
    made += cost;
    if (made > MAX_VALUES) refuse("it has too many values");
  }

  function pop(): PickleValue {
    const value = stack.pop();
    return value === undefined || value === mark ? refuse("a value is missing on its stack") : value;
  }

  function top(): PickleValue {
    const value = stack.at(-1);
    return value === undefined || value === mark ? refuse("a value is missing on its stack") : value;
  }

  /** The values above the last mark. */
  function popToMark(): PickleValue[] {
    const place = stack.lastIndexOf(mark);
    if (place < 0) return refuse("a mark is missing on its stack");
    const values = stack.splice(place) as PickleValue[];
    values.shift();
    return values;
  }

  function text(length: number): string {
    const from = take(length);
    try {
      return utf8.decode(bytes.subarray(from, from + length));
    } catch {
      return refuse("a text is not UTF-8");
    }
  }

  /** Text up to the end of the line. */
  function line(): string {
    const end = bytes.indexOf(10, at);
    if (end < 0 || end >= limit || end - at > 500) return refuse("a name has no end");
    const result = text(end - at);
    at++;
    return result;
  }

  function count64(): number {
    const value = view.getBigUint64(take(8), true);
    return value > BigInt(MAX_BYTES) ? refuse("a length is too large") : Number(value);
  }

  function remember(place: number): void {
    count(1);
    memo.set(place, top());
  }

  function recall(place: number): void {
    const value = memo.get(place);
    if (value === undefined) refuse("it refers to what is not there");
    push(value!);
  }

  function global(module: string, name: string): void {
    const full = `${module}.${name}`;
    if (!host.knows(full)) refuse(`it wants to use \`${full.slice(0, 80)}\`, which weights do not need`);
    push({ kind: "global", name: full });
  }

  function reduce(): void {
    const args = pop();
    const callee = pop();
    const isCall = isKind(callee, "global") && isKind(args, "tuple");
    const result = isCall ? host.call(callee.name, args.items) : undefined;
    if (result === undefined) {
      refuse(isCall ? `\`${callee.name}\` is called with what it does not take` : "it calls what is no function");
    }
    push(result!);
  }

  function setItems(items: readonly PickleValue[]): void {
    const target = top();
    if (!isKind(target, "dict") || items.length % 2 !== 0) return refuse("it puts pairs into what is no dict");
    for (let i = 0; i < items.length; i += 2) {
      const key = items[i];
      if (typeof key === "string" || typeof key === "number") target.entries.set(key, items[i + 1]!);
    }
  }

  function append(items: readonly PickleValue[]): void {
    const target = top();
    if (!isKind(target, "list")) return refuse("it appends to what is no list");
    for (const item of items) target.items.push(item);
  }

  /** The state of an object. Of a dict that is what hangs on it, as the versions on PyTorch's state dicts. */
  function build(): void {
    pop();
    if (!isKind(top(), "dict")) refuse("it gives a state to what has none");
  }

  function long(): void {
    const length = view.getUint8(take(1));
    const from = take(length);
    let value = 0n;
    for (let i = length - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[from + i]!);
    if (length > 0 && bytes[from + length - 1]! >= 128) value -= 1n << BigInt(8 * length);
    const number = Number(value);
    push(Number.isSafeInteger(number) ? number : value);
  }

  function tuple(length: number): void {
    const items: PickleValue[] = [];
    for (let i = 0; i < length; i++) items.unshift(pop());
    push({ kind: "tuple", items });
  }

  const operations: Readonly<Record<number, () => void>> = {
    [code("(")]: () => push(mark),
    [code("0")]: () => void stack.pop(),
    [code("N")]: () => push(null),
    [0x88]: () => push(true),
    [0x89]: () => push(false),
    [code("J")]: () => push(view.getInt32(take(4), true)),
    [code("K")]: () => push(view.getUint8(take(1))),
    [code("M")]: () => push(view.getUint16(take(2), true)),
    [0x8a]: long,
    [code("G")]: () => push(view.getFloat64(take(8), false)),
    [code("X")]: () => push(text(view.getUint32(take(4), true))),
    [0x8c]: () => push(text(view.getUint8(take(1)))),
    [0x8d]: () => push(text(count64())),
    [code("T")]: () => push(text(view.getUint32(take(4), true))),
    [code("U")]: () => push(text(view.getUint8(take(1)))),
    [code("B")]: () => pushBytes(view.getUint32(take(4), true)),
    [code("C")]: () => pushBytes(view.getUint8(take(1))),
    [code("]")]: () => push({ kind: "list", items: [] }),
    [code("}")]: () => push(emptyDict()),
    [code(")")]: () => tuple(0),
    [0x85]: () => tuple(1),
    [0x86]: () => tuple(2),
    [0x87]: () => tuple(3),
    [code("t")]: () => push({ kind: "tuple", items: popToMark() }),
    [code("a")]: () => append([pop()]),
    [code("e")]: () => append(popToMark()),
    [code("s")]: () => {
      const value = pop();
      setItems([pop(), value]);
    },
    [code("u")]: () => setItems(popToMark()),
    [code("q")]: () => remember(view.getUint8(take(1))),
    [code("r")]: () => remember(view.getUint32(take(4), true)),
    [0x94]: () => remember(memo.size),
    [code("h")]: () => recall(view.getUint8(take(1))),
    [code("j")]: () => recall(view.getUint32(take(4), true)),
    [code("c")]: () => {
      const module = line();
      global(module, line());
    },
    [0x93]: () => {
      const name = pop();
      const module = pop();
      if (typeof name !== "string" || typeof module !== "string") return refuse("a name is no text");
      global(module, name);
    },
    [code("R")]: reduce,
    [code("b")]: build,
    [code("Q")]: () => {
      const value = host.persistent(pop());
      push(value === undefined ? refuse("it refers to storage in an unknown way") : value);
    },
    // Frames only say how much may be read at once.
    [0x95]: () => void take(8),
  };

  function pushBytes(length: number): void {
    const from = take(length);
    push(bytes.subarray(from, from + length));
  }

  if (view.byteLength < start + 2 || view.getUint8(start) !== 0x80) refuse("it does not start as a pickle");
  if (view.getUint8(start + 1) > HIGHEST_PROTOCOL) refuse("its protocol is newer than those that are known");
  at += 2;
  for (;;) {
    const opcode = view.getUint8(take(1));
    if (opcode === code(".")) break;
    const operation = operations[opcode];
    if (operation === undefined) refuse(`the opcode 0x${opcode.toString(16)} is not one of those that make plain data`);
    operation!();
  }
  const value = pop();
  return { value, end: at };
}

function code(character: string): number {
  return character.charCodeAt(0);
}

export function isKind<K extends (PickleValue & { kind: string })["kind"]>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { kind: K }> {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === kind;
}
