import { testFamily } from "./compiles.ts";

testFamily("densenet");
