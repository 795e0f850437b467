import { testFamily } from "./compiles.ts";

testFamily("vit");
