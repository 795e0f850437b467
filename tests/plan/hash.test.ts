import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sha256 } from "../../src/hash.ts";
import { canonicalJson } from "../../src/compiler/plan/plan-json.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

test("the test vectors of FIPS 180-4", () => {
  expect(sha256(text(""))).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  expect(sha256(text("abc"))).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
});

test("any bytes have the hash that Node says they have", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(sha256(bytes)).toBe(createHash("sha256").update(bytes).digest("hex"));
    }),
  );
});

test("canonical JSON does not depend on the order of keys and reads back as it was", () => {
  fc.assert(
    fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
      const plain: unknown = JSON.parse(JSON.stringify(value));
      const turned = (part: unknown): unknown => {
        if (Array.isArray(part)) return part.map(turned);
        if (typeof part !== "object" || part === null) return part;
        return Object.fromEntries(
          Object.entries(part)
            .reverse()
            .map(([key, inner]) => [key, turned(inner)]),
        );
      };
      expect(canonicalJson(turned(plain))).toBe(canonicalJson(plain));
      expect(JSON.parse(canonicalJson(plain))).toEqual(plain);
    }),
  );
  expect(() => canonicalJson({ a: NaN })).toThrow("NaN has no form in JSON");
});
