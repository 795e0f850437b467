/** The packages of TensorFlow.js greet on the console when they are loaded and first used. Programs and tables do without. */

const GREETINGS =
  /looks like you are running TensorFlow\.js|backend was already registered|kernel '.*' for backend '.*' is already registered|platform .* has already been set/i;

/** Does `work`; of what is said meanwhile, everything but greetings is passed on. */
export async function withoutGreetings<T>(work: () => Promise<T>): Promise<T> {
  const { console: own } = globalThis;
  const { warn } = own;
  const quiet = (...said: unknown[]): void => {
    if (typeof said[0] !== "string" || !GREETINGS.test(said[0])) warn.apply(own, said);
  };
  own.warn = quiet;
  try {
    return await work();
  } finally {
    // Not over what somebody else has put there since.
    if (own.warn === quiet) own.warn = warn;
  }
}
