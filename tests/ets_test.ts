/**
 * Ets: owners, rights, objects, walks. Patterns are in `ets_match_test.ts`, files in `ets_file_test.ts`, and
 * random programs against a model in `ets_properties_test.ts`.
 *
 * @module
 */

import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import {
  _,
  configureRuntime,
  equal,
  Ets,
  GenServer,
  isReference,
  makeRef,
  ok,
  on,
  type Pid,
  Process,
  receive,
  reply,
  self,
  send,
  spawn,
  type Term,
  unwrap,
} from "../mod.ts";
import { self as selfProcess } from "../lib/kernel/self.ts";
import { assertSilence, exitOf, inProcess, settled } from "./helpers.ts";

const BAGS = ["bag", "duplicate_bag"] as const;
const SETS = ["set", "ordered_set"] as const;
const TYPES = [...SETS, ...BAGS] as const;

/** A process that runs the functions that it is sent, until it is stopped, and their results. */
function puppet(): Pid {
  return spawn(async () => {
    for (;;) {
      const [from, run] = await receive(on([_, _], (message) => message)) as [Pid, () => unknown];
      if (run === stop) return;
      let answer: unknown;
      try {
        answer = ["returned", run()];
      } catch (error) {
        answer = ["threw", error];
      }
      send(from, ["done", answer]);
    }
  });
}

const stop = () => {};

/** Runs a function in a puppet. */
async function by<T>(pid: Pid, run: () => T): Promise<T> {
  send(pid, [self(), run]);
  const [outcome, value] = await receive({ done: (answer: unknown) => answer }) as [string, T];
  if (outcome === "threw") throw value;
  return value;
}

/** Runs a function that must fail in a puppet, and returns the message of the `TypeError`. */
async function refused(pid: Pid, run: () => unknown): Promise<string> {
  return await by(pid, () => assertThrows(run, TypeError).message);
}

async function stopped(pid: Pid): Promise<void> {
  send(pid, [self(), stop]);
  assertEquals(await exitOf(pid), "normal");
}

// --- Making and deleting ------------------------------------------------------------------------

Deno.test("Ets.new() returns a reference, or the name of a named table", () =>
  inProcess(() => {
    const table = Ets.new("loose");
    assert(isReference(table));
    assertEquals(Ets.whereis("loose"), undefined);
    assertEquals(Ets.new("held", { namedTable: true }), "held");
    const symbol = Symbol("held");
    assertStrictEquals(Ets.new(symbol, { namedTable: true }), symbol);
    Ets.insert("held", ["a", 1]);
    Ets.insert(symbol, ["a", 2]);
    assertEquals([Ets.lookup("held", "a"), Ets.lookup(symbol, "a")], [[["a", 1]], [["a", 2]]]);
    // The reference of a named table is as good as the name.
    const ref = Ets.whereis("held")!;
    assert(isReference(ref));
    assertEquals(Ets.lookup(ref, "a"), [["a", 1]]);
    // Two tables without a name may have the same one.
    assert(Ets.new("loose") !== table);
  }));

Deno.test("Ets.new() refuses a name that is taken, and invalid options", () =>
  inProcess(() => {
    Ets.new("taken", { namedTable: true });
    const bad: [() => unknown, string][] = [
      [() => Ets.new("taken", { namedTable: true }), "there is a table of that name"],
      [() => Ets.new(7 as unknown as string), "expected an atom for a name, found 7"],
      [
        () => Ets.new("x", { type: "list" } as unknown as Ets.TableOptions),
        '"duplicate_bag", found "list"',
      ],
      [() => Ets.new("x", { keypos: 0 }), "a position from 1 on, found 0"],
      [() => Ets.new("x", { keypos: 1.5 }), "a position from 1 on, found 1.5"],
      [() => Ets.new("x", { protection: "open" } as unknown as Ets.TableOptions), 'found "open"'],
      [
        () => Ets.new("x", { heir: "me" } as unknown as Ets.TableOptions),
        '[pid, data] or "none", found "me"',
      ],
      [
        () => Ets.new("x", { heir: ["me", 1] } as unknown as Ets.TableOptions),
        '[pid, data] or "none"',
      ],
      [
        () => Ets.new("x", { ordered: true } as unknown as Ets.TableOptions),
        'unknown option "ordered"',
      ],
    ];
    const before = Ets.all().length;
    for (const [make, message] of bad) assertThrows(make, TypeError, message);
    assertEquals(Ets.all().length, before);
  }));

Deno.test("Ets.delete() deletes a table of another process, and a private table only for its owner [ET-020]", () =>
  inProcess(async () => {
    const other = puppet();
    for (const protection of ["protected", "private"] as const) {
      const table = Ets.new("t", { protection });
      const message = await refused(other, () => Ets.delete(table));
      assert(message.includes(`it is ${protection}, and belongs to ${self()}`), message);
      assertEquals(Ets.delete(table), true);
      assertThrows(() => Ets.lookup(table, 1), TypeError, "there is no such table");
      assertThrows(() => Ets.delete(table), TypeError, "there is no such table");
    }
    // Every process may delete a public one.
    const table = Ets.new("t", { protection: "public", namedTable: true });
    await by(other, () => Ets.delete(table));
    assertEquals([Ets.whereis("t"), Ets.info(table)], [undefined, undefined]);
    // The name is free again.
    assertEquals(Ets.new("t", { namedTable: true }), "t");
  }));

Deno.test("Ets.rename() moves a named table to a free name, and leaves a reference as it is [ET-020]", () =>
  inProcess(async () => {
    Ets.new("old", { namedTable: true });
    Ets.insert("old", ["k", "v"]);
    const ref = Ets.whereis("old")!;
    assertEquals(Ets.rename("old", "new"), "new");
    assertEquals([Ets.whereis("old"), Ets.whereis("new")], [undefined, ref]);
    assertEquals([Ets.lookup("new", "k"), Ets.lookup(ref, "k")], [[["k", "v"]], [["k", "v"]]]);
    assertThrows(() => Ets.lookup("old", "k"), TypeError, "there is no such table");
    assertEquals(Ets.info("new", "name"), "new");
    // Taken names, its own among them.
    Ets.new("other", { namedTable: true });
    assertThrows(() => Ets.rename("new", "other"), TypeError, "there is a table of that name");
    assertThrows(() => Ets.rename("new", "new"), TypeError, "there is a table of that name");
    assertThrows(() => Ets.rename("new", 1 as unknown as string), TypeError, "expected an atom");
    // The old name is free again.
    assertEquals(Ets.new("old", { namedTable: true }), "old");
    // Without a name to be known by, any name will do.
    const loose = Ets.new("loose");
    assertStrictEquals(Ets.rename(loose, "other"), loose);
    assertEquals([Ets.info(loose, "name"), Ets.whereis("other") === loose], ["other", false]);
    const message = await refused(puppet(), () => Ets.rename(loose, "x"));
    assert(message.includes("it is protected"), message);
  }));

Deno.test("Ets.whereis() takes atoms only", () => {
  assertThrows(() => Ets.whereis(makeRef() as unknown as string), TypeError, "expected an atom");
});

Deno.test("Ets.all() lists all tables, oldest first, those with a name by that", () =>
  inProcess(() => {
    const before = Ets.all();
    const tables = [
      Ets.new("a"),
      Ets.new("b", { namedTable: true }),
      Ets.new("c", { protection: "private" }),
    ];
    assertEquals(Ets.all(), [...before, ...tables]);
    Ets.delete("b");
    assertEquals(Ets.all(), [...before, tables[0]!, tables[2]!]);
  }));

// --- Owners -------------------------------------------------------------------------------------

Deno.test("Ets.new() makes a table that is deleted when its owner exits, for any reason [ET-002]", () =>
  inProcess(async () => {
    for (const end of ["normal", "kill", "boom"]) {
      const owner = puppet();
      const [loose, name] = await by(owner, () => {
        const loose = Ets.new("loose", { protection: "public" });
        for (let i = 0; i < 1000; i++) Ets.insert(loose, [i]);
        return [loose, Ets.new("held", { namedTable: true })] as const;
      });
      assertEquals([Ets.info(loose, "size"), Ets.info(name, "size")], [1000, 0]);
      const ref = Process.monitor(owner);
      if (end === "normal") send(owner, [self(), stop]);
      else Process.exit(owner, end);
      await receive(on(["DOWN", ref, _, _, _], () => {
        // At that time, it is gone already.
        assertEquals([Ets.whereis(name), Ets.info(loose)], [undefined, undefined]);
      }));
      for (const table of [loose, name]) {
        assertThrows(() => Ets.lookup(table, 1), TypeError, "there is no such table");
        assertThrows(() => Ets.insert(table, [1]), TypeError, "there is no such table");
        assertThrows(() => Ets.first(table), TypeError, "there is no such table");
        assertThrows(() => Ets.tab2list(table), TypeError, "there is no such table");
        assertThrows(() => Ets.rename(table, "x"), TypeError, "there is no such table");
      }
    }
  }));

Deno.test("Ets.new() makes as many tables as one process can own, all of which are deleted when it exits [ET-002]", () =>
  inProcess(async () => {
    const owner = puppet();
    const before = Ets.all();
    const tables = await by(owner, () => Array.from({ length: 500 }, (_, i) => Ets.new(`t${i}`)));
    assertEquals(Ets.all().length, before.length + 500);
    await stopped(owner);
    assertEquals(Ets.all(), before);
    assert(tables.every((table) => Ets.info(table) === undefined));
  }));

Deno.test("Ets.new() in a server makes tables of the server", () =>
  inProcess(async () => {
    const Server = {
      init: () => ok(Ets.new("state", { namedTable: true })),
      handleCall: async (request: [Term, Term], _from: GenServer.From, tab: string) => {
        await Promise.resolve();
        return reply(Ets.insert(tab, request), tab);
      },
    };
    const server = unwrap(await GenServer.start(Server));
    assertEquals(Ets.info("state", "owner"), server);
    assertEquals(await GenServer.call(server, ["k", 1]), true);
    assertEquals(Ets.lookup("state", "k"), [["k", 1]]);
    assertThrows(() => Ets.insert("state", ["k", 2]), TypeError, "protected");
    await GenServer.stop(server);
    assertEquals(Ets.whereis("state"), undefined);
  }));

Deno.test("Ets keeps public tables free for all, protected ones for reading, private ones for no other process [ET-005]", () =>
  inProcess(async () => {
    const other = puppet();
    const me = self();
    const reads: Record<string, (tab: Ets.Tab) => unknown> = {
      lookup: (tab) => Ets.lookup(tab, "k"),
      lookupElement: (tab) => Ets.lookupElement(tab, "k", 2),
      member: (tab) => Ets.member(tab, "k"),
      first: (tab) => Ets.first(tab),
      last: (tab) => Ets.last(tab),
      next: (tab) => Ets.next(tab, "k"),
      prev: (tab) => Ets.prev(tab, "k"),
      match: (tab) => Ets.match(tab, ["$1", _]),
      matchObject: (tab) => Ets.matchObject(tab, _, 5),
      select: (tab) => Ets.select(tab, [[_]]),
      selectReverse: (tab) => Ets.selectReverse(tab, [[_]]),
      selectCount: (tab) => Ets.selectCount(tab, [[_]]),
      foldl: (tab) => Ets.foldl((_, count: number) => count + 1, 0, tab),
      foldr: (tab) => Ets.foldr((_, count: number) => count + 1, 0, tab),
      tab2list: (tab) => Ets.tab2list(tab),
      safeFixtable: (tab) => Ets.safeFixtable(tab, true) && Ets.safeFixtable(tab, false),
    };
    const writes: Record<string, (tab: Ets.Tab) => unknown> = {
      insert: (tab) => Ets.insert(tab, ["k", 1]),
      insertNew: (tab) => Ets.insertNew(tab, ["k", 1]),
      updateElement: (tab) => Ets.updateElement(tab, "k", [2, 1]),
      updateCounter: (tab) => Ets.updateCounter(tab, "k", 0),
      deleteKey: (tab) => Ets.delete(tab, "none"),
      deleteObject: (tab) => Ets.deleteObject(tab, ["none"]),
      take: (tab) => Ets.take(tab, "none"),
      matchDelete: (tab) => Ets.matchDelete(tab, ["none"]),
      selectDelete: (tab) => Ets.selectDelete(tab, [[["none"]]]),
      selectReplace: (tab) => Ets.selectReplace(tab, [[["none"]]]),
      rename: (tab) => Ets.rename(tab, "t"),
      deleteAllObjects: (tab) => Ets.deleteAllObjects(tab),
      delete: (tab) => Ets.delete(tab),
    };
    const owns: Record<string, (tab: Ets.Tab) => unknown> = {
      setopts: (tab) => Ets.setopts(tab, { heir: "none" }),
      giveAway: (tab) => Ets.giveAway(tab, self() === me ? other : me, "gift"),
    };
    const allowed = { public: [reads, writes], protected: [reads], private: [] };
    for (const protection of ["public", "protected", "private"] as const) {
      for (const operations of [reads, writes, owns]) {
        const isAllowed = (allowed[protection] as unknown[]).includes(operations);
        for (const [name, operation] of Object.entries(operations)) {
          const table = Ets.new("t", { protection });
          Ets.insert(table, ["k", 1]);
          if (isAllowed) await by(other, () => operation(table));
          else {
            const message = await refused(other, () => operation(table));
            assert(
              message.includes(`belongs to ${me}, and this is ${other}`),
              `${name}: ${message}`,
            );
            assertEquals(Ets.tab2list(table), [["k", 1]]);
          }
          // Some things may always be asked, and the owner may do all.
          if (!(isAllowed && name === "delete")) {
            assertEquals(await by(other, () => Ets.info(table, "protection")), protection);
            operation(table);
          }
        }
      }
    }
  }));

Deno.test("Ets fences what an exited process does, whatever the access of the table", () =>
  inProcess(async () => {
    const table = Ets.new("t", { protection: "public" });
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    const { promise: tried, resolve } = Promise.withResolvers<unknown[]>();
    const pid = spawn(async () => {
      await opened;
      const attempts = [
        () => Ets.insert(table, ["late"]),
        () => Ets.lookup(table, "late"),
        () => Ets.new("late"),
        () => Ets.info(table),
        () => Ets.all(),
        () => Ets.whereis("t"),
        () => Ets.match("$end_of_table"),
        () => Ets.lookup("none", 1),
      ];
      resolve(attempts.map((attempt) => {
        try {
          return attempt();
        } catch (error) {
          return (error as { reason?: unknown }).reason;
        }
      }));
    });
    await settled();
    Process.exit(pid, "kill");
    open();
    assertEquals(await tried, Array(8).fill("noproc"));
    assertEquals(Ets.info(table, "size"), 0);
  }));

Deno.test("Ets.setopts() changes protection and heir, for the owner only", () =>
  inProcess(async () => {
    const other = puppet();
    const table = Ets.new("t");
    assert(Ets.setopts(table, { protection: "private" }));
    assert((await refused(other, () => Ets.lookup(table, 1))).includes("it is private"));
    assert(Ets.setopts(table, { protection: "public", heir: [other, "data"] }));
    assert(await by(other, () => Ets.insert(table, [1])));
    assertEquals(Ets.info(table, "heir"), other);
    assert(Ets.setopts(table, { heir: "none" }));
    assertEquals([Ets.info(table, "heir"), Ets.info(table, "protection")], ["none", "public"]);
    assert(Ets.setopts(table, {}));
    const message = await refused(other, () => Ets.setopts(table, { heir: "none" }));
    assert(message.includes(`it belongs to ${self()}`), message);
    const set = (options: unknown) => () => Ets.setopts(table, options as Ets.TableOptions);
    assertThrows(set({ protection: "open" }), TypeError, "protection");
    assertThrows(set({ heir: [makeRef(), 1] }), TypeError, "heir");
    assertThrows(set({ keypos: 2 }), TypeError, "keypos");
    // A list of options is taken or refused as a whole.
    assertThrows(set({ protection: "private", heir: 1 }), TypeError, "heir");
    assertEquals(Ets.info(table, "protection"), "public");
  }));

Deno.test("Ets.giveAway() makes another process the owner, and tells it", () =>
  inProcess(async () => {
    const me = self();
    const other = puppet();
    for (const namedTable of [false, true]) {
      const table = Ets.new("t", { namedTable, protection: "private" } as Ets.TableOptions);
      Ets.insert(table, ["k", 1]);
      const gift = { deep: ["gift"] };
      assertEquals(Ets.giveAway(table, other, gift), true);
      assertEquals(Ets.info(table, "owner"), other);
      assertThrows(() => Ets.lookup(table, "k"), TypeError, `belongs to ${other}`);
      const message = await by(other, () => Process.info(self(), "messages")![1].at(-1));
      assertEquals(message, ["ETS-TRANSFER", table, me, gift]);
      assertStrictEquals((message as unknown[])[3], gift);
      // It is not the old owner's any more.
      assertThrows(() => Ets.giveAway(table, other, gift), TypeError, "it belongs to");
      await by(other, () => Ets.giveAway(table, me, "back"));
      assertEquals(await receive(), ["ETS-TRANSFER", table, other, "back"]);
      assertEquals(Ets.lookup(table, "k"), [["k", 1]]);
      Ets.delete(table);
    }
    await stopped(other);
    const table = Ets.new("t");
    for (const receiver of [other, me, "me" as unknown as Pid]) {
      assertThrows(
        () => Ets.giveAway(table, receiver, 1),
        TypeError,
        "another process that is alive",
      );
    }
    assertEquals(Ets.info(table, "owner"), me);
    await assertSilence();
  }));

Deno.test("Ets.giveAway() deletes a table when its new owner exits, not the old one", () =>
  inProcess(async () => {
    const [first, second] = [puppet(), puppet()];
    const table = await by(first, () => Ets.new("t"));
    await by(first, () => Ets.giveAway(table, second, 1));
    await stopped(first);
    assertEquals(Ets.info(table, "owner"), second);
    await stopped(second);
    assertEquals(Ets.info(table), undefined);
  }));

Deno.test("Ets gives a table to its heir when the owner exits, before the exit is notified", () =>
  inProcess(async () => {
    const me = self();
    for (const namedTable of [false, true]) {
      const owner = puppet();
      const heir: Ets.Heir = [me, ["your", "data"]];
      const table = await by(owner, () => {
        const table = Ets.new("t", { heir, namedTable } as Ets.TableOptions);
        Ets.insert(table, ["k", 1]);
        return table;
      });
      assertEquals(Ets.info(table, "heir"), me);
      Process.monitor(owner);
      Process.exit(owner, "boom");
      assertEquals(await receive(), ["ETS-TRANSFER", table, owner, ["your", "data"]]);
      assertEquals((await receive() as unknown[])[0], "DOWN");
      assertEquals([Ets.info(table, "owner"), Ets.info(table, "heir")], [me, me]);
      assertEquals(Ets.lookup(table, "k"), [["k", 1]]);
      assert(Ets.insert(table, ["k", 2]));
      await assertSilence();
    }
  }));

Deno.test("Ets gives a table that was given away to the heir that it has", () =>
  inProcess(async () => {
    const [owner, other] = [puppet(), puppet()];
    const me = self();
    const table = await by(owner, () => Ets.new("t", { heir: [me, "inherited"] }));
    await by(owner, () => Ets.giveAway(table, other, "gift"));
    await stopped(owner);
    assertEquals(Ets.info(table, "owner"), other);
    await stopped(other);
    assertEquals(await receive(), ["ETS-TRANSFER", table, other, "inherited"]);
    await assertSilence();
  }));

Deno.test("Ets deletes a table whose heir has exited, or is the owner itself", () =>
  inProcess(async () => {
    const heir = puppet();
    const owner = puppet();
    const tables = await by(owner, () => [
      Ets.new("t", { heir: [heir, 1] }),
      Ets.new("t", { heir: [self(), 1] }),
    ]);
    await stopped(heir);
    assertEquals(Ets.info(tables[0]!, "heir"), heir);
    await stopped(owner);
    assertEquals(tables.map((table) => Ets.info(table)), [undefined, undefined]);
    // Both at once: the link takes the heir along.
    const late = spawn(() => receive());
    const table = await by(puppet(), () => {
      Process.link(late);
      return Ets.new("t", { heir: [late, 1] });
    });
    const last = Ets.info(table, "owner")!;
    Process.exit(late, "boom");
    await settled();
    assertFalse(Process.isAlive(last));
    assertEquals(Ets.info(table), undefined);
  }));

// --- Objects ------------------------------------------------------------------------------------

Deno.test("Ets.insert() and Ets.lookup() compare keys of a set strictly, and of an ordered_set by value [ET-007]", () =>
  inProcess(() => {
    // 1 and 1.0 are one number in JavaScript; 1 and 1n are what comes nearest to them.
    const set = Ets.new("s");
    Ets.insert(set, [1, "number"], [1n, "bigint"], ["1", "text"]);
    assertEquals(Ets.info(set, "size"), 3);
    assertEquals([Ets.lookup(set, 1.0), Ets.lookup(set, 1n)], [[[1, "number"]], [[1n, "bigint"]]]);
    const ordered = Ets.new("o", { type: "ordered_set" });
    Ets.insert(ordered, [1, "number"], ["1", "text"]);
    Ets.insert(ordered, [1n, "bigint"]);
    assertEquals(Ets.tab2list(ordered), [[1n, "bigint"], ["1", "text"]]);
    assertEquals([Ets.lookup(ordered, 1), Ets.first(ordered)], [[[1n, "bigint"]], 1n]);
    // A pattern is matched strictly even there, and so is an object that is to be deleted.
    assertEquals(Ets.match(ordered, [1, "$1"]), []);
    assertEquals(Ets.match(ordered, [1n, "$1"]), [["bigint"]]);
    Ets.deleteObject(ordered, [1, "bigint"]);
    assert(Ets.member(ordered, 1));
    assertEquals(Ets.take(ordered, 1), [[1n, "bigint"]]);
  }));

Deno.test("Ets.insert() puts in one object or several, all or none [ET-008]", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const table = Ets.new("t", { type });
      assertEquals(Ets.insert(table, ["a", 1]), true);
      assertEquals(Ets.insert(table, ["b", 2], ["c", 3], ["d"]), true);
      assertEquals(Ets.tab2list(table), [["a", 1], ["b", 2], ["c", 3], ["d"]]);
      assertEquals(Ets.insert(table), true);
      const bad = [["e", 4], [], ["f", 5]] as const;
      assertThrows(() => Ets.insert(table, ...bad), TypeError, "found []");
      assertEquals(Ets.info(table, "size"), 4);
      // An object of which all fields are arrays is one object.
      Ets.insert(table, [["x", 1], ["y", 2]]);
      assertEquals(Ets.lookup(table, ["x", 1]), [[["x", 1], ["y", 2]]]);
    }
    // In a set, an object takes the place of the one with its key, also of one in the same list.
    for (const type of SETS) {
      const table = Ets.new("t", { type });
      Ets.insert(table, ["a", 1], ["b", 1]);
      Ets.insert(table, ["a", 2], ["a", 3]);
      assertEquals(Ets.tab2list(table), [["a", 3], ["b", 1]]);
    }
  }));

Deno.test("Ets.insertNew() puts in all objects, or none if any of the keys is there [ET-008]", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const table = Ets.new("t", { type });
      assertEquals(Ets.insertNew(table, ["a", 1]), true);
      assertEquals(Ets.insertNew(table, ["a", 2]), false);
      assertEquals(Ets.insertNew(table, ["b", 1], ["a", 2], ["c", 1]), false);
      assertEquals(Ets.tab2list(table), [["a", 1]]);
      assertEquals(Ets.insertNew(table, ["b", 1], ["c", 1]), true);
      assertEquals(Ets.insertNew(table), true);
      assertThrows(() => Ets.insertNew(table, ["new"], []), TypeError, "found []");
      assertThrows(() => Ets.insertNew(table, ["a"], []), TypeError, "found []");
      assertEquals(Ets.info(table, "size"), 3);
      // A key that is new may come twice.
      assertEquals(Ets.insertNew(table, ["d", 1], ["d", 2]), true);
      assertEquals(
        Ets.lookup(table, "d"),
        type.endsWith("bag") ? [["d", 1], ["d", 2]] : [["d", 2]],
      );
    }
  }));

Deno.test("Ets.insert() takes arrays with a key only [ET-023]", () =>
  inProcess(() => {
    const third = Ets.new("t", { keypos: 3 });
    const bad: unknown[] = [[], "a", undefined, null, { 0: "a", length: 1 }, new Map(), 7];
    for (const object of bad) {
      for (const type of TYPES) {
        const table = Ets.new("t", { type });
        const insert = () => Ets.insert(table, object as Ets.Tuple);
        assertThrows(insert, TypeError, "expected an array with a key in position 1");
        assertThrows(
          () => Ets.insertNew(table, object as Ets.Tuple),
          TypeError,
          "expected an array",
        );
        assertThrows(
          () => Ets.deleteObject(table, object as Ets.Tuple),
          TypeError,
          "expected an array",
        );
        assertEquals(Ets.info(table, "size"), 0);
      }
    }
    assertThrows(() => Ets.insert(third, ["a", "b"]), TypeError, "a key in position 3");
    assert(Ets.insert(third, ["a", "b", undefined]));
    assert(Ets.insert(third, ["a", "b", "c", "d"]));
    assertEquals(Ets.lookup(third, "c"), [["a", "b", "c", "d"]]);
    assertEquals(Ets.lookup(third, undefined), [["a", "b", undefined]]);
    assertEquals(Ets.lookup(third, "a"), []);
    assertEquals(Ets.next(third, undefined), "c");
  }));

Deno.test("Ets.lookup() lists what is under a key, in a bag in the order in which it came [ET-009]", () =>
  inProcess(() => {
    for (const type of SETS) {
      const table = Ets.new("t", { type });
      Ets.insert(table, ["a", 1], ["a", 2], ["b", 1]);
      assertEquals([Ets.lookup(table, "a"), Ets.lookup(table, "c")], [[["a", 2]], []]);
    }
    for (const type of BAGS) {
      const table = Ets.new("t", { type });
      Ets.insert(table, ["a", 3], ["b", 1], ["a", 1], ["a", 2]);
      Ets.insert(table, ["a", 3]);
      Ets.insert(table, ["a", [0]], ["a", [0]]);
      const bag = [["a", 3], ["a", 1], ["a", 2], ["a", [0]]];
      const twice = [["a", 3], ["a", 1], ["a", 2], ["a", 3], ["a", [0]], ["a", [0]]];
      assertEquals(Ets.lookup(table, "a"), type === "bag" ? bag : twice);
      assertEquals(Ets.lookup(table, "c"), []);
      assertEquals(Ets.info(table, "size"), type === "bag" ? 5 : 7);
      // The list is the caller's own.
      Ets.lookup(table, "b").push(["b", "not in the table"]);
      assertEquals(Ets.lookup(table, "b"), [["b", 1]]);
    }
  }));

Deno.test("Ets.lookupElement() gives a field, of all objects in a bag, and throws without the key [ET-010]", () =>
  inProcess(() => {
    for (const type of SETS) {
      const table = Ets.new<[string, number, string?]>("t", { type });
      Ets.insert(table, ["a", 1, "x"], ["b", 2]);
      const value: number = Ets.lookupElement(table, "a", 2);
      assertEquals([value, Ets.lookupElement(table, "a", 1), Ets.lookupElement(table, "a", 3)], [
        1,
        "a",
        "x",
      ]);
      assertThrows(() => Ets.lookupElement(table, "c", 2), TypeError, 'no key "c" in table');
      assertThrows(
        () => Ets.lookupElement(table, "b", 3),
        TypeError,
        'a position in ["b", 2], found 3',
      );
    }
    for (const type of BAGS) {
      const table = Ets.new<[string, number, string?]>("t", { type });
      Ets.insert(table, ["a", 1], ["a", 2, "x"], ["b", 2]);
      const values: number[] = Ets.lookupElement(table, "a", 2);
      assertEquals([values, Ets.lookupElement(table, "b", 2)], [[1, 2], [2]]);
      assertThrows(() => Ets.lookupElement(table, "c", 2), TypeError, 'no key "c" in table');
      assertThrows(
        () => Ets.lookupElement(table, "a", 3),
        TypeError,
        'a position in ["a", 1], found 3',
      );
    }
    const table = Ets.new("t");
    Ets.insert(table, ["a", 1]);
    for (const position of [0, -1, 1.5, "1" as unknown as number]) {
      assertThrows(
        () => Ets.lookupElement(table, "a", position),
        TypeError,
        "a position from 1 on",
      );
    }
  }));

Deno.test("Ets.lookupElement() gives another value without the key, if there is one", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const table = Ets.new("t", { type });
      Ets.insert(table, ["a", 1]);
      assertEquals(Ets.lookupElement(table, "b", 2, "none"), "none");
      assertEquals(Ets.lookupElement(table, "b", 2, undefined), undefined);
      assertEquals(Ets.lookupElement(table, "a", 2, "none"), type.endsWith("bag") ? [1] : 1);
      assertThrows(() => Ets.lookupElement(table, "a", 3, "none"), TypeError, "a position in");
    }
  }));

Deno.test("Ets.member(), delete(), deleteObject(), deleteAllObjects() and take() find and remove objects [ET-011]", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const isBag = type.endsWith("bag");
      const table = Ets.new("t", { type });
      const fill = () => Ets.insert(table, ["a", 1], ["b", 2], ["b", 3], ["c", [4]]);
      fill();
      assertEquals([Ets.member(table, "b"), Ets.member(table, "d")], [true, false]);
      // A key.
      assertEquals([Ets.delete(table, "b"), Ets.delete(table, "d")], [true, true]);
      assertEquals(Ets.tab2list(table), [["a", 1], ["c", [4]]]);
      assertEquals([Ets.member(table, "b"), Ets.info(table, "size")], [false, 2]);
      // An object: only one that is equal in all fields.
      assertEquals(Ets.deleteObject(table, ["a", 2]), true);
      assertEquals(Ets.deleteObject(table, ["a"]), true);
      assertEquals(Ets.info(table, "size"), 2);
      assertEquals(Ets.deleteObject(table, ["c", [4]]), true);
      assertEquals(Ets.tab2list(table), [["a", 1]]);
      // Taking.
      fill();
      assertEquals(Ets.take(table, "b"), isBag ? [["b", 2], ["b", 3]] : [["b", 3]]);
      assertEquals(Ets.take(table, "b"), []);
      assertFalse(Ets.member(table, "b"));
      // All.
      assertEquals(Ets.deleteAllObjects(table), true);
      assertEquals([Ets.tab2list(table), Ets.info(table, "size")], [[], 0]);
      assertEquals(Ets.first(table), "$end_of_table");
      fill();
      assertEquals(Ets.info(table, "size"), isBag ? 4 : 3);
    }
    // Of a duplicate_bag, all that are equal.
    const table = Ets.new("t", { type: "duplicate_bag" });
    Ets.insert(table, ["a", 1], ["a", 2], ["a", 1], ["b", 1]);
    Ets.deleteObject(table, ["a", 1]);
    assertEquals(Ets.tab2list(table), [["a", 2], ["b", 1]]);
  }));

Deno.test("Ets.delete() deletes the key undefined, and not the table", () =>
  inProcess(() => {
    const table = Ets.new("t");
    Ets.insert(table, [undefined, 1], [null, 2]);
    Ets.delete(table, undefined);
    assertEquals(Ets.tab2list(table), [[null, 2]]);
  }));

Deno.test("Ets.updateElement() changes fields, all or none, and returns false without the key [ET-013]", () =>
  inProcess(() => {
    for (const type of SETS) {
      const table = Ets.new("t", { type });
      Ets.insert(table, ["a", 1, 2]);
      const before = Ets.lookup(table, "a")[0];
      assertEquals(Ets.updateElement(table, "a", [2, "x"]), true);
      assertEquals(Ets.lookup(table, "a"), [["a", "x", 2]]);
      // A process that has looked before has the old value.
      assertEquals(before, ["a", 1, 2]);
      assertEquals(Ets.updateElement(table, "a", [[2, "y"], [3, ["z"]], [2, "last"]]), true);
      assertEquals(Ets.lookup(table, "a"), [["a", "last", ["z"]]]);
      assertEquals(Ets.updateElement(table, "a", []), true);
      assertEquals(Ets.updateElement(table, "b", [2, "x"]), false);
      assertEquals(Ets.updateElement(table, "b", []), false);
      assertFalse(Ets.member(table, "b"));
      const bad: [unknown, string][] = [
        [[1, "key"], "an element that is not the key, found 1"],
        [[[2, "new"], [1, "key"]], "an element that is not the key, found 1"],
        [[4, "far"], "found 4"],
        [[[2, "new"], [4, "far"]], "found 4"],
        [[0, 1], "found 0"],
        [[2.5, 1], "found 2.5"],
        [[2], "[position, value] or a list of those"],
        [[2, 1, 1], "[position, value] or a list of those"],
        [[[2, 1], 3], "[position, value] or a list of those"],
        ["x", "[position, value] or a list of those"],
      ];
      for (const [elements, message] of bad) {
        const update = () => Ets.updateElement(table, "a", elements as Ets.ElementSpec);
        assertThrows(update, TypeError, message);
      }
      assertEquals(Ets.tab2list(table), [["a", "last", ["z"]]]);
    }
    for (const type of BAGS) {
      const table = Ets.new("t", { type });
      Ets.insert(table, ["a", 1]);
      assertThrows(() => Ets.updateElement(table, "a", [2, 1]), TypeError, `of type ${type}`);
    }
    const second = Ets.new("t", { keypos: 2 });
    Ets.insert(second, [1, "k"]);
    assertThrows(() => Ets.updateElement(second, "k", [2, 1]), TypeError, "not the key");
    assert(Ets.updateElement(second, "k", [1, "first"]));
    assertEquals(Ets.tab2list(second), [["first", "k"]]);
  }));

Deno.test("Ets.updateElement() puts in an object without the key, if there is one to put in", () =>
  inProcess(() => {
    const table = Ets.new("t", { keypos: 2 });
    assertEquals(Ets.updateElement(table, "k", [3, "x"], [1, "any", 2]), true);
    assertEquals(Ets.tab2list(table), [[1, "k", "x"]]);
    assertEquals(Ets.updateElement(table, "k", [3, "y"], [9, "any", 9]), true);
    assertEquals(Ets.tab2list(table), [[1, "k", "y"]]);
    assertThrows(() => Ets.updateElement(table, "l", [3, 1], [9, "any"]), TypeError, "found 3");
    assertThrows(() => Ets.updateElement(table, "l", [3, 1], [9]), TypeError, "expected an array");
    assertFalse(Ets.member(table, "l"));
  }));

Deno.test("Ets.updateCounter() adds to the field after the key, to another, or to several one by one", () =>
  inProcess(() => {
    for (const type of SETS) {
      const table = Ets.new("t", { type });
      Ets.insert(table, ["a", 1, 10]);
      assertEquals(Ets.updateCounter(table, "a", 1), 2);
      assertEquals(Ets.updateCounter(table, "a", -5), -3);
      assertEquals(Ets.updateCounter(table, "a", [3, 5]), 15);
      assertEquals(Ets.updateCounter(table, "a", [[2, 1], [2, 1], [3, -15]]), [-2, -1, 0]);
      assertEquals(Ets.updateCounter(table, "a", []), []);
      assertEquals(Ets.updateCounter(table, "a", [[2, 100]]), [99]);
      assertEquals(Ets.lookup(table, "a"), [["a", 99, 0]]);
    }
    const second = Ets.new("t", { keypos: 2 });
    Ets.insert(second, [7, "k", 1]);
    assertEquals([Ets.updateCounter(second, "k", 1), Ets.updateCounter(second, "k", [1, 1])], [
      2,
      8,
    ]);
  }));

Deno.test("Ets.updateCounter() has a counter become another value when it passes a threshold", () =>
  inProcess(() => {
    const table = Ets.new("t");
    const cases: [count: number, step: number, threshold: number, value: number, result: number][] =
      [
        [5, 1, 6, 0, 6], // up to it is not past it
        [6, 1, 6, 0, 0],
        [6, 9, 6, 3, 3],
        [-2, -1, -3, 7, -3],
        [-3, -1, -3, 7, 7],
        [0, -9, -3, 7, 7],
        [0, -9, 100, 7, 7], // downwards from below
        [1, 0, -5, 7, 7], // nothing is upwards, too
        [1, 0, 1, 7, 1],
      ];
    for (const [count, step, threshold, value, result] of cases) {
      Ets.insert(table, ["a", count]);
      assertEquals(Ets.updateCounter(table, "a", [2, step, threshold, value]), result);
      assertEquals(Ets.lookup(table, "a"), [["a", result]]);
    }
    assertEquals(Ets.updateCounter(table, "a", [[2, 1, 1, 0], [2, 5, 9, 0], [2, 5, 9, 0]]), [
      0,
      5,
      0,
    ]);
  }));

Deno.test("Ets.updateCounter() puts in an object without the key, if there is one to put in", () =>
  inProcess(() => {
    const table = Ets.new("t");
    assertEquals(Ets.updateCounter(table, "a", 1, ["any", 0]), 1);
    assertEquals(Ets.updateCounter(table, "a", 1, ["any", 0]), 2);
    assertEquals(Ets.updateCounter(table, "b", [3, 1], ["any", 1, 5, "rest"]), 6);
    assertEquals(Ets.updateCounter(table, "c", [], ["any", 0]), []);
    assertEquals(Ets.tab2list(table), [["a", 2], ["b", 1, 6, "rest"], ["c", 0]]);
    assertThrows(() => Ets.updateCounter(table, "d", [3, 1], ["any", 1]), TypeError, "found 3");
    assertThrows(() => Ets.updateCounter(table, "d", 1, ["any", "x"]), TypeError, 'found "x"');
    assertThrows(() => Ets.updateCounter(table, "d", 1, []), TypeError, "expected an array");
    assertFalse(Ets.member(table, "d"));
  }));

Deno.test("Ets.updateCounter() counts without loss: integers while they are exact, and bigints", () =>
  inProcess(() => {
    const table = Ets.new("t");
    Ets.insert(table, ["a", Number.MAX_SAFE_INTEGER - 1], ["b", 2n ** 64n]);
    assertEquals(Ets.updateCounter(table, "a", 1), Number.MAX_SAFE_INTEGER);
    assertThrows(() => Ets.updateCounter(table, "a", 1), RangeError, "use a bigint");
    assertEquals(Ets.lookupElement(table, "a", 2), Number.MAX_SAFE_INTEGER);
    assertEquals(Ets.updateCounter(table, "a", [2, 1, Number.MAX_SAFE_INTEGER, 0]), 0);
    const one: bigint = Ets.updateCounter(table, "b", 1n);
    const list: bigint[] = Ets.updateCounter(table, "b", [[2, -1n], [2, 1n, 5n, 0n]]);
    assertEquals([one, list], [2n ** 64n + 1n, [2n ** 64n, 0n]]);
  }));

Deno.test("Ets.updateCounter() refuses invalid counters and increments, and then changes nothing", () =>
  inProcess(() => {
    for (const type of SETS) {
      const table = Ets.new("t", { type });
      Ets.insert(table, ["a", 1, "x", 1.5, 2n]);
      const bad: [unknown, string][] = [
        [[3, 1], 'a counter to add 1 to, found "x"'],
        [[4, 1], "found 1.5"],
        [[5, 1], "found 2n"],
        [1n, "a counter to add 1n to, found 1"],
        [[1, 1], "not the key, found 1"],
        [[6, 1], "a position in"],
        [[0, 1], "found 0"],
        [1.5, "an integer"],
        [NaN, "an integer"],
        ["1", "an integer"],
        [[2, "1"], "an integer"],
        [[2], "an integer"],
        [[2, 1, 5], "an integer"],
        [[2, 1, 5, 0.5], "an integer"],
        [[2, 1, 5n, 0], "an integer"],
        [[2, 1, 5, 0, 0], "an integer"],
        [[[2, 1], 1], "an integer"],
        [[[2, 1], [3, 1]], 'found "x"'],
        [[[2, 1], [1, 1]], "not the key"],
      ];
      for (const [increment, message] of bad) {
        const count = () => Ets.updateCounter(table, "a", increment as number);
        assertThrows(count, TypeError, message);
      }
      assertThrows(() => Ets.updateCounter(table, "b", 1), TypeError, 'no key "b"');
      assertThrows(() => Ets.updateCounter(table, "b", []), TypeError, 'no key "b"');
      assertEquals(Ets.tab2list(table), [["a", 1, "x", 1.5, 2n]]);
    }
    for (const type of BAGS) {
      const table = Ets.new("t", { type });
      Ets.insert(table, ["a", 1]);
      assertThrows(() => Ets.updateCounter(table, "a", 1), TypeError, `of type ${type}`);
    }
  }));

Deno.test("Ets keeps objects from being changed once they are in a table [ET-021]", () =>
  inProcess(() => {
    for (const type of TYPES) {
      const table = Ets.new("t", { type });
      const object = ["k", { deep: [1] }, 1];
      Ets.insert(table, object);
      // The tuple itself never changes: neither the one that was put in nor one that was looked up.
      assertThrows(() => object[2] = 2, TypeError);
      assertThrows(() => (Ets.lookup(table, "k")[0] as unknown[])[0] = "other", TypeError);
      assertThrows(() => (Ets.tab2list(table)[0] as unknown[]).push(1), TypeError);
      if (!type.endsWith("bag")) {
        Ets.updateElement(table, "k", [3, 7]);
        assertThrows(() => (Ets.lookup(table, "k")[0] as unknown[])[2] = 8, TypeError);
      }
      assertEquals(object, ["k", { deep: [1] }, 1]);
      // No copy is made.
      assertStrictEquals(Ets.lookup(table, "k")[0]![1], object[1]);
      assert(Ets.insert(table, Object.freeze(["l", 1])));
    }
  }));

Deno.test("Ets keeps also the inside of objects from being changed when messages are frozen [ET-021]", () =>
  inProcess(() => {
    configureRuntime({ freezeMessages: true });
    try {
      for (const type of TYPES) {
        const table = Ets.new("t", { type });
        const inside = { deep: [1] };
        Ets.insert(table, ["k", inside]);
        assertThrows(() => inside.deep.push(2), TypeError);
        assertThrows(() => (Ets.lookup(table, "k")[0]![1] as typeof inside).deep = [], TypeError);
        assertEquals(Ets.tab2list(table), [["k", { deep: [1] }]]);
      }
    } finally {
      configureRuntime({ freezeMessages: false });
    }
  }));

Deno.test("Ets takes any term for a key, and compares it by its content [ET-022]", () =>
  inProcess(() => {
    const [fun, ref, symbol, error] = [() => 1, makeRef(), Symbol("s"), new Error("e")];
    const keys = (): Term[] => [
      1,
      -1,
      1.5,
      NaN,
      Infinity,
      10n ** 30n,
      "text",
      "",
      "\0",
      symbol,
      Symbol.for("s"),
      true,
      false,
      null,
      undefined,
      ref,
      fun,
      self(),
      error,
      [],
      [1, ["two", { three: 3 }]],
      [1, ["two", { three: 4 }]],
      {},
      { a: 1, b: [2] },
      { a: 1 },
      new Map([["k", [1]]]),
      new Set(["m"]),
      new Date(5),
      new Uint8Array([1, 2]),
    ];
    for (const type of TYPES) {
      const table = Ets.new("t", { type });
      keys().forEach((key, i) => Ets.insert(table, [key, i]));
      assertEquals(Ets.info(table, "size"), keys().length);
      keys().forEach((key, i) => {
        const [found] = Ets.lookup(table, key);
        assert(equal(found![0], key));
        assertEquals(found![1], i);
        assert(Ets.member(table, key));
      });
      // The key of the last object that was put in is the one that is kept.
      const key = ["of", "its own"];
      Ets.insert(table, [["of", "its own"], "first"], [key, "second"]);
      assert(walk(table, Ets.first, Ets.next).includes(key) || type.endsWith("bag"));
      Ets.delete(table, key);
      // Keys in another order of their parts.
      assertEquals(Ets.lookup(table, { b: [2], a: 1 }).length, 1);
      assertFalse(Ets.member(table, makeRef()));
      assertFalse(Ets.member(table, () => 1));
      assertFalse(Ets.member(table, new Error("e")));
      assertFalse(Ets.member(table, [1, ["two", { three: 5 }]]));
      for (const key of keys()) Ets.delete(table, key);
      assertEquals(Ets.info(table, "size"), 0);
    }
  }));

// --- Walking ------------------------------------------------------------------------------------

/** All keys, by `step` from `start`. */
function walk(tab: Ets.Tab, start: typeof Ets.first, step: typeof Ets.next): Term[] {
  const keys: Term[] = [];
  for (let key = start(tab); key !== "$end_of_table"; key = step(tab, key)) keys.push(key);
  return keys;
}

Deno.test("Ets.first(), next(), last() and prev() walk the keys of an ordered_set in order [ET-014]", () =>
  inProcess(() => {
    const table = Ets.new("t", { type: "ordered_set" });
    assertEquals([Ets.first(table), Ets.last(table)], ["$end_of_table", "$end_of_table"]);
    const keys = Array.from({ length: 1000 }, (_, i) => (i * 617) % 1000);
    for (const key of keys) Ets.insert(table, [key]);
    const sorted = keys.toSorted((a, b) => a - b);
    assertEquals(walk(table, Ets.first, Ets.next), sorted);
    assertEquals(walk(table, Ets.last, Ets.prev), sorted.toReversed());
    // A key need not be there.
    assertEquals([Ets.next(table, 17.5), Ets.prev(table, 17.5)], [18, 17]);
    assertEquals([Ets.next(table, -5), Ets.prev(table, "text")], [0, 999]);
    assertEquals([Ets.prev(table, -5), Ets.next(table, "text")], [
      "$end_of_table",
      "$end_of_table",
    ]);
    Ets.delete(table, 500);
    assertEquals([Ets.next(table, 500), Ets.prev(table, 500)], [501, 499]);
  }));

Deno.test("Ets.first() and next() walk the keys of other tables once each, and throw for a key that is not there [ET-014]", () =>
  inProcess(() => {
    for (const type of ["set", "bag", "duplicate_bag"] as const) {
      const table = Ets.new("t", { type });
      assertEquals([Ets.first(table), Ets.last(table)], ["$end_of_table", "$end_of_table"]);
      const keys = ["c", 1, "a", [2], "b"];
      for (const key of keys) Ets.insert(table, [key, 1], [key, 2]);
      assertEquals(walk(table, Ets.first, Ets.next), keys);
      // There is no order, and so the other direction is the same.
      assertEquals(walk(table, Ets.last, Ets.prev), keys);
      assertEquals(Ets.next(table, [2]), "b");
      assertThrows(() => Ets.next(table, "d"), TypeError, 'no key "d" in table');
      assertThrows(() => Ets.prev(table, "d"), TypeError, 'no key "d" in table');
      Ets.delete(table, "a");
      assertThrows(() => Ets.next(table, "a"), TypeError, 'no key "a" in table');
      assertEquals(walk(table, Ets.first, Ets.next), ["c", 1, [2], "b"]);
      Ets.insert(table, ["a", 1]);
      assertEquals(walk(table, Ets.first, Ets.next), ["c", 1, [2], "b", "a"]);
      // While fixed, the place of a deleted key is known; after that it is lost.
      Ets.safeFixtable(table, true);
      Ets.delete(table, 1);
      assertEquals([Ets.next(table, 1), Ets.next(table, "c")], [[2], [2]]);
      Ets.safeFixtable(table, false);
      assertThrows(() => Ets.next(table, 1), TypeError, "no key 1 in table");
    }
  }));

Deno.test("Ets.safeFixtable() lets a walk come by each old object once, while others delete and insert [ET-015]", () =>
  inProcess(async () => {
    const other = puppet();
    for (const type of TYPES) {
      const table = Ets.new("t", { type, protection: "public" });
      for (let key = 0; key < 100; key++) Ets.insert(table, [key, "old"]);
      Ets.safeFixtable(table, true);
      const seen: Term[] = [];
      let key = Ets.first(table);
      for (let steps = 0; key !== "$end_of_table"; steps++) {
        seen.push(key);
        const at = key as number;
        await by(other, () => {
          Ets.delete(table, at); // where the walk is
          if (at % 10 === 0) Ets.delete(table, at + 1); // what is to come
          if (at % 10 === 5) Ets.insert(table, [at - 1, "again"]); // what was there
        });
        key = Ets.next(table, at);
        assert(steps < 200, "the walk does not end");
      }
      const expected = Array.from({ length: 100 }, (_, i) => i).filter((key) => key % 10 !== 1);
      assertEquals(seen, expected);
      Ets.safeFixtable(table, false);
      const left = Array.from({ length: 10 }, (_, i) => [i * 10 + 4, "again"]);
      assertEquals(Ets.tab2list(table), left);
      assertEquals(Ets.info(table, "size"), 10);
    }
  }));

Deno.test("Ets.safeFixtable() keeps the way on also after all objects were deleted, and for keys that came back [ET-015]", () =>
  inProcess(() => {
    const table = Ets.new("t");
    Ets.insert(table, ["a"], ["b"], ["c"]);
    Ets.safeFixtable(table, true);
    Ets.deleteAllObjects(table);
    assertEquals([Ets.next(table, "a"), Ets.first(table)], ["$end_of_table", "$end_of_table"]);
    Ets.insert(table, ["b", "again"], ["d"]);
    assertEquals([Ets.next(table, "a"), Ets.next(table, "b")], ["b", "d"]);
    Ets.delete(table, "b");
    Ets.insert(table, ["b", "once more"]);
    Ets.safeFixtable(table, false);
    assertEquals(Ets.tab2list(table), [["b", "once more"], ["d"]]);
    assertThrows(() => Ets.next(table, "a"), TypeError, 'no key "a"');
    assertEquals(walk(table, Ets.first, Ets.next), ["b", "d"]);
  }));

Deno.test("Ets.safeFixtable() counts for each process, and is released when it exits", () =>
  inProcess(async () => {
    const other = puppet();
    const table = Ets.new("t");
    const fixations = () => {
      const fixed = Ets.info(table, "safe_fixed_monotonic_time");
      return fixed === undefined || fixed === false ? fixed : fixed[1];
    };
    assertEquals([Ets.info(table, "fixed"), fixations()], [false, false]);
    assertEquals(Ets.safeFixtable(table, false), true); // without effect
    assertEquals(Ets.safeFixtable(table, true), true);
    Ets.safeFixtable(table, true);
    await by(other, () => Ets.safeFixtable(table, true));
    assertEquals([Ets.info(table, "fixed"), fixations()], [true, [[self(), 2], [other, 1]]]);
    Ets.insert(table, ["a"], ["b"]);
    Ets.delete(table, "a");
    const isKnown = () => {
      try {
        return Ets.next(table, "a") === "b";
      } catch {
        return false;
      }
    };
    Ets.safeFixtable(table, false);
    Ets.safeFixtable(table, false);
    assertEquals([fixations(), isKnown()], [[[other, 1]], true]);
    await stopped(other);
    assertEquals([Ets.info(table, "fixed"), fixations(), isKnown()], [false, false, false]);
    const fix = () => Ets.safeFixtable(table, "yes" as unknown as boolean);
    assertThrows(fix, TypeError, "expected true or false");
    // A table that is deleted while it is fixed.
    const gone = await by(puppet(), () => Ets.new("t", { protection: "public" }));
    Ets.safeFixtable(gone, true);
    Ets.delete(gone);
    assertEquals(Ets.info(gone), undefined);
  }));

Deno.test("Ets leaves nothing behind with a process whose tables are gone", () =>
  inProcess(async () => {
    const { exitHooks } = selfProcess().more();
    const other = puppet();
    for (let round = 0; round < 3; round++) {
      const [deleted, given] = [Ets.new("t"), Ets.new("t")];
      for (const table of [deleted, given]) Ets.safeFixtable(table, true);
      Ets.safeFixtable(given, false);
      Ets.delete(deleted);
      Ets.giveAway(given, other, "gift");
    }
    assertEquals([exitHooks, selfProcess().more().exitHooks ?? new Set()], [null, new Set()]);
    await stopped(other);
  }));

Deno.test("Ets.safeFixtable() says since when", () =>
  inProcess(() => {
    const table = Ets.new("t");
    const before = Process.monotonicTime();
    Ets.safeFixtable(table, true);
    const [since] = Ets.info(table, "safe_fixed_monotonic_time") as [number, unknown];
    assert(since >= before && since <= Process.monotonicTime());
  }));

Deno.test("Ets.foldl(), foldr() and tab2list() go through all objects in table order [ET-019]", () =>
  inProcess(() => {
    const orders = {
      set: [["c", 2], ["a", 1], ["b", 1]],
      ordered_set: [["a", 1], ["b", 1], ["c", 2]],
      bag: [["c", 1], ["c", 2], ["a", 1], ["b", 1]],
      duplicate_bag: [["c", 1], ["c", 2], ["c", 1], ["a", 1], ["b", 1]],
    };
    for (const type of TYPES) {
      const table = Ets.new<[string, number]>("t", { type } as { type: "set" });
      const collect = (object: Term, list: Term[]) => [...list, object];
      assertEquals(Ets.tab2list(table), []);
      assertEquals(Ets.foldl(collect, ["empty"], table), ["empty"]);
      Ets.insert(table, ["c", 1], ["a", 1], ["b", 1], ["c", 2], ["c", 1]);
      if (type === "set" || type === "ordered_set") Ets.insert(table, ["c", 2]);
      const expected = orders[type];
      assertEquals(Ets.tab2list(table), expected as [string, number][]);
      assertEquals(Ets.foldl(collect, [], table), expected);
      assertEquals(Ets.foldr(collect, [], table), expected.toReversed());
      const sum: number = Ets.foldl(([, count], sum) => count + sum, 0, table);
      assertEquals(sum, expected.reduce((sum, [, count]) => sum + (count as number), 0));
    }
    const table = Ets.new("t");
    const fold = () => Ets.foldl(1 as unknown as () => number, 0, table);
    assertThrows(fold, TypeError, "expected a function, found 1");
    const error = new Error("in the function");
    Ets.insert(table, ["a"]);
    const thrown = assertThrows(() =>
      Ets.foldl(
        () => {
          throw error;
        },
        0,
        table,
      )
    );
    assertStrictEquals(thrown, error);
  }));

Deno.test("Ets.foldl() and foldr() come by each object once that is there all the time, whatever else changes [ET-019]", () =>
  inProcess(() => {
    for (const type of TYPES) {
      for (const fold of [Ets.foldl, Ets.foldr]) {
        const table = Ets.new<[number, string]>("t", { type } as { type: "set" });
        const size = 300;
        for (let key = 0; key < size; key++) Ets.insert(table, [key, "old"]);
        const forward = fold === Ets.foldl ? 1 : -1;
        const seen: number[] = [];
        fold(
          ([key], count) => {
            seen.push(key);
            if (key % 3 === 0) {
              Ets.delete(table, key); // itself
              Ets.delete(table, key + forward); // the next one
              Ets.insert(table, [key - forward / 2, "new, behind"]);
            }
            return count;
          },
          0,
          table,
        );
        const before = (key: number) => key - forward;
        const gone = (key: number) =>
          before(key) % 3 === 0 && before(key) >= 0 && before(key) < size;
        const expected = Array.from({ length: size }, (_, key) => key).filter((key) => !gone(key));
        if (forward < 0) expected.reverse();
        assertEquals(seen, expected, `${type} ${forward}`);
      }
    }
  }));

// --- Looking at a table -------------------------------------------------------------------------

Deno.test("Ets.info() tells everything or one item of a table, and nothing of one that is not there [ET-018]", () =>
  inProcess(async () => {
    const heir = puppet();
    const table = Ets.new("mine", {
      type: "bag",
      keypos: 2,
      protection: "private",
      heir: [heir, "data"],
      compressed: true,
      writeConcurrency: "auto",
    });
    Ets.insert(table, [1, "a"], [2, "a"], [3, "b"]);
    const all: Ets.TableInfo = {
      id: table,
      name: "mine",
      named_table: false,
      type: "bag",
      size: 3,
      owner: self(),
      heir,
      keypos: 2,
      protection: "private",
      node: "nonode@nohost",
      fixed: false,
      safe_fixed_monotonic_time: false,
      compressed: true,
      read_concurrency: false,
      write_concurrency: "auto",
      decentralized_counters: false,
    };
    assertEquals(Ets.info(table), all);
    for (const item of Object.keys(all) as Ets.InfoItem[]) {
      assertEquals(Ets.info(table, item), all[item]);
    }
    // Also to others, though it is private.
    assertEquals(await by(heir, () => Ets.info(table)), all);
    // What is so by default.
    const plain = Ets.info(Ets.new("plain", { namedTable: true }))!;
    const { type, size, keypos, protection, named_table } = plain;
    assertEquals([type, size, plain.heir, keypos, protection], ["set", 0, "none", 1, "protected"]);
    assertEquals([named_table, plain.name, plain.id], [true, "plain", Ets.whereis("plain")!]);
    // No table.
    Ets.delete(table);
    for (const none of [table, "none", makeRef() as Ets.Table]) {
      assertEquals([Ets.info(none), Ets.info(none, "size")], [undefined, undefined]);
    }
    const item = (tab: unknown, item: string) => () => Ets.info(tab as Ets.Tab, item as "size");
    assertThrows(item("plain", "memory"), TypeError, 'found "memory"');
    assertThrows(item("none", "memory"), TypeError, 'found "memory"');
    assertThrows(item(7, "size"), TypeError, "expected an atom for a name, found 7");
  }));

Deno.test("Ets functions refuse invalid tables", () => {
  for (const none of [7, null, undefined, ["t"], {}]) {
    assertThrows(
      () => Ets.lookup(none as unknown as string, 1),
      TypeError,
      "expected a table or its name",
    );
  }
  assertThrows(
    () => Ets.lookup("none", 1),
    TypeError,
    'Cannot look up in table "none": there is no such table',
  );
  assertThrows(() => Ets.insert(makeRef() as Ets.Table, [1]), TypeError, "there is no such table");
  const ref = Process.startTimer(1000, self(), "ref that stands for something else");
  assertThrows(() => Ets.insert(ref as Ets.Table, [1]), TypeError, "there is no such table");
  Process.cancelTimer(ref);
});

Deno.test("Ets takes tables by type: what is put in and what comes out", () =>
  inProcess(() => {
    const table = Ets.new<[id: number, name: string]>("t");
    // @ts-expect-error -- a name is not a number
    Ets.insert(table, [1, 2]);
    // @ts-expect-error -- an object is a whole one
    Ets.insert(table, [1]);
    // @ts-expect-error -- several objects are not a list
    Ets.insert(table, [[1, "a"], [2, "b"]]);
    Ets.deleteAllObjects(table);
    Ets.insert(table, [1, "a"]);
    const [object] = Ets.lookup(table, 1);
    const name: string = object![1];
    const id: number = Ets.lookupElement(table, 1, 1);
    const either: string | null = Ets.lookupElement(table, 2, 2, null);
    const [made] = Ets.select(table, [[_, [], ([id, name]) => ({ id, name })]]);
    const fields: { id: number; name: string } = made!;
    // @ts-expect-error -- objects do not change
    assertThrows(() => object![1] = "b", TypeError);
    assertEquals([name, id, either, fields], ["a", 1, null, { id: 1, name: "a" }]);
  }));
