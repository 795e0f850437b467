import { testFamily } from "./compiles.ts";

testFamily("convnext");
