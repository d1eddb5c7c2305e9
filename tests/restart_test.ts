import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { AutoShutdown, Restart } from "../lib/child_spec.ts";
import {
  type Action,
  childExited,
  type Family,
  onRetry,
  RestartHistory,
  type Strategy,
  type Supervision,
} from "../lib/supervisor/restart.ts";

interface Child {
  readonly id: string;
  readonly restart: Restart;
  readonly significant: boolean;
  isUp: boolean;
}

function child(id: string, restart: Restart = "permanent", significant = false): Child {
  return { id, restart, significant, isUp: true };
}

/** Children in an array. */
function familyOf(children: Child[]): Family<Child> {
  return {
    from: (first?) => first === undefined ? children : children.slice(children.indexOf(first)),
    get significantUp() {
      return children.filter((each) => each.significant && each.isUp).length;
    },
  };
}

function supervisionOf(
  children: Child[],
  strategy: Strategy = "one_for_one",
  autoShutdown: AutoShutdown = "never",
  history: RestartHistory = new RestartHistory(3, 5),
): Supervision<Child> {
  return { policy: { strategy, autoShutdown }, children: familyOf(children), history };
}

/** Actions with ids in the place of children. */
function named(actions: Action<Child>[]): string[] {
  return actions.map(([what, who]) => who === undefined ? what : `${what} ${who.id}`);
}

// --- Which children are restarted -----------------------------------------------------------------

Deno.test("childExited() restarts only the child that exited when the strategy is one_for_one", () => {
  const [a, b, c] = [child("a"), child("b"), child("c")];
  const untouched: Family<Child> = {
    from: () => {
      throw new Error("one_for_one must not look at siblings");
    },
    significantUp: 0,
  };
  const supervision = { ...supervisionOf([a, b, c]), children: untouched };
  assertEquals(named(childExited(supervision, b, "crash", 0)), ["report b", "start b"]);
});

Deno.test("childExited() stops all, last first, and starts all, first first, when the strategy is one_for_all", () => {
  const [a, b, c] = [child("a"), child("b"), child("c")];
  const supervision = supervisionOf([a, b, c], "one_for_all");
  assertEquals(named(childExited(supervision, b, "crash", 0)), [
    "report b",
    "release b",
    "stop c",
    "stop b",
    "stop a",
    "start a",
    "start b",
    "start c",
  ]);
});

Deno.test("childExited() leaves those before the child alone when the strategy is rest_for_one", () => {
  const [a, b, c] = [child("a"), child("b"), child("c")];
  const supervision = supervisionOf([a, b, c], "rest_for_one");
  assertEquals(named(childExited(supervision, b, "crash", 0)), [
    "report b",
    "release b",
    "stop c",
    "stop b",
    "start b",
    "start c",
  ]);
});

Deno.test("childExited() stops temporary siblings for good", () => {
  const [a, b, c] = [child("a", "temporary"), child("b"), child("c", "temporary")];
  assertEquals(named(childExited(supervisionOf([a, b, c], "one_for_all"), b, "crash", 0)), [
    "report b",
    "release b",
    "stop c",
    "stop b",
    "stop a",
    "start b",
  ]);
});

// --- Whether it is restarted at all -------------------------------------------------------------

const REASONS = ["normal", "shutdown", ["shutdown", "enough"], "killed", "crash"] as const;

for (const restart of ["permanent", "transient", "temporary"] as const) {
  for (const reason of REASONS) {
    const isOrderly = reason === "normal" || reason === "shutdown" || Array.isArray(reason);
    const isRestarted = restart === "permanent" || (restart === "transient" && !isOrderly);
    const isReported = restart === "permanent" || !isOrderly;
    const what = isRestarted ? "restarts" : "releases";
    Deno.test(`childExited() ${what} a ${restart} child that exited with ${JSON.stringify(reason)}`, () => {
      const a = child("a", restart);
      assertEquals(named(childExited(supervisionOf([a]), a, reason, 0)), [
        ...(isReported ? ["report a"] : []),
        isRestarted ? "start a" : "release a",
      ]);
    });
  }
}

// --- How often ----------------------------------------------------------------------------------

Deno.test("RestartHistory.add() allows maxRestarts restarts in the period and refuses the next", () => {
  const history = new RestartHistory(3, 5);
  assertEquals([0, 0, 1, 5].map((second) => history.add(second)), [true, true, true, false]);
});

Deno.test("RestartHistory.add() refuses the first when none is allowed", () => {
  assertEquals(new RestartHistory(0, 5).add(0), false);
});

Deno.test("RestartHistory.add() counts a restart that is as old as the period, and forgets an older one", () => {
  const history = new RestartHistory(1, 5);
  assert(history.add(10));
  assert(!history.add(15));
  const other = new RestartHistory(1, 5);
  assert(other.add(10));
  assert(other.add(16));
  assertEquals(other.restarts, 1);
});

Deno.test("RestartHistory.add() agrees with a list of all restarts", () => {
  // supervisor.erl: [Now | lists:takewhile(fun(R) -> R >= Now - Period end, Restarts)]
  fc.assert(fc.property(
    fc.nat(6),
    fc.integer({ min: 1, max: 8 }),
    fc.array(fc.nat(4), { maxLength: 200 }),
    (maxRestarts, maxSeconds, steps) => {
      const history = new RestartHistory(maxRestarts, maxSeconds);
      let [restarts, second] = [[] as number[], 0];
      for (const step of steps) {
        second += step;
        restarts = [second, ...restarts.filter((each) => each >= second - maxSeconds)];
        assertEquals(history.add(second), restarts.length <= maxRestarts);
        assertEquals(history.restarts, restarts.length);
      }
    },
  ));
});

Deno.test("childExited() and onRetry() shut down the supervisor after too many restarts", () => {
  const a = child("a");
  const supervision = supervisionOf([a], "one_for_one", "never", new RestartHistory(1, 5));
  assertEquals(named(onRetry(supervision, a, 0)), ["start a"]);
  assertEquals(named(childExited(supervision, a, "crash", 1)), [
    "report a",
    "give_up a",
    "release a",
    "shut_down",
  ]);
  assertEquals(named(onRetry(supervision, a, 2)), ["give_up a", "release a", "shut_down"]);
  // An end that calls for no restart does not count.
  const b = child("b", "transient");
  assertEquals(named(childExited(supervision, b, "normal", 2)), ["release b"]);
});

// --- Significant children -----------------------------------------------------------------------

Deno.test("childExited() shuts down the supervisor with the first significant child when autoShutdown is any_significant", () => {
  const [a, b] = [child("a", "transient", true), child("b", "temporary", true)];
  const supervision = supervisionOf([a, b], "one_for_one", "any_significant");
  assertEquals(named(childExited(supervision, a, "normal", 0)), ["release a", "shut_down"]);
  assertEquals(named(childExited(supervision, a, "crash", 0)), ["report a", "start a"]);
  assertEquals(named(childExited(supervision, b, "crash", 0)), [
    "report b",
    "release b",
    "shut_down",
  ]);
});

Deno.test("childExited() shuts down the supervisor with the last significant child when autoShutdown is all_significant", () => {
  const [a, b, c] = [
    child("a", "transient", true),
    child("b", "temporary", true),
    child("c", "temporary"),
  ];
  const supervision = supervisionOf([a, b, c], "one_for_one", "all_significant");
  assertEquals(named(childExited(supervision, a, "normal", 0)), ["release a"]);
  a.isUp = false;
  assertEquals(named(childExited(supervision, c, "normal", 0)), ["release c"]);
  assertEquals(named(childExited(supervision, b, "normal", 0)), ["release b", "shut_down"]);
});

Deno.test("childExited() never shuts down the supervisor for significant children when autoShutdown is never", () => {
  const a = child("a", "temporary", true);
  assertEquals(named(childExited(supervisionOf([a]), a, "normal", 0)), ["release a"]);
});

// --- Against supervisor.erl ---------------------------------------------------------------------

/** Whether a start succeeds, is refused, or is declined. */
type Outcome = "ok" | "error" | "ignore";

type Event =
  | { readonly type: "exit"; readonly child: number; readonly reason: unknown }
  | { readonly type: "retry" }
  | { readonly type: "wait"; readonly seconds: number };

interface Scenario {
  readonly strategy: Strategy;
  readonly autoShutdown: AutoShutdown;
  readonly maxRestarts: number;
  readonly maxSeconds: number;
  readonly children: readonly { readonly restart: Restart; readonly significant: boolean }[];
  readonly events: readonly Event[];
  readonly outcomes: readonly Outcome[];
}

const scenarios: fc.Arbitrary<Scenario> = fc.record({
  strategy: fc.constantFrom<Strategy>("one_for_one", "one_for_all", "rest_for_one"),
  autoShutdown: fc.constantFrom<AutoShutdown>("never", "any_significant", "all_significant"),
  maxRestarts: fc.nat(8),
  maxSeconds: fc.integer({ min: 1, max: 4 }),
  children: fc.array(
    fc.record({
      restart: fc.constantFrom<Restart>("permanent", "transient", "temporary"),
      significant: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  ),
  events: fc.array(
    fc.oneof(
      { weight: 4, arbitrary: exits() },
      { weight: 2, arbitrary: fc.constant<Event>({ type: "retry" }) },
      fc.record({ type: fc.constant("wait" as const), seconds: fc.integer({ min: 1, max: 3 }) }),
    ),
    { maxLength: 20 },
  ),
  outcomes: fc.array(fc.constantFrom<Outcome>("ok", "ok", "ok", "error", "ignore"), {
    minLength: 1,
    maxLength: 20,
  }),
});

function exits(): fc.Arbitrary<Event> {
  return fc.record({
    type: fc.constant("exit" as const),
    child: fc.nat(4),
    reason: fc.constantFrom(...REASONS),
  });
}

/** A world in which starts and stops are written down, and starts succeed as the scenario has it. */
class World {
  readonly log: string[] = [];
  #starts = 0;

  constructor(readonly outcomes: readonly Outcome[]) {}

  start(id: string): Outcome {
    const outcome = this.outcomes[this.#starts++ % this.outcomes.length]!;
    this.log.push(`start ${id}: ${outcome}`);
    return outcome;
  }

  stop(id: string): void {
    this.log.push(`stop ${id}`);
  }

  say(text: string): void {
    this.log.push(text);
  }
}

type Status = "up" | "down" | "restarting";

interface Simulation {
  exit(id: string, reason: unknown, second: number): void;
  retry(second: number): void;
  /** Status by id, in the order of start; `null` when the supervisor has exited. */
  readonly children: (readonly [string, Status])[] | null;
}

/** supervisor.erl of OTP 25, clause by clause, with lists, and newest first as there. */
class Model implements Simulation {
  #children: { id: string; restart: Restart; significant: boolean; status: Status }[];
  #restarts: number[] = [];
  #retries: string[] = [];
  #isOver = false;

  constructor(readonly scenario: Scenario, readonly world: World) {
    this.#children = scenario.children
      .map(({ restart, significant }, i) => ({
        id: `${i}`,
        restart,
        significant,
        status: "up" as Status,
      }))
      .reverse();
  }

  get children(): (readonly [string, Status])[] | null {
    if (this.#isOver) return null;
    return this.#children.map(({ id, status }) => [id, status] as const).reverse();
  }

  exit(id: string, reason: unknown, second: number): void {
    const child = this.#children.find((each) => each.id === id && each.status === "up");
    if (child === undefined) return;
    const isOrderly = reason === "normal" || reason === "shutdown" || Array.isArray(reason);
    if (child.restart === "permanent" || (child.restart === "transient" && !isOrderly)) {
      this.world.say(`report ${id}`);
      return this.#restart(id, second);
    }
    if (!isOrderly) this.world.say(`report ${id}`);
    this.#delChild(id);
    const { autoShutdown } = this.scenario;
    if (autoShutdown === "never" || !child.significant) return;
    if (autoShutdown === "any_significant") return this.#shutdown();
    if (!this.#children.some((each) => each.significant && each.status !== "down")) {
      this.#shutdown();
    }
  }

  retry(second: number): void {
    const id = this.#retries.shift();
    const child = this.#children.find((each) => each.id === id);
    if (child?.status === "restarting") this.#restart(child.id, second);
  }

  #delChild(id: string): void {
    this.#children = this.#children.flatMap((each) => {
      if (each.id !== id) return [each];
      return each.restart === "temporary" ? [] : [{ ...each, status: "down" as const }];
    });
  }

  #restart(id: string, second: number): void {
    this.#restarts = [
      second,
      ...this.#restarts.filter((each) => each >= second - this.scenario.maxSeconds),
    ];
    if (this.#restarts.length > this.scenario.maxRestarts) {
      this.world.say(`give up ${id}`);
      this.#delChild(id);
      return this.#shutdown();
    }
    if (this.scenario.strategy === "one_for_one") {
      this.#children = this.#children.map((each) =>
        each.id === id ? { ...each, status: this.#started(each.id) } : each
      );
      return;
    }
    const at = this.scenario.strategy === "one_for_all"
      ? this.#children.length - 1
      : this.#children.findIndex((each) => each.id === id);
    this.#delChild(id);
    const [after, before] = [this.#children.slice(0, at + 1), this.#children.slice(at + 1)];
    const stopped = after.filter((each) => {
      if (each.status === "up") this.world.stop(each.id);
      return each.restart !== "temporary";
    });
    const started: typeof stopped = [];
    let hasFailed = false;
    for (const each of stopped.reverse()) {
      const status: Status = hasFailed ? "down" : this.#started(each.id);
      hasFailed ||= status === "restarting";
      started.unshift({ ...each, status });
    }
    this.#children = [...started, ...before];
  }

  #started(id: string): Status {
    const outcome = this.world.start(id);
    if (outcome === "ok") return "up";
    if (outcome === "ignore") return "down";
    this.#retries.push(id);
    return "restarting";
  }

  #shutdown(): void {
    this.#isOver = true;
  }
}

/** `restart.ts`, and a performer of its decisions. */
class Performer implements Simulation {
  readonly #children: (Child & { status: Status })[];
  readonly #history: RestartHistory;
  readonly #retries: string[] = [];
  #isOver = false;

  constructor(readonly scenario: Scenario, readonly world: World) {
    this.#history = new RestartHistory(scenario.maxRestarts, scenario.maxSeconds);
    this.#children = scenario.children.map(({ restart, significant }, i) => ({
      id: `${i}`,
      restart,
      significant,
      status: "up" as Status,
      get isUp() {
        return this.status !== "down";
      },
    }));
  }

  get children(): (readonly [string, Status])[] | null {
    return this.#isOver ? null : this.#children.map(({ id, status }) => [id, status] as const);
  }

  exit(id: string, reason: unknown, second: number): void {
    const child = this.#find(id, "up");
    if (child !== undefined) this.#perform(childExited(this.#supervision, child, reason, second));
  }

  retry(second: number): void {
    const child = this.#find(this.#retries.shift(), "restarting");
    if (child !== undefined) this.#perform(onRetry(this.#supervision, child, second));
  }

  #find(id: string | undefined, status: Status) {
    return this.#children.find((each) => each.id === id && each.status === status);
  }

  get #supervision(): Supervision<Child> {
    const { strategy, autoShutdown } = this.scenario;
    return supervisionOf(this.#children, strategy, autoShutdown, this.#history);
  }

  #perform(actions: Action<Child>[]): void {
    // The exited child has no process, whatever the list says.
    const gone = actions.find(([what]) => what === "report")?.[1];
    for (const [what, who] of actions) {
      const child = who as (Child & { status: Status }) | undefined;
      switch (what) {
        case "report":
          this.world.say(`report ${child!.id}`);
          break;
        case "give_up":
          this.world.say(`give up ${child!.id}`);
          break;
        case "shut_down":
          this.#isOver = true;
          break;
        case "stop":
          if (child!.status === "up" && child !== gone) this.world.stop(child!.id);
          this.#release(child!);
          break;
        case "release":
          this.#release(child!);
          break;
        case "start": {
          const outcome = this.world.start(child!.id);
          child!.status = outcome === "ok" ? "up" : outcome === "error" ? "restarting" : "down";
          if (outcome !== "error") break;
          this.#retries.push(child!.id);
          return;
        }
      }
    }
  }

  #release(child: Child & { status: Status }): void {
    child.status = "down";
    const at = this.#children.indexOf(child);
    if (child.restart === "temporary" && at !== -1) this.#children.splice(at, 1);
  }
}

function play(scenario: Scenario, simulation: Simulation, world: World): unknown[] {
  const seen: unknown[] = [];
  let second = 0;
  for (const event of scenario.events) {
    if (simulation.children === null) break;
    if (event.type === "wait") second += event.seconds;
    else if (event.type === "retry") simulation.retry(second);
    else simulation.exit(`${event.child}`, event.reason, second);
    seen.push([world.log.splice(0), simulation.children]);
  }
  return seen;
}

Deno.test("childExited() and onRetry() do what supervisor.erl does, in every scenario", () => {
  const counts = { restarts: 0, ends: 0, retries: 0 };
  fc.assert(
    fc.property(scenarios, (scenario) => {
      const [world, modelWorld] = [new World(scenario.outcomes), new World(scenario.outcomes)];
      const found = play(scenario, new Performer(scenario, world), world);
      assertEquals(found, play(scenario, new Model(scenario, modelWorld), modelWorld));
      const text = JSON.stringify(found);
      if (text.includes("start ")) counts.restarts++;
      if (text.includes("restarting")) counts.retries++;
      if (text.includes("null")) counts.ends++;
    }),
    { numRuns: 3000 },
  );
  // The scenarios are worth something only if they get somewhere.
  for (const count of Object.values(counts)) assert(count > 300, JSON.stringify(counts));
});
