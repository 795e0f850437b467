import { openDevice } from "../webgpu/dawn.ts";
import { testFamily } from "./compiles.ts";

testFamily("densenet", await openDevice("webgpu-compile", ["null"]));
