/** Residual B-cos networks in tfjs. */
import { comparedSteps, type Prepared, type Tensors } from "../../contender.ts";
import { allLayers, layersOf, type Layer } from "../../networks.ts";
import type { NetworkWorkload } from "../../workloads.ts";
import { averagePool, bcosConvolution, uncentredNorm, type Mode } from "./layers.ts";
import { timedOn, type Backend } from "./backend.ts";
import type { Tensor, Tf, Variable } from "./types.ts";

const momentum = 0.1;

/** `gradients`: of training. */
export async function prepareNetwork(
  backend: Backend,
  workload: NetworkWorkload,
  given: Tensors,
  gradients: "by hand" | "own",
): Promise<Prepared> {
  await backend.use();
  const { tf } = backend;
  const { network, task } = workload;
  const variables = createVariables(tf, workload, given);
  const [image, targets] = ["image", "targets"].map((name) => {
    const { values, shape } = given.get(name)!;
    return tf.keep(tf.tensor(values, shape));
  }) as [Tensor, Tensor];
  const encoded = tf.keep(tf.tidy(() => tf.concat([image, tf.sub(tf.scalar(1), image)], 3)));
  const { kind, learningRate } = network.optimizer;
  const optimizer = kind === "sgd" ? tf.train.sgd(learningRate) : tf.train.adam(learningRate, 0.9, 0.999, 1e-8);
  const trained = [...variables].filter(([path]) => path.endsWith(".weight")).map(([, variable]) => variable);
  const logits = (x: Tensor, mode: Mode): Tensor => forward(tf, workload, variables, x, mode);

  const training = gradients === "own" ? "own" : "train";
  const bodies: Record<NetworkWorkload["task"], () => Tensor> = {
    train: () => optimizer.minimize(() => crossEntropy(tf, logits(encoded, training), targets), true, trained),
    predict: () => tf.tidy(() => logits(encoded, "predict")),
    explain: () =>
      tf.tidy(() => {
        const weights = tf.grad((x) => tf.sum(tf.mul(logits(x, "explain"), targets)))(encoded);
        return tf.sum(tf.mul(weights, encoded), [3]);
      }),
  };
  const once = async (): Promise<Float32Array> => {
    const result = bodies[task]();
    const values = Float32Array.from(await result.data());
    result.dispose();
    return values;
  };
  return {
    async results() {
      await backend.use();
      if (task === "predict") return new Map([["logits", await once()]]);
      if (task === "explain") return new Map([["contributions", await once()]]);
      const losses = new Float32Array(comparedSteps);
      for (let i = 0; i < comparedSteps; i++) losses[i] = (await once())[0]!;
      const results = new Map<string, Float32Array>([["losses", losses]]);
      for (const [path, variable] of variables) results.set(path, await toFile(tf, variable));
      return results;
    },
    run: () => timedOn(backend, once),
    async dispose() {
      await backend.use();
      optimizer.dispose();
      for (const tensor of [...variables.values(), image, targets, encoded]) tensor.dispose();
    },
  };
}

/** Convolution weights [O,I,kh,kw] become [kh,kw,I,O]. */
function createVariables(tf: Tf, { network }: NetworkWorkload, given: Tensors): ReadonlyMap<string, Variable> {
  const variables = new Map<string, Variable>();
  for (const { convolution, norm } of allLayers(layersOf(network))) {
    const paths = norm === undefined ? [] : [`${norm}.weight`, `${norm}.running_var`];
    for (const path of [convolution.path, ...paths]) {
      const { values, shape } = given.get(path)!;
      const variable = tf.tidy(() => {
        const tensor = tf.tensor(values, shape);
        const own = shape.length === 4 ? tf.transpose(tensor, [2, 3, 1, 0]) : tensor;
        return tf.keep(tf.variable(own, path.endsWith(".weight")));
      });
      variables.set(path, variable);
    }
  }
  return variables;
}

async function toFile(tf: Tf, variable: Variable): Promise<Float32Array> {
  if (variable.shape.length !== 4) return Float32Array.from(await variable.data());
  const turned = tf.transpose(variable, [3, 2, 0, 1]);
  const values = Float32Array.from(await turned.data());
  turned.dispose();
  return values;
}

function forward(
  tf: Tf,
  { network }: NetworkWorkload,
  variables: ReadonlyMap<string, Variable>,
  image: Tensor,
  mode: Mode,
): Tensor {
  const layers = layersOf(network);
  const apply = (x: Tensor, { convolution, norm }: Layer, isFirst = false): Tensor => {
    const y = bcosConvolution(tf, x, variables.get(convolution.path)!, convolution.stride, mode, isFirst);
    if (norm === undefined) return y;
    const running = variables.get(`${norm}.running_var`)!;
    return uncentredNorm(tf, y, variables.get(`${norm}.weight`)!, running, mode, (variance) =>
      running.assign(
        tf.tidy(() => tf.add(tf.mul(running, tf.scalar(1 - momentum)), tf.mul(variance, tf.scalar(momentum)))),
      ),
    );
  };
  let x = apply(image, layers.stem, true);
  if (layers.pool) x = averagePool(tf, x, mode);
  for (const { main, skip } of layers.blocks) {
    const sum = main.reduce((value, layer) => apply(value, layer), x);
    x = tf.add(sum, skip === undefined ? x : apply(x, skip));
  }
  const pooled = tf.mean(apply(x, layers.classifier), [1, 2]);
  return tf.sub(pooled, tf.scalar(Math.log(network.classes - 1)));
}

/** Mean over batch and classes of BCE with logits, without overflow. */
function crossEntropy(tf: Tf, logits: Tensor, targets: Tensor): Tensor {
  const rest = tf.log(tf.add(tf.exp(tf.neg(tf.abs(logits))), tf.scalar(1)));
  return tf.mean(tf.add(tf.sub(tf.relu(logits), tf.mul(logits, targets)), rest));
}
