import { availableParallelism } from "node:os";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: ["tests/cli/setup.ts"],
    setupFiles: ["tests/setup.ts"],
    testTimeout: 60_000,
    // Ending a browser and removing a project with its packages takes a while beside other tests.
    hookTimeout: 60_000,
    pool: "threads",
    // Vitest leaves a processor free, which on a small machine is half of it.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
