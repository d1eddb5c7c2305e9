/**
 * What a state machine is made of, apart from its callbacks: state and data, the events that are to be handled
 * before any that is yet to be received, the postponed ones, and the timeouts.
 *
 * @module
 */

import type { Envelope } from "../kernel/mailbox.ts";
import { OwnedTimer, type Process } from "../kernel/process.ts";
import { schedule } from "../kernel/scheduler.ts";
import { equal, Ref, type Term } from "../kernel/term.ts";
import { stage, start } from "../kernel/timers.ts";
import { TermMap } from "../kernel/term_map.ts";
import type { EventType, TimeoutType } from "./response.ts";

/** An event, as a state callback gets it. */
export type Event = readonly [type: EventType, content: Term];

/** What an action asks for: to set a timeout, in place of the one of that type. */
export interface TimeoutOrder {
  readonly type: TimeoutType;
  /** Milliseconds, or a moment; `Infinity` cancels. */
  readonly time: number | "update";
  readonly content: Term;
  readonly isAbsolute: boolean;
}

/** A timeout that was set. */
export class Timeout {
  readonly type: TimeoutType;
  content: Term;
  /** Runs, unless the timeout was one of 0 or is in the mailbox. */
  timer: OwnedTimer | null = null;
  /** What stands for it in its message. */
  #ref: Ref | null = null;

  constructor(type: TimeoutType, content: Term) {
    this.type = type;
    this.content = content;
  }

  get ref(): Ref {
    return this.#ref ??= new Ref();
  }
}

/** The kind of a timeout in a mailbox. */
export const TIMEOUT: Envelope = {
  toMessage: (timeout) => ["timeout", (timeout as Timeout).ref, (timeout as Timeout).type],
};

/** What the results for one event, and for the `"enter"` that follows from it, have asked for. */
export class Step {
  readonly event: Event;
  /** What the machine is about to be in. */
  state: Term;
  data: Term;
  /** The callback that runs, or has just run, is that for `"enter"`. */
  isEntering = false;
  /** The state is to be entered. */
  willEnter = false;
  postpones = false;
  hibernates = false;
  readonly inserted: Event[] = [];
  readonly orders: TimeoutOrder[] = [];

  constructor(event: Event, state: Term, data: Term) {
    this.event = event;
    this.state = state;
    this.data = data;
  }
}

/** One state machine, whose callback modules are `Module`s. */
export class StateMachine<Module> {
  readonly #process: Process;
  state: Term;
  data: Term;
  /** The callback modules that were pushed, the one that counts first. */
  modules: readonly [Module, ...Module[]];
  /** Whether there is one callback for each state. */
  hasStateFunctions = false;
  /** Whether entering a state is an event. */
  hasStateEnter = false;
  /** The event that is being handled. */
  step: Step | null = null;
  /** Whether it is to hibernate when all is handled. */
  hibernates = false;
  /** Number of events since the last message, or the last pause. */
  inARow = 0;
  /** Why it crashes, without the stack: `terminate` gets that. */
  crash: { readonly reason: Term; readonly exit: Term } | null = null;
  /** Events that come before all others, the next one last. */
  #queue: Event[] = [];
  /** Oldest first. */
  #postponed: Event[] = [];
  #timeouts: TermMap<Timeout> | null = null;
  /** Those of 0, which come when the queue is empty. */
  #due: Timeout[] = [];

  constructor(process: Process, module: Module, state: Term, data: Term) {
    this.#process = process;
    this.modules = [module];
    this.state = state;
    this.data = data;
  }

  /** Is from now on in this state, with these data. */
  become(state: Term, data: Term): void {
    this.state = state;
    this.data = data;
  }

  /** Begins to handle an event. */
  begin(event: Event): Step {
    return this.step = new Step(event, this.state, this.data);
  }

  /** Does what the step has asked for, and makes its state and data the machine's. */
  finish(onSet: ((order: TimeoutOrder) => void) | null): void {
    const { event, state, data, postpones, hibernates, inserted, orders } = this.step!;
    if (postpones) this.#postponed.push(event);
    if (!equal(state, this.state)) {
      for (let i = this.#postponed.length - 1; i >= 0; i--) this.#queue.push(this.#postponed[i]!);
      this.#postponed = [];
      this.#cancel("state_timeout");
    }
    this.#cancel("timeout");
    this.become(state, data);
    this.hibernates = hibernates;
    this.step = null;
    if (orders.length > 0) this.#obey(orders, onSet);
    for (let i = inserted.length - 1; i >= 0; i--) this.#queue.push(inserted[i]!);
  }

  /** Takes the event that comes before any that is yet to be received, if there is one. */
  next(): Event | undefined {
    return this.#queue.pop();
  }

  /** Takes the first timeout of 0, if there is one. */
  nextDue(): Event | undefined {
    const timeout = this.#due[0];
    return timeout === undefined ? undefined : this.take(timeout)!;
  }

  /** Takes a timeout whose time is up; `undefined` if it was cancelled since. */
  take(timeout: Timeout): Event | undefined {
    if (this.#timeouts?.get(timeout.type) !== timeout) return undefined;
    this.#cancel(timeout.type);
    return [timeout.type, timeout.content];
  }

  /** The event that is being handled, and those that come after it. */
  get queue(): Event[] {
    const queue = this.#queue.toReversed();
    return this.step === null ? queue : [this.step.event, ...queue];
  }

  /** The postponed events, oldest first. */
  get postponed(): readonly Event[] {
    return this.#postponed;
  }

  /** The timeouts that are set. */
  get timeouts(): Event[] {
    return Array.from(this.#timeouts?.values() ?? [], ({ type, content }) => [type, content]);
  }

  #cancel(type: TimeoutType): void {
    const timeout = this.#timeouts?.get(type);
    if (timeout === undefined) return;
    this.#timeouts!.delete(type);
    timeout.timer?.cancel();
    const at = this.#due.indexOf(timeout);
    if (at >= 0) this.#due.splice(at, 1);
  }

  /** Sets timeouts; of those of one type, the last. */
  #obey(orders: readonly TimeoutOrder[], onSet: ((order: TimeoutOrder) => void) | null): void {
    if (orders.length === 1) return this.#set(orders[0]!, onSet);
    const last = new TermMap<TimeoutOrder>();
    for (const order of orders) last.set(order.type, order);
    for (const order of orders) if (last.get(order.type) === order) this.#set(order, onSet);
  }

  #set(order: TimeoutOrder, onSet: ((order: TimeoutOrder) => void) | null): void {
    const { type, time, content, isAbsolute } = order;
    const running = this.#timeouts?.get(type);
    if (time === "update" && running !== undefined) {
      running.content = content;
      return;
    }
    this.#cancel(type);
    if (time === Infinity) return;
    const timeout = new Timeout(type, content);
    (this.#timeouts ??= new TermMap()).set(type, timeout);
    if (time === 0 || time === "update") {
      this.#due.push(timeout);
    } else {
      const timer = new OwnedTimer(this.#process, () => {
        timeout.timer = null;
        this.#process.push(TIMEOUT, timeout);
        schedule(this.#process);
      });
      timeout.timer = timer;
      if (isAbsolute) start(timer, time, true);
      else stage(timer, time);
    }
    if (time !== "update") onSet?.(order);
  }
}
