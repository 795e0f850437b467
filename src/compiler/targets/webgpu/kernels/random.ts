/** Uniform random numbers from a key and a counter: Philox-4x32-10 (Salmon et al. 2011), as on every other device. */
import { createMapKernel, type GpuKernel } from "../kernel.ts";

const PHILOX = `// High and low 32 bits of a 64-bit product.
fn product64(a: u32, b: u32) -> vec2u {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let middle = a_high * b_low + ((a_low * b_low) >> 16u);
  let carry = a_low * b_high + (middle & 0xffffu);
  return vec2u(a_high * b_high + (middle >> 16u) + (carry >> 16u), a * b);
}

fn philox(first: vec4u, first_key: vec2u) -> vec4u {
  var counter = first;
  var key = first_key;
  for (var turn = 0u; turn < 10u; turn++) {
    let a = product64(0xd2511f53u, counter.x);
    let b = product64(0xcd9e8d57u, counter.z);
    counter = vec4u(b.x ^ counter.y ^ key.x, b.y, a.x ^ counter.w ^ key.y, a.y);
    key += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return counter;
}`;

/** Numbers in [0, 1), multiples of 2⁻²⁴. Buffers: `x1` (the step, where there is one), `out`. */
export function randomKernel(label: string, key: number, count: number, stepped: boolean): GpuKernel {
  const words = `vec2u(${key >>> 0}u, ${Math.floor(key / 2 ** 32) >>> 0}u)`;
  const step = stepped
    ? [
        "let step = trunc(x1[0]);",
        "let step_high = floor(step / 4294967296.0f);",
        "let step_words = vec2u(u32(step - step_high * 4294967296.0f), u32(step_high));",
      ]
    : ["let step_words = vec2u(0u, 0u);"];
  return createMapKernel({
    label,
    inputs: stepped ? [{ name: "x1", length: 1 }] : [],
    outputs: [{ name: "out", length: count }],
    declarations: PHILOX,
    // An invocation makes a block of four numbers.
    body: [
      ...step,
      `let words = philox(vec4u(i, 0u, step_words), ${words});`,
      `for (var n = 0u; n < min(4u, ${count}u - 4u * i); n++) {`,
      "  out[4u * i + n] = f32(words[n] >> 8u) * 0x1p-24f;",
      "}",
    ].join("\n"),
    count: Math.ceil(count / 4),
    flops: 0,
  });
}
