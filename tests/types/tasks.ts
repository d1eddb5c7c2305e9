/**
 * Tasks, and unions of them.
 *
 * @module
 */

import { Task } from "@denotp/otp";

declare const either: Task.Task<number> | Task.Task<string>;
const number = Task.async(() => 1);

// --- Task.await()

const result: number | string = await Task.await(either);
//! Type 'string | number' is not assignable to type 'string'.
//!   Type 'number' is not assignable to type 'string'.
const string: string = await Task.await(either);

const one: number = await Task.await(number);
//! Type 'number' is not assignable to type 'string'.
const none: string = await Task.await(number);

Task.await(number, 5000);
//! Argument of type 'string' is not assignable to parameter of type 'number'.
Task.await(number, "5000");

Task.await(number);
//! Argument of type '() => number' is not assignable to parameter of type 'Task<any>'.
Task.await(() => 1);

// --- Task.yield()

const outcome: Task.Outcome<number | string> = await Task.yield(either);
//! Argument of type '{ timeout: number; }' is not assignable to parameter of type 'number'.
Task.yield(number, { timeout: 5 });

Task.yield(either, 0);
//! Expected 1-2 arguments, but got 3.
Task.yield(either, undefined, 0);

Task.yield(number);
//! Argument of type 'Task<number>[]' is not assignable to parameter of type 'Task<any>'.
//!   Type 'Task<number>[]' is missing the following properties from type 'Task<any>': pid, ref, owner, mfa
Task.yield([number]);

// --- Task.shutdown()

const last: Task.Outcome<number | string> = await Task.shutdown(either);
//! Argument of type '{ timeout: number; }' is not assignable to parameter of type 'number | "brutal_kill" | undefined'.
Task.shutdown(either, { timeout: 5 });

Task.shutdown(either, "brutal_kill");
//! Argument of type '"brutal_kil"' is not assignable to parameter of type 'number | "brutal_kill" | undefined'.
Task.shutdown(either, "brutal_kil");

Task.shutdown(number, 100);
//! Argument of type 'number' is not assignable to parameter of type 'Task<any>'.
Task.shutdown(100, number);

export { last, none, one, outcome, result, string };
