/**
 * Does the piece of work that is its argument, in a program of its own, so that it finds neither the heap
 * nor the compiled code of another. Prints nanoseconds (or bytes) per operation.
 *
 * @module
 */

import { Logger } from "@denotp/otp";
import { collectGarbage } from "./work.ts";
import { workOf } from "./works.ts";

const { measure, operations } = workOf(Deno.args[0]!);

Logger.configure({ level: "none" });
await measure(operations); // For the compiler.
collectGarbage();
console.log(await measure(operations));
