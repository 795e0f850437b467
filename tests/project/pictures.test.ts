/** The README's pictures are what the editor services say now, and can be shown where no script or font may be loaded. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { generatePictures } from "../../scripts/gen/pictures.ts";

const root = join(import.meta.dirname, "../..");
const read = (path: string): string => readFileSync(join(root, path), "utf8");
const pictures = [...generatePictures(read)];

test.each(pictures)("%s is up to date", (path, picture) => {
  expect(read(path)).toBe(picture);
  expect(read("README.md")).toContain(`](${path})`);
});

test.each(pictures)("%s loads nothing and runs nothing", (_, picture) => {
  expect(picture).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" [^>]*>\n<title>/);
  expect(picture).not.toMatch(/<script|<foreignObject|<image|<use|href|url\(|@import|@font-face|\son\w+=/i);
  expect(picture.replace("http://www.w3.org/2000/svg", "")).not.toMatch(/https?:/);
});

test.each(pictures)("%s draws every text inside its frame", (_, picture) => {
  const width = Number(/^<svg [^>]*width="(\d+)"/.exec(picture)![1]);
  const texts = [...picture.matchAll(/<text [^>]*x="([\d.]+)"[^>]*textLength="([\d.]+)"/g)];
  expect(texts.length).toBeGreaterThan(10);
  for (const [text, x, length] of texts) expect(Number(x) + Number(length), text).toBeLessThan(width);
});

test("the editor shows the numbers of the layer table", () => {
  const [, picture] = pictures.find(([path]) => path.endsWith("editor.svg"))!;
  expect(picture).toContain("21.8 M parameters · 3.81 G MACs");
  expect(picture).toContain("× 3 = 6 weight layers, 222 k parameters");
});
