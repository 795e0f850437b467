/** A page as Markdown: for the docs, and as it is for the terminal. */
import { catalogue, type Code } from "../catalogue.ts";
import type { Entry } from "../entry.ts";
import { type Example, filesOf } from "./page.ts";
import { pages } from "../pages.ts";

/** Bounds for examples. */
const longestLine = 110;
const mostLines = 30;
const mostFiles = 4;

/** `frame` is the message that the wrong example gives, where there is one and the caller can draw it. */
export function pageMarkdown(code: Code, frame?: string): string {
  const page = pages[code];
  const severity = (catalogue[code] as Entry<never>).severity;
  const head = [`# ${code}`, `*${severity}* · ${page.meaning}`, page.why];
  if (page.kind === "situation") {
    return [...head, "## When it happens", page.situation, "## What to do", page.remedy].join("\n\n") + "\n";
  }
  const [wrongTitle, rightTitle] = severity === "info" ? ["Example", "Without it"] : ["Wrong", "Right"];
  return (
    [
      ...head,
      `## ${wrongTitle}`,
      exampleMarkdown(page.wrong),
      ...(frame === undefined ? [] : [fence("text", frame)]),
      `## ${rightTitle}`,
      exampleMarkdown(page.right),
    ].join("\n\n") + "\n"
  );
}

function exampleMarkdown(example: Example): string {
  const files = filesOf(example);
  if (files.length === 1) return fence("bcos", shortened(files[0]![1]));
  const shown = files.slice(0, mostFiles).map(([name, text]) => `\`${name}\`\n\n${fence("bcos", shortened(text))}`);
  const rest = files.length - shown.length;
  return [...shown, ...(rest > 0 ? [`… and ${rest} more files.`] : [])].join("\n\n");
}

/** Long examples, made to reach a limit, are cut. */
function shortened(text: string): string {
  const lines = text.trimEnd().split("\n");
  const shown = lines
    .slice(0, mostLines)
    .map((line) => (line.length > longestLine ? `${line.slice(0, longestLine)} …` : line));
  const rest = lines.length - shown.length;
  return [...shown, ...(rest > 0 ? [`… ${rest} more lines`] : [])].join("\n");
}

function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}
