/** The plugin for Vite: `import { load } from "./net.bcos"`. */
export type { BcosOptions, BcosPluginOptions, BcosTraining } from "./options.ts";
export { bcos } from "./plugin.ts";
