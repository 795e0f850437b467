import { expect, test } from "vitest";
import { generateLayerDocs } from "../../scripts/gen/layers.ts";
import { layerTable } from "../../src/compiler/layers/table.ts";
import { settingTable } from "../../src/compiler/network/setting-table.ts";

test("the layer reference has every layer, argument and setting", () => {
  const docs = generateLayerDocs();
  for (const layer of Object.values(layerTable)) {
    const section = docs.split(`### ${layer.name}\n`)[1]?.split("\n#")[0] ?? "";
    expect(section, layer.name).not.toBe("");
    for (const parameter of layer.parameters) expect(section, layer.name).toContain(`| \`${parameter.name}\``);
  }
  const settings = docs.split("## B-cos settings")[1] ?? "";
  for (const setting of settingTable) expect(settings).toContain(`| \`${setting.name}\``);
});

test("the table has no inherited names", () => {
  for (const name of ["constructor", "toString", "__proto__"]) expect(layerTable[name]).toBeUndefined();
});
