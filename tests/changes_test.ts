/**
 * Lists that the runtime hands out, and those that it goes through itself, while what they list changes. Registries
 * and tables are in `registries/registry_changes_test.ts` and `ets_changes_test.ts`.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import {
  _,
  Agent,
  Application,
  DynamicSupervisor,
  flush,
  GenServer,
  Logger,
  ok,
  on,
  Pg,
  type Pid,
  Process,
  receive,
  self,
  send,
  spawn,
  Supervisor,
  Timer,
  unwrap,
} from "../mod.ts";
import { onExit } from "../lib/kernel/signals.ts";
import { collectReports, exitOf, inProcess, pass, settled } from "./helpers.ts";

/** More steps than any list here has: a loop that does not end fails instead of hanging. */
const ENDLESS = 1000;

const waiting = () => spawn(() => receive());

Deno.test("onExit() hooks run once each when they add hooks, and a removed one does not run", () =>
  inProcess(async () => {
    const pid = waiting();
    const log: string[] = [];
    const added: unknown[] = [];
    onExit(pid, () => {
      log.push("first");
      remove();
      added.push(onExit(pid, () => log.push("late")));
    });
    const remove = onExit(pid, () => log.push("removed"))!;
    onExit(pid, () => {
      log.push("last");
      // One hook that kills another process, whose hook does the same, and so on.
      const next = waiting();
      onExit(next, () => log.push("next"));
      Process.exit(next, "kill");
    });
    Process.exit(pid, "kill");
    await settled();
    assertEquals([log, added], [["first", "last", "next"], [undefined]]);
  }));

Deno.test("An exit tells all that monitor and link, while those exit because of it", () =>
  inProcess(async () => {
    const me = self();
    const middle = waiting();
    const ready: Pid[] = [];
    // Every second one is linked to the one before, and dies while the others are told.
    for (let i = 0; i < 10; i++) {
      ready.push(spawn(async () => {
        const ref = Process.monitor(middle);
        if (i % 2 === 1) Process.link(ready[i - 1]!);
        else Process.link(middle);
        send(me, ["ready", i]);
        await receive(on(["DOWN", ref, "process", middle, _], () => send(me, ["down", i])));
      }));
      await receive(on(["ready", i], () => {}));
    }
    const refs = ready.map((pid) => Process.monitor(pid));
    Process.exit(middle, "boom");
    await settled();
    assertEquals(
      new Set(flush()),
      new Set(refs.map((ref, i) => ["DOWN", ref, "process", ready[i], "boom"])),
    );
    assertEquals(Process.info(me, "monitors"), ["monitors", []]);
  }));

Deno.test("Process.list() and the lists of Process.info() are what was there, whatever a loop over them does", () =>
  inProcess(async () => {
    const pids = Array.from({ length: 5 }, waiting);
    for (const pid of pids) Process.link(pid);
    let steps = 0;
    for (const pid of Process.list()) {
      assert(++steps < ENDLESS);
      if (!pids.includes(pid)) continue;
      Process.unlink(pid);
      Process.exit(pid, "kill");
      waiting();
    }
    for (const pid of pids) Process.monitor(pid);
    await settled();
    assertEquals(flush().length, 5);

    const linked = Array.from({ length: 5 }, waiting);
    for (const pid of linked) Process.link(pid);
    const [, links] = Process.info(self(), "links") as [string, Pid[]];
    for (const pid of links) {
      assert(++steps < ENDLESS);
      Process.unlink(pid);
      Process.link(waiting());
    }
    assertEquals(links, linked);
  }));

Deno.test("Pg.getMembers() and whichGroups() are what was there, while members come and go", () =>
  inProcess(async () => {
    unwrap(await Pg.startLink());
    const pids = Array.from({ length: 4 }, waiting);
    await Pg.join("group", pids);
    const members = Pg.getMembers("group");
    let steps = 0;
    for (const pid of members) {
      assert(++steps < ENDLESS);
      await Pg.leave("group", pid);
      await Pg.join("group", waiting());
      await Pg.join(["new", steps], pid);
    }
    assertEquals([steps, members], [4, pids]);
    assertEquals(Pg.getMembers("group").length, 4);
    for (const group of Pg.whichGroups()) {
      assert(++steps < ENDLESS);
      for (const pid of Pg.getMembers(group)) await Pg.leave(group, pid);
      await Pg.join(["newer", steps], pids[0]!);
    }
    assertEquals(steps, 9);
    assertEquals(Pg.whichGroups().length, 5);
  }));

Deno.test("Pg.monitor() tells of each join once, also of those that follow on it", () =>
  inProcess(async () => {
    unwrap(await Pg.startLink());
    const [ref] = await Pg.monitor("group");
    for (let i = 0; i < 3; i++) {
      const pid = waiting();
      await Pg.join("group", pid);
      assertEquals(await receive(), [ref, "join", "group", [pid]]);
    }
    await settled();
    assertEquals(flush(), []);
  }));

Deno.test("whichChildren() is what was there, while children come and go", () =>
  inProcess(async () => {
    const dynamic = unwrap(await DynamicSupervisor.startLink());
    const ordered = unwrap(await Supervisor.startLink([], { strategy: "one_for_one" }));
    for (let id = 0; id < 4; id++) {
      unwrap(await DynamicSupervisor.startChild(dynamic, [Agent, () => 0]));
      const start = [Agent, "startLink", [() => 0]] as const;
      unwrap(await Supervisor.startChild(ordered, { id, start }));
    }
    const children = await DynamicSupervisor.whichChildren(dynamic);
    let steps = 0;
    for (const [, pid] of children) {
      assert(++steps < ENDLESS);
      // Asked at the same time, answered one after another.
      const [stopped, started, seen] = await Promise.all([
        DynamicSupervisor.terminateChild(dynamic, pid as Pid),
        DynamicSupervisor.startChild(dynamic, [Agent, () => 0]),
        DynamicSupervisor.whichChildren(dynamic),
      ]);
      assertEquals([stopped, started[0], seen.length], ["ok", "ok", 4]);
      assertEquals(seen.some(([, other]) => other === pid), false);
    }
    for (const [id] of await Supervisor.whichChildren(ordered)) {
      assert(++steps < ENDLESS);
      assertEquals(await Supervisor.terminateChild(ordered, id), "ok");
      assertEquals(await Supervisor.deleteChild(ordered, id), "ok");
      const start = [Agent, "startLink", [() => 0]] as const;
      unwrap(await Supervisor.startChild(ordered, { id: ["new", id], start }));
    }
    assertEquals([steps, children.length], [8, 4]);
    const ids = (await Supervisor.whichChildren(ordered)).map(([id]) => id);
    assertEquals(ids, [0, 1, 2, 3].map((id) => ["new", id]));
  }));

Deno.test("A start function that lists the children of its supervisor gets no part of itself", () =>
  inProcess(async () => {
    let counted: unknown;
    const supervisor = unwrap(await DynamicSupervisor.startLink());
    const start = async () => {
      const child = await Agent.startLink(() => 0);
      // It would wait for itself: asked from another process, it is answered after the start.
      void spawn(async () => void (counted = await DynamicSupervisor.countChildren(supervisor)));
      return child;
    };
    unwrap(await DynamicSupervisor.startChild(supervisor, { id: 1, start }));
    await settled();
    assertEquals(counted, { specs: 1, active: 1, supervisors: 0, workers: 1 });
  }));

Deno.test("Application's lists are what was there, while applications start and stop", () =>
  inProcess(async () => {
    using _reports = collectReports();
    const names = ["changing_1", "changing_2", "changing_3"];
    for (const name of names) assertEquals(await Application.start({ name }), "ok");
    let steps = 0;
    for (const [name] of Application.startedApplications()) {
      assert(++steps < ENDLESS);
      assertEquals(await Application.stop(name), "ok");
      assertEquals(await Application.start({ name: `${name}_again` }), "ok");
    }
    for (const [name] of Application.loadedApplications()) {
      assert(++steps < ENDLESS);
      await Application.stop(name);
      Application.unload(name);
      Application.load({ name: `${name}_loaded` });
    }
    assertEquals(steps, 9);
    for (const [name] of Application.loadedApplications()) Application.unload(name);
    Application.putEnv("changing", "a", 1);
    for (const [key, value] of Application.getAllEnv("changing")) {
      assert(++steps < ENDLESS);
      Application.putEnv("changing", `${String(key)}a`, value);
      Application.deleteEnv("changing", key);
    }
    assertEquals(Application.getAllEnv("changing"), [["aa", 1]]);
    Application.deleteEnv("changing", "aa");
  }));

Deno.test("Timer functions may cancel other timers and start new ones, which fire in their own turn", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const me = self();
    const fired: string[] = [];
    const later = unwrap(Timer.applyAfter(6, () => fired.push("cancelled")));
    Timer.applyAfter(5, () => {
      fired.push(Timer.cancel(later)[0]);
      for (let i = 0; i < 3; i++) Process.sendAfter(me, i, 0);
    });
    await pass(time, 10);
    assertEquals([fired, flush()], [["ok"], [0, 1, 2]]);
  });
});

Deno.test("Logger passes a report to the handler that is set when it is made, also if that sets another", () =>
  inProcess(async () => {
    const log: string[] = [];
    const second = () => void log.push("second");
    const previous = Logger.setHandler(() => {
      log.push("first");
      Logger.setHandler(second);
    });
    try {
      for (let i = 0; i < 3; i++) {
        const server = unwrap(await GenServer.start({ init: () => ok(0) }));
        Process.exit(server, "kill");
        await exitOf(server);
        spawn(() => {
          throw new Error("boom");
        });
        await settled();
      }
    } finally {
      Logger.setHandler(previous);
    }
    assertEquals(log, ["first", "second", "second"]);
  }));
