/**
 * The short form of the long run: as much mixed load as takes a second or so, and no clock. `deno task soak`
 * goes on for longer, and looks at memory and throughput, too. See `run.ts`.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  Application,
  Ets,
  GenServer,
  Global,
  noreply,
  ok,
  Process,
  receive,
  Registry,
  self,
  send,
  spawn,
  Supervisor,
  unwrap,
} from "../../mod.ts";
import { randomSeed } from "../chaos/run.ts";
import { collectReports, inProcess, settled } from "../helpers.ts";
import { Load } from "./load.ts";
import { main, type Part, soak, verdict } from "./run.ts";
import { type Sizes, sizes } from "./tables.ts";

const ROUNDS = 40;

for (const seed of [1, randomSeed()]) {
  Deno.test(`soak() leaves all tables at their sizes after each round with seed ${seed}`, async () => {
    let rounds = 0;
    const deeds = await soak({ seed, goOn: () => ++rounds < ROUNDS });
    assertEquals(rounds, ROUNDS);
    // There is one round more than those, to warm up.
    assertEquals(deeds, await deedsPerRound() * (ROUNDS + 1));
  });
}

function deedsPerRound(): Promise<number> {
  return inProcess(async () => {
    using _reports = collectReports();
    return await (await Load.start(1)).round();
  });
}

/** What grows, and by how much, when something is done that lasts. */
const LASTING: readonly [what: string, deed: () => unknown, growth: Sizes][] = [
  ["a message in a mailbox", () => send(self(), "unread"), { "messages": 1 }],
  ["a timer", () => Process.sendAfter(self(), "late", 60_000), {
    "timers": 1,
    "timers of processes": 1,
  }],
  ["a local name", () => Process.register(self(), "soak test"), {
    "local names": 1,
    "exit hooks": 1,
  }],
  ["a global name", () => Global.registerName("soak test", self()), {
    "global names": 1,
    "holders of global names": 1,
    "exit hooks": 1,
  }],
  ["a global lock", () => Global.setLock(["soak test", self()]), {
    "global locks": 1,
    "exit hooks": 1,
  }],
  ["an entry of a registry", () => Registry.register("soak registry", "key", 1), {
    "entries of soak registry": 1,
    "exit hooks": 1,
  }],
  ["an alias", () => Process.alias(), { "aliases": 1 }],
  ["a table", () => Ets.new("soak test"), { "ETS tables": 1, "exit hooks": 1 }],
  ["a monitor", () => Process.monitor(Process.whereis("global_name_server")!), {
    "monitors, held": 1,
    "monitors, on others": 1,
  }],
  ["a link to a process", () => Process.link(spawn(() => receive())), {
    "processes": 1,
    "ends of links": 2,
  }],
  ["a call without an answer", async () => {
    const Silent = { init: () => ok(0), handleCall: (_request: "anything") => noreply(0) };
    const pid = unwrap(await GenServer.startLink(Silent, undefined));
    GenServer.call(pid, "anything", Infinity).catch(() => {});
  }, { "processes": 1, "ends of links": 2, "calls, made": 1, "calls, waited for": 1 }],
];

for (const [what, deed, growth] of LASTING) {
  Deno.test(`sizes() shows ${what} when it lasts`, () =>
    inProcess(async () => {
      unwrap(await Registry.startLink({ keys: "unique", name: "soak registry" }));
      await settled();
      const before = await sizes(["soak registry"]);
      await deed();
      await settled();
      assertEquals(grown(before, await sizes(["soak registry"])), growth);
    }));
}

Deno.test("sizes() shows an application when it is started", () =>
  inProcess(async () => {
    using _reports = collectReports();
    await settled();
    const before = await sizes([]);
    const start = () => Supervisor.startLink([], { strategy: "one_for_one" });
    await Application.start({ name: "soak test", mod: [{ start }, []] });
    const { "applications, loaded": loaded, "applications, started": started } = grown(
      before,
      await sizes([]),
    );
    assertEquals([loaded, started], [1, 1]);
    await Application.stop("soak test");
    Application.unload("soak test");
  }));

Deno.test("verdict() is against a run whose heap grows, and lets the warm-up and garbage pass", () => {
  const MIB = 2 ** 20;
  const flat = parts({ heap: () => 10 * MIB });
  assertEquals(verdict(flat), undefined);
  assertEquals(
    verdict(parts({ heap: (i) => i === 0 || i === 8 ? 100 * MIB : 10 * MIB })),
    undefined,
  );
  assertEquals(verdict(parts({ heap: (i) => (i === 0 ? 1 : 10) * MIB })), undefined);
  assertStringIncludes(
    verdict(parts({ heap: (i) => (10 + i / 5) * MIB }))!,
    "the heap has grown from 10.2 MiB to 11.4 MiB",
  );
});

Deno.test("verdict() is against a run that gets slower, and lets a slow minute pass", () => {
  assertEquals(verdict(parts({ deeds: (i) => i === 9 ? 1 : 1000 })), undefined);
  assertEquals(verdict(parts({ deeds: (i) => i === 1 ? 1 : 1000 })), undefined);
  assertStringIncludes(
    verdict(parts({ deeds: (i) => 1000 - 50 * i }))!,
    "the throughput is 67 % of what it was",
  );
});

Deno.test("main() says how it is used when it cannot read its arguments", async () => {
  for (const args of [["0"], ["-1"], ["long"], ["1", "seed"]]) {
    const lines: string[] = [];
    assertEquals(await main(args, (line) => lines.push(line)), 1);
    assertEquals(lines.length, 1);
    assertStringIncludes(lines[0]!, "usage: deno task soak [MINUTES [SEED]]");
  }
});

/** Ten parts of a run. */
function parts(
  { deeds = () => 1000, heap = () => 1 }: {
    readonly deeds?: (i: number) => number;
    readonly heap?: (i: number) => number;
  },
): Part[] {
  return Array.from({ length: 10 }, (_, i) => ({ deeds: deeds(i), seconds: 1, heap: heap(i) }));
}

function grown(before: Sizes, after: Sizes): Sizes {
  return nonZero(
    Object.fromEntries(Object.keys(after).map((name) => [name, after[name]! - before[name]!])),
  );
}

function nonZero(all: Sizes): Sizes {
  return Object.fromEntries(Object.entries(all).filter(([, size]) => size !== 0));
}
