/** What images and explanations are called: in tables and pictures, and in the names of files. */
import { basename, extname } from "node:path";
import type { ClassNames } from "../../runtime/data/class-names.ts";
import { isExplanation, type Finding } from "./subject.ts";
import type { SourceImage } from "./images.ts";

/** The name of a class, or its number where it has none. */
export function nameOf(names: ClassNames | undefined, index: number): string {
  return names?.[index] ?? String(index);
}

/** `tabby`, `tabby - tiger cat`, `layer3.2 unit 17 at 3,5`. In ASCII, which pictures can write. */
export function subjectName(finding: Finding, names: ClassNames | undefined): string {
  const { target, versus } = finding;
  const neuron = isExplanation(finding) ? finding.neuron : undefined;
  if (neuron !== undefined) {
    const place = neuron.place.length === 0 ? "" : ` at ${neuron.place.join(",")}`;
    return `${neuron.layer} unit ${neuron.unit}${place}`;
  }
  return [target, versus].flatMap((index) => (index === undefined ? [] : [nameOf(names, index)])).join(" - ");
}

/** `000-chelsea`: sorted as the images were given, and told apart by the number alone. */
export function imageStem({ number, name }: Pick<SourceImage, "number" | "name">): string {
  const base = basename(name);
  return numbered(String(number).padStart(3, "0"), base.slice(0, base.length - extname(base).length));
}

/** `281-tabby`, `281-tabby-minus-282-tiger cat`, `layer3.2-unit-17-at-3-5`: told apart by the numbers alone. */
export function subjectStem(finding: Finding, names: ClassNames | undefined): string {
  const { target, versus } = finding;
  const neuron = isExplanation(finding) ? finding.neuron : undefined;
  if (neuron !== undefined) {
    const { layer, unit, place } = neuron;
    return [slug(layer, mostOfLayer), "unit", unit, ...(place.length === 0 ? [] : ["at", ...place])].join("-");
  }
  const stem = (index: number): string => numbered(String(index), names?.[index] ?? "");
  return [target, versus].flatMap((index) => (index === undefined ? [] : [stem(index)])).join("-minus-");
}

function numbered(number: string, name: string): string {
  const short = slug(name, mostOfName);
  return short === "" || short === number ? number : `${number}-${short}`;
}

/** Characters of a name in a file's name: systems allow 255 bytes for all of it, and a letter may have four. */
const mostOfName = 16;
const mostOfLayer = 60;

/** Letters and numbers of any script; a hyphen for whatever else is between. */
function slug(text: string, most: number): string {
  const plain = text.normalize("NFC").replace(/[^\p{L}\p{M}\p{N}._]+/gu, "-");
  return [...plain]
    .slice(0, most)
    .join("")
    .replace(/^[-.]+|[-.]+$/g, "");
}
