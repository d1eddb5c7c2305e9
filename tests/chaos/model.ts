/**
 * A model of what OTP's supervisors do, without processes: a tree of instances, and for each thing
 * that may happen to one of them what follows, at what time, and in which order.
 *
 * It is written from the rules of `supervisor.erl` and of Elixir's `DynamicSupervisor`, not from this
 * library, and keeps to the plainest way to say them. It sees a tree at rest: one thing happens, or a
 * second one when a supervisor waits in the midst of the first, and all that follows is over before the
 * next.
 *
 * @module
 */

import type { AutoShutdown, Restart, Shutdown, Supervisor } from "../../mod.ts";

// --- Plans --------------------------------------------------------------------------------------

/** What all children have in common. */
interface Common {
  /** Unique in the whole run. */
  readonly id: string;
  readonly restart: Restart;
  readonly shutdown: Shutdown;
  readonly significant: boolean;
}

/** A worker to be started. */
export interface WorkerPlan extends Common {
  readonly kind: "worker";
  readonly traps: boolean;
  /** Whether its `terminate` never comes to an end when its supervisor has told it to stop. */
  readonly hangs: boolean;
  readonly isNamed: boolean;
}

/** A supervisor to be started, with its children. A dynamic one starts without any. */
export interface SupervisorPlan extends Common {
  readonly kind: "supervisor" | "dynamic";
  readonly strategy: Supervisor.Strategy;
  readonly maxRestarts: number;
  readonly maxSeconds: number;
  readonly autoShutdown: AutoShutdown;
  readonly children: readonly Plan[];
}

/** A child to be started. */
export type Plan = WorkerPlan | SupervisorPlan;

/** The exit reasons that there are. */
export type Reason =
  | "normal"
  | "shutdown"
  | readonly ["shutdown", string]
  | "boom"
  | "killed"
  | "sick"
  // What stands for reasons that cannot be looked at.
  | "unreadable"
  | "revoked";

/**
 * What ails a worker that is to be started: the start is refused before there is a process; its `init`
 * takes `SLOW_MS` and then succeeds, or then fails; or it never returns.
 */
export type Ailment = "refuses" | "is slow" | "fails slowly" | "hangs";

/** How long a slow `init` takes. */
export const SLOW_MS = 1000;

// --- Traces -------------------------------------------------------------------------------------

/**
 * An observable event: a process has started (for a supervisor: and so have its children), its `terminate` was
 * called, it has exited. The `label` identifies the process.
 */
export type Event =
  | readonly ["start", label: string]
  | readonly ["terminate" | "down", label: string, reason: Reason];

/** Events in a partial order: one part after another, or parts that have none among each other. */
export type Trace =
  | { readonly event: Event }
  | { readonly order: "in order" | "at once"; readonly parts: Trace[] };

/**
 * What is wrong with `seen` as an order of the events of `expected`; `undefined` if nothing is. An event
 * occurs once at most, for a restarted process has another label.
 */
export function mismatch(seen: readonly Event[], expected: Trace): string | undefined {
  const positions = new Map<string, number>();
  for (const [position, event] of seen.entries()) {
    const text = JSON.stringify(event);
    if (positions.has(text)) return `twice: ${text}`;
    positions.set(text, position);
  }
  let wrong: string | undefined;
  /** The events of a part, by their positions; the last is what comes behind it. */
  const span = (part: Trace): [first: number, last: number] => {
    if ("event" in part) {
      const text = JSON.stringify(part.event);
      const position = positions.get(text);
      if (position === undefined) {
        wrong ??= `missing: ${text}`;
        return [Infinity, -Infinity];
      }
      positions.delete(text);
      return [position, position];
    }
    let [first, last] = [Infinity, -Infinity];
    for (const [from, to] of part.parts.map(span)) {
      if (part.order === "in order" && from < last) {
        wrong ??= `too early: ${JSON.stringify(seen[from])}, before ${JSON.stringify(seen[last])}`;
      }
      [first, last] = [Math.min(first, from), Math.max(last, to)];
    }
    return [first, last];
  };
  span(expected);
  if (wrong === undefined && positions.size > 0) wrong = `unexpected: ${[...positions.keys()]}`;
  return wrong;
}

// --- The tree -----------------------------------------------------------------------------------

/** One run of a plan: a process. */
export class Instance {
  /** Tells it from all others, also of the same plan. */
  readonly label: string;
  isAlive = true;
  /** Its exit reason. */
  reason: Reason | undefined;
  /** It waits forever in a callback, and reads no mail. */
  isStuck = false;
  /** Of a supervisor: in the order of their start. */
  slots: Slot[] = [];
  /** Of a supervisor: the whole seconds of its restarts. */
  restarts: number[] = [];

  constructor(
    readonly plan: Plan,
    readonly supervisor: Instance | undefined,
    incarnation: number,
  ) {
    this.label = labelOf(plan, incarnation);
  }

  /** Number of supervisors above it. */
  get depth(): number {
    return this.supervisor === undefined ? 0 : this.supervisor.depth + 1;
  }
}

/** The name of the `incarnation`th run of a plan. */
export function labelOf(plan: Plan, incarnation: number): string {
  return `${plan.id}.${incarnation}`;
}

/** A child of a supervisor: what is to run, and what does. */
export interface Slot {
  readonly plan: Plan;
  /** Includes one that has exited, until its supervisor is notified. */
  instance: Instance | undefined;
  /** The one before. */
  last?: Instance | undefined;
  /** It could not be restarted, and will be tried once more. */
  isRestarting: boolean;
}

/** The supervisor's own plan, of an instance that is one. */
export function supervisorOf(instance: Instance): SupervisorPlan {
  if (instance.plan.kind === "worker") throw new Error(`${instance.label} is no supervisor`);
  return instance.plan;
}

/** Whether an exit is one after which a transient child is not restarted. */
function isOrderly(reason: Reason): boolean {
  return reason === "normal" || reason === "shutdown" || Array.isArray(reason);
}

// --- What happens -------------------------------------------------------------------------------

/** Thrown through what a supervisor does when it is killed in the midst of it. */
class Felled extends Error {}

/** The tree, and what happens to it. */
export class Model {
  root: Instance | undefined;
  /** Processes whose supervisor was killed, and that are stuck: nothing ever terminates them. */
  readonly orphans = new Set<Instance>();
  /** Milliseconds: when all that was to follow was over. */
  now: number;
  readonly #incarnations = new Map<Plan, number>();
  /** What the next starts of workers will suffer from. */
  readonly #ailments = new Map<Plan, [ailment: Ailment, times: number]>();
  /** What supervisors have yet to read. */
  readonly #mail: (() => void)[] = [];
  #isReading = false;
  #isInterrupted = false;
  /** What happens as soon as a supervisor waits. */
  #meanwhile: (() => void) | undefined;
  /** The child a supervisor waits for, at such a moment. */
  #awaited: Instance | undefined;
  /** Whose `init` is running, at such a moment. */
  starting: Instance | undefined;
  #trace: Trace[] = [];
  /** What goes on beside the tree: the rest of supervisors that were killed. */
  #beside: Trace[] = [];
  /** When the last of that was over. */
  #latest = 0;

  constructor(now: number) {
    this.now = now;
  }

  /** All processes of the tree, supervisors before their children. */
  *running(from: Instance | undefined = this.root): Generator<Instance> {
    if (from === undefined) return;
    yield from;
    for (const { instance } of from.slots) {
      if (instance !== undefined) yield* this.running(instance);
    }
  }

  /** Takes what has happened since it was last taken, and waits until it is over. */
  take(): Trace {
    const trace: Trace = {
      order: "at once",
      parts: [{ order: "in order", parts: this.#trace }, ...this.#beside],
    };
    this.now = Math.max(this.now, this.#latest);
    this.#trace = [];
    this.#beside = [];
    return trace;
  }

  /** Starts a whole tree. */
  plant(plan: SupervisorPlan): void {
    const root = this.#start(plan, undefined);
    if (root instanceof Instance) this.root = root;
  }

  /** The next `times` starts of a worker will suffer from `ailment`. */
  sicken(plan: Plan, ailment: Ailment, times: number): void {
    this.#ailments.set(plan, [ailment, times]);
  }

  /** Does one thing, and the other as soon as a supervisor waits in the midst of the first; else after it. */
  both(first: () => unknown, meanwhile: () => void): unknown {
    this.#meanwhile = meanwhile;
    try {
      const answer = first();
      this.#interrupt();
      return answer;
    } catch (error) {
      if (!(error instanceof Felled)) throw error;
      return ["exit", "killed"];
    } finally {
      this.#read();
    }
  }

  /** Kills a supervisor that has only workers, and is perhaps waiting for one of them. */
  fell(supervisor: Instance): void {
    const { starting } = this;
    const awaited = this.#awaited;
    this.starting = undefined;
    if (awaited !== undefined) awaited.isStuck = true;
    this.kill(supervisor);
    if (starting !== undefined) this.#beside.push(this.#apart(() => this.#abandon(starting)));
    // Whatever it was about to do is not done.
    if (awaited !== undefined) throw new Felled();
  }

  /** A supervisor is called; it may be busy, and replies in its turn, if it is alive. */
  request(supervisor: Instance, ask: () => unknown, answer: (value: unknown) => void): void {
    if (!supervisor.isAlive) return answer(["exit", "noproc"]);
    this.#mail.push(() => answer(supervisor.isAlive ? ask() : ["exit", supervisor.reason]));
    this.#read();
  }

  /** A worker exits by itself. */
  end(worker: Instance, reason: Reason): void {
    if (worker.isStuck || !worker.isAlive) return;
    this.#emit(["terminate", worker.label, reason]);
    this.#down(worker, reason);
    this.#post(worker);
    this.#read();
  }

  /** A supervisor is stopped by another process than its supervisor. */
  stop(supervisor: Instance, reason: Reason): void {
    this.#end(supervisor, reason);
    this.#read();
  }

  /** An unrelated process sends exit signals with the reason `"kill"`, to one child of a supervisor or several at once. */
  kill(...instances: Instance[]): void {
    const killed = instances.filter(({ isAlive }) => isAlive);
    for (const each of killed) this.#kill(each);
    for (const each of killed) this.#post(each);
    this.#read();
  }

  /** An unrelated process sends another exit signal. */
  signal(instance: Instance, reason: Reason): void {
    const { plan } = instance;
    if (plan.kind !== "worker" || plan.traps || reason === "normal") return;
    this.#down(instance, reason);
    this.#post(instance);
    this.#read();
  }

  /** An orphan is killed. */
  sweep(orphan: Instance): void {
    this.orphans.delete(orphan);
    this.#down(orphan, "killed");
  }

  // --- What a supervisor is asked to do. The answers name processes by their labels.

  /** A dynamic supervisor knows a child by its process, the last one while it is being restarted. */
  terminateChild(supervisor: Instance, id: string, process?: Instance): unknown {
    const slot = supervisor.slots.find(({ plan }) => plan.id === id);
    if (slot === undefined) return ["error", "not_found"];
    if (process !== undefined && process !== (slot.instance ?? slot.last)) {
      return ["error", "not_found"];
    }
    if (slot.instance !== undefined) this.#stopChild(slot.instance);
    this.#release(supervisor, slot);
    return "ok";
  }

  restartChild(supervisor: Instance, id: string): unknown {
    const slot = supervisor.slots.find(({ plan }) => plan.id === id);
    if (slot === undefined) return ["error", "not_found"];
    if (slot.isRestarting) return ["error", "restarting"];
    if (slot.instance !== undefined) return ["error", "running"];
    const started = this.#start(slot.plan, supervisor);
    if (!(started instanceof Instance)) return ["error", started.failure];
    slot.instance = started;
    return ["ok", started.label];
  }

  deleteChild(supervisor: Instance, id: string): unknown {
    const slot = supervisor.slots.find(({ plan }) => plan.id === id);
    if (slot === undefined) return ["error", "not_found"];
    if (slot.isRestarting) return ["error", "restarting"];
    if (slot.instance !== undefined) return ["error", "running"];
    supervisor.slots = supervisor.slots.filter((each) => each !== slot);
    return "ok";
  }

  startChild(supervisor: Instance, plan: Plan): unknown {
    const present = supervisor.slots.find((each) => each.plan.id === plan.id);
    if (present !== undefined && supervisor.plan.kind !== "dynamic") {
      return present.instance === undefined
        ? ["error", "already_present"]
        : ["error", ["already_started", present.instance.label]];
    }
    const instance = this.#start(plan, supervisor);
    if (!(instance instanceof Instance)) return ["error", instance.failure];
    supervisor.slots.push({ plan, instance, isRestarting: false });
    return ["ok", instance.label];
  }

  // --- Starting

  #start(plan: Plan, supervisor: Instance | undefined): Instance | { failure: unknown } {
    const incarnation = (this.#incarnations.get(plan) ?? 0) + 1;
    this.#incarnations.set(plan, incarnation);
    const instance = new Instance(plan, supervisor, incarnation);
    const [ailment, times] = this.#ailments.get(plan) ?? [undefined, 0];
    if (times > 0) {
      this.#ailments.set(plan, [ailment!, times - 1]);
      return ailment === "refuses" ? { failure: "sick" } : this.#startSlowly(instance, ailment!);
    }
    if (plan.kind === "supervisor") {
      for (const child of plan.children) {
        const started = this.#start(child, instance);
        if (!(started instanceof Instance)) {
          this.#stopChildren(instance);
          return { failure: ["shutdown", ["failed_to_start_child", child.id, started.failure]] };
        }
        instance.slots.push({ plan: child, instance: started, isRestarting: false });
      }
    }
    this.#emit(["start", instance.label]);
    return instance;
  }

  /** The `init` of a worker takes its time. */
  #startSlowly(instance: Instance, ailment: Ailment): Instance | { failure: unknown } {
    this.#emit(["start", instance.label]);
    this.starting = instance;
    this.#wait(ailment === "hangs" ? Infinity : SLOW_MS, instance);
    this.starting = undefined;
    if (instance.isAlive && ailment === "fails slowly") this.#down(instance, "sick");
    return instance.isAlive ? instance : { failure: instance.reason };
  }

  // --- Ending

  #down(instance: Instance, reason: Reason): void {
    instance.isAlive = false;
    instance.reason = reason;
    if (instance === this.root) this.root = undefined;
    this.#emit(["down", instance.label, reason]);
  }

  /**
   * A supervisor stops a child and waits for its end; but no longer than until `deadline`, when it will be
   * killed itself. Tells whether it lived to see the end.
   */
  #stopChild(instance: Instance, deadline = Infinity): boolean {
    const { plan } = instance;
    if (!instance.isAlive) return true;
    if (plan.shutdown === "brutal_kill") return this.#kill(instance), true;
    if (plan.kind !== "worker") return this.#stopSupervisor(instance, deadline);
    if (!plan.traps) return this.#down(instance, "shutdown"), true;
    if (plan.shutdown === 0) return this.#down(instance, "killed"), true;
    if (!instance.isStuck) this.#emit(["terminate", instance.label, "shutdown"]);
    if (!instance.isStuck && !plan.hangs) return this.#down(instance, "shutdown"), true;
    if (plan.shutdown === "infinity") throw new Error(`${instance.label} would hang forever`);
    const end = this.now + plan.shutdown;
    if (end > deadline) {
      instance.isStuck = true;
      this.#wait(deadline - this.now);
      return false;
    }
    this.#wait(plan.shutdown, instance);
    if (instance.isAlive) this.#down(instance, "killed");
    return true;
  }

  #stopSupervisor(instance: Instance, deadline: number): boolean {
    const { shutdown } = instance.plan;
    const limit = typeof shutdown === "number" ? this.now + shutdown : Infinity;
    if (limit <= deadline) {
      if (!this.#leave(instance, "shutdown", limit)) this.#kill(instance);
      return true;
    }
    // It was told to stop, and no supervisor is left to kill it: it takes the time that it needs.
    const start = this.now;
    const trace = this.#record(() => this.#leave(instance, "shutdown"));
    if (this.now <= deadline) {
      this.#trace.push(trace);
      return true;
    }
    this.#beside.push(trace);
    this.#latest = Math.max(this.#latest, this.now);
    this.now = start;
    this.#wait(deadline - start);
    return false;
  }

  /** A supervisor stops in an orderly way. Returns whether it had, before the `deadline`. */
  #leave(supervisor: Instance, reason: Reason, deadline = Infinity): boolean {
    if (!this.#stopChildren(supervisor, deadline)) return false;
    this.#down(supervisor, reason);
    return true;
  }

  /** A supervisor exits by itself. */
  #end(supervisor: Instance, reason: Reason): void {
    this.#leave(supervisor, reason);
    this.#tell(supervisor, reason);
  }

  /** Whether all have exited before the `deadline`. */
  #stopChildren(supervisor: Instance, deadline = Infinity): boolean {
    const children = supervisor.slots.flatMap(({ instance }) => instance ?? []);
    if (supervisor.plan.kind !== "dynamic") {
      return children.reverse().every((child) => this.#stopChild(child, deadline));
    }
    let isInTime = true;
    this.#atOnce(children.map((child) => () => {
      if (!this.#stopChild(child, deadline)) isInTime = false;
    }));
    return isInTime;
  }

  /** A process is killed. Its children are notified by their links. */
  #kill(instance: Instance): void {
    this.#down(instance, "killed");
    for (const { instance: child } of instance.slots) {
      if (child?.isAlive) this.#beside.push(this.#apart(() => this.#abandon(child)));
    }
  }

  /** The supervisor of a process was killed. */
  #abandon(instance: Instance): void {
    const { plan } = instance;
    if (plan.kind !== "worker") return void this.#leave(instance, "killed");
    if (plan.traps && instance.isStuck) return void this.orphans.add(instance);
    if (plan.traps) this.#emit(["terminate", instance.label, "killed"]);
    this.#down(instance, "killed");
  }

  // --- Restarting

  /** The supervisor of a process that has exited by itself is notified. */
  #tell(ended: Instance, reason: Reason): void {
    const { supervisor } = ended;
    const slot = supervisor?.slots.find(({ instance }) => instance === ended);
    if (!supervisor?.isAlive || slot === undefined) return;
    const { restart, significant } = slot.plan;
    if (restart === "permanent" || (restart === "transient" && !isOrderly(reason))) {
      return this.#restart(supervisor, slot);
    }
    this.#release(supervisor, slot);
    const { autoShutdown } = supervisorOf(supervisor);
    const others = supervisor.slots.some((each) =>
      each.plan.significant && (each.instance !== undefined || each.isRestarting)
    );
    if (
      significant && (autoShutdown === "any_significant" ||
        (autoShutdown === "all_significant" && !others))
    ) {
      this.#end(supervisor, "shutdown");
    }
  }

  #restart(supervisor: Instance, slot: Slot): void {
    const { strategy, maxRestarts, maxSeconds } = supervisorOf(supervisor);
    const second = Math.floor(this.now / 1000);
    supervisor.restarts = supervisor.restarts.filter((each) => each >= second - maxSeconds);
    supervisor.restarts.push(second);
    slot.last = slot.instance ?? slot.last;
    slot.instance = undefined;
    slot.isRestarting = false;
    if (supervisor.restarts.length > maxRestarts) return this.#end(supervisor, "shutdown");
    const { slots } = supervisor;
    const affected = strategy === "one_for_one"
      ? [slot]
      : strategy === "one_for_all"
      ? [...slots]
      : slots.slice(slots.indexOf(slot));
    for (const each of [...affected].reverse()) {
      each.isRestarting = false;
      if (each.instance === undefined) continue;
      this.#stopChild(each.instance);
      this.#release(supervisor, each);
    }
    for (const each of affected) {
      if (each.plan.restart === "temporary") continue;
      const started = this.#start(each.plan, supervisor);
      if (started instanceof Instance) {
        each.instance = started;
        continue;
      }
      each.isRestarting = true;
      this.#mail.push(() => this.#retry(supervisor, each));
      return;
    }
  }

  /** What could not be restarted is tried again until it can be, or was tried too often. */
  #retry(supervisor: Instance, slot: Slot): void {
    if (supervisor.isAlive && slot.isRestarting && supervisor.slots.includes(slot)) {
      this.#restart(supervisor, slot);
    }
  }

  /** The supervisor of a process that has exited by itself will be notified. */
  #post(ended: Instance): void {
    this.#mail.push(() => this.#tell(ended, ended.reason!));
  }

  /** Supervisors read their mail, and what comes of it. One that is reading does nothing else. */
  #read(): void {
    if (this.#isReading || this.#isInterrupted) return;
    this.#isReading = true;
    try {
      for (let next; (next = this.#mail.shift());) next();
    } finally {
      this.#isReading = false;
    }
  }

  /** A child has no process any more: a temporary one, and one of a dynamic supervisor, is forgotten. */
  #release(supervisor: Instance, slot: Slot): void {
    slot.instance = undefined;
    slot.isRestarting = false;
    if (slot.plan.restart === "temporary" || supervisor.plan.kind === "dynamic") {
      supervisor.slots = supervisor.slots.filter((each) => each !== slot);
    }
  }

  // --- Order and time

  /**
   * Time passes while a supervisor waits; none if it waits for the exit of `awaited`, and that has happened
   * already.
   */
  #wait(ms: number, awaited?: Instance): void {
    this.#interrupt(awaited);
    if (awaited?.isAlive === false) return;
    if (ms === Infinity) throw new Error(`${awaited?.label} is waited for forever`);
    this.now += ms;
  }

  /** What is to happen meanwhile, does. */
  #interrupt(awaited?: Instance): void {
    const meanwhile = this.#meanwhile;
    this.#meanwhile = undefined;
    this.#isInterrupted = true;
    this.#awaited = awaited;
    try {
      meanwhile?.();
    } finally {
      this.#isInterrupted = false;
      this.#awaited = undefined;
    }
  }

  #emit(event: Event): void {
    this.#trace.push({ event });
  }

  /** What happens at once is over when the last of it is. */
  #atOnce(doings: readonly (() => void)[]): void {
    const start = this.now;
    let end = start;
    const parts: Trace[] = [];
    for (const doing of doings) {
      this.now = start;
      parts.push(this.#record(doing));
      end = Math.max(end, this.now);
    }
    this.now = end;
    this.#trace.push({ order: "at once", parts });
  }

  /** What happens elsewhere takes no time of processes that do not wait for it. */
  #apart(doing: () => void): Trace {
    const start = this.now;
    const meanwhile = this.#meanwhile;
    this.#meanwhile = undefined;
    const trace = this.#record(doing);
    this.#meanwhile = meanwhile;
    this.#latest = Math.max(this.#latest, this.now);
    this.now = start;
    return trace;
  }

  #record(doing: () => void): Trace {
    const outer = this.#trace;
    this.#trace = [];
    doing();
    const parts = this.#trace;
    this.#trace = outer;
    return { order: "in order", parts };
  }
}
