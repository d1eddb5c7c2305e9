/**
 * Grows random supervision trees, does random harm to their processes, and compares what comes of it
 * with a model of OTP's rules.
 *
 * Run: deno task chaos [SEED [STEPS [HOLDING]]]
 *
 * After each step, when the tree is idle, these are compared: which processes were started, stopped and exited,
 * in which order, for which reason, and after how much (fake) time; the replies of supervisors; which processes
 * are alive, under which supervisor, with which links and name. In the end no process may be left.
 *
 * Some failures happen while a supervisor is busy: waiting for a child that is slow to start or to stop,
 * or that never does either. In each exit some steps fail, and some reasons cannot be read. With HOLDING
 * (slow, stuck or failing) each worker holds a resource of that kind.
 *
 * The same seed does the same steps. When they go wrong, fewer of them are looked for that do as well, and
 * printed; to run only these: deno task chaos SEED STEP,STEP,…
 *
 * The exit status is 0 if all went as the model says, else 1.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { DynamicSupervisor, Exit, flush, Logger, Process, self, Supervisor } from "../../mod.ts";
import { now } from "../../lib/kernel/clock.ts";
import { pendingTimers } from "../../lib/kernel/timers.ts";
import { inProcess, settled } from "../helpers.ts";
import {
  type Ailment,
  type Event,
  type Instance,
  mismatch,
  Model,
  type Plan,
  type Reason,
  type Slot,
  supervisorOf,
  type WorkerPlan,
} from "./model.ts";
import { Chance, command, Forest, Planner, realOf, UNLIMITED } from "./tree.ts";
import { type Holding, HOLDINGS, isHolding } from "../fixtures/holding.ts";

/** The maximum number of processes. */
const CROWD = 60;

/** One action, in both worlds. The replies are compared. */
interface Deed {
  readonly text: string;
  readonly real: () => unknown;
  readonly model: () => unknown;
  /** Of one that starts a child: that child. */
  readonly plan?: Plan;
  /** What is done in the midst of it, as soon as there is nothing to do but wait. */
  readonly meanwhile?: () => unknown;
}

/** How often what was done and happened: `"crash"`, `"down"`, … */
export type Tally = ReadonlyMap<string, number>;

/**
 * Does `steps` steps by `seed`, or only the steps of these numbers: what a step does depends on the
 * seed, its number, and the tree that it finds.
 *
 * @throws {Error} With the step at which something went wrong.
 */
export function chaos(
  seed: number,
  steps: number | readonly number[],
  holding?: Holding,
): Promise<Tally> {
  const numbers = typeof steps === "number"
    ? Array.from({ length: steps }, (_, index) => index + 1)
    : steps;
  return inProcess(async () => {
    let tally: Map<string, number> | undefined;
    const previous = Logger.setHandler(({ kind, details }) => {
      // Which of the rarer things supervisors had to do.
      if (kind !== "supervisor") return;
      const { context } = details as { context: string };
      tally?.set(context, (tally.get(context) ?? 0) + 1);
    });
    try {
      using time = new FakeTime(0);
      Process.flag("trap_exit", true);
      const run = new Run(seed, time, holding);
      tally = run.tally;
      try {
        for (const number of numbers) await run.step(number);
        await run.end();
        return run.tally;
      } finally {
        await run.clear();
      }
    } finally {
      Logger.setHandler(previous);
    }
  });
}

/**
 * Finds few steps that go wrong, among `steps` that do: leaves out halves, quarters, … of them for as long
 * as the rest goes wrong too, and tries no more than `tries` times.
 */
export async function shrink(
  steps: readonly number[],
  goesWrong: (steps: readonly number[]) => Promise<boolean>,
  tries = 400,
): Promise<readonly number[]> {
  for (let size = Math.ceil(steps.length / 2);; size = Math.ceil(size / 2)) {
    for (let start = 0; start < steps.length && tries > 0; tries--) {
      const fewer = steps.toSpliced(start, size);
      if (await goesWrong(fewer)) steps = fewer;
      else start += size;
    }
    if (size <= 1 || tries === 0) return steps;
  }
}

/** A run that went wrong. */
class Mishap extends Error {
  override readonly name = "Mishap";

  constructor(message: string, readonly step: number, cause: unknown) {
    super(message, { cause });
  }
}

/** The two worlds. */
class Run {
  readonly tally = new Map<string, number>();
  readonly #seed: number;
  readonly #time: FakeTime;
  readonly #chance: Chance;
  readonly #planner: Planner;
  readonly #forest: Forest;
  readonly #model: Model;
  readonly #before = leftovers();
  /** The last actions, to explain a failure. */
  readonly #history: string[] = [];

  constructor(seed: number, time: FakeTime, holding?: Holding) {
    this.#forest = new Forest(holding);
    this.#seed = seed;
    this.#time = time;
    this.#chance = new Chance(seed);
    this.#planner = new Planner(this.#chance);
    this.#model = new Model(now());
  }

  /** Does something, and compares. */
  async step(number: number): Promise<void> {
    this.#chance.turnTo(this.#seed, number);
    let deed = this.#model.root === undefined ? this.#plant() : undefined;
    while (deed === undefined) deed = this.#invent();
    await this.#do(deed, number);
    for (const orphan of [...this.#model.orphans]) {
      await this.#do({
        text: `sweep ${orphan.label}`,
        real: () => Process.exit(this.#forest.pid(orphan.label), "kill"),
        model: () => (this.#model.sweep(orphan), true),
      }, number);
    }
  }

  /** Stops what is left, and looks for what should not be. */
  async end(): Promise<void> {
    const { root } = this.#model;
    if (root !== undefined) {
      await this.#do(this.#stop(root, "normal"), Infinity);
      for (const orphan of [...this.#model.orphans]) {
        this.#model.sweep(orphan);
        Process.exit(this.#forest.pid(orphan.label), "kill");
      }
    }
    await this.#rest();
    assertEquals(leftovers(), this.#before, `left behind by seed ${this.#seed}`);
  }

  /** Kills all that there may be, after a failure. */
  async clear(): Promise<void> {
    this.#forest.fell();
    await settled();
  }

  async #do(deed: Deed, step: number): Promise<void> {
    const count = (what: string) => this.tally.set(what, (this.tally.get(what) ?? 0) + 1);
    count(deed.text.split(" ", 1)[0]!);
    this.#history.push(deed.text);
    if (this.#history.length > 20) this.#history.shift();
    try {
      const seen: Event[] = this.#forest.events = [];
      let answer: unknown = "none yet";
      const done = (async () => answer = await deed.real())();
      done.catch(() => {});
      if (deed.meanwhile !== undefined) {
        await settled();
        deed.meanwhile();
      }
      await this.#rest();
      assert(answer !== "none yet", "there is no answer");
      const expected = deed.model();
      const wrong = mismatch(seen, this.#model.take());
      assert(wrong === undefined, `${wrong}\nseen: ${JSON.stringify(seen)}`);
      assertEquals(this.#forest.tell(await done), expected, "the answer");
      assertEquals(now(), this.#model.now, "the time when all was over");
      for (const [kind] of seen) count(kind);
      await this.#compare(seen);
    } catch (error) {
      const when = step === Infinity ? "at the end" : `at step ${step}`;
      const { message } = error as Error;
      const last = this.#history.join("\n  ");
      throw new Mishap(
        `Chaos with seed ${this.#seed} went wrong ${when}: ${message}\nafter\n  ${last}`,
        step,
        error,
      );
    }
  }

  /** Waits, and moves time on, until there is nothing to wait for. */
  async #rest(): Promise<void> {
    await settled();
    for (let timers = 0; pendingTimers() > this.#before.timers; timers++) {
      assert(timers < 10_000, "it never comes to rest");
      this.#time.next();
      await settled();
    }
  }

  // --- Comparing --------------------------------------------------------------------------------

  async #compare(seen: readonly Event[]): Promise<void> {
    const { root, orphans } = this.#model;
    const running = [...this.#model.running()];
    assertEquals(
      Process.list().length - this.#before.processes,
      running.length + orphans.size,
      "number of processes",
    );
    const named = [...running, ...orphans].filter(({ plan }) => "isNamed" in plan && plan.isNamed);
    const names = [...this.#before.names, ...named.map(({ label }) => label)].sort();
    assertEquals(Process.registered().sort(), names, "names");
    for (const { label } of named) {
      assertEquals(Process.whereis(label), this.#forest.pid(label), `who is ${label}`);
    }
    for (const instance of running) {
      this.#compareLinks(instance);
      if (instance.plan.kind !== "worker") await this.#compareChildren(instance);
    }
    // Only this process is notified of the exit of a root.
    const ends = seen.filter((event) => event[0] === "down" && this.#roots.has(event[1]));
    assertEquals(
      this.#forest.tell(flush()),
      ends.map(([, label, reason]) => ["EXIT", label, reason]),
    );
    if (root !== undefined) this.#roots.add(root.label);
    for (const [kind, label] of seen) if (kind === "down") this.#forest.forget(label);
  }

  readonly #roots = new Set<string>();

  #compareLinks({ label, supervisor, slots }: Instance): void {
    const { links } = Process.info(this.#forest.pid(label))!;
    const above = supervisor === undefined ? self() : supervisor.label;
    const below = slots.flatMap(({ instance }) => instance?.label ?? []);
    const sorted = (terms: readonly unknown[]) => terms.map(String).sort();
    assertEquals(
      sorted(links.map((each) => this.#forest.tell(each))),
      sorted([above, ...below]),
      `links of ${label}`,
    );
  }

  async #compareChildren({ label, plan, slots }: Instance): Promise<void> {
    const pid = this.#forest.pid(label);
    const isDynamic = plan.kind === "dynamic";
    const typeOf = ({ kind }: Plan) => kind === "worker" ? "worker" : "supervisor";
    const infos = isDynamic
      ? await DynamicSupervisor.whichChildren(pid)
      : await Supervisor.whichChildren(pid);
    const found = infos.map(([id, child, type]) => [id, this.#forest.tell(child), type]);
    const expected = [...slots].reverse().map(({ plan, instance }) => [
      isDynamic ? undefined : plan.id,
      instance?.label,
      typeOf(plan),
    ]);
    // Those of a dynamic supervisor have no order.
    if (isDynamic) {
      for (const list of [found, expected]) list.sort((a, b) => a[1]! < b[1]! ? -1 : 1);
    }
    assertEquals(found, expected, `children of ${label}`);
    const supervisors = slots.filter(({ plan }) => typeOf(plan) === "supervisor").length;
    assertEquals(await Supervisor.countChildren(pid), {
      specs: slots.length,
      active: slots.filter(({ instance }) => instance !== undefined).length,
      supervisors,
      workers: slots.length - supervisors,
    }, `numbers of children of ${label}`);
  }

  // --- Deeds ------------------------------------------------------------------------------------

  #plant(): Deed {
    const plan = this.#planner.root();
    return {
      text: `plant ${plan.id}, a tree`,
      real: async () => (await this.#forest.start(plan) as unknown[])[0],
      model: () => (this.#model.plant(plan), "ok"),
    };
  }

  /** Generates an action; `undefined` if there is no process for it. */
  #invent(): Deed | undefined {
    const chance = this.#chance;
    const running = [...this.#model.running()];
    const workers = running.filter(({ plan }) => plan.kind === "worker");
    const supervisors = running.filter(({ plan }) => plan.kind !== "worker");
    // Now and then all is gone, and another tree is planted.
    if (chance.once(150)) {
      return chance.once(2) ? this.#kill([running[0]!]) : this.#stop(running[0]!, this.#reason());
    }
    const any = chance.of(...running.slice(1)) as Instance | undefined;
    const worker = chance.of(...workers) as Instance | undefined;
    const supervisor = chance.of(...supervisors);
    const planted = chance.of(...supervisors.filter(({ plan }) => plan.kind === "supervisor"));
    const dynamic = chance.of(...supervisors.filter(({ plan }) => plan.kind === "dynamic")) as
      | Instance
      | undefined;
    const kind = chance.below(110);
    if (chance.once(6)) return this.#disturb(supervisor);
    if (kind < 22) return worker && this.#crash(worker, this.#reason());
    if (kind < 32) return any && this.#kill([any]);
    // With resources the exits of several processes are not completed in one step.
    if (kind < 40) return this.#forest.holding === undefined ? this.#burst(supervisor) : undefined;
    if (kind < 46) return any && this.#signal(any, this.#reason());
    if (kind < 51) return worker && this.#hang(worker);
    if (kind < 57) {
      return any?.plan.kind === "worker" ? undefined : any && this.#stop(any, this.#reason());
    }
    if (kind < 76) {
      return running.length < CROWD
        ? this.#grow(chance.once(2) ? supervisor : dynamic ?? supervisor)
        : undefined;
    }
    if (kind < 84) return this.#terminateChild(supervisor);
    if (kind < 91) return this.#askFor("restartChild", planted);
    if (kind < 95) return this.#askFor("deleteChild", planted);
    if (kind < 100) return this.#pass(chance.of(300, 1000, 1000, 2000, 3000, 7000));
    if (kind < 103) return worker && this.#sicken(worker, this.#ailment(), 1 + chance.below(4));
    return this.#wear(supervisors);
  }

  #reason(): Reason {
    return this.#chance.of(
      ...["boom", "unreadable", "revoked", "normal", "shutdown"] as const,
      ["shutdown", "x"],
    );
  }

  #crash(worker: Instance, reason: Reason): Deed {
    return {
      text: `crash ${worker.label} with ${JSON.stringify(reason)}`,
      real: () => command(this.#forest.pid(worker.label), ["end", reason]),
      model: () => this.#model.end(worker, reason),
    };
  }

  #kill(instances: readonly Instance[]): Deed {
    const what = instances.length === 1 ? "kill" : "burst:";
    return {
      text: `${what} ${instances.map(({ label }) => label).join(", ")}`,
      real: () => {
        for (const { label } of instances) Process.exit(this.#forest.pid(label), "kill");
      },
      model: () => this.#model.kill(...instances),
    };
  }

  /** Kills a child of a supervisor that allows few restarts only. */
  #wear(supervisors: readonly Instance[]): Deed | undefined {
    const delicate = supervisors.filter((each) => supervisorOf(each).maxRestarts < UNLIMITED);
    const children = delicate.flatMap(({ slots }) => slots)
      .filter(({ plan, instance }) => plan.restart === "permanent" && instance !== undefined);
    // The first there are, so that it is the same supervisor again and again.
    const child = this.#chance.of(...children.slice(0, 3)) as Slot | undefined;
    return child && this.#kill([child.instance!]);
  }

  #ailment(): Ailment {
    return this.#chance.of("refuses", "is slow", "fails slowly");
  }

  #sicken({ plan }: Instance, ailment: Ailment, times: number): Deed {
    return {
      text: `sicken ${plan.id}, which ${ailment} for ${times} starts`,
      real: () => this.#forest.sicken(plan, ailment, times),
      model: () => this.#model.sicken(plan, ailment, times),
    };
  }

  /**
   * Keeps a supervisor busy with one of its workers, and meanwhile asks it for something or harms a worker
   * of it; in the case of one that hangs in its `init`, that one.
   */
  #disturb(supervisor: Instance): Deed | undefined {
    const { label, plan, slots } = supervisor;
    const { maxRestarts, autoShutdown } = supervisorOf(supervisor);
    // Its own end must not come while its children are stopped all at once.
    if (plan.kind === "dynamic" && (maxRestarts < UNLIMITED || autoShutdown !== "never")) return;
    const [forest, model, chance] = [this.#forest, this.#model, this.#chance];
    const workers = slots.flatMap(({ instance }) =>
      instance?.plan.kind === "worker" ? [instance] : []
    );
    const [worker, other] = [chance.of(...workers), chance.of(...workers)];
    if (worker === undefined || other === undefined) return;
    const isNew = chance.once(3);
    const first = chance.once(3)
      ? this.#terminateChild(supervisor)
      : isNew
      ? this.#grow(supervisor)
      : this.#kill([worker]);
    if (first === undefined) return;
    const ailment = chance.of("hangs", this.#ailment());
    const ailing = first.plan ?? worker.plan;
    if (ailing.kind !== "worker") return;
    const request = this.#request(supervisor, worker);
    if (request === undefined) return;
    const harm = ailment !== "hangs"
      ? chance.of("request", "kill")
      : workers.length === slots.length && chance.once(2)
      ? "fell"
      : "starting";
    /** Those of the first, and of what is done meanwhile. */
    const [answers, expected]: [unknown[], unknown[]] = [["none", "none"], ["none", "none"]];
    return {
      text: `disturb ${label}: ${first.text}, while ${ailing.id} ${ailment}; meanwhile ` +
        {
          starting: "kill who hangs",
          request: request.text,
          kill: `kill ${other.label}`,
          fell: `kill ${label}`,
        }[harm],
      real: async () => {
        forest.sicken(ailing, ailment, 1);
        answers[0] = await answerOf(first.real);
        return answers;
      },
      meanwhile: async () => {
        if (harm === "kill") Process.exit(forest.pid(other.label), "kill");
        else if (harm === "fell" && Process.isAlive(forest.pid(label))) {
          forest.sicken(ailing, ailment, 0);
          Process.exit(forest.pid(label), "kill");
        } else if (harm === "request") answers[1] = await answerOf(request.real);
        else {
          if (forest.starting !== undefined) Process.exit(forest.starting, "kill");
          forest.sicken(ailing, ailment, 0);
        }
      },
      model: () => {
        model.sicken(ailing, ailment, 1);
        expected[0] = model.both(first.model, () => {
          if (harm === "kill") model.kill(other);
          else if (harm === "fell" && supervisor.isAlive) {
            model.sicken(ailing, ailment, 0);
            model.fell(supervisor);
          } else if (harm === "request") {
            model.request(supervisor, request.model, (value) => expected[1] = value);
          } else {
            if (model.starting !== undefined) model.kill(model.starting);
            model.sicken(ailing, ailment, 0);
          }
        });
        // A process that kills a child waits for nothing.
        if (first.plan === undefined && first.text.startsWith("kill")) expected[0] = undefined;
        for (const world of [forest, model]) world.sicken(ailing, ailment, 0);
        forest.starting = undefined;
        return expected;
      },
    };
  }

  /** Something to ask a supervisor for. */
  #request(supervisor: Instance, worker: Instance): Deed | undefined {
    if (supervisor.plan.kind === "dynamic" || this.#chance.once(4)) {
      return this.#chance.once(2) ? this.#terminateChild(supervisor) : this.#grow(supervisor);
    }
    return this.#askFor(
      this.#chance.of("terminateChild", "restartChild", "deleteChild"),
      supervisor,
      this.#chance.once(2) ? worker.plan.id : undefined,
    );
  }

  /** Kills several children of a supervisor at once. */
  #burst({ slots }: Instance): Deed | undefined {
    const candidates = slots.flatMap(({ instance }) => instance ?? []);
    if (candidates.length < 2) return undefined;
    const size = 2 + this.#chance.below(candidates.length - 1);
    const chosen: Instance[] = [];
    while (chosen.length < size) {
      chosen.push(...candidates.splice(this.#chance.below(candidates.length), 1));
    }
    const deed = this.#kill(chosen);
    const workers = slots.filter(({ plan }) => plan.kind === "worker");
    if (workers.length === 0 || this.#chance.once(2)) return deed;
    // One of those to be restarted cannot at first, while the other exit signals are unread.
    const { plan } = this.#chance.of(...workers)!;
    return {
      text: `${deed.text}, ${plan.id} being sick`,
      real: () => (this.#forest.sicken(plan, "refuses", 1), deed.real()),
      model: () => (this.#model.sicken(plan, "refuses", 1), deed.model()),
    };
  }

  #signal(instance: Instance, reason: Reason): Deed {
    return {
      text: `signal ${instance.label} ${JSON.stringify(reason)}`,
      real: () => Process.exit(this.#forest.pid(instance.label), realOf(reason)),
      model: () => (this.#model.signal(instance, reason), true),
    };
  }

  #hang(worker: Instance): Deed | undefined {
    const { traps, shutdown } = worker.plan as WorkerPlan;
    // Such a process could never be stopped.
    if (traps && shutdown === "infinity") return undefined;
    return {
      text: `hang ${worker.label}`,
      real: () => command(this.#forest.pid(worker.label), "hang"),
      model: () => {
        worker.isStuck = true;
      },
    };
  }

  #stop(supervisor: Instance, reason: Reason): Deed {
    return {
      text: `stop ${supervisor.label} with ${JSON.stringify(reason)}`,
      real: () => Supervisor.stop(this.#forest.pid(supervisor.label), realOf(reason)),
      model: () => (this.#model.stop(supervisor, reason), "ok"),
    };
  }

  #grow(supervisor: Instance): Deed {
    const { slots } = supervisor;
    const isDynamic = supervisor.plan.kind === "dynamic";
    const isOld = !isDynamic && slots.length > 0 && this.#chance.once(5);
    const resting = slots.filter(({ instance }) => instance === undefined);
    const plan = isOld
      ? this.#chance.of(...(resting.length > 0 && this.#chance.once(2) ? resting : slots))!.plan
      : this.#planner.child(supervisor.depth + 1, supervisorOf(supervisor));
    const start = isDynamic ? DynamicSupervisor.startChild : Supervisor.startChild;
    return {
      text: `startChild ${plan.id} of ${supervisor.label}`,
      plan,
      real: async () => {
        const answer = await start(this.#forest.pid(supervisor.label), this.#forest.spec(plan));
        // A supervisor reports which child it was, a dynamic one does not.
        const [tag, why] = answer as readonly [string, unknown];
        const isFailure = tag === "error" && Array.isArray(why) && Array.isArray(why[1]) &&
          why[1][0] === "child";
        return isFailure ? [tag, why[0]] : answer;
      },
      model: () => this.#model.startChild(supervisor, plan),
    };
  }

  #terminateChild(supervisor: Instance): Deed | undefined {
    if (supervisor.plan.kind !== "dynamic") return this.#askFor("terminateChild", supervisor);
    const instance = this.#chance.of(...supervisor.slots)?.instance;
    if (instance === undefined) return undefined;
    const { label, plan } = instance;
    const pid = this.#forest.pid(label);
    return {
      text: `terminateChild ${label} of the dynamic ${supervisor.label}`,
      real: () => DynamicSupervisor.terminateChild(this.#forest.pid(supervisor.label), pid),
      model: () => this.#model.terminateChild(supervisor, plan.id, instance),
    };
  }

  #askFor(
    what: "terminateChild" | "restartChild" | "deleteChild",
    supervisor: Instance,
    child?: string,
  ): Deed {
    const { slots, label } = supervisor;
    // Those that do not run are few, and the more interesting ones.
    const resting = slots.filter(({ instance }) => instance === undefined);
    const from = resting.length > 0 && what !== "terminateChild" && !this.#chance.once(4)
      ? resting
      : slots;
    const id = child !== undefined
      ? child
      : this.#chance.once(20)
      ? "nobody"
      : this.#chance.of(...from)?.plan.id ?? "nobody";
    return {
      text: `${what} ${id} of ${label}`,
      real: () => Supervisor[what](this.#forest.pid(label), id),
      model: () => this.#model[what](supervisor, id),
    };
  }

  #pass(ms: number): Deed {
    return {
      text: `pass ${ms} ms`,
      real: () => void this.#time.tick(ms),
      model: () => {
        this.#model.now += ms;
      },
    };
  }
}

/** What comes of a request, an exit being an answer too. */
async function answerOf(request: () => unknown): Promise<unknown> {
  try {
    return await request();
  } catch (error) {
    if (!(error instanceof Exit)) throw error;
    return ["exit", (error.reason as readonly unknown[])[0]];
  }
}

/** Whatever could be left behind. */
function leftovers() {
  return {
    processes: Process.list().length,
    names: Process.registered().sort(),
    timers: pendingTimers(),
    links: Process.info(self(), ["links", "monitors", "monitored_by"]),
    mail: flush(),
  };
}

/** Runs the program: `print` gets its lines. */
export async function main(
  [seed = String(randomSeed()), steps = "20000", holding]: readonly string[],
  print: (line: string) => void,
): Promise<0 | 1> {
  if (!/^\d+$/.test(seed) || !/^\d+(,\d*)*$/.test(steps) || !isHolding(holding)) {
    print("usage: deno task chaos [SEED [STEPS [HOLDING]]]   (a random seed, 20000 steps)");
    print(
      "       deno task chaos SEED STEP,STEP,… [HOLDING] (these steps only; one has a comma behind it)",
    );
    print(`       HOLDING: ${HOLDINGS.join(", ")} (what each worker holds; nothing by default)`);
    return 1;
  }
  const chosen = steps.includes(",")
    ? steps.split(",").filter((step) => step !== "").map(Number)
    : Number(steps);
  print(`Chaos with seed ${seed}: ${steps} steps`);
  try {
    for (const [what, count] of await chaos(Number(seed), chosen, holding)) {
      print(`${String(count).padStart(8)} ${what}`);
    }
    return 0;
  } catch (error) {
    if (!(error instanceof Mishap)) throw error;
    print(error.message);
    const all = typeof chosen === "number"
      ? Array.from({ length: Math.min(chosen, error.step) }, (_, index) => index + 1)
      : chosen.filter((step) => step <= error.step);
    const fewest = await shrink(
      all,
      (steps) => chaos(Number(seed), steps, holding).then(() => false, () => true),
    );
    print(`The same seed goes wrong with ${fewest.length} steps: ${fewest.join()},`);
    await chaos(Number(seed), fewest, holding).catch(({ message }) => print(message));
    return 1;
  }
}

/** Some seed. */
export function randomSeed(): number {
  return Math.floor(Math.random() * 2 ** 32);
}

if (import.meta.main) Deno.exitCode = await main(Deno.args, console.log);
