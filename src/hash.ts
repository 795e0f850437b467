/** SHA-256 (FIPS 180-4) without help from the platform: the same in Node, browsers and workers, at once. */

/** The first 32 bits of the fractional parts of a root of the first primes. */
function fractions(count: number, root: (x: number) => number): Uint32Array {
  const words: number[] = [];
  for (let n = 2; words.length < count; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (prime) words.push(Math.floor((root(n) % 1) * 2 ** 32));
  }
  return Uint32Array.from(words);
}

const START = Int32Array.from(fractions(8, Math.sqrt));
const ROUNDS = Int32Array.from(fractions(64, Math.cbrt));

const rotate = (x: number, by: number): number => (x >>> by) | (x << (32 - by));

/** Hexadecimal. */
export function sha256(bytes: Uint8Array): string {
  const state = START.slice();
  const words = new Int32Array(64);
  const whole = Math.floor(bytes.length / 64);
  const add = (block: DataView, blocks: number): void => {
    for (let b = 0; b < blocks; b++) {
      for (let i = 0; i < 16; i++) words[i] = block.getInt32(b * 64 + i * 4);
      compress(state, words);
    }
  };
  add(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), whole);
  const rest = bytes.subarray(whole * 64);
  const blocks = Math.ceil((rest.length + 9) / 64);
  const padded = new Uint8Array(blocks * 64);
  padded.set(rest);
  padded[rest.length] = 0x80;
  const end = new DataView(padded.buffer);
  end.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  end.setUint32(padded.length - 4, (bytes.length * 8) >>> 0);
  add(end, blocks);
  return [...state].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

function compress(state: Int32Array, w: Int32Array): void {
  for (let i = 16; i < 64; i++) {
    const x = w[i - 15]!;
    const y = w[i - 2]!;
    const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
    const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
    w[i] = w[i - 16]! + s0 + w[i - 7]! + s1;
  }
  // Written out: this is the time that it takes to check a compiled model.
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  let f = state[5]!;
  let g = state[6]!;
  let h = state[7]!;
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + ROUNDS[i]! + w[i]!) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  state[0]! += a;
  state[1]! += b;
  state[2]! += c;
  state[3]! += d;
  state[4]! += e;
  state[5]! += f;
  state[6]! += g;
  state[7]! += h;
}
