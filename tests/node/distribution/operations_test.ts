import { assertEquals, assertThrows } from "@std/assert";
import type { Control } from "../../../lib/node/control.ts";
import {
  ALIAS,
  DIST_HDR_ATOM_CACHE,
  EXIT_PAYLOAD,
  SEND_SENDER,
  SPAWN,
  UNLINK_ID,
} from "../../../lib/node/distribution/flags.ts";
import { Operations } from "../../../lib/node/distribution/operations.ts";
import { DecodeError, EncodeError, Reader, Writer } from "../../../lib/node/etf/bytes.ts";
import { encodeTerm } from "../../../lib/node/etf/encode.ts";
import type { MappingKind } from "../../../lib/node/etf/mapping.ts";
import { atom, list } from "../../../lib/node/terms.ts";
import { mappingOf, pid, ref } from "./connection_fixtures.ts";

const ALL = DIST_HDR_ATOM_CACHE | SEND_SENDER | EXIT_PAYLOAD | UNLINK_ID | SPAWN | ALIAS;
const OLD = DIST_HDR_ATOM_CACHE;
const [A, B, C] = [pid(1), pid(2, "b@h"), pid(3)];
const R = ref(1);

const SIGNALS: readonly Control[] = [
  ["send", A, B, ["hello", 1]],
  ["reg_send", A, "name", ["hello", 1]],
  ["alias_send", A, R, ["hello", 1]],
  ["link", A, B],
  ["unlink", A, B],
  ["unlink_id", 1n, A, B],
  ["unlink_id", 2n ** 64n - 1n, A, B],
  ["unlink_id_ack", 2n ** 53n + 1n, A, B],
  ["exit", A, B, "killed"],
  ["exit2", A, B, ["shutdown", 1]],
  ["monitor_p", A, B, R],
  ["monitor_p", A, "name", R],
  ["demonitor_p", A, B, R],
  ["demonitor_p", A, "name", R],
  ["monitor_p_exit", B, A, R, "noproc"],
  ["monitor_p_exit", "name", A, R, "noproc"],
  ["group_leader", A, B],
  ["spawn_request", R, A, C, ["erpc", "execute_call", 4], list(["monitor"]), list(["m", "f"])],
  ["spawn_reply", R, A, 3, B],
  ["spawn_reply", R, A, 0, "notsup"],
];

for (const kind of ["exact", "natural", "own"] as const) {
  Deno.test(`Operations read what they have written, ${kind} mapping, with and without headers`, () => {
    for (const flags of [ALL, ALL & ~DIST_HDR_ATOM_CACHE]) {
      for (const signal of SIGNALS) {
        assertEquals(reread(signal, flags, kind), signal);
      }
    }
  });
}

Deno.test("Operations.write() uses the newer operations when the flags allow it, else the older", () => {
  const ops = (flags: bigint) =>
    ([
      ["send", A, B, 1],
      ["send", null, B, 1],
      ["exit", A, B, "r"],
      ["exit2", A, B, "r"],
      ["monitor_p_exit", B, A, R, "r"],
      ["unlink_id", 1n, A, B],
    ] satisfies Control[]).map((signal) => written(signal, flags).at(3));
  assertEquals(ops(ALL), [22, 2, 24, 26, 28, 35]);
  assertEquals(ops(OLD), [2, 2, 3, 8, 21, 4]);
  assertEquals(ops(OLD | SEND_SENDER), [22, 2, 3, 8, 21, 4]);
  assertEquals(ops(OLD | EXIT_PAYLOAD), [2, 2, 24, 26, 28, 4]);
  assertEquals(ops(OLD | UNLINK_ID), [2, 2, 3, 8, 21, 35]);
});

Deno.test("Operations read the older forms, whatever the flags are", () => {
  const read = (signal: Control) => readAs(written(signal, OLD), ALL);
  assertEquals(read(["send", A, B, "m"]), ["send", null, B, "m"]);
  assertEquals(read(["exit", A, B, ["shutdown", 1]]), ["exit", A, B, ["shutdown", 1]]);
  assertEquals(read(["exit2", A, B, "kill"]), ["exit2", A, B, "kill"]);
  assertEquals(read(["monitor_p_exit", "n", A, R, "r"]), ["monitor_p_exit", "n", A, R, "r"]);
  assertEquals(read(["unlink_id", 5n, A, B]), ["unlink", A, B]);
});

const TOKEN = [0, 1, 2, C, 4];
const MFA = ["m", "f", 0];

for (
  const [op, elements, payload, expected] of [
    [12, ["", B, TOKEN], "m", ["send", null, B, "m"]],
    [13, [A, B, TOKEN, "why"], undefined, ["exit", A, B, "why"]],
    [16, [A, "", "name", TOKEN], "m", ["reg_send", A, "name", "m"]],
    [18, [A, B, TOKEN, "why"], undefined, ["exit2", A, B, "why"]],
    [23, [A, B, TOKEN], "m", ["send", A, B, "m"]],
    [25, [A, B, TOKEN], "why", ["exit", A, B, "why"]],
    [27, [A, B, TOKEN], "why", ["exit2", A, B, "why"]],
    [
      30,
      [R, A, C, MFA, list(["link"]), TOKEN],
      list([1]),
      ["spawn_request", R, A, C, ["m", "f", 0], list(["link"]), list([1])],
    ],
    [32, [R, A, 1, B, TOKEN], undefined, ["spawn_reply", R, A, 1, B]],
    [34, [A, R, TOKEN], "m", ["alias_send", A, R, "m"]],
  ] as const
) {
  Deno.test(`Operations.read() takes operation ${op} for the one without a token`, () => {
    const bytes = operation(op, elements, payload);
    assertEquals(readAs(bytes, ALL), expected as unknown as Control);
  });
}

Deno.test("Operations.read() takes the atoms that JavaScript has values for as names, too", () => {
  for (
    const [value, name] of [[null, "nil"], [true, "true"], [false, "false"], [
      undefined,
      "undefined",
    ]]
  ) {
    assertEquals(readAs(operation(6, [A, "", value], 1), ALL), ["reg_send", A, name as string, 1]);
    assertEquals(readAs(operation(19, [A, value, R]), ALL), ["monitor_p", A, name as string, R]);
  }
});

Deno.test("Operations.write() takes names and modules that are symbols", () => {
  assertEquals(reread(["reg_send", A, atom("name"), 1], ALL), ["reg_send", A, "name", 1]);
  assertEquals(reread(["monitor_p", A, Symbol("name"), R], ALL), ["monitor_p", A, "name", R]);
});

Deno.test("Operations.write() sends a reason that is a string as an atom in the natural mapping", () => {
  const natural = new Operations(ALL, mappingOf("natural"));
  const bytes = written(["exit", A, B, "kill"], ALL, natural);
  // Read in the exact mapping, where a string is an atom and nothing else.
  assertEquals(readAs(bytes, ALL), ["exit", A, B, "kill"]);
  const message = written(["send", A, B, "kill"], ALL, natural);
  assertEquals(readAs(message, ALL), ["send", A, B, new TextEncoder().encode("kill")]);
});

Deno.test("Operations.write() says where the payload begins", () => {
  const writer = new Writer();
  const operations = new Operations(ALL, mappingOf("exact"));
  assertEquals(operations.write(["link", A, B], writer), writer.length);
  const payload = operations.write(["send", A, B, 77], writer);
  assertEquals([...writer.peek().subarray(payload)], [97, 77]);
});

Deno.test("Operations.write() throws when a message cannot be sent", () => {
  const operations = new Operations(ALL, mappingOf("natural"));
  assertThrows(() => operations.write(["send", A, B, NaN], new Writer()), EncodeError);
});

Deno.test("Operations.canWrite() is false for what the flags do not allow, and answerFor() has its answer", () => {
  const refused = (flags: bigint) => {
    const operations = new Operations(flags, mappingOf("exact"));
    return SIGNALS.filter((signal) => !operations.canWrite(signal)).map(([tag]) => tag);
  };
  assertEquals(refused(ALL), []);
  assertEquals(
    new Set(refused(OLD)),
    new Set(["alias_send", "unlink_id_ack", "spawn_request", "spawn_reply"]),
  );
  assertEquals(new Set(refused(OLD | SPAWN)), new Set(["alias_send", "unlink_id_ack"]));
  assertEquals(new Set(refused(OLD | SPAWN | ALIAS)), new Set(["unlink_id_ack"]));

  const answers = (flags: bigint) => {
    const operations = new Operations(flags, mappingOf("exact"));
    return SIGNALS.map((signal) => operations.answerFor(signal)).filter((answer) => answer);
  };
  assertEquals(answers(ALL), []);
  assertEquals(answers(OLD), [
    ["unlink_id_ack", 1n, B, A],
    ["unlink_id_ack", 2n ** 64n - 1n, B, A],
    ["spawn_reply", R, A, 0, "notsup"],
  ]);
});

for (
  const [what, bytes, error] of [
    ["an unknown operation", operation(5, [A, B]), "unknown operation 5"],
    ["an operation of later times", operation(37, [A, B, 1], 1), "unknown operation 37"],
    ["a tuple that is too short", operation(1, [A]), "expected 3 elements of operation 1, found 2"],
    [
      "a tuple that is too long",
      operation(22, [A, B, 1], 1),
      "expected 3 elements of operation 22, found 4",
    ],
    ["a token too few", operation(23, [A, B], 1), "expected 4 elements of operation 23, found 3"],
    ["no tuple", term(A), "expected a control tuple"],
    ["no payload", operation(22, [A, B]), "bytes should follow"],
    ["a second payload", operation(1, [A, B], 1), "found 2 bytes after the message"],
    ["a name for a pid", operation(1, ["a", B]), 'expected a pid, found "a"'],
    ["a number for a name", operation(6, [A, "", 1], 1), "expected an atom, found 1"],
    ["a list for a target", operation(19, [A, list(), R]), "expected a pid or an atom"],
    ["a pid for a reference", operation(33, [A, B], 1), "expected a reference"],
    ["an unlink id of 0", operation(35, [0, A, B]), "an integer of 64 bits above 0"],
    ["an unlink id of 65 bits", operation(35, [2n ** 64n, A, B]), "an integer of 64 bits above 0"],
    ["an unlink id with a fraction", operation(36, [1.5, A, B]), "an integer of 64 bits above 0"],
    ["invalid flags", operation(31, [R, A, "x", B]), "expected a small integer"],
    ["no function", operation(29, [R, A, C, ["m", "f"], list()], list()), "module, function and"],
    ["a list for a function", operation(29, [R, A, C, list(MFA), list()], list()), "module, func"],
    ["invalid options", operation(29, [R, A, C, MFA, "o"], list()), "expected a list"],
    ["invalid arguments", operation(29, [R, A, C, MFA, list()], 1), "expected a list"],
  ] as const
) {
  Deno.test(`Operations.read() throws for ${what}`, () => {
    assertThrows(() => readAs(bytes, ALL), DecodeError, error);
  });
}

Deno.test("Operations.read() throws where the version is missing before a term", () => {
  assertThrows(
    () => readAs(operation(1, [A, B]), ALL & ~DIST_HDR_ATOM_CACHE),
    DecodeError,
    "expected the version 131, found 104",
  );
});

/** The signal, written and read again. */
function reread(signal: Control, flags: bigint, kind: MappingKind = "exact"): Control {
  const operations = new Operations(flags, mappingOf(kind));
  return readAs(written(signal, flags, operations), flags, operations);
}

function written(
  signal: Control,
  flags: bigint,
  operations = new Operations(flags, mappingOf("exact")),
): Uint8Array {
  const writer = new Writer();
  operations.write(signal, writer);
  return writer.take();
}

function readAs(
  bytes: Uint8Array,
  flags: bigint,
  operations = new Operations(flags, mappingOf("exact")),
): Control {
  return operations.read({ terms: new Reader(bytes), atoms: [] });
}

function operation(op: number, elements: readonly unknown[], ...payload: unknown[]): Uint8Array {
  const terms = [[op, ...elements], ...payload.filter((term) => term !== undefined)];
  return new Uint8Array(terms.flatMap((one) => [...term(one)]));
}

function term(value: unknown): Uint8Array {
  const writer = new Writer();
  encodeTerm(value, writer, mappingOf("exact"));
  return writer.take();
}
