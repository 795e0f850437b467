/** `--profile FOLDER`: where the time of our devices goes, launch by launch, in runs behind the timed ones. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { profileText } from "../src/cli/profile-text.ts";
import type { Profile } from "../src/runtime/device.ts";
import { writeFileAtomic } from "../src/runtime/files/atomic-write.node.ts";
import { profileReport } from "../src/runtime/profile/report.ts";
import { chromeTrace } from "../src/runtime/profile/trace.ts";
import type { Contender } from "./contender.ts";
import type { Workload } from "./workloads.ts";

/** Prints the report and writes a Chrome trace into the folder. */
export async function saveProfile(
  folder: string,
  { id }: Workload,
  { name, threads }: Contender,
  profile: Profile,
): Promise<void> {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${`${id} ${name} ${threads}`.replace(/[^\w.]+/g, "-")}.json`);
  await writeFileAtomic(file, `${JSON.stringify(chromeTrace(profile))}\n`);
  console.log(`\n${id}, ${name}, threads: ${threads}\n${profileText(profileReport(profile))}\nsaved the trace ${file}`);
}
