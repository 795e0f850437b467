/** The page about editors has every setting with its default. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { defaultSettings } from "../../src/language/server/settings.ts";

const page = readFileSync(join(import.meta.dirname, "../../docs/editors.md"), "utf8");
const rows = [...page.matchAll(/^\| `([\w.]+)` +\| (.*?) +\| `(\w+)` +\|/gm)].map(([, name, values, preset]) => ({
  name: name!,
  values: [...values!.matchAll(/`(\w+)`/g)].map(([, value]) => value!),
  preset: preset!,
}));

function flattened(settings: object, before = ""): [string, string][] {
  return Object.entries(settings).flatMap(([name, value]): [string, string][] =>
    typeof value === "object" && value !== null
      ? flattened(value as object, `${before}${name}.`)
      : [[`${before}${name}`, String(value)]],
  );
}

test("the page about editors has every setting with its default", () => {
  expect(rows.map(({ name, preset }) => [name, preset])).toEqual(flattened(defaultSettings));
  for (const { name, values, preset } of rows) expect(values, name).toContain(preset);
});
