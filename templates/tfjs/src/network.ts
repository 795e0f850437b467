/** The compiled network in a program of TensorFlow.js: it takes tensors and gives tensors. */
import * as tf from "@tensorflow/tfjs-core";
import { fusedDevice, tensorModel, type TensorExplanation } from "bcosc/tfjs";
import { load } from "./net.bcos";
import type { Engine } from "./engine.ts";
import { colourPicture, contributionPicture } from "./pictures.ts";
import type { Shown } from "./view.ts";

// Made by `npm run train`, and served from public/.
const weights = `${import.meta.env.BASE_URL}model.safetensors`;

export interface Network {
  /** Explains one digit [1, 28, 28, 1], which stays the caller's. */
  explain(digit: tf.Tensor4D, target: number | undefined): Promise<Shown>;
}

export async function openNetwork(engine: Engine): Promise<Network> {
  // On WebGPU the network computes with the graphics device that TensorFlow.js has opened, and no tensor is copied.
  const device = engine === "webgpu" ? await fusedDevice(tf) : "wasm";
  const model = tensorModel(tf, await load({ weights, device }));
  return {
    explain: async (digit, target) => {
      const explanation = await model.explain(digit, target === undefined ? {} : { target });
      try {
        return { ...(await readNumbers(explanation, target)), pictures: await readPictures(explanation) };
      } finally {
        tf.dispose(explanation);
      }
    },
  };
}

/** All in one tensor, as each tensor that is read waits for the graphics card. */
async function readNumbers(
  { logits, explained, constant, contributions }: TensorExplanation,
  chosen: number | undefined,
): Promise<Omit<Shown, "pictures">> {
  const classes = logits.shape[1];
  const all = tf.tidy(() => {
    // Classes do not exclude each other in the loss that B-cos networks are trained with: no softmax.
    const parts = [logits, tf.sigmoid(logits), explained, constant, tf.sum(contributions)];
    return tf.concat(parts.map((part) => tf.reshape(part, [-1])));
  });
  const numbers = await all.data();
  all.dispose();
  const [amount, fixed, sum] = numbers.subarray(2 * classes);
  const predicted = numbers.indexOf(Math.max(...numbers.subarray(0, classes)));
  return {
    predicted,
    target: chosen ?? predicted,
    probabilities: numbers.subarray(classes, 2 * classes),
    explained: amount!,
    constant: fixed!,
    residual: Math.abs(amount! - fixed! - sum!),
  };
}

async function readPictures({ weights, contributions }: TensorExplanation): Promise<Shown["pictures"]> {
  const [colour, map] = tf.tidy(() => [colourPicture(weights, contributions), contributionPicture(contributions)]);
  try {
    return { colour: await pixelsOf(colour), contributions: await pixelsOf(map) };
  } finally {
    tf.dispose([colour, map]);
  }
}

async function pixelsOf(picture: tf.Tensor3D): Promise<ImageData> {
  const [height, width] = picture.shape;
  return new ImageData(new Uint8ClampedArray(await tf.browser.toPixels(picture)), width, height);
}
