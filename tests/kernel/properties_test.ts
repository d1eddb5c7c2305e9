/**
 * Random programs of processes, against a model of Erlang's rules.
 *
 * A program is a list of operations of a few processes, the puppets. Each puppet is a process that
 * executes commands, which do not pass through its mailbox. The model executes the same commands, and
 * after each operation the two are compared: the outcome, processes alive, exit reasons, mailboxes,
 * links, monitors, names. Finally all processes are terminated, and nothing may be left behind.
 *
 * When a program fails, fast-check prints its seed and the shortest program that fails in the same way.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import {
  _,
  after,
  Exit,
  exit,
  flush,
  on,
  Pid,
  Process,
  receive,
  Ref,
  self,
  send,
  spawn,
  Timer,
  unwrap,
} from "../../mod.ts";
import { onExit } from "../../lib/kernel/signals.ts";
import { pendingTimers } from "../../lib/kernel/timers.ts";
import { collectReports, settled } from "../helpers.ts";
import {
  aliasOf,
  FENCED,
  type Message,
  Model,
  monitorOf,
  pidOf,
  type Reason,
  type Target,
  TIMER_SERVER,
  timerOf,
} from "./model.ts";

// --- Programs -----------------------------------------------------------------------------------

/** Numbers select one of the processes, monitors, aliases or timers that exist at that point. */
type Operation =
  | { readonly op: "spawn"; link: boolean; monitor: boolean; exitAtOnce: Reason | undefined }
  | { readonly op: "link" | "unlink"; which: number }
  | { readonly op: "monitor"; target: Target; tag: string; alias: Alias | undefined }
  | { readonly op: "demonitor"; which: number; flush: boolean }
  | { readonly op: "alias"; mode: "explicit_unalias" | "reply" }
  | { readonly op: "unalias" | "send to alias"; which: number }
  | { readonly op: "send"; target: Target }
  | { readonly op: "exit"; which: number; reason: Reason }
  | { readonly op: "leave"; how: "return" | "error" | "throw" | Reason }
  | { readonly op: "trap"; value: boolean }
  | { readonly op: "register"; which: number; name: string }
  | { readonly op: "unregister"; name: string }
  | { readonly op: "timer"; target: Target; delay: number; how: "send" | "start" }
  | { readonly op: "exit after"; target: Target; delay: number; reason: Reason }
  | { readonly op: "cancel timer" | "read timer"; which: number }
  | { readonly op: "receive"; which: number; tag: "message" | "EXIT" | "DOWN" }
  | { readonly op: "flush" }
  | { readonly op: "pass"; ms: number };

type Alias = "explicit_unalias" | "demonitor" | "reply_demonitor";
type Step = Operation & {
  /** The process that executes it. */
  readonly by: number;
  /** Whether the next step follows before any process has had a turn. */
  readonly isHasty: boolean;
};

const which = fc.nat(11);
const NAMES = ["a", "b", "c"];
const name = fc.constantFrom(...NAMES);
const target: fc.Arbitrary<Target> = fc.oneof(
  { weight: 3, arbitrary: which.map((pid) => ({ pid })) },
  { weight: 1, arbitrary: name.map((name) => ({ name })) },
);
const reason = fc.constantFrom<Reason>(
  "normal",
  "kill",
  "killed",
  "shutdown",
  ["shutdown", 1],
  "boom",
  "noproc",
);
const aliasMode = fc.constantFrom<Alias>("explicit_unalias", "demonitor", "reply_demonitor");
const delay = fc.integer({ min: 1, max: 40 });
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const op = <Name extends string, Fields extends object = Record<never, never>>(
  name: Name,
  fields: { [Key in keyof Fields]: fc.Arbitrary<Fields[Key]> },
): fc.Arbitrary<{ op: Name } & Fields> => fc.record({ op: fc.constant(name), ...fields }) as never;

const operations: Record<Operation["op"], [weight: number, arbitrary: fc.Arbitrary<Operation>]> = {
  spawn: [
    4,
    op("spawn", { link: fc.boolean(), monitor: fc.boolean(), exitAtOnce: maybe(reason) }),
  ],
  link: [6, op("link", { which })],
  unlink: [2, op("unlink", { which })],
  monitor: [
    5,
    op("monitor", { target, tag: fc.constantFrom("DOWN", "GONE"), alias: maybe(aliasMode) }),
  ],
  demonitor: [3, op("demonitor", { which, flush: fc.boolean() })],
  alias: [1, op("alias", { mode: fc.constantFrom("explicit_unalias", "reply") })],
  unalias: [1, op("unalias", { which })],
  "send to alias": [3, op("send to alias", { which })],
  send: [6, op("send", { target })],
  exit: [4, op("exit", { which, reason })],
  leave: [2, op("leave", { how: fc.oneof(reason, fc.constantFrom("return", "error", "throw")) })],
  trap: [3, op("trap", { value: fc.boolean() })],
  register: [3, op("register", { which, name })],
  unregister: [1, op("unregister", { name })],
  timer: [3, op("timer", { target, delay, how: fc.constantFrom("send", "start") })],
  "exit after": [1, op("exit after", { target, delay, reason })],
  "cancel timer": [1, op("cancel timer", { which })],
  "read timer": [1, op("read timer", { which })],
  receive: [3, op("receive", { which, tag: fc.constantFrom("message", "EXIT", "DOWN") })],
  flush: [1, fc.constant({ op: "flush" })],
  pass: [3, op("pass", { ms: fc.integer({ min: 0, max: 60 }) })],
};

const step: fc.Arbitrary<Step> = fc.tuple(
  which,
  fc.boolean(),
  fc.oneof(...Object.values(operations).map(([weight, arbitrary]) => ({ weight, arbitrary }))),
).map(([by, isHasty, operation]) => ({ by, isHasty, ...operation }));

// --- Puppets ------------------------------------------------------------------------------------

interface Command {
  readonly body: () => unknown;
  /** Whether the puppet's code returns after it. */
  readonly isLast: boolean;
  readonly done: (outcome: unknown) => void;
}

/** A process that executes commands from outside while its code has not returned. */
class Puppet {
  #take: ((command: Command) => void) | undefined;
  #hasLeft = false;
  reason: unknown;

  /** Whether its code can still execute a command, even one that the fence rejects. */
  get canContinue(): boolean {
    return this.#take !== undefined && !this.#hasLeft;
  }

  /** The code of the process. */
  readonly run = async (): Promise<void> => {
    for (;;) {
      const { body, isLast, done } = await new Promise<Command>((resolve) => this.#take = resolve);
      if (isLast) {
        done(true);
        await body();
        return;
      }
      try {
        done(await body());
      } catch (error) {
        done(error instanceof Exit ? FENCED : (error as Error).name);
      }
    }
  };

  /** Runs `body` in the process, and resolves with the outcome. */
  do(body: () => unknown, isLast = false): Promise<unknown> {
    if (isLast) this.#hasLeft = true;
    const take = this.#take!;
    return new Promise((done) => take({ body, isLast, done }));
  }

  /** Records the exit reason of the process `pid`. */
  watch(pid: Pid): Pid {
    onExit(pid, (reason) => this.reason = reason);
    return pid;
  }
}

// --- Running a program --------------------------------------------------------------------------

const BROKEN = new RangeError("broken");

/** The processes of the kernel, and the model beside them. */
class World {
  readonly #model = new Model();
  readonly #puppets: Puppet[] = [];
  readonly #pids: Pid[] = [];
  readonly #monitors: Ref[] = [];
  readonly #aliases: Ref[] = [];
  readonly #timers: (Ref | Timer.TRef)[] = [];
  /** The names that the model uses for pids and references. */
  readonly #names = new Map<unknown, string>();
  readonly #time: FakeTime;
  #sent = 0;

  constructor(time: FakeTime, puppets: number) {
    this.#time = time;
    this.#names.set(Process.whereis("timer_server"), TIMER_SERVER);
    for (let i = 0; i < puppets; i++) {
      this.#model.spawn(undefined, false, false);
      const puppet = new Puppet();
      this.#add(puppet, puppet.watch(spawn(puppet.run)));
    }
  }

  #add(puppet: Puppet, pid: Pid): void {
    this.#names.set(pid, pidOf(this.#pids.length));
    this.#puppets.push(puppet);
    this.#pids.push(pid);
  }

  #pid(which: number): number {
    return which % this.#pids.length;
  }

  #target(target: Target): [Target, Pid | string] {
    if ("name" in target) return [target, target.name];
    const pid = this.#pid(target.pid);
    return [{ pid }, this.#pids[pid]!];
  }

  /** Executes one step in the kernel and in the model, and compares them. */
  async do(step: Step): Promise<void> {
    const by = this.#pid(step.by);
    if (step.op === "pass") {
      await settled();
      this.#model.pass(step.ms);
      this.#time.tick(step.ms);
    } else if (!this.#puppets[by]!.canContinue) {
      return;
    } else if (!this.#model.processes[by]!.isAlive) {
      await this.#doAsDead(by);
    } else {
      await this.#doAs(by, step);
    }
    // A process exits only when the promise of its code is fulfilled.
    if (!step.isHasty || step.op === "leave") await settled();
    this.#compare();
  }

  /** The code of a process that has exited may continue, without effect. */
  async #doAsDead(by: number): Promise<void> {
    const victim = this.#pids.find((pid) => Process.isAlive(pid));
    const attempts = [
      () => victim !== undefined && send(victim, "after the exit"),
      () => victim !== undefined && Process.exit(victim, "kill"),
      () => spawn(() => {}),
      () => Process.alias(),
      () => Process.sleep(1),
    ];
    for (const attempt of attempts) {
      if (victim === undefined && attempt === attempts[0]) continue;
      if (victim === undefined && attempt === attempts[1]) continue;
      assertEquals(await this.#puppets[by]!.do(attempt), FENCED);
    }
  }

  async #doAs(by: number, step: Step): Promise<void> {
    const model = this.#model;
    const puppet = this.#puppets[by]!;
    /** Runs code in the puppet; the outcome is the model's, unless the code terminates the puppet. */
    const check = async (expected: unknown, body: () => unknown) => {
      const outcome = await puppet.do(body);
      assertEquals(outcome, model.processes[by]!.isAlive ? expected : FENCED, step.op);
    };
    switch (step.op) {
      case "spawn": {
        const { link, monitor, exitAtOnce } = step;
        const id = model.spawn(by, link, monitor);
        const child = new Puppet();
        const firstMonitor = this.#monitors.length;
        if (exitAtOnce !== undefined) model.exit(by, id, exitAtOnce);
        await check(true, () => {
          const made = spawn(child.run, { link, monitor }) as Pid | readonly [Pid, Ref];
          const pid = made instanceof Pid ? made : made[0];
          this.#add(child, child.watch(pid));
          if (!(made instanceof Pid)) this.#addMonitor(firstMonitor, made[1]);
          return exitAtOnce === undefined || Process.exit(pid, exitAtOnce);
        });
        return;
      }
      case "link":
      case "unlink": {
        const to = this.#pid(step.which);
        await check(model[step.op](by, to), () => Process[step.op](this.#pids[to]!));
        return;
      }
      case "monitor": {
        const [subject, real] = this.#target(step.target);
        const { tag, alias } = step;
        const id = model.monitor(by, subject, tag, alias);
        await check(true, () => {
          const ref = Process.monitor(real, alias === undefined ? { tag } : { tag, alias });
          this.#addMonitor(id, ref);
          if (alias !== undefined) this.#aliases.push(ref);
          return true;
        });
        return;
      }
      case "demonitor": {
        if (this.#monitors.length === 0) return;
        const id = step.which % this.#monitors.length;
        await check(
          model.demonitor(by, id, step.flush),
          () => Process.demonitor(this.#monitors[id]!, step.flush ? ["flush", "info"] : ["info"]),
        );
        return;
      }
      case "alias": {
        const id = model.alias(by, step.mode);
        await check(true, () => {
          const ref = Process.alias(step.mode);
          this.#aliases.push(ref);
          this.#names.set(ref, aliasOf(id));
          return true;
        });
        return;
      }
      case "unalias": {
        if (this.#aliases.length === 0) return;
        const id = step.which % this.#aliases.length;
        await check(model.unalias(by, id), () => Process.unalias(this.#aliases[id]!));
        return;
      }
      case "send to alias": {
        if (this.#aliases.length === 0) return;
        const id = step.which % this.#aliases.length;
        const number = ++this.#sent;
        await check(
          model.sendToAlias(by, id, ["message", pidOf(by), number]),
          () => send(this.#aliases[id]!, ["message", self(), number]) !== undefined,
        );
        return;
      }
      case "send": {
        const [subject, real] = this.#target(step.target);
        const number = ++this.#sent;
        await check(
          model.send(by, subject, ["message", pidOf(by), number]),
          () => send(real, ["message", self(), number]) !== undefined,
        );
        return;
      }
      case "exit": {
        const to = this.#pid(step.which);
        const expected = model.exit(by, to, step.reason);
        await check(expected, () => Process.exit(this.#pids[to]!, step.reason));
        return;
      }
      case "leave": {
        const { how } = step;
        model.leave(by, reasonFor(how));
        await puppet.do(() => leave(how), true);
        return;
      }
      case "trap":
        await check(model.trap(by, step.value), () => Process.flag("trap_exit", step.value));
        return;
      case "register": {
        const subject = this.#pid(step.which);
        const expected = model.register(subject, step.name);
        await check(expected, () => Process.register(this.#pids[subject]!, step.name));
        return;
      }
      case "unregister":
        await check(model.unregister(step.name), () => Process.unregister(step.name));
        return;
      case "timer": {
        const [subject, real] = this.#target(step.target);
        const delay = model.delayTo(step.delay);
        const id = this.#timers.length;
        const payload = ["timer", id];
        const message = step.how === "send" ? payload : ["timeout", timerOf(id), payload];
        model.startTimer(delay, subject, { message });
        await check(true, () => {
          const ref = step.how === "send"
            ? Process.sendAfter(real, payload, delay)
            : Process.startTimer(delay, real, payload);
          this.#timers.push(ref);
          this.#names.set(ref, timerOf(id));
          return true;
        });
        return;
      }
      case "exit after": {
        const [subject, real] = this.#target(step.target);
        const delay = model.delayTo(step.delay);
        model.startTimer(delay, subject, { exit: step.reason });
        await check(true, () => {
          this.#timers.push(unwrap(Timer.exitAfter(delay, real, step.reason)));
          return true;
        });
        return;
      }
      case "cancel timer":
      case "read timer": {
        if (this.#timers.length === 0) return;
        const id = step.which % this.#timers.length;
        const timer = this.#timers[id]!;
        if (!(timer instanceof Ref)) {
          if (step.op === "read timer") return;
          model.cancelTimer(id);
          await check(true, () => Timer.cancel(timer)[0] === "ok");
        } else if (step.op === "cancel timer") {
          await check(model.cancelTimer(id), () => Process.cancelTimer(timer));
        } else {
          await check(model.readTimer(id), () => Process.readTimer(timer));
        }
        return;
      }
      case "receive": {
        const { tag } = step;
        const from = this.#pid(step.which);
        const pid = this.#pids[from];
        const ref = this.#monitors[step.which % Math.max(1, this.#monitors.length)];
        if (tag === "DOWN" && ref === undefined) return;
        const expected = tag === "DOWN"
          ? this.#takeDown(by, this.#names.get(ref)!)
          : model.receive(by, pidOf(from), tag);
        const pattern = tag === "DOWN" ? [_, ref, "process", _, _] : [tag, pid, _];
        await check(
          expected,
          async () =>
            this.#asInModel(
              await receive(
                on(pattern, (message) => message as unknown),
                after(0, () => undefined),
              ),
            ),
        );
        return;
      }
      case "flush": {
        const expected = model.flush(by);
        const outcome = await puppet.do(() => flush());
        this.#compareMessages(outcome as unknown[], expected);
      }
    }
  }

  #addMonitor(id: number, ref: Ref): void {
    assertEquals(this.#monitors.length, id);
    this.#monitors.push(ref);
    this.#names.set(ref, monitorOf(id));
  }

  /** Takes the `DOWN` message of a monitor, with any tag, out of a mailbox of the model. */
  #takeDown(by: number, monitor: string): readonly unknown[] | undefined {
    const { mailbox } = this.#model.processes[by]!;
    const at = mailbox.findIndex(({ term }) => term.length === 5 && term[1] === monitor);
    return at < 0 ? undefined : mailbox.splice(at, 1)[0]!.term;
  }

  /** A term with all pids and references as they appear in the model. */
  #asInModel(term: unknown): unknown {
    if (term instanceof Pid || term instanceof Ref) return this.#names.get(term) ?? term;
    if (term === BROKEN) return "broken";
    if (term === BROKEN.stack) return "stack";
    return Array.isArray(term) ? term.map((each) => this.#asInModel(each)) : term;
  }

  // --- Comparing --------------------------------------------------------------------------------

  #compare(): void {
    const alive: string[] = [];
    for (const [id, process] of this.#model.processes.entries()) {
      const pid = this.#pids[id]!;
      const label = pidOf(id);
      assertEquals(Process.isAlive(pid), process.isAlive, `${label} is alive`);
      if (!process.isAlive) {
        assertEquals(
          this.#asInModel(this.#puppets[id]!.reason),
          process.reason,
          `reason of ${label}`,
        );
        assertEquals(Process.info(pid), undefined);
        continue;
      }
      alive.push(label);
      const info = Process.info(pid)!;
      const sorted = (terms: Iterable<unknown>) =>
        [...terms].map((term) => this.#asInModel(term)).sort();
      assertEquals(info.trap_exit, process.trapsExits, `${label} traps exits`);
      assertEquals(info.registered_name, process.name ?? [], `name of ${label}`);
      assertEquals(sorted(info.links), [...process.links].map(pidOf).sort(), `links of ${label}`);
      assertEquals(
        sorted(info.monitors.map((each) => (each as unknown[])[1])),
        this.#model.heldBy(id).map(({ object }) => object).sort(),
        `monitors of ${label}`,
      );
      assertEquals(
        sorted(info.monitored_by),
        this.#model.heldOn(id).map(({ holder }) => pidOf(holder)).sort(),
        `monitors on ${label}`,
      );
      this.#compareMessages(info.messages, process.mailbox, `messages of ${label}`);
    }
    for (const name of NAMES) {
      const holder = this.#model.whereis(name);
      const pid = Process.whereis(name);
      assertEquals(pid && this.#asInModel(pid), holder && pidOf(holder.id), `whereis ${name}`);
    }
    const mine = new Set<unknown>(this.#pids);
    const listed = Process.list().filter((pid) => mine.has(pid)).map((pid) => this.#asInModel(pid));
    assertEquals(listed, alive, "Process.list()");
  }

  /** Compares messages stream by stream: only messages from the same sender are ordered. */
  #compareMessages(
    received: readonly unknown[],
    expected: readonly Message[],
    what = "messages",
  ): void {
    const streams = new Map<string, unknown[]>();
    for (const message of received) {
      const term = this.#asInModel(message) as unknown[];
      const stream = this.#streamOf(term);
      streams.set(stream, [...streams.get(stream) ?? [], term]);
    }
    const wanted = new Map<string, Message[]>();
    for (const message of expected) {
      wanted.set(message.stream, [...wanted.get(message.stream) ?? [], message]);
    }
    assertEquals([...streams.keys()].sort(), [...wanted.keys()].sort(), `${what}: senders`);
    for (const [stream, messages] of wanted) {
      const found = streams.get(stream)!;
      const ordered = messages.filter(({ isOrdered }) => isOrdered).map(({ term }) => term);
      assertEquals(found.slice(0, ordered.length), ordered, `${what} from ${stream}`);
      const text = (term: unknown) => JSON.stringify(term);
      assertEquals(
        found.map(text).sort(),
        messages.map(({ term }) => text(term)).sort(),
        `${what} from ${stream}`,
      );
    }
  }

  #streamOf(term: readonly unknown[]): string {
    if (term[0] === "message" || term[0] === "EXIT") return term[1] as string;
    if (term[0] === "timer" || term[0] === "timeout") return "timers";
    const monitor = this.#model.monitors[Number((term[1] as string).slice(1))]!;
    return monitor.target < 0 ? "none" : pidOf(monitor.target);
  }

  /** Terminates all processes and timers that are left. */
  async end(): Promise<void> {
    for (const pid of this.#pids) Process.exit(pid, "kill");
    for (const timer of this.#timers) {
      if (timer instanceof Ref) Process.cancelTimer(timer);
      else Timer.cancel(timer);
    }
    await settled();
  }
}

/** The exit reason, as it appears in the model, of a process that leaves in this way. */
function reasonFor(how: "return" | "error" | "throw" | Reason): Reason {
  if (how === "return") return "normal";
  if (how === "error") return ["broken", "stack"];
  return how === "throw" ? [["nocatch", "ball"], ""] as never : how;
}

function leave(how: "return" | "error" | "throw" | Reason): void {
  if (how === "return") return;
  if (how === "error") throw BROKEN;
  if (how === "throw") throw "ball";
  throw exit(how);
}

// --- The properties -----------------------------------------------------------------------------

/** Everything that could be left behind. */
const leftovers = () => ({
  processes: Process.list().map(String),
  names: Process.registered().sort(),
  timers: pendingTimers(),
  messages: flush(),
  links: Process.info(self(), ["links", "monitors", "monitored_by"]),
});

Deno.test("processes follow Erlang's rules in any program, and leave nothing behind", async () => {
  using _reports = collectReports();
  using time = new FakeTime();
  // Starts the timer service.
  Timer.cancel(unwrap(Timer.applyAfter(1, () => {})));
  const before = leftovers();
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 2, max: 5 }),
      fc.array(step, { minLength: 5, maxLength: 60, size: "max" }),
      async (puppets, steps) => {
        const world = new World(time, puppets);
        await settled();
        try {
          for (const step of steps) await world.do(step);
        } finally {
          await world.end();
        }
        assertEquals(leftovers(), before, "left behind");
      },
    ),
    { numRuns: 1500 },
  );
});

Deno.test("the programs of the property above contain every operation often enough", () => {
  // Guards against a generator that produces trivial programs.
  const counts = new Map<string, number>();
  for (const steps of fc.sample(fc.array(step, { minLength: 60, maxLength: 60 }), 50)) {
    for (const { op } of steps) counts.set(op, (counts.get(op) ?? 0) + 1);
  }
  assertEquals([...counts.keys()].sort(), Object.keys(operations).sort());
  assert([...counts.values()].every((count) => count > 10));
});
