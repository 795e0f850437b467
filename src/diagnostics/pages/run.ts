/** Pages of the area `run`. */
import type { runCodes } from "../catalogue/run.ts";
import type { PagesOf } from "./page.ts";

export const runPages: PagesOf<typeof runCodes> = {
  "run/not-finite": {
    kind: "situation",
    meaning: "A number that must be finite became infinite or not a number.",
    why: "From then on every weight would be lost, so the training stops at once. What was saved before stays.",
    situation: "The learning rate is too large for this model, or the input holds values that are not numbers.",
    remedy: "Take a smaller `--lr`. `--resume` goes on from what was saved last.",
  },
  "run/disposed": {
    kind: "situation",
    meaning: "A session is used after `dispose()`.",
    why: "Its memory on the device is gone.",
    situation: "A program keeps a trainer or an explainer longer than the session they work on.",
    remedy: "Dispose the session when nothing uses it any more.",
  },
  "run/no-graph": {
    kind: "situation",
    meaning: "The program was built without the graph that is asked for.",
    why: "Only the graphs that were asked for are built, and only the B-cos form has an `explain` graph: a conventional network has no W(x) that explains its logits exactly.",
    situation: "`bcosc explain net.bcos --as standard`",
    remedy: "Leave out `--as standard`, or name the graph when the program is built.",
  },
  "run/device": {
    kind: "situation",
    meaning: "There is no device of this name here.",
    why: "A device that is replaced silently would give other speed and other rounding than expected.",
    situation: "`--device gpu`",
    remedy: "Use one of the names that the message lists.",
  },
  "run/input": {
    kind: "situation",
    meaning: "What is fed to a graph does not have the shape or the kind that it takes.",
    why: "Shapes are fixed when the program is built; a batch has a fixed size.",
    situation: "A program feeds 10 images to a session that was opened with `batch: 32`.",
    remedy: "Feed what the message asks for, or build the program for another batch size.",
  },
  "run/state": {
    kind: "situation",
    meaning: "The program has no weight or statistic of this path.",
    why: "State is named by weight paths, such as `layer1.0.conv1.weight`.",
    situation: "A program reads a weight by a path that the model does not have, or had before a label was renamed.",
    remedy: "`bcosc inspect FILE` lists the paths.",
  },
  "run/residual": {
    kind: "situation",
    meaning: "The contributions and the constant part of an explanation do not add up to the logit that they explain.",
    why: "For a B-cos network the sum is exact up to rounding: logit = Σ contributions + constant. A larger residual means that the explanation is not to be trusted, so it is an error and not a footnote.",
    situation: "A device that computes with too few digits, or a fault in bcosc.",
    remedy: "Run it with `--device reference`. If the residual stays, please report it with the model and the weights.",
  },
  "run/feed": {
    kind: "situation",
    meaning: "A graph is run with an input that it does not have, or without one that it needs.",
    why: "A misspelt input that is ignored would leave the right one at nothing.",
    situation: "A program runs the graph `train` and forgets `learningRate`.",
    remedy: "Feed exactly what the hint lists.",
  },
  "run/no-output": {
    kind: "situation",
    meaning: "A graph is asked for an output that it does not have.",
    why: "Every graph has a fixed set of outputs.",
    situation: "A program asks the graph `predict` for `contributions`; the graph `explain` has them.",
    remedy: "Use one of the names that the message lists.",
  },
};
