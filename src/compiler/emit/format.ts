/** Formats emitted text as prettier does with its defaults. Its parts are loaded when they are first needed. */

export async function formatTypeScript(text: string): Promise<string> {
  const [{ format }, typescript, estree] = await Promise.all([
    import("prettier/standalone"),
    import("prettier/plugins/typescript"),
    import("prettier/plugins/estree"),
  ]);
  return format(text, { parser: "typescript", plugins: [typescript, estree.default] });
}

export async function formatJson(value: unknown): Promise<string> {
  const [{ format }, babel, estree] = await Promise.all([
    import("prettier/standalone"),
    import("prettier/plugins/babel"),
    import("prettier/plugins/estree"),
  ]);
  return format(JSON.stringify(value), { parser: "json", plugins: [babel, estree.default] });
}
