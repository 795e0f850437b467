/**
 * Speed of the reference device: products in GFLOP/s (a multiplication and an addition count as two), the rest in
 * million elements a second. Run it with `npm run build && node dist/bench/reference.js`.
 */
import { createBuilder } from "../src/compiler/graph/builder.ts";
import { sizeOf, type Graph, type OpAttributes, type OpKind, type Shape } from "../src/compiler/graph/graph.ts";
import { createPlan } from "../src/runtime/devices/reference/plan.ts";
import { createPool } from "../src/runtime/devices/reference/pool.ts";
import { fillUniform } from "../src/runtime/random.ts";

/** A graph of one operation on fed inputs. */
function single<K extends OpKind>(op: K, attributes: OpAttributes[K], inputs: readonly Shape[]): Graph {
  const b = createBuilder(op);
  const leaves = inputs.map((shape, i) => b.emit("input", [], { name: `x${i}` }, shape));
  b.output("y", b.emit(op, leaves, attributes));
  return b.finish();
}

/** `amount` is what is done in a run, in `unit`; the best of several runs counts. */
function measure(label: string, graph: Graph, amount: number, unit: "GFLOP/s" | "M/s"): void {
  const feeds = graph.nodes
    .filter((node) => node.op === "input")
    .map((node, i) => {
      const values = new Float32Array(sizeOf(node.shape));
      fillUniform(i, 0, values);
      return values;
    });
  const plan = createPlan(graph, Object.values(graph.outputs), createPool("float32"));
  const sources = { feed: (name: string) => feeds[Number(name.slice(1))]!, state: () => feeds[0]! };
  const once = () => {
    const start = performance.now();
    plan.execute(sources);
    return performance.now() - start;
  };
  for (let i = 0; i < 3; i++) once();
  const times = Array.from({ length: 9 }, once).sort((a, b) => a - b);
  const best = times[0]!;
  const rate = amount / best / (unit === "GFLOP/s" ? 1e6 : 1e3);
  console.log(`${label.padEnd(44)} ${best.toFixed(2).padStart(8)} ms ${rate.toFixed(2).padStart(8)} ${unit}`);
}

function measureConvolution(label: string, x: Shape, w: Shape, y: Shape, stride: number, groups = 1): void {
  const pad = (w[1]! - 1) / 2;
  const attributes = {
    stride: [stride, stride],
    padding: [pad, pad, pad, pad],
    dilation: [1, 1],
    groups,
  } as const;
  const flops = 2 * sizeOf(y) * sizeOf(w.slice(1));
  const inputGradient = { ...attributes, inputShape: x };
  const weightGradient = { ...attributes, weightShape: w };
  measure(`${label} forward`, single("conv2d", attributes, [x, w]), flops, "GFLOP/s");
  measure(`${label} input gradient`, single("conv2d_input_gradient", inputGradient, [y, w]), flops, "GFLOP/s");
  measure(`${label} weight gradient`, single("conv2d_weight_gradient", weightGradient, [x, y]), flops, "GFLOP/s");
}

const square = [512, 512];
const untransposed = { transposeA: false, transposeB: false };
measure("matmul 512³", single("matmul", untransposed, [square, square]), 2 * 512 ** 3, "GFLOP/s");
measureConvolution("conv 32×16²×32 → 32, 3×3", [32, 16, 16, 32], [32, 3, 3, 32], [32, 16, 16, 32], 1);
measureConvolution("conv 32×32²×16 → 32, 3×3 / 2", [32, 32, 32, 16], [32, 3, 3, 16], [32, 16, 16, 32], 2);
measureConvolution("conv 8×7²×512 → 512, 3×3", [8, 7, 7, 512], [512, 3, 3, 512], [8, 7, 7, 512], 1);
measureConvolution("conv 32×16²×128 → 32, 1×1", [32, 16, 16, 128], [32, 1, 1, 128], [32, 16, 16, 32], 1);
measureConvolution("depthwise 32×16²×64, 3×3", [32, 16, 16, 64], [64, 3, 3, 1], [32, 16, 16, 64], 1, 64);

const image = [32, 16, 16, 32];
const size = sizeOf(image);
const conv = { stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 } as const;
const window = { kernel: [3, 3], stride: [1, 1], padding: [1, 1, 1, 1], dilation: [1, 1] } as const;
const patch = { ...conv, kernel: [3, 3], epsilon: 1e-6 } as const;
measure("add, equal shapes", single("add", {}, [image, image]), size, "M/s");
measure("mul by [1]", single("mul", {}, [image, [1]]), size, "M/s");
measure("mul by [C]", single("mul", {}, [image, [32]]), size, "M/s");
measure("mul by [N,H,W,1]", single("mul", {}, [image, [32, 16, 16, 1]]), size, "M/s");
measure("mul by [N,1,1,C]", single("mul", {}, [image, [32, 1, 1, 32]]), size, "M/s");
measure("sigmoid", single("sigmoid", {}, [image]), size, "M/s");
measure("transpose to NCHW", single("transpose", { permutation: [0, 3, 1, 2] }, [image]), size, "M/s");
measure("variance over N,H,W", single("reduce_variance", { axes: [0, 1, 2] }, [image]), size, "M/s");
measure("sum over C", single("reduce_sum", { axes: [3] }, [image]), size, "M/s");
const filters = [512, 3, 3, 512];
measure("unit_rows", single("unit_rows", {}, [filters]), sizeOf(filters), "M/s");
measure("patch_norm 3×3", single("patch_norm", patch, [image]), size, "M/s");
measure("bcos_scale, b 2", single("bcos_scale", { b: 2 }, [image, [32, 16, 16, 1]]), size, "M/s");
measure("bcos_scale, b 1.5", single("bcos_scale", { b: 1.5 }, [image, [32, 16, 16, 1]]), size, "M/s");
measure("window_sum 3×3", single("window_sum", window, [image]), size, "M/s");
measure("window_spread 3×3", single("window_spread", { ...window, inputShape: image }, [image]), size, "M/s");
measure("window_max 3×3", single("window_max", window, [image]), size, "M/s");
measure("random_uniform", single("random_uniform", { shape: image, key: 1 }, []), size, "M/s");
