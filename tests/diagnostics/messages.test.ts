/** The words of every code: its severity, message and own hint, with the names of its parameters in place of values. */
import { expect, it } from "vitest";
import { catalogue, diagnose, type Code, type Params } from "../../src/diagnostics/catalogue.ts";

/** Parameters that are more than a text to put into the message. */
const values: { readonly [C in Code]?: Partial<Params<C>> } = {
  "limit/file-size": { size: 300_000, limit: 262_144 },
  "name/import-cycle": { chain: ["a.bcos", "b.bcos", "a.bcos"] },
  "name/recursion": { chain: ["A", "B", "A"] },
  "run/memory": { bytes: 3 * 2 ** 30 },
};

function wordsOf<C extends Code>(code: C): string {
  const given = (values[code] ?? {}) as Readonly<Record<string, unknown>>;
  const params = new Proxy(given, {
    get: (target, name) => (name in target ? target[String(name)] : `<${String(name)}>`),
  });
  const { severity, message, hints } = diagnose(code, params as Params<C>);
  return [`${severity}[${code}]: ${message}`, ...hints.map((hint) => `  hint: ${hint}`)].join("\n");
}

it.each(Object.keys(catalogue) as Code[])("%s", (code) => {
  const words = wordsOf(code);
  expect(words).not.toMatch(/NaN|\bundefined\b(?!-)|\[object|\bnull\b/);
  expect(`\n${words}\n`).toMatchSnapshot();
});
