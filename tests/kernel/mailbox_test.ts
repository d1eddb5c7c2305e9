/**
 * The mailbox: order, chunks, messages that were passed over.
 *
 * @module
 */

import { assert, assertEquals, assertFalse } from "@std/assert";
import fc from "fast-check";
import {
  type Envelope,
  Mailbox,
  PLAIN,
  takenPayload,
  toMessage,
} from "../../lib/kernel/mailbox.ts";

const ENVELOPE: Envelope = { toMessage: (payload) => ["wrapped", payload] };

function take(mailbox: Mailbox): unknown {
  const kind = mailbox.shift();
  return toMessage(kind, takenPayload);
}

function drain(mailbox: Mailbox): unknown[] {
  const messages: unknown[] = [];
  while (!mailbox.isEmpty) messages.push(take(mailbox));
  return messages;
}

/** Passes over all new messages. */
function passOver(mailbox: Mailbox): void {
  while (!mailbox.hasNothingNew) {
    const kind = mailbox.shiftNew();
    mailbox.save(kind, takenPayload);
  }
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

Deno.test("Mailbox is empty at first, and after all messages are taken", () => {
  const mailbox = new Mailbox();
  for (const count of [1, 2, 16, 17, 18, 600, 3]) {
    assert(mailbox.isEmpty && mailbox.hasNothingNew);
    assertEquals(mailbox.messages(), []);
    for (const i of upTo(count)) mailbox.push(PLAIN, i);
    assertFalse(mailbox.isEmpty);
    assertFalse(mailbox.hasNothingNew);
    assertEquals(mailbox.messages(), upTo(count), "messages() removes nothing");
    assertEquals(drain(mailbox), upTo(count));
  }
  assert(mailbox.isEmpty && mailbox.hasNothingNew);
});

Deno.test("Mailbox keeps the order when messages arrive while others are taken", () => {
  const mailbox = new Mailbox();
  let pushed = 0;
  let taken = 0;
  for (let round = 0; round < 200; round++) {
    for (let i = 0; i < (round * 7) % 31; i++) mailbox.push(PLAIN, pushed++);
    for (let i = 0; i < (round * 5) % 29 && taken < pushed; i++) {
      assertEquals(take(mailbox), taken++);
    }
  }
  while (taken < pushed) assertEquals(take(mailbox), taken++);
  assert(mailbox.isEmpty);
});

Deno.test("Mailbox holds a million messages, and returns them one by one", () => {
  const mailbox = new Mailbox();
  const count = 1_000_000;
  const begin = performance.now();
  for (let i = 0; i < count; i++) mailbox.push(PLAIN, i);
  let inOrder = 0;
  while (!mailbox.isEmpty) if (take(mailbox) === inOrder) inOrder++;
  assertEquals(inOrder, count);
  const elapsed = performance.now() - begin;
  assert(elapsed < 2000, `${elapsed} ms: the time per message must not depend on their number`);
});

Deno.test("Mailbox holds undefined, null and its own kinds as messages", () => {
  const mailbox = new Mailbox();
  const messages = [undefined, null, undefined, PLAIN, ENVELOPE, undefined];
  for (const message of messages) mailbox.push(PLAIN, message);
  assertEquals(mailbox.messages(), messages);
  assertEquals(drain(mailbox), messages);
});

Deno.test("Mailbox lists a message of another kind in full, and returns it as it was added", () => {
  const mailbox = new Mailbox();
  for (const i of upTo(40)) mailbox.push(i % 2 === 0 ? PLAIN : ENVELOPE, i);
  const full = upTo(40).map((i) => i % 2 === 0 ? i : ["wrapped", i]);
  assertEquals(mailbox.messages(), full);
  for (const i of upTo(40)) {
    const kind = mailbox.shift();
    assertEquals([kind, takenPayload], [i % 2 === 0 ? PLAIN : ENVELOPE, i]);
  }
});

Deno.test("Mailbox keeps messages that were passed over before new ones", () => {
  const mailbox = new Mailbox();
  for (const i of upTo(5)) mailbox.push(PLAIN, i);
  passOver(mailbox);
  assert(mailbox.hasNothingNew);
  assertFalse(mailbox.isEmpty);
  mailbox.push(ENVELOPE, 5);
  assertFalse(mailbox.hasNothingNew);
  mailbox.shiftNew();
  assertEquals(takenPayload, 5);
  mailbox.push(PLAIN, 6);
  assertEquals(drain(mailbox), [0, 1, 2, 3, 4, 6]);
});

Deno.test("Mailbox.shiftSavedIf() takes the oldest accepted message of those passed over, and no new one", () => {
  const mailbox = new Mailbox();
  for (const i of upTo(6)) mailbox.push(PLAIN, i);
  passOver(mailbox);
  mailbox.push(PLAIN, 7);
  const isOdd = (_kind: unknown, payload: unknown) => (payload as number) % 2 === 1;
  const odd: unknown[] = [];
  while (mailbox.shiftSavedIf(isOdd) !== undefined) odd.push(takenPayload);
  assertEquals(odd, [1, 3, 5]);
  assertEquals(mailbox.messages(), [0, 2, 4, 7]);
  assertEquals(new Mailbox().shiftSavedIf(() => true), undefined);
});

Deno.test("Mailbox returns messages that were passed over in constant time each", () => {
  const mailbox = new Mailbox();
  const count = 200_000;
  for (let i = 0; i < count; i++) mailbox.push(PLAIN, i);
  passOver(mailbox);
  const begin = performance.now();
  for (let i = 0; i < count; i++) assert(take(mailbox) === i);
  const elapsed = performance.now() - begin;
  assert(elapsed < 1000, `${elapsed} ms`);
});

Deno.test("Mailbox.remove() removes the first accepted message, and leaves the rest unchanged", () => {
  const mailbox = new Mailbox();
  for (const message of ["a", "b", "x", "c"]) mailbox.push(PLAIN, message);
  passOver(mailbox);
  for (const message of ["d", "x", "e"]) mailbox.push(PLAIN, message);
  const removeX = () => mailbox.remove((message) => message === "x");
  assert(removeX());
  assertEquals(mailbox.messages(), ["a", "b", "c", "d", "x", "e"]);
  assert(removeX());
  assertEquals(mailbox.messages(), ["a", "b", "c", "d", "e"]);
  assertFalse(removeX());
  mailbox.shiftNew();
  assertEquals(takenPayload, "d", "new messages stay new");
  mailbox.push(ENVELOPE, 1);
  assert(mailbox.remove((message) => Array.isArray(message) && message[0] === "wrapped"));
  assertEquals(drain(mailbox), ["a", "b", "c", "e"]);
});

Deno.test("Mailbox.clear() drops all messages, and none appears in another mailbox", () => {
  const full = new Mailbox();
  for (const i of upTo(100)) full.push(PLAIN, i);
  passOver(full);
  for (const i of upTo(2000)) full.push(PLAIN, i);
  full.clear();
  assert(full.isEmpty && full.hasNothingNew);
  assertEquals(full.messages(), []);
  const others = upTo(50).map(() => new Mailbox());
  for (const [number, other] of others.entries()) {
    for (const i of upTo(40)) other.push(PLAIN, [number, i]);
  }
  for (const i of upTo(40)) full.push(PLAIN, ["again", i]);
  for (const [number, other] of others.entries()) {
    assertEquals(drain(other), upTo(40).map((i) => [number, i]));
  }
  assertEquals(drain(full), upTo(40).map((i) => ["again", i]));
});

Deno.test("Mailbox does not mix the messages of mailboxes that fill and drain in turn", () => {
  const mailboxes = upTo(200).map(() => new Mailbox());
  const pushed = mailboxes.map(() => 0);
  const taken = mailboxes.map(() => 0);
  for (let step = 0; step < 20_000; step++) {
    const which = (step * 7919) % mailboxes.length;
    const mailbox = mailboxes[which]!;
    if ((step * 104729) % 5 < 3) mailbox.push(PLAIN, which * 1e6 + pushed[which]!++);
    else if (!mailbox.isEmpty) assertEquals(take(mailbox), which * 1e6 + taken[which]!++);
  }
  for (const [which, mailbox] of mailboxes.entries()) {
    assertEquals(drain(mailbox).length, pushed[which]! - taken[which]!);
  }
});

// --- Against a model ----------------------------------------------------------------------------

/** Two lists: the messages that were passed over, and the new ones. */
interface Model {
  saved: number[];
  fresh: number[];
}

type Operation =
  | readonly ["push", count: number]
  | readonly ["shift" | "shiftNew" | "passOver" | "clear"]
  | readonly ["take saved" | "remove", remainder: number];

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constant("push" as const), fc.integer({ min: 1, max: 40 })) },
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom("shift" as const, "shiftNew" as const)) },
  { weight: 2, arbitrary: fc.tuple(fc.constant("passOver" as const)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant("clear" as const)) },
  {
    weight: 3,
    arbitrary: fc.tuple(
      fc.constantFrom("take saved" as const, "remove" as const),
      fc.integer({ min: 0, max: 6 }),
    ),
  },
);

Deno.test("Mailbox behaves as a model of two lists, in any order of operations", () => {
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 120 }), (operations) => {
      const mailbox = new Mailbox();
      const model: Model = { saved: [], fresh: [] };
      let next = 0;
      const asMessage = (i: number) => i % 3 === 0 ? ["wrapped", i] : i;
      const removeFrom = (list: number[], isWanted: (i: number) => boolean) => {
        const at = list.findIndex(isWanted);
        return at < 0 ? undefined : list.splice(at, 1)[0];
      };
      for (const [name, argument] of operations) {
        const isWanted = (i: unknown) => (i as number) % 7 === argument;
        switch (name) {
          case "push":
            for (let i = 0; i < argument; i++) {
              mailbox.push(next % 3 === 0 ? ENVELOPE : PLAIN, next);
              model.fresh.push(next++);
            }
            break;
          case "shift":
            if (mailbox.isEmpty) break;
            mailbox.shift();
            assertEquals(
              takenPayload,
              (model.saved.length > 0 ? model.saved : model.fresh).shift(),
            );
            break;
          case "shiftNew":
            if (mailbox.hasNothingNew) break;
            mailbox.shiftNew();
            assertEquals(takenPayload, model.fresh.shift());
            break;
          case "passOver":
            passOver(mailbox);
            model.saved.push(...model.fresh.splice(0));
            break;
          case "clear":
            mailbox.clear();
            model.saved = [];
            model.fresh = [];
            break;
          case "take saved": {
            const wanted = removeFrom(model.saved, isWanted);
            const found = mailbox.shiftSavedIf((_kind, payload) => isWanted(payload));
            assertEquals(found !== undefined, wanted !== undefined);
            if (found !== undefined) assertEquals(takenPayload, wanted);
            break;
          }
          case "remove": {
            const wanted = removeFrom(model.saved, isWanted) ?? removeFrom(model.fresh, isWanted);
            const found = mailbox.remove((message) =>
              isWanted(Array.isArray(message) ? message[1] : message)
            );
            assertEquals(found, wanted !== undefined);
          }
        }
        assertEquals(mailbox.messageCount, model.saved.length + model.fresh.length);
        assertEquals(mailbox.isEmpty, model.saved.length + model.fresh.length === 0);
        assertEquals(mailbox.hasNothingNew, model.fresh.length === 0);
      }
      assertEquals(mailbox.messages(), [...model.saved, ...model.fresh].map(asMessage));
    }),
    { numRuns: 500 },
  );
});
