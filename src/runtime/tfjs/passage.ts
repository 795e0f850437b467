/// <reference types="@webgpu/types" />
/** How tensors come to a session and back: as buffers of one graphics device, as tensors of one backend, or as numbers. */
import type { GraphName } from "../../compiler/graph/program.ts";
import type { Session } from "../session.ts";
import { outputShapes } from "./output-shapes.ts";
import { findSharedBackend, type SharedBackend } from "./shared-backend.ts";
import type { NamedTensors, Tensor, TensorFlow } from "./tensorflow.ts";

export interface Passage {
  /** Whether nothing goes through the processor. */
  readonly direct: boolean;
  /** As `Session.run`. Tensors that are given stay the caller's; what is returned is the caller's to dispose. */
  run(graph: GraphName, feeds: TensorFeeds, only?: readonly string[], after?: After): Promise<NamedTensors>;
}

export type TensorFeeds = Readonly<Record<string, Tensor | ArrayLike<number>>>;

/** More feeds, made of outputs that do not depend on them: see `ResidentOptions.after`. They are the run's to dispose. */
export interface After {
  readonly outputs: readonly string[];
  readonly feeds: (outputs: NamedTensors) => NamedTensors;
}

/** By the backend that TensorFlow.js computes with now. */
export function passageTo(tf: TensorFlow, session: Session): Passage {
  if (session.place !== undefined) {
    const shared = findSharedBackend(tf);
    if (shared !== undefined && shared.device === session.place) return throughBuffers(tf, session, shared);
    if (tf.backend() === session.place) return throughTensors(session);
  }
  return throughNumbers(tf, session);
}

export function isTensor(value: object): value is Tensor {
  return "dataId" in value;
}

/** Tensors that are there until the run is submitted, whatever becomes of the given ones meanwhile. */
function hold(
  feeds: TensorFeeds,
  copy = (tensor: Tensor) => tensor.clone(),
): { readonly feeds: TensorFeeds; readonly dispose: () => void } {
  const clones: Tensor[] = [];
  const held = Object.entries(feeds).map(([name, value]) => {
    if (!isTensor(value)) return [name, value] as const;
    const clone = copy(value);
    // No scope may dispose it.
    clone.kept = true;
    clones.push(clone);
    return [name, clone] as const;
  });
  return {
    feeds: Object.fromEntries(held),
    dispose: () => {
      for (const clone of clones) clone.dispose();
    },
  };
}

function throughBuffers(tf: TensorFlow, session: Session, shared: SharedBackend): Passage {
  /** With floats in its buffer: the same buffer where it has them already. */
  const copy = (tensor: Tensor): Tensor =>
    shared.hasFloats(tensor) ? tensor.clone() : tf.tidy(() => tf.add(tensor, 0));
  const buffersOf = (feeds: TensorFeeds): Record<string, GPUBuffer | ArrayLike<number>> =>
    Object.fromEntries(
      Object.entries(feeds).map(([name, value]) => [name, isTensor(value) ? shared.bufferOf(value) : value]),
    );
  return {
    direct: true,
    async run(graph, feeds, only, after) {
      const shapes = outputShapes(session.program, graph);
      const holds = [hold(feeds, copy)];
      const acquired = new Set<GPUBuffer>();
      const tensors: NamedTensors = {};
      const wrap = (buffers: Readonly<Record<string, GPUBuffer>>): NamedTensors => {
        for (const [name, buffer] of Object.entries(buffers)) {
          if (!acquired.delete(buffer)) continue;
          tensors[name] = shared.tensorOf(buffer, shapes[name]!);
          // A scope may be open where this is called back.
          tensors[name].kept = true;
        }
        return tensors;
      };
      const more = (outputs: Readonly<Record<string, GPUBuffer>>): Record<string, GPUBuffer | ArrayLike<number>> => {
        const made = after!.feeds({ ...wrap(outputs) });
        holds.push(hold(made, copy));
        for (const tensor of Object.values(made)) tensor.dispose();
        return buffersOf(holds.at(-1)!.feeds);
      };
      try {
        const outputs = await session.runResident<GPUBuffer>(graph, buffersOf(holds[0]!.feeds), only, {
          create(bytes) {
            const buffer = shared.acquire(bytes);
            acquired.add(buffer);
            return buffer;
          },
          ...(after === undefined ? {} : { after: { outputs: after.outputs, feeds: more } }),
        });
        const results = wrap(outputs);
        for (const tensor of Object.values(results)) tensor.kept = false;
        return results;
      } catch (error) {
        for (const tensor of Object.values(tensors)) tensor.dispose();
        for (const buffer of acquired) shared.release(buffer);
        throw error;
      } finally {
        for (const held of holds) held.dispose();
      }
    },
  };
}

function throughTensors(session: Session): Passage {
  return {
    direct: true,
    async run(graph, feeds, only, after) {
      const held = hold(feeds);
      const made: Tensor[] = [];
      const more = (outputs: NamedTensors): NamedTensors => {
        const own = after!.feeds(outputs);
        for (const tensor of Object.values(own)) tensor.kept = true;
        made.push(...Object.values(own));
        return own;
      };
      const options = after === undefined ? {} : { after: { outputs: after.outputs, feeds: more } };
      try {
        return await session.runResident<Tensor>(graph, held.feeds as Record<string, Tensor>, only, options);
      } finally {
        for (const tensor of made) tensor.dispose();
        held.dispose();
      }
    },
  };
}

function throughNumbers(tf: TensorFlow, session: Session): Passage {
  const shapesOf = (graph: GraphName) => outputShapes(session.program, graph);
  const run = async (
    graph: GraphName,
    feeds: Readonly<Record<string, ArrayLike<number>>>,
    only: readonly string[] | undefined,
  ): Promise<NamedTensors> => {
    const shapes = shapesOf(graph);
    const outputs = await session.run(graph, feeds, only);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, values]) => {
        return [name, tf.tensor(Float32Array.from(values), [...shapes[name]!], "float32")];
      }),
    );
  };
  return {
    direct: false,
    async run(graph, feeds, only, after) {
      const numbers = await numbersOf(feeds);
      if (after === undefined) return run(graph, numbers, only);
      const first = await run(graph, numbers, after.outputs);
      const more = after.feeds(first);
      try {
        const others = (only ?? Object.keys(shapesOf(graph))).filter((output) => !(output in first));
        return { ...first, ...(await run(graph, { ...numbers, ...(await numbersOf(more)) }, others)) };
      } catch (error) {
        for (const tensor of Object.values(first)) tensor.dispose();
        throw error;
      } finally {
        for (const tensor of Object.values(more)) tensor.dispose();
      }
    },
  };
}

async function numbersOf(feeds: TensorFeeds): Promise<Record<string, ArrayLike<number>>> {
  const read = Object.entries(feeds).map(async ([name, value]) => {
    return [name, isTensor(value) ? await value.data() : value] as const;
  });
  return Object.fromEntries(await Promise.all(read));
}
