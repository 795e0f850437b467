/** Codes of the area `data`: images, labels and other files that are read or written. */
import { entry } from "../entry.ts";

export const dataCodes = {
  "data/unreadable": entry<{ file: string; reason: string }>({
    severity: "error",
    message: (p) => `can not read ${p.file}: ${p.reason}`,
  }),
  "data/unwritable": entry<{ file: string; reason: string }>({
    severity: "error",
    message: (p) => `can not write ${p.file}: ${p.reason}`,
  }),
  "data/plan": entry<{ file: string; problem: string }>({
    severity: "error",
    message: (p) => `${p.file} is no sound plan: ${p.problem}`,
    hint: () => "`bcosc inspect MODEL --dump plan --json` writes one",
  }),
  "data/plan-hash": entry<{ file: string; expected: string; found: string }>({
    severity: "error",
    message: (p) =>
      `${p.file} is not the file that the module was compiled with: its SHA-256 is ${p.found}, not ${p.expected}`,
    hint: () => "put all files of one `bcosc compile` in place together, and let caches forget the old ones",
  }),
  "data/idx": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `not a valid idx file: ${p.reason}`,
    hint: () => "the four MNIST files hold unsigned bytes: images [n, 28, 28] and labels [n], plain or gzipped",
  }),
  "data/gzip": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `can not unpack the gzip data: ${p.reason}`,
  }),
  "data/image": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `can not use the image: ${p.reason}`,
    hint: () => "PNG, JPEG and WebP files are read",
  }),
  "data/class-names": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `can not use the names of classes: ${p.reason}`,
    hint: () =>
      "a text with one name a line, a JSON array of names, or a JSON object from index to name or from name to index",
  }),
  "data/not-found": entry<{ what: string }>({
    severity: "error",
    message: (p) => `can not find ${p.what}`,
  }),
  "data/dataset": entry<{ reason: string }>({
    severity: "error",
    message: (p) => `the dataset is not consistent: ${p.reason}`,
  }),
  "data/does-not-fit": entry<{ what: string; expected: string; found: string }>({
    severity: "error",
    message: (p) => `the dataset does not fit the model: ${p.what} ${p.found}, the model wants ${p.expected}`,
  }),
};
