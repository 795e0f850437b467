/**
 * Imports a package as the bench's own folder has it installed. Plain JavaScript that is not built: from `dist/` Node
 * would not find the packages.
 */
export const importPeer = (name) => import(name);
