/** The paper: drawing with pointers, pictures from files, and the examples. White ink on black, as in MNIST. */

const ink = 22;

/** In the coordinates of a 28 × 28 picture. */
const examples = [
  "M9 8C12 5 19 5 19 10C19 13 15 14 13 14C16 14 20 15 20 18C20 23 12 24 8 21",
  "M8 7H20C16 12 14 17 13 23",
  "M9 10C9 5 19 5 19 10C19 14 10 18 9 22H20",
  "M15 5L8 16H20M16 11V23",
  "M14 5C7 7 7 23 14 23S21 7 14 5",
];

export interface Pad {
  clear(): void;
  /** The next of the examples. */
  drawExample(): void;
  drawPicture(file: Blob): Promise<void>;
}

/** `changed` is called after every stroke and while it is drawn. */
export function createPad(canvas: HTMLCanvasElement, changed: () => void): Pad {
  const context = canvas.getContext("2d", { willReadFrequently: true })!;
  context.lineCap = "round";
  context.lineJoin = "round";
  let example = 0;
  /** Where each pointer that is down was last. */
  const pointers = new Map<number, { readonly x: number; readonly y: number }>();

  const wipe = (): void => {
    context.fillStyle = "#000";
    context.fillRect(0, 0, canvas.width, canvas.height);
    context.strokeStyle = "#fff";
    context.lineWidth = ink;
  };
  const place = (event: PointerEvent): { x: number; y: number } => {
    const box = canvas.getBoundingClientRect();
    return {
      x: ((event.clientX - box.left) * canvas.width) / box.width,
      y: ((event.clientY - box.top) * canvas.height) / box.height,
    };
  };
  const draw = (event: PointerEvent): void => {
    const from = pointers.get(event.pointerId);
    if (from === undefined) return;
    const to = place(event);
    context.beginPath();
    context.moveTo(from.x, from.y);
    context.lineTo(to.x, to.y);
    context.stroke();
    pointers.set(event.pointerId, to);
    changed();
  };

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    draw(event);
  });
  canvas.addEventListener("pointermove", draw);
  for (const end of ["pointerup", "pointercancel"] as const) {
    canvas.addEventListener(end, (event) => pointers.delete(event.pointerId));
  }
  wipe();

  return {
    clear: () => {
      wipe();
      changed();
    },
    drawExample: () => {
      wipe();
      context.save();
      context.scale(canvas.width / 28, canvas.height / 28);
      context.lineWidth = (ink * 28) / canvas.width;
      context.stroke(new Path2D(examples[example++ % examples.length]));
      context.restore();
      changed();
    },
    drawPicture: async (file) => {
      const picture = await createImageBitmap(file);
      wipe();
      const scale = Math.min(canvas.width / picture.width, canvas.height / picture.height);
      const [width, height] = [picture.width * scale, picture.height * scale];
      const [x, y] = [(canvas.width - width) / 2, (canvas.height - height) / 2];
      context.drawImage(picture, x, y, width, height);
      picture.close();
      if (isDarkOnLight(context.getImageData(x, y, width, height))) {
        context.globalCompositeOperation = "difference";
        context.fillStyle = "#fff";
        context.fillRect(x, y, width, height);
        context.globalCompositeOperation = "source-over";
      }
      changed();
    },
  };
}

/** Pen on paper, that is: more of the picture is light. */
function isDarkOnLight({ data }: ImageData): boolean {
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) sum += data[at]!;
  return sum / (data.length / 4) > 127;
}
