/**
 * Random supervision trees: the plans of them, and the processes that are started by such a plan and
 * note what happens to them.
 *
 * @module
 */

import {
  type ChildSpec,
  DynamicSupervisor,
  exit,
  GenServer,
  noreply,
  ok,
  type Pid,
  Process,
  type StartFunction,
  stop,
  Supervisor,
} from "../../mod.ts";
import { Monitor, onExit } from "../../lib/kernel/signals.ts";
import { Ref } from "../../lib/kernel/term.ts";
import { hold, type Holding } from "../fixtures/holding.ts";
import {
  type Ailment,
  type Event,
  labelOf,
  type Plan,
  type Reason,
  SLOW_MS,
  type SupervisorPlan,
} from "./model.ts";

// --- Chance -------------------------------------------------------------------------------------

/** Random numbers that are the same for the same seed. */
export class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** Goes on with the numbers that belong to `part` of `seed`, whatever was drawn before. */
  turnTo(seed: number, part: number): void {
    this.#state = (seed + Math.imul(part, 0x9e3779b1)) >>> 0;
  }

  /** A whole number from 0 to `limit` - 1. */
  below(limit: number): number {
    // Mulberry32.
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), this.#state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor(((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32 * limit);
  }

  /** One of `choices`. */
  of<const Choices extends readonly unknown[]>(...choices: Choices): Choices[number] {
    return choices[this.below(choices.length)];
  }

  /** `true` once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }
}

// --- Plans --------------------------------------------------------------------------------------

/** The most supervisors above a worker. */
const MAX_DEPTH = 4;
/** More restarts than there can be. */
export const UNLIMITED = 1e9;
/** More milliseconds than a supervisor can need to stop its children. */
const AMPLE = 1e9;
/** Milliseconds that workers take are multiples of this; the limits of supervisors are not. */
const BEAT = 1000;

/** Makes up plans. */
export class Planner {
  readonly #chance: Chance;
  #count = 0;

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** The plan of a whole tree. */
  root(): SupervisorPlan {
    return this.#supervisor(0, "never", "supervisor");
  }

  /** The plan of a child `depth` levels below the root of a tree. */
  child(depth: number, { autoShutdown }: SupervisorPlan): Plan {
    const chance = this.#chance;
    if (depth < MAX_DEPTH && chance.once(3)) {
      const kind = chance.of("supervisor", "supervisor", "dynamic");
      return this.#supervisor(depth, autoShutdown, kind);
    }
    const traps = chance.once(2);
    const shutdown = chance.of(0, BEAT, BEAT, 2 * BEAT, 5 * BEAT, "brutal_kill", "infinity");
    return {
      kind: "worker",
      ...this.#common("w", autoShutdown),
      shutdown,
      traps,
      hangs: traps && typeof shutdown === "number" && chance.once(2),
      isNamed: chance.once(3),
    };
  }

  #supervisor(
    depth: number,
    above: SupervisorPlan["autoShutdown"],
    kind: SupervisorPlan["kind"],
  ): SupervisorPlan {
    const chance = this.#chance;
    const plan: SupervisorPlan = {
      kind,
      ...this.#common("s", above),
      shutdown: chance.of("infinity", AMPLE, "brutal_kill", this.#limit()),
      strategy: kind === "dynamic"
        ? "one_for_one"
        : chance.of("one_for_one", "one_for_all", "rest_for_one"),
      maxRestarts: chance.once(4) ? chance.below(4) : UNLIMITED,
      maxSeconds: 1 + chance.below(5),
      autoShutdown: chance.of("never", "never", "any_significant", "all_significant"),
      children: [],
    };
    if (kind === "dynamic") return plan;
    const size = depth === 0 ? 3 + chance.below(3) : chance.below(5);
    const children = Array.from({ length: size }, () => this.child(depth + 1, plan));
    return { ...plan, children };
  }

  /** Milliseconds that a supervisor has to stop: no multiple of a beat, so that it is clear what comes first. */
  #limit(): number {
    const limit = 1 + this.#chance.below(3 * BEAT);
    return limit % BEAT === 0 ? limit + 1 : limit;
  }

  #common(letter: string, above: SupervisorPlan["autoShutdown"]) {
    const restart = this.#chance.of("permanent", "permanent", "transient", "temporary");
    const isSignificant = above !== "never" && restart !== "permanent" && this.#chance.once(2);
    return { id: `${letter}${++this.#count}`, restart, significant: isSignificant };
  }
}

// --- Faults -------------------------------------------------------------------------------------

/** Fails, as a step of an exit may. */
function fail(): never {
  throw new Error("a step of an exit fails");
}

/** A monitor that cannot notify its holder. */
class FailingMonitor extends Monitor {
  readonly watcher = Process.self();

  constructor(target: Pid) {
    super(new Ref(), { monitors: null }, target.process!, target, "DOWN");
  }

  tell(): void {
    fail();
  }
}

/** Reasons that throw when they are looked at, by what the model calls them. */
const HOSTILE: ReadonlyMap<unknown, unknown> = new Map([
  [
    "unreadable",
    Object.defineProperties(new Error(), { message: { get: fail }, stack: { get: fail } }),
  ],
  ["revoked", revoked()],
]);

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** The reason that the model calls `reason`. */
export function realOf(reason: Reason): unknown {
  return HOSTILE.get(reason) ?? reason;
}

/** What the model calls a reason. */
function modelOf(reason: unknown): Reason {
  for (const [name, value] of HOSTILE) if (value === reason) return name as Reason;
  return reason as Reason;
}

// --- Processes ----------------------------------------------------------------------------------

/** What a worker knows. */
interface WorkerState {
  readonly forest: Forest;
  readonly plan: Extract<Plan, { kind: "worker" }>;
  readonly label: string;
  readonly ailment: Ailment | undefined;
  /** It exits by itself. */
  isLeaving: boolean;
}

/** What can be done to a worker. */
type Order = readonly ["end", Reason] | "hang";

const Worker = {
  async init(state: WorkerState) {
    const { ailment, forest, label, plan } = state;
    Process.flag("trap_exit", plan.traps);
    Process.signal().addEventListener("abort", fail);
    if (forest.holding !== undefined) hold(forest.holding);
    forest.started(label, Process.self());
    if (ailment !== undefined) {
      forest.starting = Process.self();
      await Process.sleep(ailment === "hangs" ? Infinity : SLOW_MS);
      forest.starting = undefined;
    }
    return ailment === "fails slowly" ? stop("sick") : ok(state);
  },
  async handleCast(order: Order, state: WorkerState) {
    if (order === "hang") await Process.sleep(Infinity);
    state.isLeaving = true;
    throw exit(realOf(order[1] as Reason));
  },
  handleInfo: (_message: unknown, state: WorkerState) => noreply(state),
  async terminate(reason: unknown, { forest, label, plan, isLeaving }: WorkerState) {
    forest.events.push(["terminate", label, modelOf(reason)]);
    if (plan.hangs && !isLeaving && reason === "shutdown") await Process.sleep(Infinity);
  },
};

/** Has a worker end with `reason`, or hang. */
export function command(worker: Pid, order: Order): void {
  GenServer.cast(worker, order);
}

/** Starts processes by their plans, and notes what happens to them. */
export class Forest {
  /** What has happened, in order. */
  events: Event[] = [];
  /** Whose `init` is taking its time. */
  starting: Pid | undefined;
  readonly #incarnations = new Map<Plan, number>();
  readonly #ailments = new Map<Plan, [ailment: Ailment, times: number]>();
  readonly #pids = new Map<string, Pid>();
  readonly #labels = new Map<unknown, string>();

  /** `holding`: what each worker holds, if it holds anything. */
  constructor(readonly holding?: Holding) {}

  /** The specification of a child. */
  spec(plan: Plan): ChildSpec {
    const { id, restart, shutdown, significant, kind } = plan;
    const start: StartFunction = () => this.start(plan);
    const type = kind === "worker" ? "worker" : "supervisor";
    return { id, start, restart, shutdown, significant, type };
  }

  /** Starts a process that is linked to the calling one. */
  async start(plan: Plan): Promise<unknown> {
    const incarnation = (this.#incarnations.get(plan) ?? 0) + 1;
    this.#incarnations.set(plan, incarnation);
    const label = labelOf(plan, incarnation);
    const [ailing, times] = this.#ailments.get(plan) ?? [undefined, 0];
    if (times > 0) this.#ailments.set(plan, [ailing!, times - 1]);
    const ailment = times > 0 ? ailing : undefined;
    if (ailment === "refuses") return ["error", "sick"];
    if (plan.kind === "worker") {
      const state: WorkerState = { forest: this, plan, label, ailment, isLeaving: false };
      return await GenServer.startLink(Worker, state, { name: plan.isNamed ? label : undefined });
    }
    const { strategy, maxRestarts, maxSeconds, autoShutdown, children } = plan;
    const limits = { maxRestarts, maxSeconds, autoShutdown };
    const result = plan.kind === "dynamic"
      ? await DynamicSupervisor.startLink(limits)
      : await Supervisor.startLink(children.map((each) => this.spec(each)), {
        strategy,
        ...limits,
      });
    if (result[0] === "ok") this.started(label, result[1] as Pid);
    return result;
  }

  /** A process has started. Each step of its exit will fail once, before what is noted. */
  started(label: string, pid: Pid): void {
    onExit(pid, fail);
    new FailingMonitor(pid);
    this.#pids.set(label, pid);
    this.#labels.set(pid, label);
    this.events.push(["start", label]);
    onExit(pid, (reason) => this.events.push(["down", label, modelOf(reason)]));
  }

  /** Has the next `times` starts of a worker suffer from `ailment`. */
  sicken(plan: Plan, ailment: Ailment, times: number): void {
    this.#ailments.set(plan, [ailment, times]);
  }

  /** The process of a label. */
  pid(label: string): Pid {
    const pid = this.#pids.get(label);
    if (pid === undefined) throw new Error(`${label} was never started`);
    return pid;
  }

  /** `term`, with the labels of processes in place of their pids. */
  tell(term: unknown): unknown {
    const known = this.#labels.get(term) ?? modelOf(term);
    return Array.isArray(known) ? known.map((each) => this.tell(each)) : known;
  }

  /** Kills all processes. */
  fell(): void {
    for (const pid of this.#pids.values()) Process.exit(pid, "kill");
  }

  /** Forgets exited processes. */
  forget(label: string): void {
    this.#labels.delete(this.#pids.get(label));
    this.#pids.delete(label);
  }
}
