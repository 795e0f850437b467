import { openDevice } from "../webgpu/dawn.ts";
import { testFamily } from "./compiles.ts";

testFamily("convnext", await openDevice("webgpu-compile", ["null"]));
