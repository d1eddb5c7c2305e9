/**
 * Name servers beside a node that sends messages of the wrong shape: they do not fail, pass nothing of it on, and
 * agree when they meet again without it.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import type { NodeName, Term } from "../../../lib/kernel/term.ts";
import { isCast, isInfo, isMethod } from "../../../lib/node/global/messages.ts";
import { isPid } from "../../../mod.ts";
import { LostConnections } from "../../../lib/node/global/partitions.ts";
import { lotFrom, mutated } from "../mutation.ts";
import { type SimulatedNode, World } from "./simulation.ts";

const HONEST = ["a@h", "b@h", "d@h", "e@h"];
const HOSTILE = "c@h";
const SEEDS = Array.from({ length: 60 }, (_, i) => i + 1);

async function mesh(world: World, names: readonly NodeName[]): Promise<void> {
  for (let round = 0; round < 5; round++) {
    for (const [i, a] of names.entries()) for (const b of names.slice(i + 1)) world.connect(a, b);
    await world.run(60_000);
  }
}

/** Whether a request, without the check of the server itself. */
function isRequest(message: Term): boolean {
  if (!Array.isArray(message)) return false;
  const [what, , pid, method] = message;
  if (what === "register") return message.length === 4 && isPid(pid) && isMethod(method);
  return message.length === 2 && ["set_lock", "del_lock", "unregister"].includes(String(what));
}

async function simulate(seed: number, share: number): Promise<void> {
  const world = new World(seed);
  const lot = lotFrom(seed);
  world.tamper = (from, message) =>
    from === HOSTILE && lot(100) < share ? mutated(message, lot) : message;
  const [hostile] = world.add(HOSTILE) as [SimulatedNode];
  const honest = world.add(...HONEST);
  const change = (node: SimulatedNode, round: number) => {
    node.register(`${node.node} ${round}`, node.spawn());
    node.register(["name", round], node.spawn());
    node.change(["unregister", `${node.node} ${round - 1}`]);
  };
  for (let round = 0; round < 4; round++) {
    for (const { node } of honest) world.connect(HOSTILE, node);
    if (round > 1) { for (const node of HONEST) world.connect("a@h", node); }
    change(hostile, round);
    await world.run(20_000);
    change(honest[lot(honest.length)]!, round);
    await world.run(20_000);
    if (lot(2) === 0) world.disconnect(HOSTILE, HONEST[lot(HONEST.length)]!);
  }
  const sent = world.sent.filter(([from]) => from !== HOSTILE);
  const wrong = sent.filter(([, , said]) => !isCast(said) && !isInfo(said) && !isRequest(said));
  assertEquals(wrong, [], `seed ${seed}`);

  // It may have said in the name of others that they are in sync: they meet again.
  world.kill(HOSTILE);
  for (const [i, a] of HONEST.entries()) {
    for (const b of HONEST.slice(i + 1)) world.disconnect(a, b);
  }
  await world.run(60_000);
  await mesh(world, HONEST);
  for (const { node, server, locks } of honest) {
    const others = HONEST.filter((name) => name !== node);
    assertEquals(server.known.toSorted(), others, `${node}, seed ${seed}`);
    assertEquals(server.synced.toSorted(), others, `${node}, seed ${seed}`);
    assertEquals([server.sizes.sessions, locks.locks.size], [0, 0], `${node}, seed ${seed}`);
  }
  const pid = honest[0]!.spawn();
  let isDone = false;
  honest[1]!.register("afterwards", pid, (done) => isDone = done);
  await world.run(60_000);
  assert(isDone, `seed ${seed}`);
  assertEquals(honest.map(({ names }) => names.lookup("afterwards")), honest.map(() => pid));
}

for (const share of [5, 30, 100]) {
  Deno.test(`Servers go on, and pass nothing on, beside a node of whose messages ${share} % are wrong`, async () => {
    for (const seed of SEEDS) await simulate(seed, share);
  });
}

Deno.test("LostConnections remembers no more than 65,536 reports, whatever is reported", () => {
  const lost = new LostConnections(1, Math.random, () => () => {});
  let heard = 0;
  for (let i = 0; i < 70_000; i++) {
    if (lost.hear(["lost_connection", `n${i}@h`, 1, 1, "m@h"])) heard++;
  }
  assertEquals([heard, lost.size], [65_536, 65_536]);
  assertEquals(lost.hear(["lost_connection", "n1@h", 1, 2, "m@h"]), true);
  lost.stop();
});

Deno.test("LostConnections takes no report of an earlier life for new again", () => {
  const lost = new LostConnections(1, Math.random, () => () => {});
  const hear = (life: number | bigint, number: number) =>
    lost.hear(["lost_connection", "a@h", life, number, "b@h"]);
  assertEquals([hear(1n << 40n, 1), hear(7, 1), hear(1n << 40n, 2)], [true, true, true]);
  assertEquals([hear(1n << 40n, 1), hear(7, 1), hear(1n << 40n, 2)], [false, false, false]);
  lost.stop();
});
