import { testFamily } from "./compiles.ts";

testFamily("others");
