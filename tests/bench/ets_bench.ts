/**
 * Tables, each group beside a bare `Map`.
 *
 * Run: deno task bench
 *
 * Every iteration does {@linkcode OPERATIONS} operations on a table of {@linkcode SIZE} objects, so a time in
 * microseconds reads as nanoseconds per operation. Compare ratios within one run.
 *
 * @module
 */

import { _, Ets } from "@denotp/otp";

const OPERATIONS = 1000;
const SIZE = 100_000;

type Row = [key: number, value: number];

const map = new Map<number, Row>();
const set = Ets.new<Row>("set");
const ordered = Ets.new<Row>("ordered", { type: "ordered_set" });
const bag = Ets.new<Row>("bag", { type: "bag" });
const texts = Ets.new<[key: string, value: number]>("texts");
const tuples = Ets.new<[key: [string, number], value: number]>("tuples");

for (let i = 0; i < SIZE; i++) {
  const key = mixed(i);
  map.set(key, [key, i]);
  Ets.insert(set, [key, i]);
  Ets.insert(ordered, [key, i]);
  Ets.insert(bag, [key, i]);
  Ets.insert(texts, [`key ${key}`, i]);
  Ets.insert(tuples, [["key", key], i]);
}

/** All keys, in an order that has none. */
function mixed(i: number): number {
  return (i * 7919) % SIZE;
}

const keys = Array.from({ length: OPERATIONS }, (_, i) => mixed(i * 31));
const textKeys = keys.map((key) => `key ${key}`);
const tupleKeys = keys.map((key): [string, number] => ["key", key]);

let sink: unknown;

// --- Looking up ---------------------------------------------------------------------------------

Deno.bench("a Map", { group: "lookup", baseline: true }, () => {
  for (const key of keys) sink = map.get(key);
});

Deno.bench("a set", { group: "lookup" }, () => {
  for (const key of keys) sink = Ets.lookup(set, key);
});

Deno.bench("a set with texts for keys", { group: "lookup" }, () => {
  for (const key of textKeys) sink = Ets.lookup(texts, key);
});

Deno.bench("a set with tuples for keys", { group: "lookup" }, () => {
  for (const key of tupleKeys) sink = Ets.lookup(tuples, key);
});

Deno.bench("an ordered_set", { group: "lookup" }, () => {
  for (const key of keys) sink = Ets.lookup(ordered, key);
});

Deno.bench("a bag", { group: "lookup" }, () => {
  for (const key of keys) sink = Ets.lookup(bag, key);
});

// --- Changing -----------------------------------------------------------------------------------

Deno.bench("a Map", { group: "insert", baseline: true }, () => {
  for (const key of keys) map.set(key, [key, 1]);
});

Deno.bench("a set", { group: "insert" }, () => {
  for (const key of keys) Ets.insert(set, [key, 1]);
});

Deno.bench("an ordered_set", { group: "insert" }, () => {
  for (const key of keys) Ets.insert(ordered, [key, 1]);
});

Deno.bench("Ets.updateCounter() of a set", { group: "insert" }, () => {
  for (const key of keys) Ets.updateCounter(set, key, 1);
});

Deno.bench("a Map", { group: "insert and delete", baseline: true }, () => {
  for (const key of keys) (map.set(key + SIZE, [key, 1]), map.delete(key + SIZE));
});

Deno.bench("a set", { group: "insert and delete" }, () => {
  for (const key of keys) (Ets.insert(set, [key + SIZE, 1]), Ets.delete(set, key + SIZE));
});

Deno.bench("an ordered_set", { group: "insert and delete" }, () => {
  for (const key of keys) (Ets.insert(ordered, [key + 0.5, 1]), Ets.delete(ordered, key + 0.5));
});

// --- Walking ------------------------------------------------------------------------------------

Deno.bench("a set", { group: "next", baseline: true }, () => {
  for (const key of keys) sink = Ets.next(set, key);
});

Deno.bench("an ordered_set", { group: "next" }, () => {
  for (const key of keys) sink = Ets.next(ordered, key);
});

const few = Ets.new<Row>("few");
const fewOrdered = Ets.new<Row>("few", { type: "ordered_set" });
const fewInMap = new Map<number, Row>();
for (const key of keys) {
  fewInMap.set(key, [key, 1]);
  Ets.insert(few, [key, 1]);
  Ets.insert(fewOrdered, [key, 1]);
}

Deno.bench("a Map", { group: "all of a thousand objects", baseline: true }, () => {
  let sum = 0;
  for (const [, value] of fewInMap.values()) sum += value;
  sink = sum;
});

Deno.bench("Ets.foldl() of a set", { group: "all of a thousand objects" }, () => {
  sink = Ets.foldl(([, value], sum: number) => sum + value, 0, few);
});

Deno.bench("Ets.foldl() of an ordered_set", { group: "all of a thousand objects" }, () => {
  sink = Ets.foldl(([, value], sum: number) => sum + value, 0, fewOrdered);
});

Deno.bench("Ets.match()", { group: "all of a thousand objects" }, () => {
  sink = Ets.match(few, ["$1", "$2"]);
});

Deno.bench("Ets.selectCount() with a predicate", { group: "all of a thousand objects" }, () => {
  sink = Ets.selectCount(few, [[[_, _], [([, value]) => value > 0]]]);
});

export { sink };
