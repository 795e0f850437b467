/** Bytes of the WebAssembly binary format: a growing buffer, LEB128 numbers, sections. */

export interface ByteWriter {
  readonly length: number;
  byte(value: number): void;
  /** Unsigned LEB128. */
  u32(value: number): void;
  /** Signed LEB128 of a 32-bit number. */
  s32(value: number): void;
  f32(value: number): void;
  bytes(values: ArrayLike<number>): void;
  /** A length and UTF-8 text. */
  name(text: string): void;
  finish(): Uint8Array<ArrayBuffer>;
}

export function createWriter(capacity = 256): ByteWriter {
  let data = new Uint8Array(capacity);
  let length = 0;

  const reserve = (count: number): void => {
    if (length + count <= data.length) return;
    const larger = new Uint8Array(Math.max(data.length * 2, length + count));
    larger.set(data);
    data = larger;
  };
  const byte = (value: number): void => {
    reserve(1);
    data[length++] = value;
  };
  const bytes = (values: ArrayLike<number>): void => {
    reserve(values.length);
    data.set(values, length);
    length += values.length;
  };
  const u32 = (value: number): void => {
    let rest = value >>> 0;
    while (rest >= 0x80) {
      byte((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    byte(rest);
  };
  return {
    get length() {
      return length;
    },
    byte,
    bytes,
    u32,
    s32(value) {
      let rest = value | 0;
      for (;;) {
        const low = rest & 0x7f;
        rest >>= 7;
        if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return byte(low);
        byte(low | 0x80);
      }
    },
    f32(value) {
      bytes(new Uint8Array(new Float32Array([value]).buffer));
    },
    name(text) {
      const encoded = new TextEncoder().encode(text);
      u32(encoded.length);
      bytes(encoded);
    },
    finish() {
      return data.slice(0, length);
    },
  };
}

/** Section numbers of the binary format that a kernel module needs. */
export const SECTION = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;

/** Writes `[id, size, body]`. */
export function writeSection(out: ByteWriter, id: number, body: (section: ByteWriter) => void): void {
  const section = createWriter(1024);
  body(section);
  out.byte(id);
  out.u32(section.length);
  out.bytes(section.finish());
}
