/** The photograph of photo.json: decoded, resized as evaluations do, and cropped as the networks of the oracles see it. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { decodeImage } from "../../src/runtime/data/image-file.node.ts";
import { fitImage } from "../../src/runtime/data/image-input.ts";
import { toUnit } from "../../src/runtime/data/pixels.ts";
import type { ByteImage } from "../../src/runtime/data/resize.ts";
import { relativeDifference, type Deviation } from "./compare.ts";
import { attempt, Skip, type Outcome } from "./outcome.ts";

interface Transformed {
  readonly channel_sums: readonly number[];
  readonly positions_row_col: readonly (readonly [number, number])[];
  readonly rgb_at: readonly (readonly number[])[];
}

export interface PhotoOracle {
  readonly png_base64: string;
  readonly decoded: { readonly channel_sums: readonly number[] };
  readonly crop224: { readonly top: number; readonly left: number; readonly height: number; readonly width: number };
  /** By names as `resize256_crop224`. */
  readonly eval_transforms: { readonly cases: Readonly<Record<string, Transformed>> };
}

/** [H, W, 3] from 0 to 1, rounded to float32. Throws `Skip` where the folder has no photo. */
export async function photoInput(folder: string): Promise<Float64Array> {
  const file = join(folder, "photo.json");
  if (!existsSync(file)) throw new Skip("the folder has no photo.json");
  const photo = JSON.parse(readFileSync(file, "utf8")) as PhotoOracle;
  const { top, left, height, width } = photo.crop224;
  const image = await decodePhoto(photo);
  const rows = Array.from({ length: height }, (_, y) => {
    const from = ((top + y) * image.width + left) * 3;
    return [...toUnit(image.data.subarray(from, from + width * 3))];
  });
  return Float64Array.from(rows.flat());
}

/** Decoding is exact; a resized byte may be one level off, a channel's sum by 0.3 %. */
export async function runPhoto(photo: PhotoOracle): Promise<Outcome[]> {
  const cases = Object.entries(photo.eval_transforms.cases);
  return Promise.all([
    attempt("photo/decoded", async () => [
      { what: "channel sums", value: sumsOff(await decodePhoto(photo), photo.decoded.channel_sums), bound: 0 },
    ]),
    ...cases.map(([name, expected]) =>
      attempt(`photo/${name}`, async () => compareTransformed(await decodePhoto(photo), name, expected)),
    ),
  ]);
}

function compareTransformed(photo: ByteImage, name: string, expected: Transformed): readonly Deviation[] {
  const [, shorterSide, side] = /^resize(\d+)_crop(\d+)$/.exec(name)?.map(Number) ?? [];
  if (shorterSide === undefined || side === undefined) throw new Skip(`no transform is called ${name}`);
  const image = fitImage(photo, { height: side, width: side, shorterSide });
  const levels = expected.positions_row_col.flatMap(([row, column], i) =>
    expected.rgb_at[i]!.map((level, c) => Math.abs(image.data[(row * side + column) * 3 + c]! - level)),
  );
  return [
    { what: "levels", value: Math.max(...levels), bound: 1 },
    { what: "channel sums", value: sumsOff(image, expected.channel_sums), bound: 0.003 },
  ];
}

const decodePhoto = (photo: PhotoOracle): Promise<ByteImage> =>
  decodeImage(Buffer.from(photo.png_base64, "base64"), 3, "photo.json");

function sumsOff({ data, channels }: ByteImage, expected: readonly number[]): number {
  const sums = new Array<number>(channels).fill(0);
  data.forEach((value, i) => (sums[i % channels]! += value));
  return relativeDifference(sums, expected);
}
