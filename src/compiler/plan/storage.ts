/**
 * How the numbers of a tensor lie in memory. Kernels compute in float32 whatever it is: they widen what they read and round
 * what they write.
 */

export const storageTypes = ["f32", "f16"] as const;

/** `f16`: IEEE 754 binary16, 11 significant bits, up to 65,504; what is larger becomes infinite. */
export type StorageType = (typeof storageTypes)[number];

export const storageBytes: Readonly<Record<StorageType, number>> = { f32: 4, f16: 2 };
