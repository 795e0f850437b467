/**
 * From a drawing to the network's input, as the digits of MNIST were made: the ink is scaled into 20 × 20 pixels, and its
 * centre of mass is put into the middle of 28 × 28.
 */

const side = 28;
const inner = 20;

/** Brightnesses [28, 28] from 0 to 1; `undefined` where nothing is drawn. */
export function readDigit(drawing: HTMLCanvasElement): Float32Array | undefined {
  const box = inkBox(drawing);
  if (box === undefined) return undefined;
  const scale = inner / Math.max(box.width, box.height);
  const [width, height] = [Math.max(1, box.width * scale), Math.max(1, box.height * scale)];
  const placed = (x: number, y: number): Float32Array => {
    const context = new OffscreenCanvas(side, side).getContext("2d")!;
    context.fillRect(0, 0, side, side);
    context.imageSmoothingQuality = "high";
    context.drawImage(drawing, box.x, box.y, box.width, box.height, x, y, width, height);
    return brightness(context.getImageData(0, 0, side, side));
  };
  const [x, y] = [(side - width) / 2, (side - height) / 2];
  const centre = centreOfMass(placed(x, y));
  return placed(x + Math.round(side / 2 - centre.x), y + Math.round(side / 2 - centre.y));
}

function brightness({ data }: ImageData): Float32Array {
  return Float32Array.from({ length: data.length / 4 }, (_, i) => data[4 * i]! / 255);
}

/** The smallest rectangle that holds all ink. */
function inkBox(drawing: HTMLCanvasElement): DOMRect | undefined {
  const { width, height } = drawing;
  const pixels = brightness(drawing.getContext("2d")!.getImageData(0, 0, width, height));
  let [left, top, right, bottom] = [width, height, -1, -1];
  pixels.forEach((value, at) => {
    if (value < 0.2) return;
    const [x, y] = [at % width, Math.floor(at / width)];
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  });
  return right < 0 ? undefined : new DOMRect(left, top, right - left + 1, bottom - top + 1);
}

function centreOfMass(pixels: Float32Array): { readonly x: number; readonly y: number } {
  let [sum, x, y] = [0, 0, 0];
  pixels.forEach((value, at) => {
    sum += value;
    x += value * ((at % side) + 0.5);
    y += value * (Math.floor(at / side) + 0.5);
  });
  return { x: x / sum, y: y / sum };
}
