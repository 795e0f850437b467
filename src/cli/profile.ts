/** `--profile`: times the launches of what a command does, prints where the time goes and writes a Chrome trace. */
import { fail } from "../diagnostics/catalogue.ts";
import { createPlaces } from "../diagnostics/places.ts";
import { writeFileAtomic } from "../runtime/files/atomic-write.node.ts";
import { profileReport } from "../runtime/profile/report.ts";
import { chromeTrace } from "../runtime/profile/trace.ts";
import type { Session } from "../runtime/session.ts";
import type { Arguments } from "./arguments.ts";
import type { OptionSpec } from "./command.ts";
import { readSource } from "./files.ts";
import { profileText } from "./profile-text.ts";
import type { Output } from "./terminal.ts";

export const profileOption: OptionSpec = {
  flags: "--profile [file]",
  summary: "Say where the time goes, and write a Chrome trace to a .json file (profile.json in the --out folder)",
  takes: /\.json$/,
};

/** The file for the trace; nothing without `--profile`. */
export function readProfile(args: Arguments): { readonly file: string | undefined } | undefined {
  const given = args.text("--profile");
  if (given === undefined) return undefined;
  if (given === "") return { file: undefined };
  if (!profileOption.takes!.test(given)) {
    fail("usage/value", { option: "--profile", expected: "a file whose name ends in .json", found: given });
  }
  return { file: given };
}

/** Does `body`, timed where a file for the trace is given. `run/no-profile` where the device can't. */
export async function profiled<T>(
  session: Session,
  file: string | undefined,
  out: Output,
  body: () => Promise<T>,
): Promise<T> {
  if (file === undefined) return body();
  await session.startProfile();
  const result = await body();
  const profile = await session.stopProfile();
  await writeFileAtomic(file, `${JSON.stringify(chromeTrace(profile, createPlaces(readSource)))}\n`);
  out.write(`${profileText(profileReport(profile))}\nsaved the trace ${file}\n`);
  return result;
}
