/** Talks to the language server in a worker, with messages alone. */

interface Data {
  /** The worker's code in one file. */
  readonly worker: string;
  /** Sent in order; what has an `id` is waited for. */
  readonly messages: readonly { readonly id?: number }[];
}

/** Everything that the server sent, when all requests are answered. */
export async function run({ worker: code, messages }: Data): Promise<unknown> {
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  const received: { readonly id?: number }[] = [];
  let look = (): void => undefined;
  worker.onmessage = ({ data }: MessageEvent<{ readonly id?: number }>) => {
    received.push(data);
    look();
  };
  const failed = new Promise<never>((_, reject) => {
    worker.onerror = (event) => reject(new Error(event.message));
  });
  for (const message of messages) {
    worker.postMessage(message);
    if (message.id === undefined) continue;
    const answered = new Promise<void>((resolve) => {
      look = () => void (received.some(({ id }) => id === message.id) && resolve());
    });
    await Promise.race([answered, failed]);
  }
  worker.terminate();
  return received;
}
