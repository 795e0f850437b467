/**
 * Owns the grammar: a chevrotain parser over the tokens that `layout.ts` lets through. The EBNF and the syntax diagrams
 * are generated from its productions.
 *
 * The parser itself stops at the first fault. Recovery happens one level up, in `repair.ts`, which mends the tokens of
 * a damaged statement and parses again: that gives one error a fault and a whole tree for everything else.
 */
import { CstParser, type CstNode, type IParserErrorMessageProvider, type IToken } from "chevrotain";
import * as t from "./tokens.ts";

/** The statements that can be parsed on their own. */
export type StatementRule = "importStatement" | "settingsHead" | "setting" | "declarationHead" | "port" | "binding";

/** Faults are described by `repair.ts`; the texts here only carry what the parser wanted. */
const silentMessages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: (options) => options.expected.LABEL ?? options.expected.name,
  buildNotAllInputParsedMessage: () => t.StatementEnd.LABEL ?? "",
  buildNoViableAltMessage: (options) =>
    unique(options.expectedPathsPerAlt.flatMap((paths) => paths.map((path) => path[0]!))),
  buildEarlyExitMessage: (options) => unique(options.expectedIterationPaths.map((path) => path[0]!)),
};

function unique(types: readonly { readonly LABEL?: string; readonly name: string }[]): string {
  return [...new Set(types.filter((type) => type !== t.Missing).map((type) => type.LABEL ?? type.name))].join(", ");
}

class BcosParser extends CstParser {
  constructor() {
    super([...t.parserTokens], {
      recoveryEnabled: false,
      maxLookahead: 2,
      nodeLocationTracking: "onlyOffset",
      errorMessageProvider: silentMessages,
    });
    this.performSelfAnalysis();
  }

  file = this.RULE("file", () => {
    this.MANY(() => {
      this.OR([
        {
          ALT: () => {
            this.SUBRULE(this.importStatement);
            this.CONSUME(t.StatementEnd);
          },
        },
        { ALT: () => this.SUBRULE(this.settingsBlock) },
        { ALT: () => this.SUBRULE(this.declaration) },
      ]);
    });
  });

  importStatement = this.RULE("importStatement", () => {
    this.CONSUME(t.Import);
    this.CONSUME(t.LCurly);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.CONSUME(t.Identifier) });
    this.CONSUME(t.RCurly);
    this.CONSUME(t.From);
    this.CONSUME(t.StringLiteral);
  });

  settingsBlock = this.RULE("settingsBlock", () => {
    this.SUBRULE(this.settingsHead);
    this.CONSUME(t.BodyOpen);
    this.MANY(() => {
      this.SUBRULE(this.setting);
      this.OR([{ ALT: () => this.CONSUME(t.StatementEnd) }, { ALT: () => this.CONSUME(t.Comma) }]);
    });
    this.CONSUME(t.BodyClose);
  });

  settingsHead = this.RULE("settingsHead", () => {
    this.CONSUME(t.Bcos);
  });

  setting = this.RULE("setting", () => {
    this.CONSUME(t.Identifier);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.expression);
  });

  declaration = this.RULE("declaration", () => {
    this.SUBRULE(this.declarationHead);
    this.CONSUME(t.BodyOpen);
    this.MANY(() => {
      this.OR([
        {
          ALT: () => {
            this.SUBRULE(this.port);
            this.CONSUME(t.StatementEnd);
          },
        },
        {
          ALT: () => {
            this.SUBRULE(this.binding);
            this.CONSUME2(t.StatementEnd);
          },
        },
        { ALT: () => this.SUBRULE(this.settingsBlock) },
      ]);
    });
    this.CONSUME(t.BodyClose);
  });

  declarationHead = this.RULE("declarationHead", () => {
    this.OR([{ ALT: () => this.CONSUME(t.Model) }, { ALT: () => this.CONSUME(t.Block) }]);
    this.CONSUME(t.Identifier);
    this.OPTION(() => {
      this.CONSUME(t.LParen);
      this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.parameter) });
      this.CONSUME(t.RParen);
    });
  });

  parameter = this.RULE("parameter", () => {
    this.CONSUME(t.Identifier);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.parameterType);
    this.OPTION(() => {
      this.CONSUME(t.Equals);
      this.SUBRULE(this.expression);
    });
  });

  parameterType = this.RULE("parameterType", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.IntType) },
      { ALT: () => this.CONSUME(t.FloatType) },
      { ALT: () => this.CONSUME(t.BoolType) },
      {
        ALT: () => {
          this.CONSUME(t.EnumType);
          this.CONSUME(t.LParen);
          this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.CONSUME(t.Identifier) });
          this.CONSUME(t.RParen);
        },
      },
      { ALT: () => this.CONSUME(t.Missing) },
    ]);
  });

  port = this.RULE("port", () => {
    this.OR([{ ALT: () => this.CONSUME(t.Input) }, { ALT: () => this.CONSUME(t.Output) }]);
    this.CONSUME(t.Identifier);
    this.CONSUME(t.Colon);
    this.SUBRULE(this.shape);
  });

  shape = this.RULE("shape", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.LSquare);
          this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.expression) });
          this.CONSUME(t.RSquare);
        },
      },
      { ALT: () => this.CONSUME(t.Missing) },
    ]);
  });

  binding = this.RULE("binding", () => {
    this.CONSUME(t.Identifier);
    this.CONSUME(t.Equals);
    this.SUBRULE(this.flow);
  });

  flow = this.RULE("flow", () => {
    this.SUBRULE(this.sumFlow);
    this.MANY(() => this.SUBRULE(this.link));
  });

  /** What may follow a source or a step. */
  link = this.RULE("link", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Arrow);
          this.SUBRULE(this.step);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Colon);
          this.SUBRULE(this.shape);
        },
      },
    ]);
  });

  sumFlow = this.RULE("sumFlow", () => {
    this.SUBRULE(this.productFlow);
    this.MANY(() => {
      this.CONSUME(t.Plus);
      this.SUBRULE2(this.productFlow);
    });
  });

  productFlow = this.RULE("productFlow", () => {
    this.SUBRULE(this.source);
    this.MANY(() => {
      this.CONSUME(t.Star);
      this.SUBRULE2(this.source);
    });
  });

  source = this.RULE("source", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Identifier) },
      {
        ALT: () => {
          this.CONSUME(t.Concat);
          this.CONSUME(t.LParen);
          this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.flow) });
          this.CONSUME(t.RParen);
        },
      },
      {
        ALT: () => {
          this.CONSUME2(t.LParen);
          this.SUBRULE2(this.flow);
          this.CONSUME2(t.RParen);
        },
      },
      { ALT: () => this.SUBRULE(this.ifFlow) },
      { ALT: () => this.CONSUME(t.Missing) },
    ]);
  });

  ifFlow = this.RULE("ifFlow", () => {
    this.CONSUME(t.If);
    this.SUBRULE(this.expression);
    this.CONSUME(t.LCurly);
    this.SUBRULE(this.flow);
    this.CONSUME(t.RCurly);
    this.CONSUME(t.Else);
    this.OR([
      { ALT: () => this.SUBRULE(this.ifFlow) },
      {
        ALT: () => {
          this.CONSUME2(t.LCurly);
          this.SUBRULE2(this.flow);
          this.CONSUME2(t.RCurly);
        },
      },
    ]);
  });

  step = this.RULE("step", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.ifStep) },
      {
        ALT: () => {
          this.OPTION({
            // `norm : [56, 56, 64]` is a step and a shape, no label.
            GATE: () => this.LA(3).tokenType !== t.LSquare,
            DEF: () => this.SUBRULE(this.label),
          });
          this.OR2([{ ALT: () => this.SUBRULE(this.repeatStep) }, { ALT: () => this.SUBRULE(this.callStep) }]);
        },
      },
      { ALT: () => this.CONSUME(t.Missing) },
    ]);
  });

  label = this.RULE("label", () => {
    this.OR([{ ALT: () => this.CONSUME(t.LabelName) }, { ALT: () => this.CONSUME(t.Identifier) }]);
    this.CONSUME(t.Colon);
  });

  ifStep = this.RULE("ifStep", () => {
    this.CONSUME(t.If);
    this.SUBRULE(this.expression);
    this.CONSUME(t.LCurly);
    this.SUBRULE(this.steps);
    this.CONSUME(t.RCurly);
    this.OPTION(() => {
      this.CONSUME(t.Else);
      this.OR([
        { ALT: () => this.SUBRULE(this.ifStep) },
        {
          ALT: () => {
            this.CONSUME2(t.LCurly);
            this.SUBRULE2(this.steps);
            this.CONSUME2(t.RCurly);
          },
        },
      ]);
    });
  });

  repeatStep = this.RULE("repeatStep", () => {
    this.CONSUME(t.Repeat);
    this.SUBRULE(this.expression);
    this.CONSUME(t.LCurly);
    this.SUBRULE(this.steps);
    this.CONSUME(t.RCurly);
  });

  steps = this.RULE("steps", () => {
    this.SUBRULE(this.step);
    this.MANY(() => this.SUBRULE(this.link));
  });

  callStep = this.RULE("callStep", () => {
    this.CONSUME(t.Identifier);
    this.OPTION(() => {
      this.CONSUME(t.LParen);
      this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.argument) });
      this.CONSUME(t.RParen);
    });
  });

  argument = this.RULE("argument", () => {
    this.OPTION(() => {
      this.CONSUME(t.Identifier);
      this.CONSUME(t.Colon);
    });
    this.SUBRULE(this.expression);
  });

  expression = this.RULE("expression", () => {
    this.SUBRULE(this.andExpression);
    this.MANY(() => {
      this.CONSUME(t.Or);
      this.SUBRULE2(this.andExpression);
    });
  });

  andExpression = this.RULE("andExpression", () => {
    this.SUBRULE(this.notExpression);
    this.MANY(() => {
      this.CONSUME(t.And);
      this.SUBRULE2(this.notExpression);
    });
  });

  notExpression = this.RULE("notExpression", () => {
    this.MANY(() => this.CONSUME(t.Not));
    this.SUBRULE(this.comparison);
  });

  comparison = this.RULE("comparison", () => {
    this.SUBRULE(this.sum);
    this.OPTION(() => {
      this.OR([
        { ALT: () => this.CONSUME(t.EqualEqual) },
        { ALT: () => this.CONSUME(t.NotEqual) },
        { ALT: () => this.CONSUME(t.Less) },
        { ALT: () => this.CONSUME(t.LessEqual) },
        { ALT: () => this.CONSUME(t.Greater) },
        { ALT: () => this.CONSUME(t.GreaterEqual) },
      ]);
      this.SUBRULE2(this.sum);
    });
  });

  sum = this.RULE("sum", () => {
    this.SUBRULE(this.product);
    this.MANY(() => {
      this.OR([{ ALT: () => this.CONSUME(t.Plus) }, { ALT: () => this.CONSUME(t.Minus) }]);
      this.SUBRULE2(this.product);
    });
  });

  product = this.RULE("product", () => {
    this.SUBRULE(this.unary);
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(t.Star) },
        { ALT: () => this.CONSUME(t.Slash) },
        { ALT: () => this.CONSUME(t.Percent) },
      ]);
      this.SUBRULE2(this.unary);
    });
  });

  unary = this.RULE("unary", () => {
    this.MANY(() => this.CONSUME(t.Minus));
    this.SUBRULE(this.atom);
  });

  atom = this.RULE("atom", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.Int) },
      { ALT: () => this.CONSUME(t.Float) },
      { ALT: () => this.CONSUME(t.True) },
      { ALT: () => this.CONSUME(t.False) },
      {
        ALT: () => {
          this.CONSUME(t.Identifier);
          this.OPTION(() => {
            this.CONSUME(t.LParen);
            this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.expression) });
            this.CONSUME(t.RParen);
          });
        },
      },
      {
        ALT: () => {
          this.CONSUME2(t.LParen);
          this.SUBRULE2(this.expression);
          this.CONSUME2(t.RParen);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.LSquare);
          this.MANY_SEP2({ SEP: t.Comma, DEF: () => this.SUBRULE3(this.expression) });
          this.CONSUME(t.RSquare);
        },
      },
      { ALT: () => this.CONSUME(t.Missing) },
    ]);
  });
}

const parser = new BcosParser();

export interface ParseResult {
  readonly cst: CstNode;
  /** The first token that does not fit, as an index into the tokens (their length at the end); undefined if all fit. */
  readonly faultIndex: number | undefined;
  /** What would fit there, in words. */
  readonly expected: string;
}

/** Parses all of `tokens` as one `rule`. */
export function parseRule(rule: StatementRule | "file", tokens: readonly IToken[]): ParseResult {
  parser.input = tokens as IToken[];
  const cst = parser[rule]();
  const error = parser.errors[0];
  if (error === undefined) return { cst, faultIndex: undefined, expected: "" };
  const index = tokens.indexOf(error.token);
  return { cst, faultIndex: index < 0 ? tokens.length : index, expected: error.message };
}

/** The productions, for the EBNF and the syntax diagrams. */
export function productions(): ReturnType<BcosParser["getSerializedGastProductions"]> {
  return parser.getSerializedGastProductions();
}
