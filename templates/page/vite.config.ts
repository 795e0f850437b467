import { bcos } from "bcosc/vite";
import { defineConfig } from "vite";

/** Files of this site alone, and WebAssembly. What serves dist/ in the end should say the same. */
const contentSecurityPolicy = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'";

/** With these a page may share memory between threads, and the network runs on all processors. */
const isolation = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

export default defineConfig({
  plugins: [bcos()],
  // There is one page: what is not there is not found.
  appType: "mpa",
  server: { headers: isolation },
  preview: { headers: { ...isolation, "Content-Security-Policy": contentSecurityPolicy } },
});
