/**
 * Random programs of the whole grammar in random layouts: every piece between spaces is a token, and `layOut` puts
 * spaces, line breaks, empty lines and comments between them wherever the language takes them.
 */
import fc from "fast-check";

const end = "<end>";
const name = fc.constantFrom(
  "x",
  "y",
  "width",
  "conv_1",
  "Block",
  "index",
  "constructor",
  "a_rather_long_name_of_something",
);
const label = fc.constantFrom("bn1", "downsample.0", "layer{index}", "layer{index+1}.conv", "net.{index}.a", "a.1.b");
const labels = label.filter((text) => !text.includes(".{"));

const commas = (items: readonly string[]): string => items.join(" , ");

export const expression: fc.Arbitrary<string> = fc.letrec<{ any: string; atom: string }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 2 },
    tie("atom"),
    fc
      .tuple(tie("any"), fc.constantFrom("+", "-", "*", "/", "%", "and", "or", "==", "<=", "!="), tie("any"))
      .map(([left, operator, right]) => `( ${left} ) ${operator} ( ${right} )`),
    fc
      .tuple(tie("atom"), fc.constantFrom("+", "-", "*", "/", "%", "and", "or", "<"), tie("atom"))
      .map((parts) => parts.join(" ")),
    fc.array(tie("atom"), { minLength: 2, maxLength: 6 }).map((parts) => parts.join(" + ")),
    tie("any").map((inner) => `not ( ${inner} )`),
    tie("any").map((inner) => `- ( ( ${inner} ) )`),
    fc.array(tie("any"), { maxLength: 3 }).map((items) => `[ ${commas(items)} ]`),
    fc.tuple(name, fc.array(tie("any"), { maxLength: 3 })).map(([callee, items]) => `${callee} ( ${commas(items)} )`),
  ),
  atom: fc.oneof(name, fc.constantFrom("1", "0.50", "1e-5", "007", "true", "false", "- 3", "( 1 + 2 )", "- - 2")),
})).any;

const shape = fc.array(expression, { minLength: 1, maxLength: 3 }).map((items) => `[ ${commas(items)} ]`);

export const flow: fc.Arbitrary<string> = fc.letrec<{
  flow: string;
  source: string;
  step: string;
  steps: string;
  ifFlow: string;
  ifStep: string;
}>((tie) => ({
  flow: fc.oneof(
    { maxDepth: 2 },
    tie("source"),
    fc.tuple(tie("source"), tie("steps")).map(([source, steps]) => `${source} -> ${steps}`),
    fc.tuple(tie("source"), shape, tie("steps")).map(([source, stated, steps]) => `${source} : ${stated} -> ${steps}`),
    fc
      .tuple(tie("source"), fc.constantFrom("+", "*"), tie("source"), fc.constantFrom("+", "*"), tie("source"))
      .map((parts) => parts.join(" ")),
    fc
      .tuple(tie("flow"), fc.constantFrom("+", "*"), tie("flow"), tie("steps"))
      .map(([left, operator, right, steps]) => `( ${left} ) ${operator} ( ( ${right} ) ) -> ${steps}`),
  ),
  source: fc.oneof(
    { maxDepth: 2 },
    name,
    tie("flow").map((inner) => `( ${inner} )`),
    fc.array(tie("flow"), { minLength: 1, maxLength: 3 }).map((parts) => `concat ( ${commas(parts)} )`),
    tie("ifFlow"),
  ),
  ifFlow: fc
    .tuple(
      expression,
      tie("flow"),
      fc.oneof(
        { maxDepth: 2 },
        tie("flow").map((inner) => `{ ${inner} }`),
        tie("ifFlow"),
      ),
    )
    .map(([condition, then, otherwise]) => `if ${condition} { ${then} } else ${otherwise}`),
  ifStep: fc
    .tuple(
      expression,
      tie("steps"),
      fc.oneof(
        { maxDepth: 2 },
        fc.constant(""),
        tie("steps").map((inner) => ` else { ${inner} }`),
        tie("ifStep").map((inner) => ` else ${inner}`),
      ),
    )
    .map(([condition, then, otherwise]) => `if ${condition} { ${then} }${otherwise}`),
  step: fc.oneof(
    { maxDepth: 2 },
    name,
    fc.tuple(labels, name).map(([at, callee]) => `${at} : ${callee}`),
    fc.tuple(name, fc.array(fc.tuple(fc.option(name), expression), { maxLength: 3 })).map(([callee, items]) => {
      const list = items.map(([argument, value]) => (argument === null ? value : `${argument} : ${value}`));
      return `${callee} ( ${commas(list)} )`;
    }),
    fc.tuple(expression, tie("steps")).map(([count, steps]) => `repeat ${count} { ${steps} }`),
    fc.tuple(labels, tie("steps")).map(([at, steps]) => `${at} : repeat 2 { ${steps} }`),
    tie("ifStep"),
    fc.tuple(name, shape).map(([callee, stated]) => `${callee} : ${stated}`),
  ),
  steps: fc.array(tie("step"), { minLength: 1, maxLength: 5 }).map((steps) => steps.join(" -> ")),
})).flow;

const settings = fc.array(fc.tuple(name, expression, fc.constantFrom(",", end)), { maxLength: 3 }).map((list) => {
  const text = list.map(([key, value, after], i) => `${key} : ${value} ${i < list.length - 1 ? after : ""}`);
  return `bcos {{ ${text.join(" ")} }}`;
});

const importStatement = fc
  .tuple(fc.array(name, { minLength: 1, maxLength: 4 }), fc.constantFrom("./a.bcos", "../blocks/b.bcos"))
  .map(([names, from]) => `import { ${commas(names)} } from "${from}" ${end}`);

/** Its first part is one token, because a line that starts with `int =` starts a binding. */
const parameter = fc
  .tuple(
    fc.constantFrom("a:int", "b_c:_float", "kind:_enum(batch,layer)", "on_:bool"),
    fc.constantFrom("=", "_=", "_=_"),
    fc.option(expression),
  )
  .map(([typed, equals, value]) => (value === null ? typed : `${typed}${equals} ${value}`));

const statement = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom("input", "output"), name, shape).map(([d, n, s]) => `${d} ${n} : ${s} ${end}`),
  },
  { weight: 6, arbitrary: fc.tuple(name, flow).map(([n, f]) => `${n} = ${f} ${end}`) },
  { weight: 1, arbitrary: settings },
);

const declaration = fc
  .tuple(
    fc.constantFrom("model", "block"),
    name,
    fc.option(fc.array(parameter, { maxLength: 3 })),
    fc.array(statement, { maxLength: 6 }),
  )
  .map(([word, n, parameters, body]) => {
    const head = parameters === null ? "" : ` ( ${commas(parameters)} )`;
    return `${word} ${n}${head} {{ <break> ${body.join(" ")} }}`;
  });

const file = fc.array(fc.oneof(importStatement, settings, declaration, declaration), { maxLength: 4 });

/** What is put between two tokens, if the language takes it there. */
const gap = fc.oneof(
  { weight: 40, arbitrary: fc.constantFrom("", " ", "  ", "\t") },
  { weight: 4, arbitrary: fc.constantFrom("\n", "\n  ", "\n\n\n") },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      " // c\n",
      "\n// own\n",
      "// a\n//b  \n",
      "\n\n/// doc\n",
      "\n\n  // far\n\n",
      "\n// prettier-ignore\n",
      " /// d\n",
    ),
  },
);

/** Whether a line break between the tokens changes nothing, `depth` brackets deep. */
function canBreak(before: string, after: string, depth: number): boolean {
  if (after === "{{") return false;
  if (depth > 0) return true;
  if (/^(?:[-+*/%<>:,=]|[=!<>]=|->|and|or|not|else|\{\{|\}\}|<end>|<break>)$/.test(before)) return true;
  return /^(?:[-+*/%<>:,)\]{]|[=!<>]=|->|and|or|else|from|\}\}|<end>)$/.test(after);
}

/** The text of the tokens with the gaps between them; a gap with a line break that would change something is a space. */
function layOut(tokens: readonly string[], gaps: readonly string[]): string {
  let depth = 0;
  const parts = tokens.map((token, i) => {
    const before = tokens[i - 1] ?? end;
    const chosen = gaps[i % gaps.length]!;
    if (token === end || token === "<break>") return chosen.includes("\n") ? chosen : `${chosen}\n`;
    const joins = /\w$/.test(before) && /^[\w{]/.test(token);
    const isGlued = (chosen === "" && joins) || (before === "/" && chosen.startsWith("//"));
    const breaks = chosen.includes("\n") && !canBreak(before, token, depth);
    if (/^[([{]$/.test(token)) depth++;
    if (/^[)\]}]$/.test(token)) depth--;
    const text = token.replace(/^(?:\{\{|\}\})$/, (brace) => brace[0]!);
    return `${isGlued || breaks ? " " : chosen}${/:/.test(text) ? text.replace(/_(?=[:=]|$|float|enum)/g, " ") : text}`;
  });
  return parts.join("");
}

export const program: fc.Arbitrary<string> = fc.tuple(file, fc.array(gap, { minLength: 1, maxLength: 60 }), gap).map(
  ([items, gaps, last]) =>
    layOut(
      items
        .join(" ")
        .split(/ +/)
        .filter((token) => token !== ""),
      gaps,
    ) + last,
);
