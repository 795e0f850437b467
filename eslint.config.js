import js from "@eslint/js";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["dist/", "runs/", "node_modules/", "grammar/generated/"] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      eqeqeq: "error",
      "no-console": "error",
      "prefer-const": "error",
    },
  },
  {
    files: ["src/cli/**", "scripts/**", "bench/**", "tests/**", "templates/**"],
    rules: { "no-console": "off" },
  },
  // TypeScript knows which names there are.
  { files: ["templates/**"], rules: { "no-undef": "off" } },
);
