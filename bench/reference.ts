/**
 * Speed of the reference device's products, in GFLOP/s (a multiplication and an addition count as two).
 * Run after `npm run build`-like compilation, or with a loader for TypeScript: `npx vite-node bench/reference.ts`.
 */
import type { Graph, Node, OpAttributes, OpKind, Shape } from "../src/compiler/graph/graph.ts";
import { sizeOf } from "../src/compiler/graph/graph.ts";
import { createPlan } from "../src/runtime/devices/reference/plan.ts";
import { createPool } from "../src/runtime/devices/reference/pool.ts";
import { fillUniform } from "../src/runtime/random.ts";

/** A graph of one operation on fed inputs. */
function single<K extends OpKind>(op: K, attributes: OpAttributes[K], inputs: readonly Shape[], shape: Shape): Graph {
  const leaves = inputs.map((s, i): Node => ({ op: "input", attributes: { name: `x${i}` }, inputs: [], shape: s }));
  const node = { op, attributes, inputs: inputs.map((_, i) => i), shape } as unknown as Node;
  return { name: op, nodes: [...leaves, node], outputs: { y: inputs.length }, updates: {}, taps: {} };
}

function measure(label: string, graph: Graph, flops: number): void {
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
  console.log(
    `${label.padEnd(44)} ${best.toFixed(2).padStart(8)} ms ${(flops / best / 1e6).toFixed(2).padStart(7)} GFLOP/s`,
  );
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
  measure(`${label} forward`, single("conv2d", attributes, [x, w], y), flops);
  measure(
    `${label} input gradient`,
    single("conv2d_input_gradient", { ...attributes, inputShape: x }, [y, w], x),
    flops,
  );
  measure(
    `${label} weight gradient`,
    single("conv2d_weight_gradient", { ...attributes, weightShape: w }, [x, y], w),
    flops,
  );
}

const square = [512, 512];
measure(
  "matmul 512³",
  single("matmul", { transposeA: false, transposeB: false }, [square, square], square),
  2 * 512 ** 3,
);
measureConvolution("conv 32×16²×32 → 32, 3×3", [32, 16, 16, 32], [32, 3, 3, 32], [32, 16, 16, 32], 1);
measureConvolution("conv 32×32²×16 → 32, 3×3 / 2", [32, 32, 32, 16], [32, 3, 3, 16], [32, 16, 16, 32], 2);
measureConvolution("conv 8×7²×512 → 512, 3×3", [8, 7, 7, 512], [512, 3, 3, 512], [8, 7, 7, 512], 1);
measureConvolution("conv 32×16²×128 → 32, 1×1", [32, 16, 16, 128], [32, 1, 1, 128], [32, 16, 16, 32], 1);
measureConvolution("depthwise 32×16²×64, 3×3", [32, 16, 16, 64], [64, 3, 3, 1], [32, 16, 16, 64], 1, 64);
