/**
 * Does the piece of work that is its first argument, in a program of its own, so that it finds neither the heap
 * nor the compiled code of another. Prints nanoseconds (or bytes) per operation.
 *
 * With the second argument `short` it does many short runs instead of a few long ones, and counts the CPU time of
 * the process instead of the time on the clock: what else the machine does has the least influence then. The
 * number of runs is fixed, so that V8 has compiled as much on a busy machine as on an idle one.
 *
 * @module
 */

import { Logger } from "@denotp/otp";
import process from "node:process";
import { spread } from "./figures.ts";
import { setClock } from "./work.ts";
import { workOf } from "./works.ts";

/**
 * Four runs are for the compiler, which takes its time: the first run of a million casts takes 100 ns for each,
 * the second 77, the fourth 53, and it stays there. Of the further ones the median counts.
 */
const LONG = { warmUps: 4, runs: 3, parts: 1 };
/** The number of parts of a long run; each run is one of them. */
const SHORT = { warmUps: 8, runs: 9, parts: 10 };

const { measure, operations, unit } = workOf(Deno.args[0]!);
const isShort = Deno.args[1] === "short";
const { warmUps, runs, parts } = isShort ? SHORT : LONG;
const each = Math.ceil(operations / parts);

Logger.configure({ level: "none" });
if (isShort) setClock(cpuTime);
for (let run = 0; run < (unit === "bytes" ? 1 : warmUps); run++) await measure(each);
const found: number[] = [];
for (let run = 0; run < runs; run++) found.push(await measure(each));
console.log(spread(found).median);

/** CPU time of the process in milliseconds: all threads, so that a collector's work is part of it. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
