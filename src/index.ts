/** Everything of the compiler and the runtime in one. Import `bcosc/runtime` alone to leave the compiler out of a bundle. */
export * from "./compiler/index.ts";
export * from "./runtime/index.ts";
export { catalogue, type Code } from "./diagnostics/catalogue.ts";
