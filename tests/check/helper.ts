/** Checks texts in memory, and shows findings as short lines. */
import { checkFile, type CheckOptions, type CheckResult } from "../../src/compiler/check/check.ts";
import { createMemoryHost } from "../../src/compiler/check/source-host.ts";
import type { Network } from "../../src/compiler/network/network.ts";
import { renderDiagnostics } from "../../src/diagnostics/frame.ts";

export type Sources = string | Readonly<Record<string, string>>;

/** Checks `main.bcos`; a text alone is that file. */
export function check(sources: Sources, options?: CheckOptions): CheckResult {
  return checkFile(createMemoryHost(filesOf(sources)), "main.bcos", options);
}

function filesOf(sources: Sources): Readonly<Record<string, string>> {
  return typeof sources === "string" ? { "main.bcos": sources } : sources;
}

/** `shape/mismatch: a + b`: the code, and the text at its place. */
export function findings(result: CheckResult): string[] {
  return result.diagnostics.map(({ code, span, place }) => {
    if (span === undefined) return `${code}: (${place})`;
    // Settings from outside are no file.
    const text = result.files.get(span.file)?.text.slice(span.start, span.end) ?? "";
    return `${code}: ${span.file === "main.bcos" ? "" : `${span.file} `}${text.replace(/\s+/g, " ")}`.trimEnd();
  });
}

/** The sources, then the findings as they are drawn. */
export function rendered(sources: Sources, result: CheckResult): string {
  const files = Object.entries(filesOf(sources)).map(([path, text]) => `── ${path}\n${text.trim()}\n`);
  const frames = renderDiagnostics(result.diagnostics, (file) => result.files.get(file)?.text, { color: false });
  return `\n${files.join("")}──\n${frames.trim()}\n`;
}

/** The one network of a text that must have no errors. */
export function networkOf(sources: Sources, options?: CheckOptions): Network {
  const result = check(sources, options);
  const errors = result.diagnostics.filter((d) => d.severity === "error");
  if (errors.length > 0 || result.networks.length !== 1) {
    throw new Error(`no network:\n${rendered(sources, result)}`);
  }
  return result.networks[0]!;
}

/** A model around rows, with a 32x32 image of 3 channels. `logits` must be among them. */
export function model(rows: string, rest = ""): string {
  return `${rest}
model M {
  input image: [32, 32, 3]
  output logits: [10]
${rows}
}
`;
}

/** A model around rows that make `a` from `image`; `a` ends in ten logits. */
export function withHead(rows: string, rest = ""): string {
  return model(`${rows}\n  logits = a -> global_avg_pool -> fc: linear(10)`, rest);
}

/** `layer1.0.conv1 [56, 56, 64]` for every layer with weights. */
export function weightPaths(network: Network): string[] {
  const weighted = new Set(["conv", "depthwise_conv", "linear", "norm", "layer_scale"]);
  return network.layers.filter((l) => weighted.has(l.layer)).map((l) => `${l.path} [${l.shape.join(", ")}]`);
}

export const residual = `
/// Two 3x3 layers and a skip, projected when the shape changes.
block BasicBlock(width: int, stride: int = 1) {
  input  x: [H, W, C]
  output y: [H / stride, W / stride, width]

  main = x -> conv1: conv(width, kernel: 3, stride: stride) -> bn1: norm -> relu
           -> conv2: conv(width, kernel: 3) -> bn2: norm
  skip = if stride == 1 and C == width { x } else { x -> downsample.0: conv(width, kernel: 1, stride: stride) -> downsample.1: norm }
  y    = main + skip -> relu
}
`;

export const resnet34 = `
/// ResNet-34 (He et al. 2016).
import { BasicBlock } from "./blocks/residual.bcos"

bcos { preset: v2 }

model ResNet34(classes: int = 1000) {
  input  image: [224, 224, 3]
  output logits: [classes]

  stem   = image  -> conv1: conv(64, kernel: 7, stride: 2) -> bn1: norm -> relu -> max_pool(3, stride: 2) : [56, 56, 64]
  layer1 = stem   -> repeat 3 { BasicBlock(64) }
  layer2 = layer1 -> BasicBlock(128, stride: 2) -> repeat 3 { BasicBlock(128) }
  layer3 = layer2 -> BasicBlock(256, stride: 2) -> repeat 5 { BasicBlock(256) }
  layer4 = layer3 -> BasicBlock(512, stride: 2) -> repeat 2 { BasicBlock(512) } : [7, 7, 512]
  logits = layer4 -> global_avg_pool -> fc: linear(classes)
}
`;

export const resnet34Files = { "main.bcos": resnet34, "blocks/residual.bcos": residual };
