import { describe, expect, it } from "vitest";
import { encodeNpy } from "../../src/runtime/data/npy.ts";

/** The header's text and the bytes behind it. */
function partsOf(file: Uint8Array): { readonly header: string; readonly data: Uint8Array } {
  const length = new DataView(file.buffer).getUint16(8, true);
  return { header: new TextDecoder().decode(file.subarray(10, 10 + length)), data: file.slice(10 + length) };
}

describe("npy files", () => {
  it("have NumPy's header, the numbers at a multiple of 64 bytes", () => {
    const file = encodeNpy(Float32Array.of(1, -2.5, 3, 4, 5, 6), [2, 3]);
    expect([...file.subarray(0, 8)]).toEqual([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
    const { header, data } = partsOf(file);
    expect(header).toMatch(/^\{'descr': '<f4', 'fortran_order': False, 'shape': \(2, 3\), \} *\n$/);
    expect((10 + header.length) % 64).toBe(0);
    expect([...new Float32Array(data.buffer)]).toEqual([1, -2.5, 3, 4, 5, 6]);
  });

  it("keep double precision, and write shapes as Python's tuples", () => {
    const { header, data } = partsOf(encodeNpy(Float64Array.of(0.1, 1 / 3), [2]));
    expect(header).toContain("'descr': '<f8', 'fortran_order': False, 'shape': (2,), ");
    expect([...new Float64Array(data.buffer)]).toEqual([0.1, 1 / 3]);
    expect(partsOf(encodeNpy(Float32Array.of(7), [])).header).toContain("'shape': (), ");
  });

  it("align headers of every length, and write a view's own numbers only", () => {
    for (let axes = 1; axes < 40; axes++) {
      const file = encodeNpy(Float32Array.of(9), new Array<number>(axes).fill(1));
      expect(file.length % 64).toBe(4);
      expect(partsOf(file).header.endsWith("\n")).toBe(true);
    }
    const view = Float32Array.of(1, 2, 3, 4).subarray(1, 3);
    expect([...new Float32Array(partsOf(encodeNpy(view, [2])).data.buffer)]).toEqual([2, 3]);
    expect(() => encodeNpy(view, [3])).toThrow("2 numbers are no array of the shape [3]");
  });
});
