import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    globalSetup: ["tests/cli/setup.ts"],
    setupFiles: ["tests/setup.ts"],
    testTimeout: 60_000,
    pool: "threads",
  },
});
