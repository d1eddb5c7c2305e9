import { assert, assertEquals } from "@std/assert";
import type { NodeName } from "../../../lib/kernel/term.ts";
import { exitOther, type SimulatedNode, World } from "./simulation.ts";

// --- Fixtures -----------------------------------------------------------------------------------

const SEEDS = Array.from({ length: 60 }, (_, i) => i + 1);

/** Connects all that can reach each other, again and again, until no node disconnects from another. */
async function mesh(world: World, names: readonly NodeName[]): Promise<void> {
  for (let round = 0; round < 50; round++) {
    for (const [i, a] of names.entries()) for (const b of names.slice(i + 1)) world.connect(a, b);
    await world.run(60_000);
    const pairs = names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b] as const));
    if (pairs.every(([a, b]) => world.isConnected(a, b))) return;
  }
  throw new Error("They never stay connected");
}

/** All know each other and agree on all names, nothing is locked, nothing is under way. */
function assertAgreement(nodes: readonly SimulatedNode[], seed: number): void {
  const names = nodes.map(({ node }) => node).sort();
  for (const { node, server, locks, table } of nodes) {
    const where = `${node}, seed ${seed}`;
    const others = names.filter((name) => name !== node);
    assertEquals(server.known.sort(), others, where);
    assertEquals(server.synced.sort(), others, where);
    assertEquals([server.sizes.sessions, locks.locks.size], [0, 0], where);
    assertEquals(table, nodes[0]!.table, where);
  }
}

const NAMES = ["a@h", "b@h", "c@h", "d@h", "e@h"];

// --- Joining ------------------------------------------------------------------------------------

Deno.test("Server and locker bring two nodes together, whose names both have then [GL-018]", async () => {
  for (const seed of SEEDS) {
    const world = new World(seed);
    const [a, b] = world.add("a@h", "b@h") as [SimulatedNode, SimulatedNode];
    const [first, second] = [a.spawn(), b.spawn()];
    a.register("first", first);
    b.register("second", second);
    await world.run();
    world.connect("a@h", "b@h");
    await world.run();
    assertAgreement([a, b], seed);
    assertEquals(a.table, { first: String(first), second: String(second) });
  }
});

Deno.test("Servers of five nodes that connect in any order agree, and are all connected [GL-018]", async () => {
  for (const seed of SEEDS) {
    const world = new World(seed, 200);
    const nodes = world.add(...NAMES);
    for (const [i, node] of nodes.entries()) node.register(`name ${i}`, node.spawn());
    await world.run();
    // A line: the other nodes are found through those that know them.
    const order = [...NAMES].sort(() => world.random() - 0.5);
    for (let i = 1; i < order.length; i++) {
      world.connect(order[i - 1]!, order[i]!);
      await world.run(Math.floor(world.random() * 2000));
    }
    await mesh(world, NAMES);
    assertAgreement(nodes, seed);
    assertEquals(Object.keys(nodes[0]!.table).length, 5, `seed ${seed}`);
  }
});

Deno.test("Servers in a ring and in a line that all claim one name end with one winner [GL-019]", async () => {
  for (const seed of SEEDS) {
    for (const isRing of [true, false]) {
      const world = new World(seed, 100);
      const nodes = world.add(...NAMES);
      for (const node of nodes) node.register("it", node.spawn());
      await world.run();
      for (let i = 1; i < NAMES.length; i++) world.connect(NAMES[i - 1]!, NAMES[i]!);
      if (isRing) world.connect(NAMES[0]!, NAMES.at(-1)!);
      await mesh(world, NAMES);
      assertAgreement(nodes, seed);
      assertEquals(Object.keys(nodes[0]!.table), ["it"], `seed ${seed}`);
      // The process of the smallest node it is, and all the others have ended.
      assertEquals(nodes[0]!.table, { it: String(nodes[0]!.pids[2]) });
      assertEquals(nodes.slice(1).every((node) => world.ended.has(node.pids[2]!)), true);
    }
  }
});

// --- Registering ----------------------------------------------------------------------------------

Deno.test("Registrars that race for one name have one winner, which all know", async () => {
  for (const seed of SEEDS) {
    const world = new World(seed);
    const nodes = world.add(...NAMES);
    await mesh(world, NAMES);
    const answers: boolean[] = [];
    for (const node of nodes) node.register("it", node.spawn(), (isDone) => answers.push(isDone));
    await world.run();
    assertEquals(answers.toSorted(), [false, false, false, false, true], `seed ${seed}`);
    assertAgreement(nodes, seed);
    assertEquals(Object.keys(nodes[0]!.table), ["it"]);
  }
});

Deno.test("Registrar moves and frees names on all nodes", async () => {
  const world = new World(1);
  const nodes = world.add(...NAMES);
  await mesh(world, NAMES);
  const [a, b, c] = nodes as [SimulatedNode, SimulatedNode, SimulatedNode];
  a.register("it", a.spawn());
  await world.run();
  const next = b.spawn();
  c.change(["register", "it", next, exitOther(world)]);
  await world.run();
  assertAgreement(nodes, 1);
  assertEquals(a.table, { it: String(next) });
  world.end(a.pids.at(-1)!);
  await world.run();
  assertEquals(a.table, { it: String(next) });
  a.change(["unregister", "it"]);
  await world.run();
  assertAgreement(nodes, 1);
  assertEquals(a.table, {});
});

Deno.test("Servers free a name on all nodes when its process exits, and when its node does [GL-012]", async () => {
  for (const seed of SEEDS) {
    const world = new World(seed);
    const nodes = world.add(...NAMES);
    await mesh(world, NAMES);
    const [a, b, c, ...others] = nodes as [SimulatedNode, SimulatedNode, SimulatedNode];
    const [ofA, ofB, ofC] = [a.spawn(), b.spawn(), c.spawn()];
    a.register("a", ofA);
    b.register("b", ofB);
    c.register("c", ofC);
    await world.run();
    assertEquals(a.table, { a: String(ofA), b: String(ofB), c: String(ofC) });
    world.end(ofB);
    await world.run();
    world.kill("a@h");
    await mesh(world, NAMES.slice(1));
    assertAgreement([b, c, ...others], seed);
    assertEquals(b.table, { c: String(ofC) });
  }
});

Deno.test("Registrars finish and free all locks when a node goes down in the middle [GL-032]", async () => {
  for (const seed of SEEDS) {
    const world = new World(seed);
    const nodes = world.add(...NAMES);
    await mesh(world, NAMES);
    let answered = 0;
    for (const node of nodes) node.register(node.node, node.spawn(), () => answered++);
    const victim = NAMES[seed % NAMES.length]!;
    await world.run(Math.floor(world.random() * 100));
    world.kill(victim);
    const left = nodes.filter(({ node }) => node !== victim);
    await mesh(world, left.map(({ node }) => node));
    assertAgreement(left, seed);
    assert(answered >= left.length, `seed ${seed}`);
    assertEquals(
      Object.keys(left[0]!.table),
      left.map(({ node }) => node).sort(),
      `seed ${seed}`,
    );
  }
});

// --- Partitions -----------------------------------------------------------------------------------

Deno.test("Servers of two partitions agree again when they meet [GL-014]", async () => {
  for (const seed of SEEDS) {
    const world = new World(seed, 100);
    const nodes = world.add(...NAMES);
    await mesh(world, NAMES);
    const some = NAMES.filter(() => world.random() < 0.5);
    const others = NAMES.filter((name) => !some.includes(name));
    world.cut(some, others);
    await mesh(world, some);
    await mesh(world, others);
    for (const node of nodes) {
      node.register("everybody's", node.spawn());
      node.register(`of ${node.node}`, node.spawn());
    }
    await world.run();
    for (const part of [some, others]) {
      assertAgreement(nodes.filter(({ node }) => part.includes(node)), seed);
    }
    world.heal();
    await mesh(world, NAMES);
    assertAgreement(nodes, seed);
    assertEquals(Object.keys(nodes[0]!.table).length, 6, `seed ${seed}`);
    // Of the two that had the name one has ended, and the other has it.
    const isConflict = some.length > 0 && others.length > 0;
    const claimants = nodes.map(({ pids }) => pids[2]!);
    const ended = claimants.filter((pid) => world.ended.has(pid));
    assertEquals(ended.length, isConflict ? 1 : 0, `seed ${seed}`);
    const winner = nodes[0]!.names.lookup("everybody's")!;
    assertEquals([claimants.includes(winner), world.ended.has(winner)], [true, false]);
  }
});

Deno.test("Servers forget a name that was freed while they were apart from its process [GL-036]", async () => {
  for (const seed of SEEDS) {
    const world = new World(seed, 50);
    const [a, b] = world.add("a@h", "b@h") as [SimulatedNode, SimulatedNode];
    await mesh(world, ["a@h", "b@h"]);
    a.register("it", a.spawn());
    await world.run();
    assertEquals(Object.keys(b.table), ["it"]);
    world.cut(["a@h"], ["b@h"]);
    a.change(["unregister", "it"]);
    await world.run();
    world.heal();
    await mesh(world, ["a@h", "b@h"]);
    assertAgreement([a, b], seed);
    assertEquals(a.table, {});
  }
});

// As in OTP, who loses a node in the very middle of coming together with it may go on with only some of its
// partition; so all connections are lost at the end.
Deno.test("Servers agree when all connect again, whatever connections have broken before, and when", async () => {
  for (const seed of SEEDS) {
    const world = new World(seed, 150);
    const nodes = world.add(...NAMES);
    for (let i = 0; i < 60; i++) {
      const [a, b] = [0, 0].map(() => NAMES[Math.floor(world.random() * NAMES.length)]!);
      const node = nodes[Math.floor(world.random() * nodes.length)]!;
      const what = world.random();
      if (what < 0.4) world.connect(a!, b!);
      else if (what < 0.5) world.disconnect(a!, b!);
      else if (what < 0.8) node.register(`name ${i % 4}`, node.spawn());
      else if (what < 0.9) node.change(["unregister", `name ${i % 4}`]);
      else world.end(node.pids.at(-1)!.id > 10 ? node.pids.at(-1)! : node.spawn());
      await world.run(Math.floor(world.random() * 400));
    }
    for (const name of NAMES) world.cut([name], NAMES.filter((other) => other !== name));
    await world.run();
    for (const { server } of nodes) {
      const { known, synced, sessions, early } = server.sizes;
      assertEquals([known, synced, sessions, early], [0, 0, 0, 0], `seed ${seed}`);
    }
    world.heal();
    await mesh(world, NAMES);
    assertAgreement(nodes, seed);
  }
});

Deno.test("Servers let go of a node that one of them has lost, so that no partitions overlap [GL-035]", async () => {
  for (const seed of SEEDS) {
    const world = new World(seed);
    const nodes = world.add(...NAMES);
    await mesh(world, NAMES);
    world.disconnect("a@h", "b@h");
    await world.run();
    for (const a of nodes) {
      for (const b of nodes) {
        if (a === b || !world.isConnected(a.node, b.node)) continue;
        for (const c of nodes) {
          const isOverlap = c !== b && c !== a && world.isConnected(b.node, c.node) &&
            !world.isConnected(a.node, c.node);
          assertEquals(isOverlap, false, `seed ${seed}: ${a.node} ${b.node} ${c.node}`);
        }
      }
    }
    await mesh(world, NAMES);
    assertAgreement(nodes, seed);
  }
});

Deno.test("Servers keep their other connections when that is not to be prevented", async () => {
  const world = new World(1);
  const nodes = world.add(...NAMES);
  for (const node of nodes) node.preventsOverlappingPartitions = false;
  await mesh(world, NAMES);
  world.disconnect("a@h", "b@h");
  await world.run();
  assertEquals(world.isConnected("a@h", "b@h"), false);
  assertEquals(NAMES.slice(2).every((name) => world.isConnected("a@h", name)), true);
  assertEquals(world.warnings, []);
});
