/// <reference types="@webgpu/types" />
/** Loss of a device: told from other errors, whatever call noticed it first. */
import { ended } from "./pending.ts";

export class DeviceLoss extends Error {}

/** Milliseconds in which a device whose calls fail says that it was lost. */
const NOTICE = 100;

/** What `work` gives, or a `DeviceLoss` as soon as the device is lost, whatever else has failed because of it. */
export async function orLost<T>(device: GPUDevice, work: () => Promise<T>): Promise<T> {
  const lost = device.lost.then(({ message }): never => {
    throw new DeviceLoss(message === "" ? "no reason is given" : message);
  });
  const working = work();
  try {
    return await Promise.race([working, lost]);
  } catch (error) {
    if (error instanceof DeviceLoss) {
      // All that it waits for fails soon; until then it might make more calls, behind the back of who goes on.
      await ended(working);
      throw error;
    }
    await Promise.race([lost, delay(NOTICE)]);
    throw error;
  }
}

export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
