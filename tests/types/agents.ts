/**
 * Agents: the state is what the first function returned.
 *
 * @module
 */

import { Agent, unwrap } from "@denotp/otp";

const fruits = unwrap(await Agent.startLink((): string[] => []));

// --- Agent.get()

const length: number = await Agent.get(fruits, (list) => list.length);
//! Type 'string' is not assignable to type 'number'.
const first: number = await Agent.get(fruits, () => "none");

Agent.get(fruits, (list) => list[0]);
//! Argument of type 'number' is not assignable to parameter of type '(state: string[]) => unknown'.
Agent.get(fruits, 0);

Agent.get(fruits, (list) => list.length, 500);
//! Property 'size' does not exist on type 'string[]'.
Agent.get(fruits, (list) => list.size, 500);

// --- Agent.update(), Agent.cast()

Agent.update(fruits, (list) => [...list, "banana"]);
//! Type 'number' is not assignable to type 'Awaitable<NoInfer<string[]>>'.
//!   The expected type comes from the return type of this signature.
Agent.update(fruits, (list) => list.length);

Agent.update(fruits, () => []);
//! Type 'number' is not assignable to type 'Awaitable<NoInfer<string[]>>'.
//!   The expected type comes from the return type of this signature.
Agent.update(fruits, () => 0);

Agent.cast(fruits, () => ["apple"]);
//! Type 'string' is not assignable to type 'Awaitable<NoInfer<string[]>>'.
//!   The expected type comes from the return type of this signature.
Agent.cast(fruits, () => "apple");

// --- Agent.getAndUpdate()

Agent.getAndUpdate(fruits, (list) => [list.length, []]);
//! Type 'number' is not assignable to type 'string[]'.
Agent.getAndUpdate(fruits, (list) => [list.length, 0]);

Agent.getAndUpdate(fruits, (list) => [list[0], list]);
//! Type 'string | undefined' is not assignable to type 'Awaitable<readonly [unknown, NoInfer<string[]>]>'.
//!   Type 'undefined' is not assignable to type 'Awaitable<readonly [unknown, NoInfer<string[]>]>'.
//!   The expected type comes from the return type of this signature.
Agent.getAndUpdate(fruits, (list) => list[0]);

const count: number = await Agent.getAndUpdate(fruits, (list) => [list.length, list]);
//! Type 'number' is not assignable to type 'undefined'.
Agent.getAndUpdate(fruits, (list) => [list.length, list, 500]);

// --- Module, function and arguments

const Sums = {
  start: (first: number) => first,
  add: (state: number, more: number) => state + more,
  swap: (state: number, next: number) => [`${state}`, next] as const,
};
const sums = unwrap(await Agent.startLink(Sums, "start", [1]));

const sum: number = await Agent.get(sums, Sums, "add", [2]);
const swapped: string = await Agent.getAndUpdate(sums, Sums, "swap", [2], 500);
const kept: number = await Agent.get(sums, (state) => state);
const there: unknown = await Agent.get(["sums", "e@h"], "Elixir.Sums", "add", [2]);
const updated: "ok" = await Agent.update(sums, Sums, "add", [2]);

export { count, first, kept, length, sum, swapped, there, updated };
