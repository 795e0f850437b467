/** Whether the browser here has WebGPU: the tier `browser-webgpu`. */
import { chromium, requires, runPage } from "./chromium.ts";

/** Headless Chromium has WebGPU only with this, on an adapter that runs on the processor. */
export const webgpuFlags = ["--enable-unsafe-webgpu"];
/** Seconds: such an adapter compiles slowly. */
export const webgpuPatience = 150;

/** Why tests of this tier are skipped; "" where they are not. Throws where they must not be. */
export async function whyNoWebgpu(): Promise<string> {
  const reason = await missing();
  if (reason !== "" && requires("browser-webgpu")) throw new Error(`BCOSC_REQUIRE has browser-webgpu, but ${reason}`);
  if (reason !== "") {
    console.warn(`the tests of WebGPU in a browser are skipped (${reason}); BCOSC_REQUIRE=browser-webgpu forbids that`);
  }
  return reason;
}

async function missing(): Promise<string> {
  if (chromium === undefined) return "there is no Chromium";
  const page = { script: "tests/browser/gpu-page.ts", flags: webgpuFlags, data: { ask: true } };
  return ((await runPage(page)) as { missing: string }).missing;
}
