/**
 * Property tests draw the same cases every time, so that a change is what makes a test fail. `BCOSC_SEED=random npm test`
 * draws others, `BCOSC_SEED=123` those of a failure's report.
 */
import fc from "fast-check";

const seed = process.env["BCOSC_SEED"] ?? "20260101";
if (seed !== "random") fc.configureGlobal({ seed: Number(seed) });
