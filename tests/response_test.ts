/**
 * Response tuples and `unwrap`.
 *
 * @module
 */

import { assertEquals, assertInstanceOf, assertStrictEquals, assertThrows } from "@std/assert";
import { ignore, MatchError, noreply, ok, reply, stop, stopReply, unwrap } from "../mod.ts";

const EXTRAS = [0, 5000, Infinity, "hibernate", ["continue", { any: "term" }]] as const;

Deno.test("ok() makes the tuple of init, with and without an extra", () => {
  assertEquals(ok("state"), ["ok", "state"]);
  assertEquals(ok(undefined), ["ok", undefined]);
  for (const extra of EXTRAS) assertEquals(ok("state", extra), ["ok", "state", extra]);
});

Deno.test("reply() makes the tuple that answers a call, with and without an extra", () => {
  assertEquals(reply("value", "state"), ["reply", "value", "state"]);
  assertEquals(reply(undefined, undefined), ["reply", undefined, undefined]);
  assertEquals(reply("value", "state", undefined), ["reply", "value", "state"]);
  for (const extra of EXTRAS) {
    assertEquals(reply("value", "state", extra), ["reply", "value", "state", extra]);
  }
});

Deno.test("noreply() makes the tuple that answers nothing, with and without an extra", () => {
  assertEquals(noreply("state"), ["noreply", "state"]);
  assertEquals(noreply("state", undefined), ["noreply", "state"]);
  for (const extra of EXTRAS) assertEquals(noreply("state", extra), ["noreply", "state", extra]);
});

Deno.test("stop() makes the tuple of init by itself, and that of a handler with a state", () => {
  assertEquals(stop("why"), ["stop", "why"]);
  assertEquals(stop("why", "state"), ["stop", "why", "state"]);
  assertEquals(stop("why", undefined), ["stop", "why", undefined]);
});

Deno.test("stopReply() and ignore are what they are in OTP", () => {
  assertEquals(stopReply("why", "value", "state"), ["stop", "why", "value", "state"]);
  assertStrictEquals(ignore, "ignore");
});

Deno.test("unwrap() returns the value of an ok", () => {
  const value = { a: 1 };
  assertStrictEquals(unwrap(["ok", value]), value);
  assertStrictEquals(unwrap(["ok", undefined]), undefined);
});

Deno.test("unwrap() throws a MatchError that carries what it found instead", () => {
  for (const found of [["error", "enoent"], "ignore", ["ok"], ["ok", 1, 2], undefined, null, {}]) {
    const error = assertThrows(() => unwrap(found), MatchError);
    assertStrictEquals(error.found, found);
    assertInstanceOf(error, Error);
    assertEquals(error.name, "MatchError");
  }
  assertThrows(
    () => unwrap(["error", ["already_started", "x"]]),
    MatchError,
    'Cannot unwrap: expected ["ok", value], found ["error", ["already_started", "x"]]',
  );
});

// --- What the types promise ---------------------------------------------------------------------

Deno.test("unwrap() knows the type of the value", () => {
  const result = ["ok", 1] as readonly ["ok", number] | readonly ["error", string] | "ignore";
  const value: number = unwrap(result);
  assertEquals(value, 1);
  // @ts-expect-error it is a number
  const text: string = unwrap(result);
  assertEquals(text as unknown, 1);
});

Deno.test("the constructors keep literal values and the type of the state", () => {
  const answer = reply("found", 1 as number);
  const [, value, state]: readonly ["reply", "found", number, ...unknown[]] = answer;
  assertEquals([value, state], ["found", 1]);
  // @ts-expect-error a timeout is a number of milliseconds, not a text
  assertEquals(noreply(1, "5000"), ["noreply", 1, "5000"]);
  // @ts-expect-error to continue needs an argument
  assertEquals(noreply(1, ["continue"]), ["noreply", 1, ["continue"]]);
});
