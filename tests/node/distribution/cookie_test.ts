import { assertEquals, assertThrows } from "@std/assert";
import { cookieOf, Cookies } from "../../../lib/node/distribution/cookie.ts";

const file = { path: "/home/x/.erlang.cookie", mode: 0o100400 };

Deno.test("cookieOf() takes the first line of a file", () => {
  for (const text of ["SECRET", "SECRET\n", "SECRET\r\n", "SECRET\nmore\n"]) {
    assertEquals(cookieOf({ ...file, text }), "SECRET");
  }
  assertEquals(cookieOf({ ...file, mode: null, text: "SECRET" }), "SECRET");
});

Deno.test("cookieOf() refuses a file that others may use", () => {
  for (const mode of [0o100440, 0o100604, 0o100777]) {
    const error = assertThrows(
      () => cookieOf({ ...file, mode, text: "SECRET" }),
      RangeError,
      "expected 400",
    );
    assertEquals(error.message.includes("SECRET"), false);
  }
});

Deno.test("cookieOf() refuses an empty file and unprintable characters", () => {
  assertThrows(() => cookieOf({ ...file, text: "" }), RangeError, "it is empty");
  assertThrows(() => cookieOf({ ...file, text: "\nSECRET" }), RangeError, "it is empty");
  const error = assertThrows(() => cookieOf({ ...file, text: "SECRÉT" }), RangeError, "ASCII");
  assertEquals(error.message.includes("SECR"), false);
});

Deno.test("Cookies.for() gives a peer its own cookie, and others the common one", () => {
  const cookies = new Cookies("common", { "a@h": "special" });
  assertEquals([cookies.for("a@h"), cookies.for("b@h")], ["special", "common"]);
  assertThrows(() => new Cookies(""), RangeError, "the option cookie: it is empty");
  assertThrows(() => new Cookies("c", { "a@h": "" }), RangeError, "for a@h: it is empty");
});
