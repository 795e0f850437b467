/** From the description of an oracle's network to a checked network: a model file with the settings that are meant. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkFile } from "../../src/compiler/check/check.ts";
import { createNodeHost } from "../../src/compiler/check/node-host.node.ts";
import type { SourceHost } from "../../src/compiler/check/source-host.ts";
import type { Form } from "../../src/compiler/graph/program.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { hasErrors } from "../../src/diagnostics/diagnostic.ts";
import { Skip } from "./outcome.ts";

/** The repository, also when this runs from its build output. */
const root = [join(import.meta.dirname, "../.."), join(import.meta.dirname, "../../..")].find((folder) =>
  existsSync(join(folder, "package.json")),
)!;

export interface Described {
  readonly form: Form;
  readonly network: Network;
  /** From a name of the reference implementation to the one that our file of the model follows, where they differ. */
  readonly rename?: (name: string) => string;
}

/** Settings that an oracle states as numbers; what is not given is the preset's. */
export interface Numbers {
  /** Of the logit layer. */
  readonly bias?: number | undefined;
  /** Of the logit layer. */
  readonly temperature?: number | undefined;
  readonly b?: number | undefined;
  /** What every layer's output is divided by. */
  readonly scale?: number | undefined;
}

const normNames: Readonly<Record<string, string>> = {
  bn: "batch",
  an: "all",
  ln: "layer",
  in: "instance",
  pn: "position",
  gn: "group(2)",
  bnu: "batch_uncentered",
  anu: "all_uncentered",
  lnu: "layer_uncentered",
  inu: "instance_uncentered",
  pnu: "position_uncentered",
  gnu: "group_uncentered(2)",
};

/** `resnet_20_bnu-linear-nomaxout` and its like, as the published CIFAR configurations name them. */
function cifarResNet(name: string, logits: Numbers): Network {
  const match = /^resnet_(\d+)(?:_([a-z]+))?(-linear|-unaffine)?(-nomaxout)?/.exec(name);
  if (match === null) throw new Skip(`unknown configuration ${name}`);
  const [, depth, norm, affine, single] = match;
  if (affine === "-unaffine") throw new Skip("norms without a weight are not in the language");
  const settings = {
    preset: "v2",
    maxout: single === undefined ? 2 : 1,
    norm: norm === undefined ? "none" : (normNames[norm] ?? norm),
    norm_bias: norm !== undefined && affine === undefined,
    ...logitSettings(logits),
  };
  return networkOf(`models/cifar/resnet${depth}.bcos`, settings);
}

function logitSettings({ bias, temperature }: Numbers): Record<string, number> {
  return {
    ...(bias === undefined ? {} : { logit_bias: bias }),
    ...(temperature === undefined ? {} : { logit_temperature: temperature }),
  };
}

/**
 * A network by the text that constructs it, e.g. `bcos.models.pretrained.resnet18(pretrained=False)`. Throws `Skip` where
 * there is no such model.
 */
export function describedNetwork(constructor: string, logits: Numbers): Described {
  const cifar = /(?:^|[/ ])(resnet_\d+\S*)/.exec(constructor);
  if (cifar !== null) return { form: "bcos", network: cifarResNet(cifar[1]!, logits) };
  if (/standard CIFAR ResNet-20|same network .*standard/.test(constructor)) {
    return { form: "standard", network: networkOf("models/cifar/resnet20.bcos") };
  }
  const own = /^own_(\w+)( standard)?$/.exec(constructor);
  if (own !== null) {
    const form = own[2] === undefined ? "bcos" : "standard";
    const network = networkOf(`tests/oracles/data/${own[1]}.bcos`, { preset: "v2", ...logitSettings(logits) });
    return { form, network };
  }
  if (constructor.includes("9L-M2")) {
    const scale = logits.scale === undefined ? {} : { scale: `constant(${logits.scale})` };
    const settings = {
      preset: "v1",
      ...(logits.b === undefined ? {} : { b: logits.b }),
      ...scale,
      ...logitSettings(logits),
    };
    return { form: "bcos", network: networkOf("models/cifar/nine-layers.bcos", settings) };
  }
  const pretrained = /pretrained\.(standard_)?(\w+)\(/.exec(constructor);
  if (pretrained !== null) {
    const form = pretrained[1] === undefined ? "bcos" : "standard";
    return { form, network: networkOf(fileOf(pretrained[2]!), { preset: "v2", ...logitSettings(logits) }) };
  }
  const first = /^v1 ([a-z]+(?:_v)?\d+)$/.exec(constructor);
  if (first !== null) {
    const name = first[1]!;
    const factor = scaleFactors[name];
    const scale = factor === undefined ? {} : { scale: `v1(${factor})` };
    const network = networkOf(fileOf(name), { preset: "v1", ...scale, ...logitSettings(logits) });
    return { form: "bcos", network, ...(name === "vgg11" ? { rename: withoutNorms } : {}) };
  }
  const cosified = /BcosifyNetwork\((\w+)\)/.exec(constructor);
  if (cosified !== null) {
    const name = cosified[1]!;
    const network = networkOf(fileOf(name), { preset: "cosified", ...logitSettings(logits) });
    return { form: "bcos", network, ...(name.startsWith("densenet") ? { rename: numberedParts } : {}) };
  }
  const transformer = /simple ViT with conv stem (\{.*\})/.exec(constructor);
  if (transformer !== null) {
    return { form: "bcos", network: smallTransformer(JSON.parse(transformer[1]!) as TransformerConfig, logits) };
  }
  const layers = Array.from(constructor.matchAll(/BcosLinear (\d+)->(\d+) B=([\d.]+)(?: MaxOut (\d+))?/g));
  if (layers.length > 0) return { form: "bcos", network: perceptron(layers, logits) };
  throw new Skip(`there is no model for ${constructor}`);
}

/** Of the networks of 2022 whose layers are not scaled by the preset's 100. */
const scaleFactors: Readonly<Record<string, number>> = { vgg11: 1000, inception_v3: 200 };

/** The file of an entry point: `resnet50_long` is trained longer, `vgg11_bnu` is the only VGG with norms. */
function fileOf(name: string): string {
  return `models/${name
    .replace(/_long$/, "")
    .replace("vgg11_bnu", "vgg11")
    .replaceAll("_", "-")}.bcos`;
}

/** The place of a module of the VGG-11 of 2022, which has no norms, in that of 2024. */
function withoutNorms(name: string): string {
  const places = [0, 2, 3, 5, 6, 8, 10, 11, 13, 15, 16, 18, 20];
  return name.replace(/(features\.)(\d+)/, (_, before: string, at: string) => `${before}${places[Number(at)]}`);
}

/** The fork that turns DenseNets into B-cos networks numbers their parts. */
function numberedParts(name: string): string {
  const parts = [
    ...["conv0", "norm0", "relu0", "pool0", "denseblock1", "transition1", "denseblock2", "transition2"],
    ...["denseblock3", "transition3", "denseblock4", "norm5"],
  ];
  const inTransition = ["norm", "relu", "conv", "pool"];
  return name
    .replace(/(features\.)(\d+)/, (_, before: string, at: string) => `${before}${parts[Number(at)]}`)
    .replace(/(transition\d\.)(\d)/, (_, before: string, at: string) => `${before}${inTransition[Number(at)]}`);
}

/** Linear layers one after the other; the first sees the encoded input, twice as long as the input. */
function perceptron(layers: readonly RegExpExecArray[], logits: Numbers): Network {
  const steps = layers.map(
    ([, , width, b, maxout], i) => `layer${i}: linear(${width}, b: ${b}, maxout: ${maxout ?? 1}, bias: false)`,
  );
  const text = `bcos { ${settingsText({ preset: "v2", ...logitSettings(logits) })} }
    model Perceptron() {
      input x: [${Number(layers[0]![1]) / 2}]
      output logits: [${layers.at(-1)![2]}]
      logits = x -> ${steps.join(" -> ")}
    }`;
  return checked("perceptron.bcos", { read: () => text, resolve: (_, to) => to });
}

/** As the reference implementation takes it. */
interface TransformerConfig {
  /** Pixels of a side behind the stem, each a token. */
  readonly image_size: number;
  readonly num_classes: number;
  readonly dim: number;
  readonly depth: number;
  readonly heads: number;
  readonly mlp_dim: number;
  /** Channels of the stem's convolutions, each of which halves the image. */
  readonly conv_stem: readonly number[];
}

/** A ViT-C of any size, of the blocks that those in `models/` are made of. */
function smallTransformer(config: TransformerConfig, logits: Numbers): Network {
  const side = config.image_size * 2 ** config.conv_stem.length;
  const stem = config.conv_stem.map((width, i) => {
    const at = (offset: number): string => `to_patch_embedding.conv_stem.${3 * i + offset}`;
    return `${at(0)}: conv(${width}, kernel: 3, stride: 2) -> ${at(1)}: norm(layer) -> gelu`;
  });
  const text = `import { Encoder, LinearHead } from "./blocks/vit.bcos"
    bcos { ${settingsText({ preset: "v2", ...logitSettings(logits) })} }
    model Transformer() {
      input image: [${side}, ${side}, 3]
      output logits: [${config.num_classes}]
      embedded = image -> ${stem.join(" -> ")} -> to_patch_embedding.linear: linear(${config.dim})
      tokens = embedded -> position_embedding: position_embed -> tokens
      encoded = tokens -> repeat ${config.depth} { transformer.encoder_{index}: Encoder(${config.heads}, mlp: ${config.mlp_dim}) }
      logits = encoded -> linear_head: LinearHead(${config.num_classes})
    }`;
  const file = join(root, "models/transformer.bcos");
  const disk = createNodeHost();
  return checked(file, { ...disk, read: (at) => (at === file ? text : disk.read(at)) });
}

type Settings = Readonly<Record<string, string | number | boolean>>;

function settingsText(settings: Settings): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}: ${value}`)
    .join(", ");
}

/** A model file with its settings block replaced. */
function networkOf(path: string, settings?: Settings): Network {
  const file = join(root, path);
  if (!existsSync(file)) throw new Skip(`there is no ${path} yet`);
  const disk = createNodeHost();
  if (settings === undefined) return checked(file, disk);
  const text = readFileSync(file, "utf8").replace(/^bcos \{[^}]*\}/m, `bcos { ${settingsText(settings)} }`);
  return checked(file, { ...disk, read: (at) => (at === file ? text : disk.read(at)) });
}

function checked(path: string, host: SourceHost): Network {
  const { networks, diagnostics } = checkFile(host, path);
  const [network] = networks;
  if (network === undefined || hasErrors(diagnostics)) {
    throw new Error(`${path}: ${diagnostics.map((d) => `${d.code}: ${d.message}`).join("; ")}`);
  }
  return network;
}

/**
 * Our weight path of a key of the reference implementation: `layer1.0.conv1.linear.weight` → `layer1.0.conv1.weight`, as
 * B-cos layers keep their product in a module of its own. A key that is a `known` path of ours is that. Undefined for
 * what is not a tensor of ours.
 */
export function weightPath(key: string, known: ReadonlySet<string>): string | undefined {
  if (key.endsWith("num_batches_tracked")) return undefined;
  if (known.has(key)) return key;
  const path = key.replace(/\.linear\.(weight|bias)$/, ".$1");
  // Published ConvNeXts have this tensor beside their layers, as a part of the block.
  if (path.endsWith(".layer_scale")) return `${path}.weight`;
  // The reference wraps some networks in a sequence or a module; a bare number is a layer of a sequence.
  if (/^\d+\.(weight|bias)$/.test(path)) return `layer${path}`;
  return path.replace(/^(0|model)\./, "");
}

/** Our tap of a named module of the reference implementation. */
export function tapPath(stage: string): string {
  const path = stage.replace(/^(0|model)\.(?=[a-z])/, "").replace(/^(?=\d+$)/, "layer");
  // The published networks of 2022 name the stem's pooling after what it became.
  return path === "avgpool" ? "maxpool" : path;
}
