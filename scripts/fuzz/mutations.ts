/** Damages files in many small ways: what happens on disks and wires, and what somebody would do on purpose. */
import type { Random } from "../../src/runtime/random.ts";
import { joined } from "./torch-file.ts";

type Edit = (bytes: Uint8Array, random: Random, donor: Uint8Array) => Uint8Array;

/** Where arithmetic of 16, 32, 53 and 64 bits ends, and what is just beside. */
const numbers = [
  0n,
  1n,
  2n,
  127n,
  255n,
  65535n,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
  2n ** 63n,
  2n ** 64n - 1n,
];

/** Words that mean something in one of the formats. */
const words = [
  ..."F64 F32 F16 BF16 I64 U8 BOOL F8 shape dtype data_offsets __metadata__ __proto__ null true NaN -1 1e9 [] {}".split(
    " ",
  ),
  ..."posix system os eval builtins exec torch._utils _rebuild_tensor_v2 collections OrderedDict".split(" "),
  ..."FloatStorage QUInt8Storage data.pkl byteorder big ../../etc/passwd /etc/passwd weightsManifest paths".split(" "),
  ..."float32 int32 uint8 string quantization scale min external location offset length".split(" "),
].map((word) => new TextEncoder().encode(word));

const edits: readonly Edit[] = [
  (bytes, random) => bytes.slice(0, below(bytes.length, random)),
  (bytes, random) => written(bytes, below(bytes.length, random), Uint8Array.of(random.integer(256))),
  (bytes, random) => {
    const at = below(bytes.length, random);
    return written(bytes, at, Uint8Array.of((bytes[at] ?? 0) ^ (1 << random.integer(8))));
  },
  (bytes, random) => written(bytes, below(bytes.length, random), numberBytes(random)),
  (bytes, random) => written(bytes, below(Math.min(bytes.length, 64), random), numberBytes(random)),
  (bytes, random) => written(bytes, bytes.length - below(Math.min(bytes.length, 64), random), numberBytes(random)),
  (bytes, random) => written(bytes, below(bytes.length, random), pick(words, random)),
  (bytes, random) => withDigits(bytes, random),
  (bytes, random) => {
    const [from, to] = range(bytes.length, random);
    return joined([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, random) => {
    const [from, to] = range(bytes.length, random);
    return joined([bytes.subarray(0, to), bytes.subarray(from)]);
  },
  (bytes, random) => {
    const [from, to] = range(bytes.length, random);
    return bytes.slice().fill(random.integer(256), from, to);
  },
  (bytes, random, donor) => {
    const at = below(bytes.length, random);
    const [from, to] = range(donor.length, random);
    return joined([bytes.subarray(0, at), donor.subarray(from, to), bytes.subarray(at)]);
  },
  (bytes, random, donor) => {
    const [from, to] = range(donor.length, random);
    return written(bytes, below(bytes.length, random), donor.subarray(from, to));
  },
];

/** The bytes with one to four edits. `donor` is another file, parts of which get in. The same random numbers do the same. */
export function mutate(bytes: Uint8Array, random: Random, donor: Uint8Array): Uint8Array {
  const count = 1 + random.integer(4);
  let result = bytes;
  for (let i = 0; i < count; i++) result = pick(edits, random)(result, random, donor);
  return result;
}

function pick<T>(list: readonly T[], random: Random): T {
  return list[random.integer(list.length)]!;
}

/** 0 … length − 1, and 0 where there is nothing. */
function below(length: number, random: Random): number {
  return length === 0 ? 0 : random.integer(length);
}

/** A range, short more often than long. */
function range(length: number, random: Random): readonly [from: number, to: number] {
  const from = below(length, random);
  const most = Math.min(length - from, 2 ** random.integer(10));
  return [from, from + below(most + 1, random)];
}

/** Over what is there, as far as there is something. */
function written(bytes: Uint8Array, at: number, content: Uint8Array): Uint8Array {
  const result = bytes.slice();
  result.set(content.subarray(0, Math.max(0, bytes.length - at)), Math.min(at, bytes.length));
  return result;
}

/** A number at the end of some arithmetic, in two, four or eight bytes of either order. */
function numberBytes(random: Random): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, pick(numbers, random), true);
  const short = bytes.slice(0, pick([2, 4, 8], random));
  return random.integer(4) === 0 ? short.reverse() : short;
}

/** Another number in place of one that is written in digits. */
function withDigits(bytes: Uint8Array, random: Random): Uint8Array {
  const isDigit = (at: number): boolean => bytes[at]! >= 0x30 && bytes[at]! <= 0x39;
  const start = below(bytes.length, random);
  let from = start;
  while (from < bytes.length && !isDigit(from)) from++;
  let to = from;
  while (to < bytes.length && isDigit(to)) to++;
  const digits = new TextEncoder().encode(pick(numbers, random).toString());
  return joined([bytes.subarray(0, from), digits, bytes.subarray(to)]);
}
