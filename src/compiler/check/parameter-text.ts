/** Values for a model's parameters as they are typed: `classes=10`. */

export type ParameterValue = number | boolean | string;

/** `true` and `false` are bools, numbers are numbers, the rest names a choice. `undefined` for what is no `NAME=VALUE`. */
export function readParameter(text: string): { readonly name: string; readonly value: ParameterValue } | undefined {
  const [, name, value] = /^([A-Za-z_]\w*)=(.+)$/s.exec(text) ?? [];
  return name === undefined || value === undefined ? undefined : { name, value: parameterValue(value) };
}

function parameterValue(text: string): ParameterValue {
  if (text === "true" || text === "false") return text === "true";
  const number = Number(text);
  return text.trim() !== "" && Number.isFinite(number) ? number : text;
}
