import { openDevice } from "../webgpu/dawn.ts";
import { testFamily } from "./compiles.ts";

testFamily("resnet", await openDevice("webgpu-compile", ["null"]));
