/** The networks that are timed, as data: our model file, and the same network as a list of layers for those who build it. */

export interface ResidualNetwork {
  readonly name: string;
  /** Our model, from the package's folder. */
  readonly file: string;
  readonly side: number;
  readonly classes: number;
  readonly stem: { readonly kernel: number; readonly stride: number; readonly width: number; readonly pool: boolean };
  readonly block: "basic" | "bottleneck";
  /** Blocks a stage; all stages but the first halve the image. */
  readonly stages: readonly { readonly width: number; readonly blocks: number }[];
  /** The uncentred batch norm of Böhle et al. 2024 behind each convolution but the classifier. */
  readonly norm: boolean;
  /** Plain SGD where it is given, else Adam, with this learning rate. */
  readonly optimizer: { readonly kind: "sgd" | "adam"; readonly learningRate: number };
  /**
   * What all running variances are in predictions and explanations: such that the logits of an untrained network differ
   * visibly. With the initial 1 they would be equal to six digits, and comparing them would show nothing.
   */
  readonly runningVariance: number;
}

export interface Convolution {
  readonly path: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
}

/** A B-cos convolution and, where there is one, the norm behind it. */
export interface Layer {
  readonly convolution: Convolution;
  /** Weight path of the norm. */
  readonly norm: string | undefined;
}

export interface Block {
  readonly main: readonly Layer[];
  /** Absent: the input itself is added. */
  readonly skip: Layer | undefined;
}

/** What a contender computes: stem, average pooling 3×3 / 2 where `pool`, blocks, classifier, mean over the pixels. */
export interface Layers {
  readonly stem: Layer;
  readonly pool: boolean;
  readonly blocks: readonly Block[];
  readonly classifier: Layer;
}

const cifar = {
  side: 32,
  classes: 10,
  stem: { kernel: 3, stride: 1, width: 16, pool: false },
  block: "basic",
  stages: [
    { width: 16, blocks: 3 },
    { width: 32, blocks: 3 },
    { width: 64, blocks: 3 },
  ],
} as const;

export const resnet20: ResidualNetwork = {
  ...cifar,
  name: "ResNet-20",
  file: "models/cifar/resnet20.bcos",
  norm: true,
  optimizer: { kind: "adam", learningRate: 1e-3 },
  runningVariance: 1e-3,
};

export const resnet20NormFree: ResidualNetwork = {
  ...cifar,
  name: "ResNet-20 without norms",
  file: "bench/models/resnet20-norm-free.bcos",
  norm: false,
  optimizer: { kind: "sgd", learningRate: 1 },
  runningVariance: 1,
};

const imagenet = {
  side: 224,
  classes: 1000,
  stem: { kernel: 7, stride: 2, width: 64, pool: true },
  norm: true,
  optimizer: { kind: "adam", learningRate: 1e-3 },
  runningVariance: 1e-3,
} as const;

export const resnet18: ResidualNetwork = {
  ...imagenet,
  name: "ResNet-18",
  file: "models/resnet18.bcos",
  block: "basic",
  stages: [64, 128, 256, 512].map((width) => ({ width, blocks: 2 })),
};

export const resnet50: ResidualNetwork = {
  ...imagenet,
  name: "ResNet-50",
  file: "models/resnet50.bcos",
  block: "bottleneck",
  stages: [3, 4, 6, 3].map((blocks, stage) => ({ width: 64 * 2 ** stage, blocks })),
};

/** Image channels behind the encoding [x, 1 − x]. */
const ENCODED = 6;

export function layersOf(network: ResidualNetwork): Layers {
  const { stem, classes, block } = network;
  const layer = (path: string, norm: string, from: number, to: number, kernel: number, stride = 1): Layer => ({
    convolution: { path: `${path}.weight`, inputs: from, outputs: to, kernel, stride },
    norm: network.norm ? norm : undefined,
  });
  const expansion = block === "bottleneck" ? 4 : 1;
  let from = stem.width;
  const blocks = network.stages.flatMap(({ width, blocks: count }, stage) =>
    Array.from({ length: count }, (_, i): Block => {
      const at = (name: string): string => `layer${stage + 1}.${i}.${name}`;
      const [inputs, outputs, stride] = [from, width * expansion, stage > 0 && i === 0 ? 2 : 1];
      from = outputs;
      const main =
        block === "basic"
          ? [layer(at("conv1"), at("bn1"), inputs, width, 3, stride), layer(at("conv2"), at("bn2"), width, width, 3)]
          : [
              layer(at("conv1"), at("bn1"), inputs, width, 1),
              layer(at("conv2"), at("bn2"), width, width, 3, stride),
              layer(at("conv3"), at("bn3"), width, outputs, 1),
            ];
      const same = stride === 1 && inputs === outputs;
      const skip = same ? undefined : layer(at("downsample.0"), at("downsample.1"), inputs, outputs, 1, stride);
      return { main, skip };
    }),
  );
  return {
    stem: layer("conv1", "bn1", ENCODED, stem.width, stem.kernel, stem.stride),
    pool: stem.pool,
    blocks,
    classifier: {
      convolution: { path: "fc.weight", inputs: from, outputs: classes, kernel: 1, stride: 1 },
      norm: undefined,
    },
  };
}

/** Every layer, in the order of the forward pass. */
export function allLayers(layers: Layers): readonly Layer[] {
  const inner = layers.blocks.flatMap(({ main, skip }) => (skip === undefined ? main : [...main, skip]));
  return [layers.stem, ...inner, layers.classifier];
}
