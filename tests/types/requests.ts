/**
 * Requests and replies: `call`, `cast`, `reply` and `From`, and servers known by a name.
 *
 * @module
 */

import { GenServer, GenStatem, noreply, ok, type Pid, unwrap } from "@denotp/otp";
import { Counter, Stack } from "./modules.ts";

declare module "@denotp/otp" {
  interface Names {
    "the stack": typeof Stack;
  }
}

const counter = unwrap(await GenServer.start(Counter, 1));
const stack: Pid<typeof Stack> = unwrap(await GenServer.start(Stack));

// --- GenServer.call()

const next: number = await GenServer.call(counter, "next");
//! Type 'number' is not assignable to type 'string'.
const wrong: string = await GenServer.call(counter, "next");

GenServer.call(stack, "pop");
//! Argument of type '"pup"' is not assignable to parameter of type '"size" | "pop"'.
GenServer.call(stack, "pup");

GenServer.call(stack, "size", Infinity);
//! Argument of type 'string' is not assignable to parameter of type 'number'.
GenServer.call(stack, "size", "infinity");

GenServer.call(["global", "stack"], "size");
//! Object literal may only specify known properties, and 'global' does not exist in type 'readonly [Atom, string] | readonly ["global", unknown] | readonly ["via", NameRegistry<any>, any] | Pid<any>'.
GenServer.call({ global: "stack" }, "size");

// --- GenServer.cast()

GenServer.cast(counter, ["add", 1]);
//! Type 'string' is not assignable to type 'number'.
GenServer.cast(counter, ["add", "1"]);

GenServer.cast(stack, ["push", "a"]);
//! Argument of type 'string' is not assignable to parameter of type 'readonly ["push", string]'.
GenServer.cast(stack, "pop");

GenServer.cast(counter, ["add", 2]);
//! Argument of type '["add"]' is not assignable to parameter of type 'readonly ["add", number]'.
//!   Source has 1 element(s) but target requires 2.
GenServer.cast(counter, ["add"]);

// --- Names

const popped: string = await GenServer.call("the stack", "pop");
//! Type 'number' is not assignable to type 'string'.
const size: string = await GenServer.call("the stack", "size");

GenServer.call("the stack", "size");
//! Argument of type 'string[]' is not assignable to parameter of type '"size" | "pop"'.
GenServer.call("the stack", ["push", "a"]);

GenServer.cast("the stack", ["push", "a"]);
//! Type 'number' is not assignable to type 'string'.
GenServer.cast("the stack", ["push", 1]);

GenServer.sendRequest("another stack", "anything");
//! Argument of type '"anything"' is not assignable to parameter of type '"size" | "pop"'.
GenServer.call("the stack", "anything");

const pid = await GenServer.whereis("the stack") as Pid<typeof Stack>;
//! Type 'readonly [Atom, string] | Pid<typeof Stack> | undefined' is not assignable to type 'Pid<typeof Counter>'.
//!   Type 'undefined' is not assignable to type 'Pid<typeof Counter>'.
const other: Pid<typeof Counter> = await GenServer.whereis("the stack");

// --- GenServer.reply(), From

declare const from: GenServer.From<string>;
declare const plain: GenServer.From;

GenServer.reply(from, "yes");
//! Argument of type 'boolean' is not assignable to parameter of type 'string'.
GenServer.reply(from, true);

GenServer.reply(plain, true);
//! Argument of type 'Pid<typeof Counter>' is not assignable to parameter of type 'From<unknown>'.
//!   Type 'Pid<typeof Counter>' is missing the following properties from type 'From<unknown>': 0, 1, length, concat, and 28 more.
GenServer.reply(counter, true);

const strings: GenServer.From<string> = plain;
//! Type 'From<string>' is not assignable to type 'From<number>' with 'exactOptionalPropertyTypes: true'. Consider adding 'undefined' to the types of the target's properties.
//!   Type 'number' is not assignable to type 'string'.
const numbers: GenServer.From<number> = from;

const Later = {
  init: () => ok<GenServer.From<string>[]>([]),
  handleCall: (_request: "wait", from: GenServer.From<string>, all: GenServer.From<string>[]) =>
    noreply([...all, from]),
};
const later = unwrap(await GenServer.start(Later));

const said: string = await GenServer.call(later, "wait");
//! Type 'string' is not assignable to type 'number'.
const counted: number = await GenServer.call(later, "wait");

// --- GenStatem.reply()

GenStatem.reply(from, "yes");
//! Argument of type 'number' is not assignable to parameter of type 'string'.
GenStatem.reply(from, 1);

GenStatem.reply(["reply", plain, "yes"]);
//! Argument of type 'string' is not assignable to parameter of type 'ReplyAction | From<any> | readonly ReplyAction[]'.
GenStatem.reply("yes");

GenStatem.reply([["reply", plain, "yes"]]);
//! Expected 2 arguments, but got 1.
//!   Arguments for the rest parameter 'value' were not provided.
GenStatem.reply(plain);

export { counted, next, numbers, other, pid, popped, said, size, strings, wrong };
