/**
 * Things of which there may be very many, each a case: how that many are made, used and stopped.
 *
 * Run by `scale.ts`, one case and one size in a process of its own, so that no row pays for the heap of
 * another: `deno run tests/bench/scale_cases.ts CASE SIZE` prints the {@linkcode Sample} as JSON.
 *
 * @module
 */

import {
  _,
  after,
  type ChildSpec,
  DynamicSupervisor,
  flush,
  GenServer,
  Global,
  Logger,
  noreply,
  ok,
  on,
  type Pid,
  Process,
  receive,
  type Ref,
  Registry,
  reply,
  self,
  send,
  stop,
  Supervisor,
  unwrap,
} from "../../mod.ts";
import { exitOf, inProcess } from "../helpers.ts";

/** One thing that there may be many of. */
export interface Case {
  /** What there is `size` of. */
  readonly name: string;
  /** What is done for each of them. */
  readonly make: string;
  readonly use: string;
  readonly end: string;
  /** How many of them there are to be, in ascending order. */
  readonly sizes: readonly number[];
  /** Prepares for that many. The time is not measured. */
  prepare(size: number): Stages | Promise<Stages>;
}

/** What is measured: the making, using and ending of all. */
export interface Stages {
  make(): unknown;
  use(): unknown;
  /** Not measured: what has to happen between the use and the end. */
  rest?(): unknown;
  end(): unknown;
}

/** The cost of a case with that many: nanoseconds and bytes for each of them. */
export interface Sample {
  readonly make: number;
  readonly use: number;
  readonly end: number;
  /** Heap held when all were made; `undefined` where garbage cannot be collected on demand. */
  readonly bytes: number | undefined;
}

/** Runs a case with `size` of its things. */
export function measure(subject: Case, size: number): Promise<Sample> {
  return inProcess(async () => {
    const stages = await subject.prepare(size);
    const before = heap();
    const make = await time(size, stages.make);
    const held = heap();
    const use = await time(size, stages.use);
    await stages.rest?.();
    const end = await time(size, stages.end);
    const bytes = held === undefined ? undefined : (held - before!) / size;
    return { make, use, end, bytes };
  });
}

/** Nanoseconds for each of `size`. */
async function time(size: number, stage: () => unknown): Promise<number> {
  const start = performance.now();
  await stage();
  return (performance.now() - start) * 1e6 / size;
}

/** Bytes in use after a collection. */
function heap(): number | undefined {
  const { gc } = globalThis as { gc?: () => void };
  if (gc === undefined) return undefined;
  gc();
  return Deno.memoryUsage().heapUsed;
}

// --- Servers that the cases are made of ---------------------------------------------------------

/** Has a number for its state. */
const Idle = {
  startLink: (state: number) => GenServer.startLink(Idle, state),
  init: (state: number) => ok(state),
  handleCall: (_request: "get", _from: GenServer.From, state: number) => reply(state, state),
  handleCast: (_request: "nothing", state: number) => noreply(state),
};

/** Executes commands in its own process. */
const Puppet = {
  init: () => ok(null),
  handleCast: (deed: () => void, state: null) => {
    deed();
    return noreply(state);
  },
  handleCall: (deed: () => unknown, _from: GenServer.From, state: null) => reply(deed(), state),
};

/** Counts messages, and notifies a process when `expected` have arrived. */
class Counter {
  readonly done: Promise<void>;
  #left: number;
  #finish!: () => void;

  constructor(expected: number) {
    this.#left = expected;
    this.done = new Promise((resolve) => this.#finish = resolve);
  }

  count(): void {
    if (--this.#left === 0) this.#finish();
  }
}

/** Counts the messages that it gets, with a counter it may share. */
const Counting = {
  init: (counter: Counter) => ok(counter),
  handleInfo: (_message: unknown, counter: Counter) => {
    counter.count();
    return noreply(counter);
  },
};

/** Linked to another process; exits when that does, by itself if it traps exits. */
const Chained = {
  init: ([previous, traps]: readonly [previous: Pid | undefined, traps: boolean]) => {
    Process.flag("trap_exit", traps);
    if (previous !== undefined) Process.link(previous);
    return ok(null);
  },
  handleInfo: (message: unknown, _state: null) => stop((message as readonly unknown[])[2], null),
};

/** Monitors other processes, and counts the messages. */
const Watching = {
  init: ([pids, counter]: readonly [pids: readonly Pid[], counter: Counter]) => {
    for (const pid of pids) Process.monitor(pid);
    return ok(counter);
  },
  handleInfo: Counting.handleInfo,
};

/** A supervisor of a supervisor of … of a server, none of which allows a restart. */
const Level = {
  startLink: (below: number, leaf: ChildSpec): Promise<Supervisor.StartResult> =>
    Supervisor.startLink(Level, [below, leaf]),
  init([below, leaf]: readonly [below: number, leaf: ChildSpec]): Supervisor.InitResult {
    const level: ChildSpec = {
      id: "level",
      start: [Level, "startLink", [below - 1, leaf]],
      type: "supervisor",
    };
    const children = [below === 0 ? leaf : level];
    return Supervisor.init(children, { strategy: "one_for_one", maxRestarts: 0 });
  },
};

const LEAF: ChildSpec = { id: "leaf", start: [Idle, "startLink", [0]] };
const BROKEN_LEAF: ChildSpec = { id: "leaf", start: () => Promise.resolve(["error", "broken"]) };

async function servers(size: number): Promise<Pid[]> {
  const pids = new Array<Pid>(size);
  for (let i = 0; i < size; i++) pids[i] = unwrap(await GenServer.start(Idle, i));
  return pids;
}

async function puppets(size: number): Promise<Pid[]> {
  const pids = new Array<Pid>(size);
  for (let i = 0; i < size; i++) pids[i] = unwrap(await GenServer.start(Puppet));
  return pids;
}

function killAll(pids: readonly Pid[]): void {
  for (const pid of pids) Process.exit(pid, "kill");
}

/** Fails if a case did not do what it claims to have measured. */
function verify(what: string, found: unknown, expected: unknown): void {
  if (found !== expected) throw new Error(`${what}: expected ${expected}, found ${found}`);
}

// --- Sizes --------------------------------------------------------------------------------------

const SIZES = [1000, 10_000, 100_000];
const LARGE = [...SIZES, 1_000_000];
const DEPTHS = [10, 100, 1000];

// --- Cases: processes ---------------------------------------------------------------------------

const idleServers: Case = {
  name: "idle servers",
  make: "GenServer.start",
  use: "GenServer.call",
  end: "kill",
  sizes: LARGE,
  prepare(size) {
    const pids = new Array<Pid>(size);
    return {
      async make() {
        for (let i = 0; i < size; i++) pids[i] = unwrap(await GenServer.start(Idle, i));
      },
      async use() {
        for (const pid of pids) await GenServer.call(pid, "get");
      },
      end: () => killAll(pids),
    };
  },
};

// --- Cases: names -------------------------------------------------------------------------------

const localNames: Case = {
  name: "local names",
  make: "Process.register",
  use: "Process.whereis",
  end: "end of its process",
  sizes: SIZES,
  async prepare(size) {
    const pids = await servers(size);
    const names = pids.map((_, i) => `name ${i}`);
    const before = Process.registered().length;
    return {
      make() {
        for (let i = 0; i < size; i++) Process.register(pids[i]!, names[i]!);
      },
      use() {
        for (let i = 0; i < size; i++) {
          if (Process.whereis(names[i]!) !== pids[i]) throw new Error(`Lost: ${names[i]}`);
        }
      },
      end() {
        killAll(pids);
        verify("Names that are left", Process.registered().length, before);
      },
    };
  },
};

const globalNames: Case = {
  name: "global names",
  make: "Global.registerName",
  use: "Global.whereisName",
  end: "end of its process",
  sizes: SIZES,
  async prepare(size) {
    const pids = await servers(size);
    const names = pids.map((_, i) => ["name", i]);
    const before = Global.registeredNames().length;
    return {
      make() {
        for (let i = 0; i < size; i++) Global.registerName(names[i], pids[i]!);
      },
      use() {
        for (let i = 0; i < size; i++) {
          if (Global.whereisName(names[i]) !== pids[i]) throw new Error(`Lost: ${names[i]}`);
        }
      },
      end() {
        killAll(pids);
        verify("Names that are left", Global.registeredNames().length, before);
      },
    };
  },
};

function registryKeys(keys: "unique" | "duplicate", keyOf: (i: number) => number): Case {
  const sharing = keyOf(1) === keyOf(0) ? ", all of one key" : "";
  const isShared = sharing !== "";
  return {
    name: `entries of a ${keys} Registry${sharing}`,
    make: "a cast, and in it Registry.register",
    use: isShared ? "Registry.dispatch to all" : "Registry.lookup",
    end: "end of its process",
    sizes: SIZES,
    async prepare(size) {
      const name = `registry ${keys}`;
      const registry = unwrap(await Registry.startLink({ keys, name }));
      const pids = await puppets(size);
      return {
        async make() {
          for (let i = 0; i < size; i++) {
            GenServer.cast(pids[i]!, () => void Registry.register(name, keyOf(i), i));
          }
          await GenServer.call(pids[size - 1]!, () => {});
          verify("Entries", Registry.count(name), size);
        },
        use() {
          let found = 0;
          if (isShared) Registry.dispatch(name, keyOf(0), (entries) => found = entries.length);
          else for (let i = 0; i < size; i++) found += Registry.lookup(name, keyOf(i)).length;
          verify("Entries found", found, size);
        },
        async end() {
          killAll(pids);
          verify("Entries that are left", Registry.count(name), 0);
          await GenServer.stop(registry);
        },
      };
    },
  };
}

// --- Cases: timers ------------------------------------------------------------------------------

const HOUR_MS = 3_600_000;

const pendingTimers: Case = {
  name: "timers, pending",
  make: "Process.sendAfter",
  use: "Process.readTimer",
  end: "Process.cancelTimer",
  sizes: LARGE,
  prepare(size) {
    const refs = new Array<Ref>(size);
    const me = self();
    return {
      make() {
        for (let i = 0; i < size; i++) refs[i] = Process.sendAfter(me, "late", HOUR_MS + i);
      },
      use() {
        for (const ref of refs) {
          if (Process.readTimer(ref) === false) throw new Error("A timer is lost");
        }
      },
      end() {
        for (const ref of refs) Process.cancelTimer(ref);
      },
    };
  },
};

const dueTimers: Case = {
  name: "timers, all due at once",
  make: "Process.sendAfter",
  use: "-",
  end: "its message arrives",
  sizes: LARGE,
  async prepare(size) {
    const counter = new Counter(size);
    const server = unwrap(await GenServer.startLink(Counting, counter));
    const due = Math.ceil(Process.monotonicTime()) + 200 + size / 100;
    return {
      make() {
        for (let i = 0; i < size; i++) Process.sendAfter(server, "due", due, { abs: true });
      },
      use: () => {},
      rest() {
        while (Process.monotonicTime() < due);
      },
      end: () => counter.done,
    };
  },
};

// --- Cases: mailboxes ---------------------------------------------------------------------------

const mailbox: Case = {
  name: "messages in one mailbox",
  make: "send",
  use: "passed over by a selective receive",
  end: "receive",
  sizes: LARGE,
  prepare(size) {
    const me = self();
    return {
      make() {
        for (let i = 0; i < size; i++) send(me, i);
      },
      use: () => receive(on("absent", () => {}), after(0, () => {})),
      async end() {
        for (let i = 0; i < size; i++) verify("A message", await receive(), i);
      },
    };
  },
};

const serverMailbox: Case = {
  name: "casts in the mailbox of one server",
  make: "GenServer.cast",
  use: "-",
  end: "handled",
  sizes: LARGE,
  async prepare(size) {
    const server = unwrap(await GenServer.startLink(Idle, 0));
    return {
      make() {
        // All in one go: the server has had no turn when the last one is there.
        for (let i = 0; i < size; i++) GenServer.cast(server, "nothing");
      },
      use: () => {},
      end: () => GenServer.call(server, "get", Infinity),
    };
  },
};

const callsPastMail: Case = {
  name: "messages in the caller's mailbox",
  make: "send",
  use: "GenServer.call",
  end: "flushed",
  sizes: SIZES,
  async prepare(size) {
    const me = self();
    const server = unwrap(await GenServer.startLink(Idle, 0));
    return {
      make() {
        for (let i = 0; i < size; i++) send(me, i);
      },
      async use() {
        for (let i = 0; i < size; i++) await GenServer.call(server, "get");
      },
      end() {
        verify("Messages", flush().length, size);
      },
    };
  },
};

// --- Cases: links and monitors ------------------------------------------------------------------

function chain(traps: boolean): Case {
  return {
    name: `chain of links${traps ? ", all trapping exits" : ""}`,
    make: "GenServer.start, with a link to the one before",
    use: "Process.info of its links",
    end: "dead after the first one was told to exit",
    sizes: SIZES,
    prepare(size) {
      const pids = new Array<Pid>(size);
      return {
        async make() {
          for (let i = 0; i < size; i++) {
            pids[i] = unwrap(await GenServer.start(Chained, [pids[i - 1], traps]));
          }
        },
        use() {
          let ends = 0;
          for (const pid of pids) ends += Process.info(pid, "links")![1].length;
          verify("Ends of links", ends, 2 * (size - 1));
        },
        async end() {
          const last = exitOf(pids[size - 1]!);
          Process.exit(pids[0]!, "shutdown");
          verify("The reason of the last", await last, "shutdown");
          verify("Processes that are left", pids.filter(Process.isAlive).length, 0);
        },
      };
    },
  };
}

const linkedToOne: Case = {
  name: "links of one process",
  make: "GenServer.start, with a link to the one",
  use: "unlinked, and linked again",
  end: "dead after the one has ended",
  sizes: SIZES,
  async prepare(size) {
    const pids = new Array<Pid>(size);
    const hub = unwrap(await GenServer.start(Puppet));
    return {
      async make() {
        for (let i = 0; i < size; i++) {
          pids[i] = unwrap(await GenServer.start(Chained, [hub, false]));
        }
      },
      async use() {
        await GenServer.call(hub, () => pids.forEach(Process.unlink), Infinity);
        await GenServer.call(hub, () => pids.forEach(Process.link), Infinity);
      },
      end() {
        Process.exit(hub, "shutdown");
        verify("Processes that are left", pids.filter(Process.isAlive).length, 0);
      },
    };
  },
};

const monitorsOnOne: Case = {
  name: "monitors on one process",
  make: "GenServer.start, with a monitor on the one",
  use: "in Process.info of the one",
  end: "told of its end",
  sizes: SIZES,
  async prepare(size) {
    const pids = new Array<Pid>(size);
    const [target] = await servers(1);
    const counter = new Counter(size);
    return {
      async make() {
        const args = [[target!], counter] as const;
        for (let i = 0; i < size; i++) pids[i] = unwrap(await GenServer.start(Watching, args));
      },
      use() {
        verify("Monitors", Process.info(target!, "monitored_by")![1].length, size);
      },
      async end() {
        Process.exit(target!, "kill");
        await counter.done;
        killAll(pids);
      },
    };
  },
};

const monitorsOfOne: Case = {
  name: "monitors of one process",
  make: "Process.monitor",
  use: "demonitored with flush, and monitored again",
  end: "its DOWN received",
  sizes: SIZES,
  async prepare(size) {
    const pids = await servers(size);
    const refs = new Array<Ref>(size);
    return {
      make() {
        for (let i = 0; i < size; i++) refs[i] = Process.monitor(pids[i]!);
      },
      use() {
        for (let i = 0; i < size; i++) {
          Process.demonitor(refs[i]!, ["flush"]);
          refs[i] = Process.monitor(pids[i]!);
        }
      },
      async end() {
        killAll(pids);
        for (let i = 0; i < size; i++) await receive(on(["DOWN", refs[i]!, _, _, _], () => {}));
      },
    };
  },
};

const monitorsOfOneThatEnds: Case = {
  name: "monitors of one process that ends",
  make: "Process.monitor",
  use: "in Process.info of the one",
  end: "taken away",
  sizes: SIZES,
  async prepare(size) {
    const pids = await servers(size);
    const watcher = unwrap(await GenServer.start(Puppet));
    return {
      make: () => GenServer.call(watcher, () => pids.forEach((pid) => Process.monitor(pid))),
      use() {
        verify("Monitors", Process.info(watcher, "monitors")![1].length, size);
      },
      end() {
        Process.exit(watcher, "kill");
        for (const pid of pids) {
          if (Process.info(pid, "monitored_by")![1].length > 0) {
            throw new Error("A monitor is left");
          }
        }
        killAll(pids);
      },
    };
  },
};

// --- Cases: supervisors -------------------------------------------------------------------------

const treeStopped: Case = {
  name: "depth of a tree",
  make: "Supervisor.startLink",
  use: "Supervisor.whichChildren",
  end: "stopped with the root",
  sizes: DEPTHS,
  prepare(size) {
    let root: Pid;
    return {
      async make() {
        root = unwrap(await Level.startLink(size - 1, LEAF));
      },
      async use() {
        verify("Supervisors", (await walkDown(root))[1], size);
      },
      end: () => Supervisor.stop(root),
    };
  },
};

const treeClimbed: Case = {
  name: "depth of a tree whose leaf crashes, without restarts",
  make: "Supervisor.startLink",
  use: "Supervisor.whichChildren",
  end: "given up by the supervisor above",
  sizes: DEPTHS,
  prepare(size) {
    let root: Pid;
    let leaf: Pid;
    return {
      async make() {
        Process.flag("trap_exit", true);
        root = unwrap(await Level.startLink(size - 1, LEAF));
      },
      async use() {
        const [pid, supervisors] = await walkDown(root);
        leaf = pid;
        verify("Supervisors", supervisors, size);
      },
      async end() {
        Process.exit(leaf, "kill");
        verify(
          "The reason of the root",
          await receive({ EXIT: (_pid, reason) => reason }),
          "shutdown",
        );
      },
    };
  },
};

const treeStartFails: Case = {
  name: "depth of a tree whose leaf does not start",
  make: "Supervisor.startLink",
  use: "-",
  end: "-",
  sizes: DEPTHS,
  prepare(size) {
    return {
      async make() {
        Process.flag("trap_exit", true);
        const [tag] = await Level.startLink(size - 1, BROKEN_LEAF);
        verify("The start", tag, "error");
      },
      use: () => {},
      end: () => void flush(),
    };
  },
};

/** The leaf of a tree of {@linkcode Level}, and the number of supervisors above it. */
async function walkDown(root: Pid): Promise<[leaf: Pid, supervisors: number]> {
  for (let at = root, supervisors = 1;; supervisors++) {
    const [[, pid, type]] = await Supervisor.whichChildren(at) as [Supervisor.ChildInfo];
    at = pid as Pid;
    if (type === "worker") return [at, supervisors];
  }
}

function children(kind: "Supervisor" | "DynamicSupervisor"): Case {
  const module = kind === "Supervisor" ? Supervisor : DynamicSupervisor;
  return {
    name: `children of a ${kind}`,
    make: `${kind}.startChild`,
    use: "killed, and started anew",
    end: "stopped with the supervisor",
    sizes: SIZES,
    async prepare(size) {
      const options = { strategy: "one_for_one", maxRestarts: 1e9 } as const;
      const started = kind === "Supervisor"
        ? await Supervisor.startLink([], options)
        : await DynamicSupervisor.startLink(options);
      const supervisor = unwrap(started) as Pid;
      const pids = new Array<Pid>(size);
      return {
        async make() {
          for (let id = 0; id < size; id++) {
            const spec = { id, start: [Idle, "startLink", [id]] } as const;
            pids[id] = unwrap(await module.startChild(supervisor, spec) as readonly ["ok", Pid]);
          }
        },
        async use() {
          killAll(pids);
          // It has handled all of them when it replies.
          verify("Children", (await module.countChildren(supervisor)).active, size);
        },
        end: () => module.stop(supervisor),
      };
    },
  };
}

/** All cases. */
export const CASES: readonly Case[] = [
  idleServers,
  localNames,
  globalNames,
  registryKeys("unique", (i) => i),
  registryKeys("duplicate", (i) => i),
  registryKeys("duplicate", () => 0),
  pendingTimers,
  dueTimers,
  mailbox,
  serverMailbox,
  callsPastMail,
  chain(false),
  chain(true),
  linkedToOne,
  monitorsOnOne,
  monitorsOfOne,
  monitorsOfOneThatEnds,
  treeStopped,
  treeClimbed,
  treeStartFails,
  children("Supervisor"),
  children("DynamicSupervisor"),
];

/** Runs a case as often with few that the engine has compiled what it is about to compile. */
async function warmUp(subject: Case): Promise<void> {
  const [few] = subject.sizes;
  const until = performance.now() + WARM_UP_MS;
  do await measure(subject, few!); while (performance.now() < until);
}

const WARM_UP_MS = 300;

if (import.meta.main) {
  const [name, size] = Deno.args;
  const subject = CASES.find((each) => each.name === name);
  if (subject === undefined) throw new Error(`Cannot run this case: there is none named ${name}`);
  // Reports would go to the console, and be what is measured.
  Logger.setHandler(() => {});
  await warmUp(subject);
  console.log(JSON.stringify(await measure(subject, Number(size))));
}
