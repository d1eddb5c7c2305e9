/**
 * Mixed load: a little of everything that a program does with processes, over and over, and nothing that is
 * meant to last.
 *
 * @module
 */

import {
  _,
  Agent,
  Application,
  DynamicSupervisor,
  Ets,
  exit,
  GenServer,
  GenStatem,
  Global,
  noreply,
  ok,
  on,
  type Pid,
  Process,
  receive,
  Registry,
  reply,
  self,
  send,
  spawn,
  spawnMonitor,
  Supervisor,
  Task,
  Timer,
  unwrap,
} from "../../mod.ts";
import { Chance } from "../chaos/tree.ts";
import { exitOf } from "../helpers.ts";

/** The local names of the registries that are used. */
export const REGISTRIES = ["soak names", "soak topics"] as const;

const [NAMES, TOPICS] = REGISTRIES;

/** Deeds that are done at the same time. */
const AT_ONCE = 20;

// --- Processes ----------------------------------------------------------------------------------

type Request = "get" | "delegate" | "never";
type Order = "crash" | "stop" | readonly ["publish", topic: number];

/** A server that can do, and suffer, anything. */
const Worker = {
  startLink: (options: GenServer.StartOptions = {}) => GenServer.startLink(Worker, 0, options),
  init: (count: number) => ok(count),
  handleCall(request: Request, from: GenServer.From, count: number) {
    if (request === "get") return reply(count, count + 1);
    if (request === "delegate") spawn(() => GenServer.reply(from, count));
    return noreply(count);
  },
  handleCast(order: Order, count: number) {
    if (order === "crash") throw new Error("A crash that was asked for");
    if (order === "stop") throw exit("shutdown");
    Registry.register(TOPICS, order[1], count);
    return noreply(count);
  },
  handleInfo: (_message: unknown, count: number) => noreply(count),
};

/** Counts requests, in one of two states, with a timeout that usually does not expire. */
const Door = {
  callbackMode: () => "handle_event_function" as const,
  init: () => ["ok", "closed", 0] as const,
  handleEvent(_type: unknown, _content: unknown, state: unknown, count: number) {
    const next = state === "closed" ? "open" : "closed";
    return ["next_state", next, count + 1, [["state_timeout", 60_000, "lock"]]] as const;
  },
};

const Lamp = {
  start: () => Supervisor.startLink([[Agent, () => 0]], { strategy: "one_for_one" }),
};

// --- Deeds --------------------------------------------------------------------------------------

/** What there is during the whole run. */
interface World {
  readonly chance: Chance;
  readonly dynamic: Pid;
  readonly supervisor: Pid;
  readonly table: Ets.Tab<[number, number]>;
  /** Makes names that are used once. */
  next(): number;
}

/** One action. What it starts has exited when it resolves, or exits with its process. */
type Deed = (world: World) => unknown;

const DEEDS: Readonly<Record<string, Deed>> = {
  async call() {
    const pid = unwrap(await Worker.startLink());
    for (let i = 0; i < 20; i++) await GenServer.call(pid, "get");
    await GenServer.call(pid, "delegate");
    await GenServer.stop(pid);
  },
  async callInVain() {
    const pid = unwrap(await GenServer.start(Worker, 0));
    const calls = [GenServer.call(pid, "never", 1), GenServer.call(pid, "never")];
    await calls[0]!.catch(() => {});
    Process.exit(pid, "kill");
    await calls[1]!.catch(() => {});
  },
  async request() {
    const pid = unwrap(await Worker.startLink());
    let requests = GenServer.reqidsNew();
    for (let i = 0; i < 5; i++) requests = GenServer.sendRequest(pid, "get", i, requests);
    GenServer.sendRequest(pid, "never");
    for (let left = requests; GenServer.reqidsSize(left) > 0;) {
      const [, , rest] = await GenServer.receiveResponse(left, 5000, true) as [
        unknown,
        unknown,
        typeof left,
      ];
      left = rest;
    }
    await GenServer.stop(pid);
  },
  async spawn() {
    const [pid] = spawnMonitor(async () => {
      await receive({ go: () => {} });
    });
    send(pid, "go");
    await receive({ DOWN: () => {} });
  },
  async links({ chance }) {
    const me = self();
    const pids: Pid[] = [];
    for (let i = 0; i < 10; i++) {
      const before = pids.at(-1);
      pids.push(spawn(() => {
        if (before !== undefined) Process.link(before);
        send(me, "linked");
        return receive();
      }));
    }
    for (const _pid of pids) await receive({ linked: () => {} });
    const end = exitOf(pids.at(-1)!);
    Process.exit(chance.of(...pids)!, "kill");
    await end;
  },
  monitors({ supervisor, dynamic }) {
    const me = self();
    for (const pid of [supervisor, dynamic]) {
      Process.monitor(pid, { alias: "reply_demonitor" });
      Process.demonitor(Process.monitor(pid), ["flush"]);
    }
    Process.alias();
    spawn(() => Process.monitor(me));
    spawn(() => Process.link(dynamic));
  },
  async startFails({ supervisor, next }) {
    const broken = { id: "broken", start: () => Promise.resolve(["error", "broken"] as const) };
    const fine = { id: "fine", start: [Worker, "startLink", []] } as const;
    const spec = {
      id: next(),
      type: "supervisor",
      start: () => Supervisor.startLink([fine, broken], { strategy: "one_for_one" }),
    } as const;
    const [tag] = await Supervisor.startChild(supervisor, spec);
    if (tag !== "error") throw exit("started");
  },
  async task({ chance }) {
    const tasks = Array.from({ length: 5 }, (_, i) => Task.async(() => Process.sleep(i)));
    if (chance.once(2)) await Task.awaitMany(tasks);
    else for (const task of tasks) await Task.shutdown(task, "brutal_kill");
  },
  async agent() {
    const agent = unwrap(await Agent.startLink(() => 0));
    await Agent.update(agent, (count: number) => count + 1);
    await Agent.stop(agent);
  },
  async statem() {
    const door = unwrap(await GenStatem.startLink(Door, undefined));
    for (let i = 0; i < 5; i++) GenStatem.cast(door, "push");
    await GenStatem.stop(door);
  },
  async timers() {
    const me = self();
    const late = Array.from({ length: 20 }, (_, i) => Process.sendAfter(me, "late", 60_000 + i));
    Process.sendAfter(me, "due", 1);
    Process.sendAfter(me, "left behind", 60_000);
    const [, interval] = Timer.sendInterval(60_000, "again") as readonly ["ok", Timer.TRef];
    await receive({ due: () => {} });
    for (const ref of late) Process.cancelTimer(ref);
    Timer.cancel(interval);
  },
  async names({ next }) {
    const id = next();
    const names = [`soak ${id}`, ["global", ["soak", id]], ["via", Registry, [NAMES, id]]] as const;
    for (const name of names) {
      const pid = unwrap(await Worker.startLink({ name }));
      await GenServer.call(name, "get");
      Process.unlink(pid);
      Process.exit(pid, "kill");
      await GenServer.call(name, "get").catch(() => {});
    }
  },
  async topics({ chance }) {
    const topic = chance.below(10);
    const pids: Pid[] = [];
    for (let i = 0; i < 5; i++) pids.push(unwrap(await Worker.startLink()));
    for (const pid of pids) GenServer.cast(pid, ["publish", topic]);
    await GenServer.call(pids.at(-1)!, "get");
    Registry.dispatch(TOPICS, topic, (entries) => {
      for (const [pid] of entries) send(pid, "news");
    });
    for (const pid of pids) await GenServer.stop(pid);
  },
  async lock({ chance }) {
    await Global.trans([chance.below(3), self()], () => Process.sleep(0));
  },
  async restarts({ supervisor, dynamic }) {
    const children = await Supervisor.whichChildren(supervisor);
    for (const [, pid] of children) if (pid !== "restarting") GenServer.cast(pid as Pid, "crash");
    const child = unwrap(
      await DynamicSupervisor.startChild(dynamic, {
        id: "child",
        start: [Worker, "startLink", []],
        restart: "transient",
      }) as readonly ["ok", Pid],
    );
    const end = exitOf(child);
    GenServer.cast(child, "stop");
    await end;
  },
  async tree() {
    const specs = Array.from({ length: 5 }, (_, id) => ({
      id,
      start: [Worker, "startLink", []] as const,
    }));
    const tree = unwrap(await Supervisor.startLink(specs, { strategy: "one_for_all" }));
    const [[, pid]] = await Supervisor.whichChildren(tree) as [Supervisor.ChildInfo];
    Process.exit(pid as Pid, "kill");
    await Supervisor.stop(tree);
  },
  ets({ table, next }) {
    const own = Ets.new("own");
    for (let i = 0; i < 20; i++) Ets.insert(own, [i, i]);
    const key = next();
    Ets.insert(table, [key, key]);
    Ets.delete(table, key);
  },
  async application({ next }) {
    const name = `lamp ${next()}`;
    await Application.start({ name, mod: [Lamp, []] });
    await Application.stop(name);
    Application.unload(name);
  },
};

/** The names of all deeds. */
export const KINDS: readonly string[] = Object.keys(DEEDS);

// --- The run ------------------------------------------------------------------------------------

/** A world for actions, which lasts until its process exits. */
export class Load {
  readonly #world: World;

  private constructor(world: World) {
    this.#world = world;
  }

  /** Starts what there is during the whole run, linked to the calling process. */
  static async start(seed: number): Promise<Load> {
    unwrap(await Registry.startLink({ keys: "unique", name: NAMES }));
    unwrap(await Registry.startLink({ keys: "duplicate", name: TOPICS }));
    const options = { strategy: "one_for_one", maxRestarts: 1e9 } as const;
    const children = Array.from({ length: 3 }, (_, id) => ({
      id,
      start: [Worker, "startLink", []] as const,
    }));
    let count = 0;
    return new Load({
      chance: new Chance(seed),
      supervisor: unwrap(await Supervisor.startLink(children, options)),
      dynamic: unwrap(await DynamicSupervisor.startLink(options)),
      table: Ets.new<[number, number]>("soak table", { protection: "public" }),
      next: () => ++count,
    });
  }

  /**
   * Does each kind of thing once and some of them more often, some at a time, each in a process of its own.
   * Resolves with how many it did, when all that came of it is over.
   */
  async round(): Promise<number> {
    const { chance, supervisor, dynamic } = this.#world;
    const kinds = [...KINDS];
    while (kinds.length % AT_ONCE !== 0) kinds.push(chance.of(...KINDS)!);
    for (let i = 0; i < kinds.length; i += AT_ONCE) {
      const runs = kinds.slice(i, i + AT_ONCE).map((kind) => {
        const deed = async () => void await DEEDS[kind]!(this.#world);
        return [kind, ...spawnMonitor(deed)] as const;
      });
      for (const [kind, pid, ref] of runs) {
        const reason = await receive(on(["DOWN", ref, "process", pid, _], (down) => down[4]));
        if (reason !== "normal") throw exit([kind, reason]);
      }
    }
    // Both have read what there was to read when they answer.
    await Supervisor.countChildren(supervisor);
    await Supervisor.countChildren(dynamic);
    return kinds.length;
  }
}
