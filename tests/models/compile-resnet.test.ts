import { testFamily } from "./compiles.ts";

testFamily("resnet");
