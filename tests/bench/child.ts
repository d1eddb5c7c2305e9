/**
 * Does the piece of work that is its argument, in a program of its own, so that it finds neither the heap
 * nor the compiled code of another. Prints nanoseconds (or bytes) per operation.
 *
 * @module
 */

import { Logger } from "@denotp/otp";
import { workOf } from "./works.ts";

/**
 * So many runs are for the compiler, which takes its time: the first run of a million casts takes 100 ns for each,
 * the second 77, the fourth 53, and it stays there.
 */
const WARM_UPS = 4;
/** Of so many further runs the median counts. */
const RUNS = 3;

const { measure, operations, unit } = workOf(Deno.args[0]!);

Logger.configure({ level: "none" });
for (let run = 0; run < (unit === "bytes" ? 1 : WARM_UPS); run++) await measure(operations);
const found: number[] = [];
for (let run = 0; run < RUNS; run++) found.push(await measure(operations));
console.log(found.sort((a, b) => a - b)[Math.floor(RUNS / 2)]);
