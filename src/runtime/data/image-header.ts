/**
 * What the first bytes of an image file say: its format and its size. Read here, so that no decoder is given another
 * format or an image that is larger than it may be, in Node and in browsers alike.
 */
import { fail } from "../../diagnostics/catalogue.ts";

export type ImageFormat = "png" | "jpeg" | "webp";

export interface ImageHeader {
  readonly format: ImageFormat;
  /** As stored: before the image is turned upright. */
  readonly height: number;
  readonly width: number;
}

/** More than the sensors of today's cameras have; decoded, an image of so many pixels takes some 270 MB. */
export const MOST_PIXELS = 2 ** 26;

/** Bytes of a file. */
export const MOST_BYTES = 2 ** 28;

/** Throws `data/image` for everything but PNG, JPEG and WebP files with at most `MOST_PIXELS`. `name` is for messages. */
export function readImageHeader(bytes: Uint8Array, name: string): ImageHeader {
  const refuse = (reason: string): never => fail("data/image", { reason }, { place: name });
  if (bytes.length === 0) return refuse("the file is empty");
  const format = formatOf(bytes);
  if (format === undefined) return refuse("its first bytes are those of another format");
  const size = readers[format](new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  if (size === undefined) return refuse(`the ${names[format]} file is damaged or cut off`);
  const [height, width] = size;
  if (height === 0 || width === 0) return refuse("it has no pixels");
  if (height * width > MOST_PIXELS) {
    return refuse(`it has ${height} × ${width} pixels, more than ${Math.floor(MOST_PIXELS / 1e6)} million`);
  }
  return { format, height, width };
}

const names: Readonly<Record<ImageFormat, string>> = { png: "PNG", jpeg: "JPEG", webp: "WebP" };

function formatOf(bytes: Uint8Array): ImageFormat | undefined {
  const starts = (at: number, ...expected: readonly number[]): boolean => expected.every((b, i) => bytes[at + i] === b);
  if (starts(0, 0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return "png";
  if (starts(0, 0xff, 0xd8, 0xff)) return "jpeg";
  const [riff, webp] = [[0x52, 0x49, 0x46, 0x46] as const, [0x57, 0x45, 0x42, 0x50] as const];
  return starts(0, ...riff) && starts(8, ...webp) ? "webp" : undefined;
}

/** Height and width; undefined where they are not found. */
type SizeReader = (view: DataView) => readonly [number, number] | undefined;

const readers: Readonly<Record<ImageFormat, SizeReader>> = { png: pngSize, jpeg: jpegSize, webp: webpSize };

/** The chunk IHDR comes first. PNG specification, section 11.2.2. */
function pngSize(view: DataView): readonly [number, number] | undefined {
  if (view.byteLength < 24 || view.getUint32(12) !== 0x49484452) return undefined;
  return [view.getUint32(20), view.getUint32(16)];
}

/** Segments up to the frame header, SOF. ITU T.81, section B.2.2. */
function jpegSize(view: DataView): readonly [number, number] | undefined {
  for (let at = 2; at + 9 <= view.byteLength;) {
    if (view.getUint8(at) !== 0xff) return undefined;
    const marker = view.getUint8(at + 1);
    // Any number of 0xff may stand before a marker.
    if (marker === 0xff) {
      at += 1;
      continue;
    }
    // The markers between 0xc0 and 0xcf that are no frame headers: DHT, JPG and DAC.
    const frame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
    if (frame) return [view.getUint16(at + 5), view.getUint16(at + 7)];
    at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

/** RFC 9649, sections 2.5 to 2.7. */
function webpSize(view: DataView): readonly [number, number] | undefined {
  if (view.byteLength < 30) return undefined;
  const three = (at: number): number => view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
  switch (view.getUint32(12)) {
    // "VP8 ": three bytes of a frame tag and the start code 9d 01 2a; the upper two bits are a scale.
    case 0x56503820:
      if (view.getUint8(23) !== 0x9d || view.getUint16(24, true) !== 0x2a01) return undefined;
      return [view.getUint16(28, true) & 0x3fff, view.getUint16(26, true) & 0x3fff];
    // "VP8L"
    case 0x5650384c: {
      if (view.getUint8(20) !== 0x2f) return undefined;
      const bits = view.getUint32(21, true);
      return [((bits >>> 14) & 0x3fff) + 1, (bits & 0x3fff) + 1];
    }
    // "VP8X"
    case 0x56503858:
      return [three(27) + 1, three(24) + 1];
    default:
      return undefined;
  }
}
