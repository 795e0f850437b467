/**
 * A program on a backend of TensorFlow.js. The session owns every tensor that it makes: state, constants, what was
 * prepared and what the last run left. A run either succeeds as a whole or changes nothing.
 */
import type { GraphName, Program } from "../../../compiler/graph/program.ts";
import type { TfjsCode } from "../../../compiler/targets/tfjs/plan.ts";
import { fail } from "../../../diagnostics/catalogue.ts";
import { sizeOf, type Shape } from "../../../shape.ts";
import type { DeviceSession, Tensor } from "../../device.ts";
import { fillUniform } from "../../random.ts";
import { createContinuation } from "../continuation.ts";
import { checkAsked } from "../plan-run.ts";
import { DeviceLoss, orLost } from "../webgpu/device-loss.ts";
import { careFor, isTrap } from "./care.ts";
import { explainFailure } from "./failures.ts";
import { checkTensorFeeds, type Feed } from "./feeds.ts";
import { planBytes } from "./plan-bytes.ts";
import { inScope, keptTensor, makeCalls } from "./runner.ts";
import { createSchedule, planFacts, type PlanFacts, type Schedule } from "./schedule.ts";
import type { TfjsTensor } from "./tf.ts";
import { onBackend, type OpenedBackend } from "./turn.ts";

/** What the last run left for one that goes on from it. */
interface Held {
  readonly feeds: ReadonlyMap<string, TfjsTensor>;
  /** The numbers of feeds that draws depend on. */
  readonly steps: ReadonlyMap<string, number>;
  readonly values: ReadonlyMap<number, TfjsTensor>;
}

/** What a run made, before anything of it counts. */
interface Made {
  readonly kept: ReadonlyMap<number, TfjsTensor>;
  readonly feeds: ReadonlyMap<string, TfjsTensor>;
  readonly updates: ReadonlyMap<string, TfjsTensor>;
  readonly outputs: readonly TfjsTensor[];
  /** Of the outputs, those that are nobody else's. */
  readonly own: readonly TfjsTensor[];
  readonly reads: readonly Promise<unknown>[];
}

const nothing: Held = { feeds: new Map(), steps: new Map(), values: new Map() };

export function openTfjsSession(
  program: Program,
  code: TfjsCode,
  opened: OpenedBackend,
  device: string,
): DeviceSession {
  const { engine } = opened;
  const care = careFor(opened);
  const continuation = createContinuation();
  const bytes = planBytes(program, code);
  const plans = new Map<GraphName, PlanFacts>();
  for (const [name, plan] of Object.entries(code.plans)) plans.set(name as GraphName, planFacts(plan));
  const schedules = new Map<string, Schedule>();
  const state = new Map<string, TfjsTensor>();
  const constants = new Map<GraphName, ReadonlyMap<number, TfjsTensor>>();
  const prepared = new Map<GraphName, Map<number, TfjsTensor>>();
  const scalars = new Map<number, TfjsTensor>();
  let held = nothing;
  let disposed = false;
  let broken: unknown;

  /** Synchronous work on the backend; whatever it throws is told in the project's words. */
  function work<T>(body: () => T): ReturnType<typeof care.watch<T>> {
    if (engine.registry[opened.name] !== opened.instance) {
      fail("run/tfjs", { device, what: "the session", reason: "the program has removed the backend" });
    }
    try {
      return care.watch(() => onBackend(opened, body));
    } catch (error) {
      try {
        return explainFailure(error, { device, bytes });
      } catch (failure) {
        if (isTrap(error)) broken = failure;
        throw failure;
      }
    }
  }

  function scalar(value: number): TfjsTensor {
    const known = scalars.get(value);
    if (known !== undefined) return known;
    const made = keptTensor(engine, Float32Array.of(value), []);
    scalars.set(value, made);
    return made;
  }

  function constantsOf(name: GraphName): ReadonlyMap<number, TfjsTensor> {
    const known = constants.get(name);
    if (known !== undefined) return known;
    const made = new Map<number, TfjsTensor>();
    constants.set(name, made);
    for (const { value, shape, values } of code.plans[name]!.constants) {
      const size = sizeOf(shape);
      const all = values.length === size ? Float32Array.from(values) : new Float32Array(size).fill(values[0]!);
      made.set(value, size === 1 && shape.length === 0 ? scalar(all[0]!) : keptTensor(engine, all, shape));
    }
    return made;
  }

  function dropHeld(): void {
    continuation.forget();
    disposeAll(held.feeds.values());
    disposeAll(held.values.values());
    held = nothing;
  }

  function dropPrepared(): void {
    for (const values of prepared.values()) disposeAll(values.values());
    prepared.clear();
  }

  function scheduleOf(
    facts: PlanFacts,
    wanted: readonly string[],
    there: readonly number[],
    keep: ReadonlySet<number>,
  ) {
    const { plan } = facts;
    const key = JSON.stringify([plan.graph, wanted, there]);
    const known = schedules.get(key);
    if (known !== undefined) return known;
    const values = [...wanted.map((name) => plan.outputs[name]!), ...Object.values(plan.updates)].map((v) => v.value);
    const schedule = createSchedule(facts, values, new Set(there), keep);
    schedules.set(key, schedule);
    return schedule;
  }

  /** Makes everything that is asked for. Throws before anything has changed. */
  function make(
    facts: PlanFacts,
    wanted: readonly string[],
    given: ReadonlyMap<string, Feed>,
    steps: ReadonlyMap<string, number>,
    before: Held,
    read: boolean,
  ): Made {
    const { plan } = facts;
    const writes = Object.keys(plan.updates).length > 0;
    const ready = prepared.get(plan.graph) ?? new Map<number, TfjsTensor>();
    const inputs = Object.values(plan.inputs).map(({ value }) => value);
    const keep = writes ? facts.prepared : new Set([...facts.prepared, ...facts.handedOn, ...inputs]);
    const fromFeeds = [...before.feeds].map(([name, tensor]) => [plan.inputs[name]!.value, tensor] as const);
    const there = new Map<number, TfjsTensor>([...fromFeeds, ...before.values, ...ready]);
    const schedule = scheduleOf(facts, wanted, [...there.keys()], keep);
    for (const [value, tensor] of constantsOf(plan.graph)) there.set(value, tensor);

    return inScope(engine, () => {
      for (const [path, { value, shape }] of Object.entries(plan.state))
        there.set(value, shaped(state.get(path)!, shape));
      const values = makeCalls(engine, schedule, {
        there,
        scalar,
        input: (name) => plan.inputs[name]!.value,
        fed: (name) => fed(given.get(name)!, plan.inputs[name]!.shape),
        drawn({ key, step, shape }) {
          const numbers = new Float32Array(sizeOf(shape));
          fillUniform(key, step === undefined ? 0 : steps.get(step)!, numbers);
          return engine.makeTensor(numbers, [...shape], "float32");
        },
      });
      const claimed = new Set<TfjsTensor>();
      /** The value's own tensor for the first who asks, others on the same numbers for the rest. */
      const claim = (value: number): TfjsTensor => {
        const own = values.get(value);
        const tensor = own === undefined || claimed.has(own) ? copied(own ?? there.get(value)!) : own;
        tensor.kept = true;
        claimed.add(tensor);
        return tensor;
      };
      try {
        const kept = new Map<number, TfjsTensor>();
        const feeds = new Map<string, TfjsTensor>();
        for (const value of values.keys()) {
          if (!keep.has(value)) continue;
          const source = facts.sources.get(value)!;
          if (source.kind === "input") feeds.set(source.name, claim(value));
          else kept.set(value, claim(value));
        }
        const updates = new Map(Object.entries(plan.updates).map(([path, { value }]) => [path, claim(value)]));
        const own: TfjsTensor[] = [];
        const outputs = wanted.map((name) => {
          const { value } = plan.outputs[name]!;
          const made = values.get(value) ?? there.get(value)!;
          const shared = !values.has(value) || claimed.has(made);
          if (read && shared) return made;
          const output = claim(value);
          own.push(output);
          return output;
        });
        const reads = read ? outputs.map((tensor) => tensor.data()) : [];
        return { kept, feeds, updates, outputs, own, reads };
      } catch (error) {
        for (const tensor of claimed) tensor.kept = false;
        throw error;
      }
    });
  }

  function copied(x: TfjsTensor): TfjsTensor {
    return engine.runKernel("Identity", { x }) as TfjsTensor;
  }

  function shaped(x: TfjsTensor, shape: Shape): TfjsTensor {
    const same = x.shape.length === shape.length && x.shape.every((length, axis) => length === shape[axis]);
    return same ? x : (engine.runKernel("Reshape", { x }, { shape: [...shape] }) as TfjsTensor);
  }

  /** A tensor of the run's own. Backends may go on to use the array they are given. */
  function fed(feed: Feed, shape: Shape): TfjsTensor {
    if (feed instanceof Float32Array) return engine.makeTensor(feed.slice(), [...shape], "float32");
    const reshaped = shaped(feed, shape);
    return reshaped === feed ? copied(feed) : reshaped;
  }

  /** The numbers of feeds that draws depend on. */
  async function stepsOf({ plan }: PlanFacts, given: ReadonlyMap<string, Feed>): Promise<Map<string, number>> {
    const steps = new Map<string, number>();
    for (const { step } of plan.draws) {
      const feed = step === undefined ? undefined : given.get(step);
      if (feed === undefined) continue;
      const [number] = feed instanceof Float32Array ? feed : ((await feed.data()) as Float32Array);
      steps.set(step!, number!);
    }
    return steps;
  }

  async function perform(
    name: GraphName,
    feeds: Readonly<Record<string, Tensor | TfjsTensor>>,
    { only, resume, read }: { only: readonly string[] | undefined; resume: boolean; read: boolean },
  ): Promise<{ readonly wanted: readonly string[]; readonly made: Made }> {
    usable();
    const call = { given: Object.keys(feeds), only, resume };
    const asked = checkAsked(program, device, code.plans, name, call, continuation);
    const { wanted } = asked;
    const given = checkTensorFeeds(name, asked, feeds, opened);
    const facts = plans.get(name)!;
    const writes = Object.keys(facts.plan.updates).length > 0;
    const newSteps = await stepsOf(facts, given);
    if (!resume) dropHeld();

    const before = resume ? stillTrue(facts, held, given) : nothing;
    const steps = new Map([...before.steps, ...newSteps]);
    let made: Made;
    try {
      const { result, trouble } = work(() => make(facts, wanted, given, steps, before, read));
      made = result;
      const reason = await trouble;
      if (reason !== undefined) {
        for (const promise of made.reads) promise.catch(() => undefined);
        disposeAll([...made.kept.values(), ...made.feeds.values(), ...made.updates.values(), ...made.own]);
        explainFailure(reason, { device, bytes });
      }
    } catch (error) {
      dropHeld();
      throw error;
    }

    for (const [path, tensor] of made.updates) {
      state.get(path)!.dispose();
      state.set(path, tensor);
    }
    if (writes) {
      dropHeld();
      dropPrepared();
      disposeAll(made.kept.values());
      disposeAll(made.feeds.values());
      return { wanted, made };
    }
    const ready = prepared.get(name) ?? new Map<number, TfjsTensor>();
    prepared.set(name, ready);
    const handedOn = new Map(before.values);
    for (const [value, tensor] of made.kept) (facts.prepared.has(value) ? ready : handedOn).set(value, tensor);
    const old = held;
    held = { feeds: new Map([...before.feeds, ...made.feeds]), steps, values: handedOn };
    const stays = new Set([...held.feeds.values(), ...held.values.values()]);
    disposeAll([...old.feeds.values(), ...old.values.values()].filter((tensor) => !stays.has(tensor)));
    continuation.done(name, given.keys(), resume);
    return { wanted, made };
  }

  async function residentRun(
    name: GraphName,
    feeds: Readonly<Record<string, object>>,
    only: readonly string[] | undefined,
    resume: boolean,
  ): Promise<Record<string, TfjsTensor>> {
    const given = feeds as Readonly<Record<string, Tensor | TfjsTensor>>;
    const { wanted, made } = await perform(name, given, { only, resume, read: false });
    // From now on they are tensors as all others: a scope that the caller returns them from disposes them.
    for (const tensor of made.outputs) tensor.kept = false;
    return Object.fromEntries(wanted.map((output, i) => [output, made.outputs[i]!]));
  }

  function usable(): void {
    if (disposed) fail("run/disposed", {});
    if (broken !== undefined) throw broken;
  }

  function stateOf(path: string): TfjsTensor {
    return state.get(path) ?? fail("run/state", { path });
  }

  function tellLoss(error: unknown): never {
    if (!(error instanceof DeviceLoss)) throw error;
    try {
      return fail("run/tfjs", {
        device,
        what: "the session",
        reason: `the graphics device was lost: ${error.message}`,
      });
    } catch (failure) {
      broken = failure;
      throw failure;
    }
  }

  let last: Promise<unknown> = Promise.resolve();
  /** Calls are done one after the other, and never inside a function of the caller's. */
  function serially<T>(task: () => Promise<T>): Promise<T> {
    const result = last.then(() => (care.device === undefined ? task() : orLost(care.device, task).catch(tellLoss)));
    last = result.catch(() => undefined);
    return result;
  }

  function disposeEverything(): void {
    dropHeld();
    dropPrepared();
    for (const values of constants.values()) disposeAll(values.values());
    disposeAll(scalars.values());
    disposeAll(state.values());
    constants.clear();
    scalars.clear();
    state.clear();
  }

  try {
    work(() => {
      for (const { path, shape } of program.state) {
        state.set(path, keptTensor(engine, new Float32Array(sizeOf(shape)), shape));
      }
    });
  } catch (error) {
    disposeEverything();
    throw error;
  }

  return {
    memoryBytes: bytes,
    run: (name, feeds, only, { resume = false } = {}) =>
      serially(async () => {
        const { wanted, made } = await perform(name, feeds, { only, resume, read: true });
        try {
          const numbers = await Promise.all(made.reads);
          return Object.fromEntries(wanted.map((output, i) => [output, ownNumbers(numbers[i])]));
        } finally {
          disposeAll(made.own);
        }
      }),
    read: (path) =>
      serially(async () => {
        usable();
        return ownNumbers(await stateOf(path).data());
      }),
    write: (path, values) =>
      serially(async () => {
        usable();
        const old = stateOf(path);
        if (values.length !== old.size) {
          fail("run/input", { name: path, expected: `${old.size} numbers`, found: `${values.length}` });
        }
        const { result } = work(() => keptTensor(engine, Float32Array.from(values), old.shape));
        dropHeld();
        dropPrepared();
        state.set(path, result);
        old.dispose();
      }),
    resident: {
      place: opened.instance,
      run: (name, feeds, only, { after } = {}) =>
        serially(async () => {
          if (after === undefined) return residentRun(name, feeds, only, false);
          // Twice the same step would be another one.
          if (Object.keys(code.plans[name]?.updates ?? {}).length > 0) fail("run/resume", { graph: name });
          const first = await residentRun(name, feeds, after.outputs, false);
          try {
            const others = (only ?? Object.keys(code.plans[name]!.outputs)).filter((output) => !(output in first));
            const more = after.feeds(first) as Readonly<Record<string, object>>;
            return { ...first, ...(await residentRun(name, more, others, true)) };
          } catch (error) {
            disposeAll(Object.values(first));
            throw error;
          }
        }),
    },
    dispose() {
      // Also what stands on a device that is lost.
      const done = last.then(() => {
        if (disposed) return;
        disposed = true;
        disposeEverything();
      });
      last = done.catch(() => undefined);
      return done;
    },
  };
}

/** Of what the last run left, what the new feeds do not change. */
function stillTrue(facts: PlanFacts, held: Held, given: ReadonlyMap<string, Feed>): Held {
  return {
    feeds: new Map([...held.feeds].filter(([name]) => !given.has(name))),
    steps: new Map([...held.steps].filter(([name]) => !given.has(name))),
    values: new Map(
      [...held.values].filter(([value]) => [...facts.feeds.get(value)!].every((name) => !given.has(name))),
    ),
  };
}

function disposeAll(tensors: Iterable<TfjsTensor>): void {
  for (const tensor of tensors) tensor.dispose();
}

/** A copy: backends may hand out the numbers that they go on with. */
function ownNumbers(values: unknown): Float32Array {
  return values instanceof Float32Array ? values.slice() : Float32Array.from(values as ArrayLike<number>);
}
