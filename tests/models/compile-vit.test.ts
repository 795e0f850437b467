import { openDevice } from "../webgpu/dawn.ts";
import { testFamily } from "./compiles.ts";

testFamily("vit", await openDevice("webgpu-compile", ["null"]));
