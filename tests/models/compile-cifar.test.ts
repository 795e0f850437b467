import { testFamily } from "./compiles.ts";

testFamily("cifar");
