/** The package's folder, from the sources and from what is built. */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));

export const root = here.endsWith(join("dist", "bench")) ? join(here, "../..") : join(here, "..");
