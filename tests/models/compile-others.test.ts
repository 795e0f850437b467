import { openDevice } from "../webgpu/dawn.ts";
import { testFamily } from "./compiles.ts";

testFamily("others", await openDevice("webgpu-compile", ["null"]));
