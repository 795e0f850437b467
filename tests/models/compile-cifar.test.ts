import { openDevice } from "../webgpu/dawn.ts";
import { testFamily } from "./compiles.ts";

testFamily("cifar", await openDevice("webgpu-compile", ["null"]));
