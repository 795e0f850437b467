/** Pages of the area `usage`. */
import type { usageCodes } from "../catalogue/usage.ts";
import type { PagesOf } from "./page.ts";

export const usagePages: PagesOf<typeof usageCodes> = {
  "usage/unknown-command": {
    kind: "situation",
    meaning: "The first word after `bcosc` is not one of its commands.",
    why: "Every action is a command of its own with its own options, so a word that is none can't be guessed around.",
    situation: "`bcosc chek net.bcos`: the command is called `check`.",
    remedy: "`bcosc --help` lists the commands; `bcosc COMMAND --help` shows the options of one, with examples.",
  },
  "usage/unknown-option": {
    kind: "situation",
    meaning: "The command has no option of this name.",
    why: "An option that is silently ignored would give a result other than the one that was asked for.",
    situation: "`bcosc train net.bcos --data mnist --epoch 3`: the option is called `--epochs`.",
    remedy:
      "`bcosc COMMAND --help` lists the options. A file whose name starts with `-` goes behind `--`: `bcosc check -- -odd.bcos`.",
  },
  "usage/missing-value": {
    kind: "situation",
    meaning: "An option that takes a value stands without one.",
    why: "The value is what the option is for; there is no default for an option that is written out.",
    situation: "`bcosc train net.bcos --data`, with nothing behind it.",
    remedy: "Write the value behind the option: `--data mnist` or `--data=mnist`.",
  },
  "usage/value": {
    kind: "situation",
    meaning: "The value of an option is not one that the option takes.",
    why: "Values are checked before anything else is done, so that an hour of training does not end in a typing fault.",
    situation: "`bcosc train net.bcos --data mnist --epochs many`: `--epochs` takes a whole number from 1.",
    remedy: "The message says what the option takes; `bcosc COMMAND --help` says it for all of them.",
  },
  "usage/repeated-option": {
    kind: "situation",
    meaning: "An option that takes one value is given twice.",
    why: "Only one of the values can hold, and which one is meant can't be known.",
    situation: "`bcosc train net.bcos --data mnist --lr 0.1 --lr 0.01`",
    remedy: "Keep one of them. `--set` and `--image` may be given as often as needed.",
  },
  "usage/needs-option": {
    kind: "situation",
    meaning: "An option only means something together with another one, and the other one is missing.",
    why: "Left out silently, the result would not be the one that was asked for.",
    situation: "`bcosc inspect net.bcos --after simplify`: `--after` names a stage of `--dump graph`.",
    remedy: "Add the option that the message names, or leave this one out.",
  },
  "usage/conflict": {
    kind: "situation",
    meaning: "Two options contradict each other.",
    why: "Only one of them could be done.",
    situation:
      "`bcosc explain net.bcos --weights w.safetensors --image cat.png --data mnist`: one run explains either image files or a data set.",
    remedy: "Keep one of them.",
  },
  "usage/missing-argument": {
    kind: "situation",
    meaning: "The command needs an argument that is not there.",
    why: "Most commands are about a file; without it there is nothing to do.",
    situation: "`bcosc check`, without a file.",
    remedy: "`bcosc COMMAND --help` shows what a command takes.",
  },
  "usage/excess-argument": {
    kind: "situation",
    meaning: "There are more arguments than the command takes.",
    why: "Ignoring one would do less than was asked for.",
    situation: "`bcosc train a.bcos b.bcos --data mnist`: one run trains one file.",
    remedy: "Run the command once for each, or quote an argument that holds spaces.",
  },
  "usage/unknown-code": {
    kind: "situation",
    meaning: "`bcosc explain-error` knows no such code and no such area.",
    why: "Codes look like `area/name` and are the ones printed in `error[area/name]`.",
    situation: "`bcosc explain-error shape/mismach`",
    remedy: "`bcosc explain-error` lists the areas, and `bcosc explain-error shape` the codes of one area.",
  },
  "usage/resumed-setting": {
    kind: "situation",
    meaning: "A resumed training is given another setting than it was begun with.",
    why: "A training that goes on must have its settings, or the result would be neither the one nor the other. Only `--epochs` and `--device` may change.",
    situation:
      "`bcosc train net.bcos --data mnist --lr 0.01 --resume`, where the training was begun with `--lr 0.001`.",
    remedy: "Leave the option out: `--resume` reads the settings from the folder. Or train anew with another `--out`.",
  },
  "usage/run-exists": {
    kind: "situation",
    meaning: "The folder for the results holds the results of another training.",
    why: "Hours of work are not overwritten because of a default.",
    situation: "The same `bcosc train` is called twice.",
    remedy:
      "`--resume` goes on where the training ended, `--overwrite` starts anew in its place, `--out` names another folder.",
  },
  "usage/nothing-to-resume": {
    kind: "situation",
    meaning: "`--resume` is given, but the folder holds no training.",
    why: "Starting anew instead would hide that the folder is not the one that was meant.",
    situation: "`bcosc train net.bcos --data mnist --out runs/nte --resume`: the folder is called `runs/net`.",
    remedy: "Check `--out`, or leave `--resume` out.",
  },
  "usage/folder-not-empty": {
    kind: "situation",
    meaning: "A new project is to be written into a folder that has something in it.",
    why: "Files of the project might take the place of others that have the same names.",
    situation: "`bcosc init .`, in a folder with files.",
    remedy: "Name a folder that is not there yet, or an empty one; one with nothing but `.git` counts as empty.",
  },
  "usage/no-model": {
    kind: "situation",
    meaning: "The file has no `model`, only blocks.",
    why: "A block has no fixed input shape and no logits, so there is nothing to train, explain or measure.",
    situation: "`bcosc train models/blocks/residual.bcos --data mnist`",
    remedy: "Name the file that holds the model. `bcosc check` takes files with blocks only.",
  },
  "usage/same-output": {
    kind: "situation",
    meaning: "Two models that are compiled at once would have modules of the same name.",
    why: "The second would take the place of the first. Names that differ only in case are one file on many systems, so they count as the same.",
    situation:
      "`bcosc compile a/net.bcos b/net.bcos --out gen`: both would be `gen/net.ts`. The models of a file that has several go by their own names.",
    remedy: "Compile each with a folder of its own for `--out`, or give one of the files, or models, another name.",
  },
  "usage/which-model": {
    kind: "situation",
    meaning: "The file has several models, and none was chosen.",
    why: "Training, explaining and measuring are about one model.",
    situation: "`bcosc train nets.bcos --data mnist`, where `nets.bcos` has `model Small` and `model Large`.",
    remedy: "`--model Small` chooses one.",
  },
};
