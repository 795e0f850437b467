/** Owns the making of tokens that no lexer found: empty ones, and ones of another type or text. */
import { createTokenInstance, type IToken, type TokenType } from "chevrotain";
import { endOf } from "./describe.ts";

/** A token without text that stands at `offset`. */
export function virtualToken(type: TokenType, offset: number): IToken {
  return createTokenInstance(type, "", offset, offset - 1, NaN, NaN, NaN, NaN);
}

/** The token at the same place with another type, and another text if given. */
export function retype(token: IToken, type: TokenType, image = token.image): IToken {
  const line = token.startLine ?? NaN;
  return createTokenInstance(type, image, token.startOffset, endOf(token) - 1, line, NaN, NaN, NaN);
}
