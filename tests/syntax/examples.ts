/** The two example files of the language design. */
export const resnet34 = `/// ResNet-34 (He et al. 2016).
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

export const residual = `/// blocks/residual.bcos: two 3x3 layers and a skip, projected when the shape changes.
block BasicBlock(width: int, stride: int = 1) {
  input  x: [H, W, C]
  output y: [H / stride, W / stride, width]

  main = x -> conv1: conv(width, kernel: 3, stride: stride) -> bn1: norm -> relu
           -> conv2: conv(width, kernel: 3) -> bn2: norm
  skip = if stride == 1 and C == width { x } else { x -> downsample.0: conv(width, kernel: 1, stride: stride) -> downsample.1: norm }
  y    = main + skip -> relu
}
`;
