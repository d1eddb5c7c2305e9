/**
 * The data of a state machine: state and data, the queued and the postponed events, and the timeouts. It calls no
 * callbacks: `server.ts` does, and records in a {@linkcode Step} what their results ask for.
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

/** An event, as a state callback receives it. */
export type Event = readonly [type: EventType, content: Term];

/** A timeout action: sets a timeout, replacing the one of its type. */
export interface TimeoutOrder {
  readonly type: TimeoutType;
  /** In milliseconds, or an absolute time; `Infinity` cancels. */
  readonly time: number | "update";
  readonly content: Term;
  readonly isAbsolute: boolean;
}

/** A timeout that is set. */
export class Timeout {
  readonly type: TimeoutType;
  content: Term;
  /** Its timer; `null` for a timeout of 0, and once the timeout is in the mailbox. */
  timer: OwnedTimer | null = null;
  /** Its reference in the message. */
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

/** What the results for one event, and for the `"enter"` calls that it causes, have asked for. */
export class Step {
  readonly event: Event;
  /** The next state of the machine. */
  state: Term;
  data: Term;
  /** Whether the callback that runs, or has just run, is the `"enter"` call. */
  isEntering = false;
  /** Whether an `"enter"` call is due. */
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
  /** The stack of callback modules, the current one first. */
  modules: readonly [Module, ...Module[]];
  /** Whether there is one callback for each state. */
  hasStateFunctions = false;
  /** Whether there are `"enter"` calls. */
  hasStateEnter = false;
  /** The event that is being handled. */
  step: Step | null = null;
  /** Whether it hibernates when no event is left. */
  hibernates = false;
  /** The number of events since the last message, or the last pause. */
  inARow = 0;
  /** The reason of a crash without the stack, for `terminate`, and with it, for the exit. */
  crash: { readonly reason: Term; readonly exit: Term } | null = null;
  /** Events that are handled before the next message, the next one last. */
  #queue: Event[] = [];
  /** Oldest first. */
  #postponed: Event[] = [];
  #timeouts: TermMap<Timeout> | null = null;
  /** Timeouts of 0, which are handled when the queue is empty. */
  #due: Timeout[] = [];

  constructor(process: Process, module: Module, state: Term, data: Term) {
    this.#process = process;
    this.modules = [module];
    this.state = state;
    this.data = data;
  }

  /** Sets state and data. */
  become(state: Term, data: Term): void {
    this.state = state;
    this.data = data;
  }

  /** Starts to handle an event. */
  begin(event: Event): Step {
    return this.step = new Step(event, this.state, this.data);
  }

  /** Ends the step: applies its actions, and makes its state and data the machine's. */
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
    if (orders.length > 0) this.#setAll(orders, onSet);
    for (let i = inserted.length - 1; i >= 0; i--) this.#queue.push(inserted[i]!);
  }

  /** Takes the next queued event, if there is one. */
  next(): Event | undefined {
    return this.#queue.pop();
  }

  /** Takes the first timeout of 0, if there is one. */
  nextDue(): Event | undefined {
    const timeout = this.#due[0];
    return timeout === undefined ? undefined : this.take(timeout)!;
  }

  /** Takes a timeout that has expired; `undefined` if it was cancelled since. */
  take(timeout: Timeout): Event | undefined {
    if (this.#timeouts?.get(timeout.type) !== timeout) return undefined;
    this.#cancel(timeout.type);
    return [timeout.type, timeout.content];
  }

  /** The event that is being handled, and the queued ones. */
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

  /** Sets timeouts; of several of one type, the last. */
  #setAll(orders: readonly TimeoutOrder[], onSet: ((order: TimeoutOrder) => void) | null): void {
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
