/**
 * Checks a plan for TensorFlow.js: that every value is made once and before it is needed, that each call gives the shape that
 * the plan says, that the backend has what the calls need, and that the part that runs again depends on what may change.
 */
import { sameShape, sizeOf, type Shape } from "../../../shape.ts";
import type { TfjsCall } from "./call.ts";
import { callShape } from "./call-shapes.ts";
import { capabilities, kernelsOf } from "./capabilities.ts";
import { MAX_RANK } from "./call-builder.ts";
import type { TfjsPlan, TfjsValue } from "./plan.ts";

/** Sentences, first things first; empty for a sound plan. Never throws. */
export function verifyTfjsPlan(plan: TfjsPlan): readonly string[] {
  const problems: string[] = [];
  const shapes = new Map<number, Shape>();
  const make = ({ value, shape }: TfjsValue, what: string): void => {
    if (shapes.has(value)) problems.push(`${what}: the value %${value} is made twice`);
    if (shape.length > MAX_RANK) problems.push(`${what}: %${value} has ${shape.length} axes`);
    shapes.set(value, shape);
  };
  for (const [name, input] of Object.entries(plan.inputs)) make(input, `input ${name}`);
  for (const [path, tensor] of Object.entries(plan.state)) make(tensor, `state ${path}`);
  plan.constants.forEach((constant, i) => {
    make(constant, `constant ${i}`);
    const { length } = constant.values;
    if (length !== 1 && length !== sizeOf(constant.shape)) problems.push(`constant ${i} has ${length} numbers`);
  });
  for (const draw of plan.draws) {
    make(draw, `draw ${draw.key}`);
    if (draw.step !== undefined && plan.inputs[draw.step] === undefined)
      problems.push(`there is no input ${draw.step}`);
  }
  plan.calls.forEach((call, i) => {
    const place = `call ${i}, ${call.op}`;
    problems.push(...callProblems(call, shapes, plan).map((problem) => `${place}: ${problem}`));
    make(call, place);
  });
  const expectValue = (what: string, { value, shape }: TfjsValue): void => {
    const made = shapes.get(value);
    if (made === undefined) problems.push(`${what}: there is no value %${value}`);
    else if (!sameShape(made, shape)) problems.push(`${what} has shape [${made.join()}], not [${shape.join()}]`);
  };
  for (const [name, output] of Object.entries(plan.outputs)) expectValue(`output ${name}`, output);
  for (const [path, update] of Object.entries(plan.updates)) {
    expectValue(`update of ${path}`, update);
    const before = plan.state[path];
    if (before !== undefined && !sameShape(before.shape, update.shape)) problems.push(`${path} changes its shape`);
  }
  return [...problems, ...preparedProblems(plan), ...repeatProblems(plan)];
}

function callProblems(call: TfjsCall, shapes: ReadonlyMap<number, Shape>, { backend }: TfjsPlan): readonly string[] {
  const missing = call.inputs.filter((input) => !shapes.has(input));
  if (missing.length > 0) return missing.map((input) => `there is no value %${input} yet`);
  const { lacks, explicitPadding } = capabilities[backend];
  const problems = kernelsOf(call).flatMap((kernel) => (lacks.includes(kernel) ? [`${backend} has no ${kernel}`] : []));
  const padded = "padding" in call.attributes && call.attributes.padding.some((side) => side > 0);
  if (padded && !explicitPadding) problems.push(`${backend} takes no padding`);
  try {
    const made = callShape(call.op, call.inputs.map((input) => shapes.get(input)!), call.attributes); // prettier-ignore
    if (!sameShape(made, call.shape)) problems.push(`makes [${made.join()}], not [${call.shape.join()}]`);
  } catch (error) {
    problems.push((error as Error).message);
  }
  return problems;
}

/** What is kept while the state stays the same must depend on nothing else, and the plan must leave the state as it is. */
function preparedProblems({ calls, state, constants, updates }: TfjsPlan): readonly string[] {
  const lasting = new Set([...Object.values(state), ...constants].map(({ value }) => value));
  const problems: string[] = [];
  calls.forEach(({ prepare, inputs, value }, i) => {
    if (prepare !== true) return;
    if (inputs.every((input) => lasting.has(input))) lasting.add(value);
    else problems.push(`call ${i} is prepared and depends on what is fed`);
  });
  const writes = Object.keys(updates).length > 0;
  if (writes && calls.some(({ prepare }) => prepare))
    problems.push("calls are prepared from state that the plan writes");
  return problems;
}

function repeatProblems({ repeat, calls, inputs, updates }: TfjsPlan): readonly string[] {
  if (repeat === undefined) return [];
  const problems: string[] = [];
  if (repeat.first <= 0 || repeat.first >= calls.length) problems.push(`repeat begins at call ${repeat.first}`);
  if (Object.keys(updates).length > 0) problems.push("a plan that writes state can't repeat a part");
  const changing = new Set<number>();
  for (const feed of repeat.feeds) {
    const input = inputs[feed];
    if (input === undefined) problems.push(`repeat: there is no input ${feed}`);
    else changing.add(input.value);
  }
  calls.slice(0, repeat.first).forEach(({ inputs: needed }, i) => {
    if (needed.some((input) => changing.has(input)))
      problems.push(`call ${i} depends on a feed that changes behind it`);
  });
  return problems;
}
