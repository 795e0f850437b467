/** The printer's text, word for word. */
import { expect, test } from "vitest";
import * as g from "../../src/compiler/graph/build.ts";
import { createBuilder } from "../../src/compiler/graph/builder.ts";
import { printGraph } from "../../src/compiler/graph/print.ts";

test("one line a node, then outputs, updates and taps", () => {
  const b = createBuilder("predict");
  const x = g.input(b, "image", [1, 5, 5, 2]);
  const conv = { stride: [2, 2], padding: [1, 1, 1, 1], dilation: [1, 1], groups: 1 } as const;
  const y = b.within({ path: "conv1" }, () => {
    const w = g.unitRows(b, g.state(b, "conv1.weight", [4, 3, 3, 2]));
    return g.bcosScale(b, g.conv2d(b, x, w, conv), g.patchNorm(b, x, [3, 3], conv, 1e-6), 2);
  });
  const rest = g.constant(
    b,
    Array.from({ length: 10 }, (_, i) => i / 2),
    [10],
  );
  const odd = g.constant(b, [-0, -Infinity, NaN], [3]);
  b.output("logits", g.shift(b, "logit bias", y, g.scalar(b, -2.5)));
  b.update("conv1.weight", 1);
  b.tap("rest", rest);
  b.tap("odd", odd);
  expect(printGraph(b.finish())).toBe(`\
graph predict
%0 = input() name="image" : [1,5,5,2]
%1 = state() path="conv1.weight" : [4,3,3,2]   # conv1
%2 = unit_rows(%1) : [4,3,3,2]   # conv1
%3 = conv2d(%0, %2) stride=[2,2] padding=[1,1,1,1] dilation=[1,1] groups=1 : [1,3,3,4]   # conv1
%4 = patch_norm(%0) stride=[2,2] padding=[1,1,1,1] dilation=[1,1] groups=1 kernel=[3,3] epsilon=0.000001 : [1,3,3,1]   # conv1
%5 = bcos_scale(%3, %4) b=2 : [1,3,3,4]   # conv1
%6 = constant() values=[0,0.5,1,1.5,2,2.5,3,3.5,… 2 more] : [10]
%7 = constant() values=[-0,-Infinity,NaN] : [3]
%8 = constant() values=[-2.5] : []
%9 = shift(%5, %8) name="logit bias" : [1,3,3,4]
output logits = %9
update conv1.weight = %1
tap rest = %6
tap odd = %7
`);
});
