/** Text with ANSI colours, as a terminal shows it. */
import { drawPicture, type Line, type Run, type Theme } from "./svg-text.ts";

const dark: Theme = {
  background: "#0d1117",
  border: "#30363d",
  gutter: "#8b949e",
  plate: "#21262d",
  text: "#e6edf3",
  styles: {
    "ansi-1": "font-weight:bold",
    "ansi-1-31": "fill:#ff7b72;font-weight:bold",
    "ansi-1-33": "fill:#d29922;font-weight:bold",
    "ansi-1-36": "fill:#39c5cf;font-weight:bold",
    "ansi-34": "fill:#79a8ff",
  },
};

export function drawTerminal(title: string, text: string, columns: number): string {
  const lines = text.split("\n").map((line): Line => ({ gutter: "", runs: runsOf(line) }));
  return drawPicture({ title, theme: dark, lines, columns });
}

const escape = String.fromCharCode(27);

/** Every style begins with its codes and ends with `0`, as the frames of diagnostics have them. */
function runsOf(line: string): Run[] {
  const [plain = "", ...parts] = line.split(`${escape}[`);
  const styled = parts.map((part): Run => {
    const end = part.indexOf("m");
    const codes = part.slice(0, end);
    const style = codes === "0" ? "" : `ansi-${codes.replaceAll(";", "-")}`;
    if (style !== "" && dark.styles[style] === undefined) throw new Error(`no style for the codes ${codes}`);
    return { text: part.slice(end + 1), style };
  });
  return [{ text: plain, style: "" }, ...styled];
}
