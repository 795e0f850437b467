/** `bcosc check` and `bcosc inspect`. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { bcosc, bcoscHere, root, temporaryFolder } from "./run.ts";
import { tinyModel } from "./tiny.ts";

const folder = temporaryFolder({
  "tiny.bcos": tinyModel,
  "faulty.bcos": tinyModel.replace("conv(width", "cnov(width"),
  "warned.bcos": tinyModel.replace("  logits =", "  spare  = stem -> relu\n  logits ="),
  "two.bcos": tinyModel + tinyModel.replace("model Tiny", "model Small"),
  "blocks.bcos": "block B {\n  input  x: [H, W, C]\n  output y: [H, W, C]\n\n  y = x -> norm\n}\n",
});
const file = (name: string): string => join(folder, name);

describe("bcosc check", () => {
  it("says one line for a sound model", async () => {
    const { code, out, err } = await bcosc(["check", "tiny.bcos"], { cwd: folder });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(
      /^tiny\.bcos: Tiny \(bcos\), \[8, 8, 1\] → \[10\], 5 layers, 232 parameters; \d+ changes to the B-cos form .*\n$/,
    );
    const standard = await bcosc(["check", "tiny.bcos", "--as", "standard", "--set", "width=4"], { cwd: folder });
    expect(standard.out).toBe("tiny.bcos: Tiny (standard), [8, 8, 1] → [10], 5 layers, 94 parameters\n");
  });

  it("shows the changes of the B-cos form when told", async () => {
    const { code, out } = await bcoscHere("check", file("tiny.bcos"), "--verbose");
    expect(code).toBe(0);
    expect(out).toContain("info[bcos/relu-dropped]: ");
    expect(out).toContain("info[bcos/input-encoded]: ");
  });

  it("draws what is wrong, on standard output, with exit code 1", async () => {
    const { code, out, err } = await bcosc(["check", "faulty.bcos"], { cwd: folder });
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(out).toMatchInlineSnapshot(`
      "error[name/unknown]: there is no layer or block named \`cnov\`
        ┌─ faulty.bcos:6:28
        │
      6 │   stem   = image -> conv1: cnov(width, kernel: 3, stride: 2) -> bn1: norm -> relu
        │                            ^^^^
        │
        = hint: did you mean \`conv\`?
        = see: bcosc explain-error name/unknown

      1 error
      "
    `);
  });

  it("exits with 0 for warnings", async () => {
    const { code, out } = await bcoscHere("check", file("warned.bcos"));
    expect(code).toBe(0);
    expect(out).toContain("warning[name/unused]: ");
    expect(out).toMatch(/^1 warning$/m);
  });

  it("checks every file, also behind one that can't be read", async () => {
    const { code, out } = await bcoscHere("check", file("not-there.bcos"), file("faulty.bcos"), file("tiny.bcos"));
    expect(code).toBe(1);
    expect(out).toContain("error[data/unreadable]: ");
    expect(out).toContain("error[name/unknown]: ");
    expect(out).toContain("tiny.bcos: Tiny (bcos)");
    expect(out).toMatch(/^2 errors$/m);
  });

  it("takes a file with blocks only", async () => {
    const { code, out } = await bcoscHere("check", file("blocks.bcos"));
    expect({ code, out }).toEqual({ code: 0, out: "1 file without a finding\n" });
  });

  it("names models and parameters that are not there", async () => {
    const model = await bcoscHere("check", file("two.bcos"), "--model", "Smal");
    expect(model.code).toBe(1);
    expect(model.out).toContain("did you mean `Small`?");
    const parameter = await bcoscHere("check", file("tiny.bcos"), "--set", "widht=3");
    expect(parameter.code).toBe(1);
    expect(parameter.out).toContain("did you mean `width`?");
    const type = await bcoscHere("check", file("tiny.bcos"), "--set", "width=wide");
    expect(type.code).toBe(1);
  });

  it("writes everything as JSON", async () => {
    const { code, out } = await bcosc(["check", "faulty.bcos", "tiny.bcos", "--json"], { cwd: folder });
    expect(code).toBe(1);
    const json = JSON.parse(out) as { diagnostics: { code: string; severity: string }[]; models: object[] };
    expect(json.models).toMatchObject([{ file: "tiny.bcos", model: "Tiny", form: "bcos", parameters: 232 }]);
    expect(json.diagnostics.filter((d) => d.severity === "error")).toMatchObject([
      { code: "name/unknown", location: { file: "faulty.bcos", line: 6, column: 28 } },
    ]);
    expect(json.diagnostics.filter((d) => d.severity === "info").length).toBeGreaterThan(3);
  });
});

describe("bcosc inspect", () => {
  it.each([
    ["models/resnet34.bcos", "bcos", 21_797_568],
    ["models/resnet34.bcos", "standard", 21_797_672],
    ["models/resnet18.bcos", "bcos", 11_693_120],
    ["models/resnet18.bcos", "standard", 11_689_512],
    ["models/cifar/resnet20.bcos", "bcos", 272_112],
  ])("counts the parameters of %s as %s", async (model, form, parameters) => {
    const { code, out } = await bcoscHere("inspect", join(root, model), "--as", form, "--json");
    expect(code).toBe(0);
    const json = JSON.parse(out) as { parameters: number; layers: { parameters: number }[] };
    expect(json.parameters).toBe(parameters);
    expect(json.layers.reduce((sum, layer) => sum + layer.parameters, 0)).toBe(parameters);
  });

  it("draws the table of layers and says what the form changed", async () => {
    const { code, out, err } = await bcosc(["inspect", "tiny.bcos"], { cwd: folder });
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatchInlineSnapshot(`
      "A small net for pictures of 8 x 8.
      Tiny(width: 8) as bcos

      path                     layer                     output      parameters   MACs
      ────────────────────────────────────────────────────────────────────────────────
      image                    input                     [8, 8, 1]
      conv1                    conv → B-cos conv, B 2    [4, 4, 8]          144  2,304
      bn1                      norm → batch_uncentered   [4, 4, 8]            8
      stem.relu0               relu → dropped            [4, 4, 8]
      fc                       linear → B-cos conv, B 2  [4, 4, 10]          80  1,280
      logits.global_avg_pool0  global_avg_pool           [10]
      ────────────────────────────────────────────────────────────────────────────────
      total                    5 layers                                     232  3,584

      What the B-cos form changed:
        the input \`image\` is encoded as [x, 1 - x]: 1 channel becomes 2
        the classifier fc is applied to the map, before \`global_avg_pool\`
        the bias of \`linear\` is dropped in the B-cos form (fc)
        \`norm\` becomes \`batch_uncentered\`, without a bias, in the B-cos form (bn1)
        \`relu\` is dropped in the B-cos form (stem.relu0)
        the constant -2.197225 is added to the logits
      "
    `);
  });

  it("dumps the network and the graphs, after any pass", async () => {
    const network = await bcoscHere("inspect", file("tiny.bcos"), "--dump", "network");
    expect(network.out).toMatch(/^%0 = conv\(%image\) width=8 .* : \[4, 4, 8\] {3}# conv1$/m);
    const dump = (...more: string[]) => bcoscHere("inspect", file("tiny.bcos"), "--dump", "graph", ...more);
    const [built, final] = [await dump("--after", "build"), await dump("--batch", "3")];
    expect(built.out).toMatch(/^graph predict\n%0 = /);
    expect(final.out).toContain("[3,8,8,1]");
    expect(final.out.length).toBeLessThan(built.out.length);
    for (const graph of ["train", "explain", "gradient"]) {
      const { code, out } = await dump("--graph", graph);
      expect(code).toBe(0);
      expect(out).toContain(`graph ${graph}\n`);
    }
    expect((await dump("--graph", "train", "--optimizer", "sgd")).out).toContain("update sgd");
    expect(JSON.parse((await dump("--json")).out)).toHaveProperty("nodes");
  });

  it("asks which model is meant where a file has several", async () => {
    const { code, err } = await bcoscHere("inspect", file("two.bcos"));
    expect(code).toBe(2);
    expect(err).toContain("error[usage/which-model]: ");
    expect(err).toContain("`Tiny`, `Small`");
    expect((await bcoscHere("inspect", file("two.bcos"), "--model", "Small")).out).toContain("Small(width: 8) as bcos");
  });
});
