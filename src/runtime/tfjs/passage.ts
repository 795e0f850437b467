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
  run(graph: GraphName, feeds: TensorFeeds, only?: readonly string[]): Promise<NamedTensors>;
}

export type TensorFeeds = Readonly<Record<string, Tensor | ArrayLike<number>>>;

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
  return {
    direct: true,
    async run(graph, feeds, only) {
      const held = hold(feeds, copy);
      const acquired = new Set<GPUBuffer>();
      const tensors: NamedTensors = {};
      try {
        const given = Object.entries(held.feeds).map(
          ([name, value]) => [name, isTensor(value) ? shared.bufferOf(value) : value] as const,
        );
        const outputs = await session.runResident<GPUBuffer>(graph, Object.fromEntries(given), only, {
          create(bytes) {
            const buffer = shared.acquire(bytes);
            acquired.add(buffer);
            return buffer;
          },
        });
        const shapes = outputShapes(session.program, graph);
        for (const [name, buffer] of Object.entries(outputs)) {
          tensors[name] = shared.tensorOf(buffer, shapes[name]!);
          acquired.delete(buffer);
        }
        return tensors;
      } catch (error) {
        for (const tensor of Object.values(tensors)) tensor.dispose();
        for (const buffer of acquired) shared.release(buffer);
        throw error;
      } finally {
        held.dispose();
      }
    },
  };
}

function throughTensors(session: Session): Passage {
  return {
    direct: true,
    async run(graph, feeds, only) {
      const held = hold(feeds);
      try {
        return await session.runResident<Tensor>(graph, held.feeds as Record<string, Tensor>, only);
      } finally {
        held.dispose();
      }
    },
  };
}

function throughNumbers(tf: TensorFlow, session: Session): Passage {
  return {
    direct: false,
    async run(graph, feeds, only) {
      const numbers = await Promise.all(
        Object.entries(feeds).map(
          async ([name, value]) => [name, isTensor(value) ? await value.data() : value] as const,
        ),
      );
      const outputs = await session.run(graph, Object.fromEntries(numbers), only);
      const shapes = outputShapes(session.program, graph);
      return Object.fromEntries(
        Object.entries(outputs).map(([name, values]) => {
          return [name, tf.tensor(Float32Array.from(values), [...shapes[name]!], "float32")];
        }),
      );
    },
  };
}
