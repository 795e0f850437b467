/** A worker of the page: does what it is sent and answers. */
import { trainAndExplain, type GpuData } from "./gpu-page.ts";

self.onmessage = ({ data }: MessageEvent<GpuData>) => {
  trainAndExplain(data).then(
    (result) => self.postMessage({ result }),
    (error: unknown) => self.postMessage({ error: String(error) }),
  );
};
