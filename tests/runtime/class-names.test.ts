import { describe, expect, it } from "vitest";
import { classesNamed, parseClassNames } from "../../src/runtime/data/class-names.ts";

const parse = (text: string) => parseClassNames(text, "names");

describe("names of classes", () => {
  it.each([
    ["lines", "kit fox\nEnglish setter\n"],
    ["lines of Windows, with a byte order mark", "\uFEFFkit fox\r\nEnglish setter\r\n\r\n"],
    ["lines with the ids of synsets", "n02119789 kit fox\nn02100735 English setter"],
    ["an array", '["kit fox", "English setter"]'],
    ["Keras' object", '{"0": ["n02119789", "kit fox"], "1": ["n02100735", "English setter"]}'],
    ["an object in another order", ' {"1": "English setter", "0": "kit fox"}'],
    ["an object from name to index", '{"English setter": 1, "kit fox": 0}'],
  ])("are read from %s", (_, text) => expect(parse(text)).toEqual(["kit fox", "English setter"]));

  it("have no control characters, and may be of any script", () => {
    expect(parse("\u001b[31mred\n猫\nn02123045")).toEqual(["[31mred", "猫", "n02123045"]);
  });

  it.each([
    ["a\n\nb", "the class 1 has no name"],
    ["", "the class 0 has no name"],
    ['["a", 7]', "the entry 1 is no name"],
    ['["a", [1, []]]', "the entry 1 is no name"],
    ['{"0": "a", "2": "b"}', "the class 1 is missing, of 2"],
    ['{"0": "a", "00": "b"}', "the class 0 has two names, `a` and `b`"],
    ['{"a": 0, "b": 0}', "the class 0 has two names, `a` and `b`"],
    ['{"a": 0.5}', "`a` has no index of a class"],
    ['{"first": "a"}', "`a` has no index of a class"],
    ['{"0": {"name": "a"}}', "the entry `0` is no name"],
    ['["a"', "it is no JSON: "],
  ])("are refused in %j", (text, reason) => {
    expect(() => parse(text)).toThrow(`data/class-names: can not use the names of classes: ${reason}`);
    expect(() => parse(text)).toThrow("(names)");
  });

  it("are found whatever the case, by one of several, and more than once", () => {
    const names = ["tabby, tabby cat", "tiger cat", "crane", "Crane", "Käse"];
    const found = (text: string) => classesNamed(names, text);
    expect(found("Tabby")).toEqual([0]);
    expect(found("tabby, tabby cat")).toEqual([0]);
    expect(found("tabby_cat")).toEqual([0]);
    expect(found(" tiger cat")).toEqual([1]);
    expect(found("cat")).toEqual([]);
    expect(found("crane")).toEqual([2, 3]);
    expect(found("Ka\u0308se")).toEqual([4]);
  });
});
