/** Plans as text: canonical JSON (keys in order, no spaces), so that equal plans are equal bytes and have equal hashes. */
import { sha256 } from "../../hash.ts";
import type { Plan } from "./plan.ts";
import { verifyPlan } from "./verify-plan.ts";

/** Throws for what JSON has no form for. */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value === "boolean" || typeof value === "string") return JSON.stringify(value);
  if (typeof value === "number") {
    if (!Number.isFinite(value)) throw new Error(`${value} has no form in JSON`);
    return String(value);
  }
  if (Array.isArray(value)) {
    let list = "[";
    for (let i = 0; i < value.length; i++) list += i === 0 ? canonicalJson(value[i]) : `,${canonicalJson(value[i])}`;
    return `${list}]`;
  }
  if (typeof value !== "object") throw new Error(`a ${typeof value} has no form in JSON`);
  let object = "";
  for (const key of Object.keys(value).sort()) {
    const part = (value as Readonly<Record<string, unknown>>)[key];
    if (part !== undefined) object += `${object === "" ? "" : ","}${JSON.stringify(key)}:${canonicalJson(part)}`;
  }
  return `{${object}}`;
}

/** SHA-256 of the canonical JSON of all but the hash itself. */
export function planHash(plan: Omit<Plan, "hash"> & { readonly hash?: string }): string {
  const { hash: _, ...rest } = plan;
  return sha256(new TextEncoder().encode(canonicalJson(rest)));
}

export function planToJson(plan: Plan): string {
  return `${canonicalJson(plan)}\n`;
}

export type ReadPlan =
  { readonly plan: Plan; readonly problems?: never } | { readonly plan?: never; readonly problems: readonly string[] };

/** Reads what `planToJson` wrote and checks it, its hash included. Never throws. */
export function planFromJson(text: string): ReadPlan {
  const { value, problems } = parseJson(text);
  return problems === undefined ? checkPlan(value) : { problems };
}

/** Undefined where it is no JSON, with the reason. */
export function parseJson(text: string): { readonly value?: unknown; readonly problems?: readonly string[] } {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch (error) {
    return { problems: [`not JSON: ${error instanceof Error ? error.message : String(error)}`] };
  }
}

/** A plan from anywhere, its hash included. Never throws. */
export function checkPlan(value: unknown): ReadPlan {
  const problems = verifyPlan(value);
  if (problems.length > 0) return { problems };
  const plan = value as Plan;
  return planHash(plan) === plan.hash ? { plan } : { problems: ["the hash is that of another plan"] };
}
