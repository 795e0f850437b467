/** The program of a worker in a browser, as a file: see `workerOfFile` in `spawn.ts`. */
import { browserPort, runWorker } from "./worker-main.ts";

runWorker(browserPort());
