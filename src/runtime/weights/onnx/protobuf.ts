/**
 * The wire format of protocol buffers, as far as ONNX files need it: fields one after the other, each with a number and
 * one of four kinds of value. A message is a part of the file, so nothing is copied and nothing is nested deeper than asked.
 */

export class ProtobufError extends Error {}

/** A field of a message. `bytes` has strings, messages and packed lists; `number` has the rest. */
export interface Field {
  readonly number: number;
  readonly value: bigint | Uint8Array;
  /** Bytes of a value that is no list: 4 or 8 for a fixed one, 0 for a number of variable length. */
  readonly fixed: 0 | 4 | 8;
}

const VARINT = 0;
const FIXED_64 = 1;
const BYTES = 2;
const FIXED_32 = 5;

/** The fields of a message in order. Throws `ProtobufError` where the bytes are none. */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  let at = 0;
  while (at < message.length) {
    const tag = readVarint(message, at);
    at = tag.end;
    const number = Number(tag.value >> 3n);
    if (tag.value > 0xffffffffn || number === 0) throw new ProtobufError("a field has no number");
    const wire = Number(tag.value & 7n);
    if (wire === VARINT) {
      const { value, end } = readVarint(message, at);
      at = end;
      yield { number, value, fixed: 0 };
    } else if (wire === FIXED_64 || wire === FIXED_32) {
      const fixed = wire === FIXED_64 ? 8 : 4;
      yield { number, value: take(message, at, fixed), fixed };
      at += fixed;
    } else if (wire === BYTES) {
      const length = readVarint(message, at);
      at = length.end;
      if (length.value > BigInt(message.length - at)) throw new ProtobufError("a field reaches behind its end");
      yield { number, value: take(message, at, Number(length.value)), fixed: 0 };
      at += Number(length.value);
    } else {
      throw new ProtobufError(`a field has the unknown kind ${wire}`);
    }
  }
}

/** A number of seven bits a byte, the lowest first, unsigned. */
export function readVarint(bytes: Uint8Array, at: number): { readonly value: bigint; readonly end: number } {
  // Most fit a JavaScript number.
  let low = 0;
  for (let i = 0; i < 4; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) throw new ProtobufError("a number is cut off");
    low += (byte & 127) * 2 ** (7 * i);
    if (byte < 128) return { value: BigInt(low), end: at + i + 1 };
  }
  let value = BigInt(low);
  for (let i = 4; i < 10; i++) {
    const byte = bytes[at + i];
    if (byte === undefined) throw new ProtobufError("a number is cut off");
    value |= BigInt(byte & 127) << BigInt(7 * i);
    if (byte < 128) return { value: BigInt.asUintN(64, value), end: at + i + 1 };
  }
  throw new ProtobufError("a number has more than ten bytes");
}

function take(message: Uint8Array, at: number, length: number): Uint8Array {
  if (length > message.length - at) throw new ProtobufError("a field reaches behind its end");
  return message.subarray(at, at + length);
}
