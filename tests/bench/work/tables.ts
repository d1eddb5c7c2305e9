/**
 * Tables of a hundred thousand objects.
 *
 * @module
 */

import { Ets } from "@denotp/otp";
import { assertEquals } from "@std/assert";
import { timedSync, type Work } from "../work.ts";

const SIZE = 100_000;

type Row = [key: number, value: number];
type Kind = "set" | "ordered_set";

/** All keys from 0, in an order that has none. */
function mixed(i: number): number {
  return (i * 7919) % SIZE;
}

function filled(type: Kind): Ets.Table<Row> {
  const table = Ets.new<Row>("bench", { type });
  for (let i = 0; i < SIZE; i++) Ets.insert(table, [mixed(i), 1]);
  return table;
}

/** Adds up what `look` finds, which is to be one each time. */
const sumOf =
  (type: Kind, look: (table: Ets.Table<Row>, key: number) => number) =>
  async (operations: number): Promise<number> => {
    const table = filled(type);
    let sum = 0;
    const time = await timedSync(operations, () => {
      for (let i = 0; i < operations; i++) sum += look(table, mixed(i));
    });
    assertEquals(sum, operations);
    Ets.delete(table);
    return time;
  };

const lookup = (table: Ets.Table<Row>, key: number) => Ets.lookup(table, key)[0]![1];

const insert = (table: Ets.Table<Row>, key: number) => Ets.insert(table, [key, 2]) ? 1 : 0;

function updateCounter(operations: number): Promise<number> {
  const table = Ets.new<Row>("bench");
  Ets.insert(table, [0, 0]);
  const time = timedSync(operations, () => {
    for (let i = 0; i < operations; i++) Ets.updateCounter(table, 0, 1);
  });
  assertEquals(Ets.lookup(table, 0), [[0, operations]]);
  Ets.delete(table);
  return time;
}

async function fold(operations: number): Promise<number> {
  const table = Ets.new<Row>("bench");
  for (let key = 0; key < operations; key++) Ets.insert(table, [key, 1]);
  let sum = 0;
  const time = await timedSync(operations, () => {
    sum = Ets.foldl(([, value], sum: number) => sum + value, 0, table);
  });
  assertEquals(sum, operations);
  Ets.delete(table);
  return time;
}

async function match(operations: number): Promise<number> {
  const table = Ets.new<Row>("bench");
  for (let key = 0; key < operations; key++) Ets.insert(table, [key, 1]);
  let found = 0;
  const time = await timedSync(operations, () => {
    found = Ets.match(table, ["$1", 1]).length;
  });
  assertEquals(found, operations);
  Ets.delete(table);
  return time;
}

/** The group. */
export const tables: readonly Work[] = [
  {
    name: "ets_lookup",
    title: "`Ets.lookup` in a set",
    operations: 1_000_000,
    measure: sumOf("set", lookup),
    baseline: "map",
  },
  {
    name: "ets_lookup_ordered",
    title: "`Ets.lookup` in an ordered_set",
    operations: 200_000,
    measure: sumOf("ordered_set", lookup),
    baseline: "map",
  },
  {
    name: "ets_insert",
    title: "`Ets.insert` into a set",
    operations: 500_000,
    measure: sumOf("set", insert),
    baseline: "map",
  },
  {
    name: "ets_insert_ordered",
    title: "`Ets.insert` into an ordered_set",
    operations: 200_000,
    measure: sumOf("ordered_set", insert),
    baseline: "map",
  },
  {
    name: "ets_update_counter",
    title: "`Ets.updateCounter`",
    operations: 500_000,
    measure: updateCounter,
    baseline: "map",
  },
  {
    name: "ets_foldl",
    title: "`Ets.foldl`, per object",
    operations: 100_000,
    measure: fold,
    baseline: "map",
  },
  {
    name: "ets_match",
    title: "`Ets.match` that binds the key, per object",
    operations: 100_000,
    measure: match,
    baseline: "map",
  },
];
