/**
 * The matrix product that convolutions and `matmul` share, on packed panels. A panel holds a matrix in strips of four
 * rows with the four interleaved: element (row r, depth k) is at ((r >> 2) · depth + k) · 4 + (r & 3).
 */

/** Rows rounded up to whole strips. */
export function padded(rows: number): number {
  return (rows + 3) & ~3;
}

/** Length of a panel. */
export function panelSize(rows: number, depth: number): number {
  return padded(rows) * depth;
}

/** How many rows to pack at a time, so that the panel stays in a cache of about half a megabyte. */
export function blockRows(rows: number, depth: number): number {
  return Math.min(padded(rows), Math.max(48, Math.floor(65536 / depth) & ~3));
}

/**
 * c = a · bᵀ, or c += a · bᵀ: a has `aStrips` strips of rows, b `bStrips`, both of the same depth; c is row-major with
 * `pitch` numbers a row. All are doubles, whatever the tensors' type. Sixteen sums stay in registers.
 */
export function multiplyPanels(
  a: Float64Array,
  aStrips: number,
  b: Float64Array,
  bStrips: number,
  depth: number,
  c: Float64Array,
  pitch: number,
  accumulate: boolean,
): void {
  const step = depth * 4;
  for (let bStrip = 0; bStrip < bStrips; bStrip++) {
    for (let aStrip = 0; aStrip < aStrips; aStrip++) {
      let s00 = 0;
      let s01 = 0;
      let s02 = 0;
      let s03 = 0;
      let s10 = 0;
      let s11 = 0;
      let s12 = 0;
      let s13 = 0;
      let s20 = 0;
      let s21 = 0;
      let s22 = 0;
      let s23 = 0;
      let s30 = 0;
      let s31 = 0;
      let s32 = 0;
      let s33 = 0;
      let i = aStrip * step;
      let j = bStrip * step;
      for (const end = i + step; i < end; i += 4, j += 4) {
        const b0 = b[j]!;
        const b1 = b[j + 1]!;
        const b2 = b[j + 2]!;
        const b3 = b[j + 3]!;
        const a0 = a[i]!;
        s00 += a0 * b0;
        s01 += a0 * b1;
        s02 += a0 * b2;
        s03 += a0 * b3;
        const a1 = a[i + 1]!;
        s10 += a1 * b0;
        s11 += a1 * b1;
        s12 += a1 * b2;
        s13 += a1 * b3;
        const a2 = a[i + 2]!;
        s20 += a2 * b0;
        s21 += a2 * b1;
        s22 += a2 * b2;
        s23 += a2 * b3;
        const a3 = a[i + 3]!;
        s30 += a3 * b0;
        s31 += a3 * b1;
        s32 += a3 * b2;
        s33 += a3 * b3;
      }
      const r0 = aStrip * 4 * pitch + bStrip * 4;
      const r1 = r0 + pitch;
      const r2 = r1 + pitch;
      const r3 = r2 + pitch;
      if (accumulate) {
        s00 += c[r0]!;
        s01 += c[r0 + 1]!;
        s02 += c[r0 + 2]!;
        s03 += c[r0 + 3]!;
        s10 += c[r1]!;
        s11 += c[r1 + 1]!;
        s12 += c[r1 + 2]!;
        s13 += c[r1 + 3]!;
        s20 += c[r2]!;
        s21 += c[r2 + 1]!;
        s22 += c[r2 + 2]!;
        s23 += c[r2 + 3]!;
        s30 += c[r3]!;
        s31 += c[r3 + 1]!;
        s32 += c[r3 + 2]!;
        s33 += c[r3 + 3]!;
      }
      c[r0] = s00;
      c[r0 + 1] = s01;
      c[r0 + 2] = s02;
      c[r0 + 3] = s03;
      c[r1] = s10;
      c[r1 + 1] = s11;
      c[r1 + 2] = s12;
      c[r1 + 3] = s13;
      c[r2] = s20;
      c[r2 + 1] = s21;
      c[r2 + 2] = s22;
      c[r2 + 3] = s23;
      c[r3] = s30;
      c[r3 + 1] = s31;
      c[r3 + 2] = s32;
      c[r3 + 3] = s33;
    }
  }
}
