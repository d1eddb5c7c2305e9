/**
 * A cluster that exists only in a test: the state machines of several nodes, in one program, with a network whose
 * delays are drawn by lot, and a clock of its own. What one seed gives, it gives again.
 *
 * @module
 */

import { RemotePid } from "../../../lib/kernel/distribution.ts";
import type { NodeName, Pid, Term } from "../../../lib/kernel/term.ts";
import { resolveAll, wireNames } from "../../../lib/node/global/conflicts.ts";
import { locker, type LockerMessage } from "../../../lib/node/global/locker.ts";
import { type Change, registrar } from "../../../lib/node/global/registrar.ts";
import { Actor, type Answers, type Stage } from "../../../lib/node/global/routine.ts";
import { Server, type Surroundings } from "../../../lib/node/global/server.ts";
import type { Request } from "../../../lib/node/global/protocol.ts";
import { Locks, Names, type Resolve } from "../../../registries/name_server.ts";

/** Keeps the smaller node's process, and ends the other: as `random_exit_name` does. */
export const exitOther = (world: World): Resolve => (_name, pid1, pid2) => {
  const [winner, loser] = pid1.node < pid2.node ? [pid1, pid2] : [pid2, pid1];
  world.end(loser);
  return winner;
};

/** Everything that happens. */
export class World {
  readonly nodes = new Map<NodeName, SimulatedNode>();
  /** Pids that have ended. */
  readonly ended = new Set<Pid>();
  /** Lines that were logged. */
  readonly warnings: string[] = [];
  /** What was sent between nodes, as it was: `[from, to, message]`. */
  readonly sent: (readonly [NodeName, NodeName, Term])[] = [];
  /** What becomes of a message that a node sends: hostile nodes send others. */
  tamper: (from: NodeName, message: Term) => Term = (_from, message) => message;
  /** How many comparisons of names are under way: they are promises, not events. */
  resolving = 0;
  now = 0;
  readonly #maxDelay: number;
  #seed: number;
  #count = 0;
  #pids = 0;
  #events: { at: number; count: number; run: () => void }[] = [];
  /** Pairs that are connected, and which connection that is. */
  readonly #links = new Map<
    string,
    { readonly number: number; readonly last: Map<NodeName, number> }
  >();
  /** Pairs that cannot reach each other. */
  readonly #cut = new Set<string>();

  constructor(seed: number, maxDelay = 20) {
    this.#seed = seed;
    this.#maxDelay = maxDelay;
  }

  /** A number from 0 on, less than 1. */
  random = (): number => {
    // mulberry32
    this.#seed = (this.#seed + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#seed ^ (this.#seed >>> 15), 1 | this.#seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };

  pid(node: NodeName): Pid {
    return new RemotePid(node, ++this.#pids, 0, 1);
  }

  add(...names: NodeName[]): SimulatedNode[] {
    return names.map((name) => {
      const node = new SimulatedNode(this, name);
      this.nodes.set(name, node);
      return node;
    });
  }

  // --- Time -----------------------------------------------------------------------------------------

  at(ms: number, run: () => void): () => void {
    const event = { at: this.now + ms, count: ++this.#count, run };
    this.#events.push(event);
    return () => event.run = () => {};
  }

  /** Lets one thing happen; tells whether there was any. */
  step(): boolean {
    let next = 0;
    for (const [i, event] of this.#events.entries()) {
      const first = this.#events[next]!;
      if (event.at < first.at || (event.at === first.at && event.count < first.count)) next = i;
    }
    const [event] = this.#events.splice(next, 1);
    if (event === undefined) return false;
    this.now = event.at;
    event.run();
    return true;
  }

  /** Runs until nothing is left to do, or for a time in milliseconds. */
  async run(ms: number = Infinity): Promise<void> {
    const end = this.now + ms;
    for (let steps = 0;; steps++) {
      while (this.resolving > 0) await null;
      if (this.#events.every(({ at }) => at > end) || !this.step()) break;
      if (steps > 500_000) throw new Error("This does not end");
    }
    if (ms < Infinity) this.now = end;
  }

  // --- Network --------------------------------------------------------------------------------------

  isConnected(a: NodeName, b: NodeName): boolean {
    return this.#links.has(pair(a, b));
  }

  /** Connects two nodes, if they can reach each other. Each hears of it in its own time. */
  connect(a: NodeName, b: NodeName): boolean {
    const key = pair(a, b);
    if (a === b || this.#links.has(key)) return true;
    if (this.#cut.has(key) || !this.nodes.has(a) || !this.nodes.has(b)) return false;
    const number = ++this.#count;
    const last = new Map<NodeName, number>();
    this.#links.set(key, { number, last });
    for (const [own, other] of [[a, b], [b, a]] as const) {
      const delay = this.#delay();
      last.set(other, this.now + delay); // and of nothing that comes from there before
      this.at(delay, () => {
        if (this.#links.get(key)?.number === number) this.nodes.get(own)!.up(other);
      });
    }
    return true;
  }

  disconnect(a: NodeName, b: NodeName): void {
    if (!this.#links.delete(pair(a, b))) return;
    const sides = this.random() < 0.5 ? [[a, b], [b, a]] as const : [[b, a], [a, b]] as const;
    for (const [own, other] of sides) this.nodes.get(own)?.down(other);
  }

  /** Separates two groups of nodes. */
  cut(some: readonly NodeName[], others: readonly NodeName[]): void {
    for (const a of some) {
      for (const b of others) {
        this.#cut.add(pair(a, b));
        this.disconnect(a, b);
      }
    }
  }

  heal(): void {
    this.#cut.clear();
  }

  /** A node is there no more, all at once. */
  kill(name: NodeName): void {
    const node = this.nodes.get(name)!;
    this.nodes.delete(name);
    for (const pid of node.pids) this.ended.add(pid);
    for (const other of this.nodes.keys()) this.disconnect(name, other);
    node.stop();
  }

  /** Carries something from one node to another, unless they lose each other before. */
  carry(from: NodeName, to: NodeName, then: () => void): void {
    const key = pair(from, to);
    const link = this.#links.get(key);
    if (link === undefined) return;
    const at = Math.max(this.now + this.#delay(), link.last.get(from) ?? 0);
    link.last.set(from, at);
    this.at(at - this.now, () => {
      if (this.#links.get(key)?.number === link.number) then();
    });
  }

  /** Ends a process. */
  end(pid: Pid): void {
    if (this.ended.has(pid)) return;
    this.ended.add(pid);
    for (const [name, node] of this.nodes) {
      if (name === pid.node) node.ended(pid);
      else this.carry(pid.node, name, () => node.ended(pid));
    }
  }

  #delay(): number {
    return Math.floor(this.random() * this.#maxDelay);
  }
}

/** One node. */
export class SimulatedNode implements Surroundings, Stage {
  readonly node: NodeName;
  readonly creation = 1;
  readonly world: World;
  readonly lockerPid: Pid;
  readonly registrarPid: Pid;
  readonly names: Names;
  readonly locks: Locks;
  preventsOverlappingPartitions = true;
  readonly server: Server;
  readonly pids: Pid[] = [];
  readonly #locker: Actor<never>;
  readonly #registrar: Actor<never>;
  readonly #watches = new Map<Pid, Set<() => void>>();
  readonly #up = new Set<NodeName>();
  /** What is asked of other nodes: who waits for it. */
  readonly #asked = new Map<NodeName, Set<() => void>>();
  readonly #connecting = new Map<NodeName, ((isConnected: boolean) => void)[]>();
  #isOver = false;

  constructor(world: World, node: NodeName) {
    this.world = world;
    this.node = node;
    this.lockerPid = this.spawn();
    this.registrarPid = this.spawn();
    const watch = (pid: Pid, hook: () => void) => this.#watch(pid, hook);
    this.names = new Names(watch);
    this.locks = new Locks(watch);
    this.server = new Server(this);
    const locking = { node, canSet: this.locks.canSet.bind(this.locks), random: world.random };
    this.#registrar = new Actor(
      registrar({ ...locking, requester: this.registrarPid, known: () => this.server.known }),
      this.stage(this.registrarPid),
    );
    this.#locker = new Actor(
      locker({
        ...locking,
        pid: this.lockerPid,
        compare: (a, b) => a.id - b.id,
        isGlobalLocked: () => this.locks.isSet("global"),
        cast: (to, message) => this.cast(to, message),
        locked: (...what) => this.server.locked(...what),
        poll: (accepts) => this.#locker.poll(accepts as never) as LockerMessage | undefined,
      }),
      this.stage(this.lockerPid),
    );
  }

  spawn(): Pid {
    const pid = this.world.pid(this.node);
    this.pids.push(pid);
    return pid;
  }

  /** Changes names on all nodes. */
  change(request: Request, done: (isDone: boolean) => void = () => {}, mayBe = () => true): void {
    this.#registrar.post({ request, mayBe, done } satisfies Change);
  }

  register(name: Term, pid: Pid, done?: (isDone: boolean) => void, method?: Resolve): void {
    this.change(
      ["register", name, pid, method ?? exitOther(this.world)],
      done,
      () => this.names.lookup(name) === undefined,
    );
  }

  /** All names, with their pids. */
  get table(): Record<string, string> {
    const entries = [...this.names.entries.values()];
    return Object.fromEntries(
      entries.map(({ name, pid }) => [String(name), String(pid)]).sort(),
    );
  }

  // --- What happens to it ---------------------------------------------------------------------------

  up(node: NodeName): void {
    this.#up.add(node);
    this.server.nodeUp(node);
    this.#settle(node, true);
  }

  down(node: NodeName): void {
    for (const [pid, hooks] of this.#watches) {
      if (pid.node !== node) continue;
      this.#watches.delete(pid);
      for (const hook of hooks) hook();
    }
    const asked = this.#asked.get(node) ?? [];
    this.#asked.delete(node);
    for (const lost of asked) lost();
    if (this.#up.delete(node)) this.server.nodeDown(node);
    this.#settle(node, false);
  }

  #settle(node: NodeName, isConnected: boolean): void {
    const waiting = this.#connecting.get(node) ?? [];
    this.#connecting.delete(node);
    for (const then of waiting) then(isConnected);
  }

  ended(pid: Pid): void {
    const hooks = this.#watches.get(pid) ?? [];
    this.#watches.delete(pid);
    for (const hook of hooks) hook();
  }

  stop(): void {
    this.#isOver = true;
    this.#locker.stop();
    this.#registrar.stop();
  }

  #watch(pid: Pid, hook: () => void): (() => void) | undefined {
    const { world } = this;
    if (pid.node === this.node && world.ended.has(pid)) return undefined;
    let hooks = this.#watches.get(pid);
    if (hooks === undefined) this.#watches.set(pid, hooks = new Set());
    hooks.add(hook);
    if (pid.node !== this.node) {
      if (!world.connect(this.node, pid.node)) world.at(1, () => this.ended(pid));
      else if (world.ended.has(pid)) world.carry(pid.node, this.node, () => this.ended(pid));
    }
    return () => void hooks.delete(hook);
  }

  // --- Stage ----------------------------------------------------------------------------------------

  stage(caller: Pid): Stage {
    return {
      ask: (nodes, request, then) => this.ask(nodes, request, then, caller),
      after: (ms, then) => this.after(ms, then),
    };
  }

  ask(
    nodes: readonly NodeName[],
    request: Term,
    then: (answers: Answers) => void,
    caller = this.registrarPid,
  ): void {
    const answers = new Map<NodeName, Term>();
    const missing = new Set(nodes);
    const settle = (node: NodeName) => {
      if (missing.delete(node) && missing.size === 0 && !this.#isOver) then(answers);
    };
    for (const node of nodes) {
      if (node === this.node) {
        answers.set(node, this.server.call(request, caller));
        settle(node);
      } else if (!this.world.connect(this.node, node)) {
        this.world.at(1, () => settle(node));
      } else {
        const lost = () => settle(node);
        let asked = this.#asked.get(node);
        if (asked === undefined) this.#asked.set(node, asked = new Set());
        asked.add(lost);
        this.#carry(node, request, (other, sent) => {
          const answer = other.server.call(sent, caller);
          this.world.carry(node, this.node, () => {
            asked.delete(lost);
            answers.set(node, answer);
            settle(node);
          });
        });
      }
    }
  }

  after(ms: number, then: () => void): () => void {
    return this.world.at(ms, () => this.#isOver || then());
  }

  // --- Surroundings ---------------------------------------------------------------------------------

  namesToSend() {
    return wireNames(this.names, () => true);
  }

  isConnected(): boolean {
    return true; // messages of a connection that was closed are lost here
  }

  cast(node: NodeName, message: readonly unknown[]): void {
    if (!this.world.connect(this.node, node)) return;
    this.#carry(node, message, (other, said) => other.server.cast(said));
  }

  tell(node: NodeName, message: readonly unknown[]): void {
    this.#carry(node, message, (other, said) => other.server.info(said));
  }

  #carry(
    node: NodeName,
    message: Term,
    then: (other: SimulatedNode, message: Term) => void,
  ): void {
    const sent = this.world.tamper(this.node, message);
    this.world.sent.push([this.node, node, sent]);
    this.world.carry(this.node, node, () => {
      const other = this.world.nodes.get(node);
      if (other !== undefined) then(other, sent);
    });
  }

  tellLocker(message: LockerMessage): void {
    this.#locker.post(message);
  }

  resolve(...[node, theirNames, then]: Parameters<Surroundings["resolve"]>): () => void {
    let isOff = false;
    this.world.resolving++;
    resolveAll(this.names, this.node, node, theirNames, (entry, otherPid) => {
      // Over the wire goes what stands for it.
      const method = typeof entry.method === "function" ? entry.method : exitOther(this.world);
      return Promise.resolve((method as Resolve)(entry.name, otherPid, entry.pid));
    }).then((resolution) => {
      this.world.resolving--;
      this.world.at(1, () => isOff || this.#isOver || then(resolution));
    });
    return () => isOff = true;
  }

  connect(node: NodeName, then: (isConnected: boolean) => void): void {
    if (this.#up.has(node)) return void this.after(1, () => then(true));
    if (!this.world.connect(this.node, node)) return void this.after(1, () => then(false));
    const waiting = this.#connecting.get(node) ?? [];
    this.#connecting.set(node, [...waiting, then]);
  }

  disconnectNode(node: NodeName): void {
    this.after(1, () => this.world.disconnect(this.node, node));
  }

  random(): number {
    return this.world.random();
  }

  warn(text: string): void {
    this.world.warnings.push(text);
  }
}

function pair(a: NodeName, b: NodeName): string {
  return a < b ? `${a} ${b}` : `${b} ${a}`;
}
