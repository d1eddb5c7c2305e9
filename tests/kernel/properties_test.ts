/**
 * Random programs of processes, against a model of Erlang's rules.
 *
 * A program is a list of operations of a few processes, the puppets. Each puppet is a process that
 * does what it is told, without using its mailbox for that; the same is done to the model, and after
 * each operation the two are compared: the outcome, who is alive, exit reasons, mailboxes, links,
 * monitors, names. In the end all is ended, and nothing may be left.
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

/** Numbers stand for one of the processes, monitors, aliases or timers that there are then. */
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
  /** The process that does it. */
  readonly by: number;
  /** Whether the next step comes before any process has had a turn. */
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
  /** Whether the puppet's own code ends with it. */
  readonly isLast: boolean;
  readonly done: (outcome: unknown) => void;
}

/** A process that does what it is told from outside, as long as it has code to go on with. */
class Puppet {
  #take: ((command: Command) => void) | undefined;
  #hasLeft = false;
  reason: unknown;

  /** Whether there is code of it that could do something, if only what the fence prevents. */
  get goesOn(): boolean {
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

  /** Has the process do something, and resolves with the outcome. */
  do(body: () => unknown, isLast = false): Promise<unknown> {
    if (isLast) this.#hasLeft = true;
    const take = this.#take!;
    return new Promise((done) => take({ body, isLast, done }));
  }

  /** Notes the reason for which the process `pid` ends. */
  watch(pid: Pid): Pid {
    onExit(pid, (reason) => this.reason = reason);
    return pid;
  }
}

// --- Running a program --------------------------------------------------------------------------

const BROKEN = new RangeError("broken");

/** Both worlds: the kernel's, and the model. */
class World {
  readonly #model = new Model();
  readonly #puppets: Puppet[] = [];
  readonly #pids: Pid[] = [];
  readonly #monitors: Ref[] = [];
  readonly #aliases: Ref[] = [];
  readonly #timers: (Ref | Timer.TRef)[] = [];
  /** How pids and references are told. */
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

  /** Does one step in both worlds, and compares them. */
  async do(step: Step): Promise<void> {
    const by = this.#pid(step.by);
    if (step.op === "pass") {
      await settled();
      this.#model.pass(step.ms);
      this.#time.tick(step.ms);
    } else if (!this.#puppets[by]!.goesOn) {
      return;
    } else if (!this.#model.processes[by]!.isAlive) {
      await this.#doAsDead(by);
    } else {
      await this.#doAs(by, step);
    }
    // A process has ended only when the promise of its code is fulfilled.
    if (!step.isHasty || step.op === "leave") await settled();
    this.#compare();
  }

  /** The code of a process that has ended can go on, and has no effect. */
  async #doAsDead(by: number): Promise<void> {
    const victim = this.#pids.find((pid) => Process.isAlive(pid));
    const attempts = [
      () => victim !== undefined && send(victim, "from the dead"),
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
    /** Does something as the puppet; the outcome is the model's, unless that ends the puppet. */
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
        const [whom, real] = this.#target(step.target);
        const { tag, alias } = step;
        const id = model.monitor(by, whom, tag, alias);
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
        const [whom, real] = this.#target(step.target);
        const number = ++this.#sent;
        await check(
          model.send(by, whom, ["message", pidOf(by), number]),
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
        const whom = this.#pid(step.which);
        const expected = model.register(whom, step.name);
        await check(expected, () => Process.register(this.#pids[whom]!, step.name));
        return;
      }
      case "unregister":
        await check(model.unregister(step.name), () => Process.unregister(step.name));
        return;
      case "timer": {
        const [whom, real] = this.#target(step.target);
        const delay = model.delayTo(step.delay);
        const id = this.#timers.length;
        const payload = ["timer", id];
        const message = step.how === "send" ? payload : ["timeout", timerOf(id), payload];
        model.startTimer(delay, whom, { message });
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
        const [whom, real] = this.#target(step.target);
        const delay = model.delayTo(step.delay);
        model.startTimer(delay, whom, { exit: step.reason });
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
            this.#tell(
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
        this.#compareMail(outcome as unknown[], expected);
      }
    }
  }

  #addMonitor(id: number, ref: Ref): void {
    assertEquals(this.#monitors.length, id);
    this.#monitors.push(ref);
    this.#names.set(ref, monitorOf(id));
  }

  /** Takes the message about a monitor out of a mailbox of the model, whatever its tag. */
  #takeDown(by: number, monitor: string): readonly unknown[] | undefined {
    const { mailbox } = this.#model.processes[by]!;
    const at = mailbox.findIndex(({ term }) => term.length === 5 && term[1] === monitor);
    return at < 0 ? undefined : mailbox.splice(at, 1)[0]!.term;
  }

  /** A term with all pids and references told as the model tells them. */
  #tell(term: unknown): unknown {
    if (term instanceof Pid || term instanceof Ref) return this.#names.get(term) ?? term;
    if (term === BROKEN) return "broken";
    if (term === BROKEN.stack) return "stack";
    return Array.isArray(term) ? term.map((each) => this.#tell(each)) : term;
  }

  // --- Comparing --------------------------------------------------------------------------------

  #compare(): void {
    const living: string[] = [];
    for (const [id, process] of this.#model.processes.entries()) {
      const pid = this.#pids[id]!;
      const told = pidOf(id);
      assertEquals(Process.isAlive(pid), process.isAlive, `${told} is alive`);
      if (!process.isAlive) {
        assertEquals(this.#tell(this.#puppets[id]!.reason), process.reason, `reason of ${told}`);
        assertEquals(Process.info(pid), undefined);
        continue;
      }
      living.push(told);
      const info = Process.info(pid)!;
      const sorted = (terms: Iterable<unknown>) =>
        [...terms].map((term) => this.#tell(term)).sort();
      assertEquals(info.trap_exit, process.trapsExits, `${told} traps exits`);
      assertEquals(info.registered_name, process.name ?? [], `name of ${told}`);
      assertEquals(sorted(info.links), [...process.links].map(pidOf).sort(), `links of ${told}`);
      assertEquals(
        sorted(info.monitors.map((each) => (each as unknown[])[1])),
        this.#model.heldBy(id).map(({ object }) => object).sort(),
        `monitors of ${told}`,
      );
      assertEquals(
        sorted(info.monitored_by),
        this.#model.heldOn(id).map(({ holder }) => pidOf(holder)).sort(),
        `monitors on ${told}`,
      );
      this.#compareMail(info.messages, process.mailbox, `mail of ${told}`);
    }
    for (const name of NAMES) {
      const holder = this.#model.whereis(name);
      const pid = Process.whereis(name);
      assertEquals(pid && this.#tell(pid), holder && pidOf(holder.id), `who is ${name}`);
    }
    const mine = new Set<unknown>(this.#pids);
    const listed = Process.list().filter((pid) => mine.has(pid)).map((pid) => this.#tell(pid));
    assertEquals(listed, living, "Process.list()");
  }

  /** Compares mail stream by stream: what comes from one sender has an order, and nothing else has. */
  #compareMail(mail: readonly unknown[], expected: readonly Message[], what = "mail"): void {
    const streams = new Map<string, unknown[]>();
    for (const message of mail) {
      const term = this.#tell(message) as unknown[];
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
    return monitor.target < 0 ? "nobody" : pidOf(monitor.target);
  }

  /** Ends the remaining processes. */
  async end(): Promise<void> {
    for (const pid of this.#pids) Process.exit(pid, "kill");
    for (const timer of this.#timers) {
      if (timer instanceof Ref) Process.cancelTimer(timer);
      else Timer.cancel(timer);
    }
    await settled();
  }
}

/** The exit reason, as the model tells it, of a process that leaves so. */
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

/** Whatever could be left behind. */
const leftovers = () => ({
  processes: Process.list().map(String),
  names: Process.registered().sort(),
  timers: pendingTimers(),
  mail: flush(),
  links: Process.info(self(), ["links", "monitors", "monitored_by"]),
});

Deno.test("processes do in any program what Erlang's rules say, and leave nothing behind", async () => {
  using _reports = collectReports();
  using time = new FakeTime();
  // So that the service of the timers is there.
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

Deno.test("the programs of the property above do enough to mean something", () => {
  // Guards against a generator that has come to make trivial programs.
  const counts = new Map<string, number>();
  for (const steps of fc.sample(fc.array(step, { minLength: 60, maxLength: 60 }), 50)) {
    for (const { op } of steps) counts.set(op, (counts.get(op) ?? 0) + 1);
  }
  assertEquals([...counts.keys()].sort(), Object.keys(operations).sort());
  assert([...counts.values()].every((count) => count > 10));
});
