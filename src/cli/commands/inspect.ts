export const inspect = undefined as never;
