/** Large numbers in a few characters. */

/** `1.23 M`, with the unit's letter to follow. */
export function scaled(value: number): string {
  const steps = ["", "k", "M", "G", "T"];
  let step = 0;
  let rest = value;
  while (rest >= 1000 && step < steps.length - 1) {
    rest /= 1000;
    step++;
  }
  return `${step === 0 ? rest : Number(rest.toPrecision(3))} ${steps[step]!}`;
}
