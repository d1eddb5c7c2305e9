/**
 * Routines: the sequential code of a process, independent of processes, networks and clocks. A routine is a
 * generator that yields what it waits for.
 *
 * So the locker and the registrar read as they do in Erlang, and tests can run them step by step.
 *
 * @module
 */

import type { NodeName, Term } from "../../kernel/term.ts";

/** The answers of the servers of some nodes, without those that cannot be reached. */
export type Answers = ReadonlyMap<NodeName, Term>;

/** What a routine waits for. */
export type Step =
  /** The answers of the servers of these nodes; resumed with {@linkcode Answers}. */
  | readonly ["ask", nodes: readonly NodeName[], request: Term]
  /** A message that is accepted, with a timeout in milliseconds; resumed with it, or with `undefined`. */
  | readonly ["receive", accepts: (message: Term) => boolean, ms: number];

/** The code of a process. */
export type Routine<Result = void> = Generator<Step, Result, unknown>;

/** Sends a request to the servers of these nodes, and waits for the answers. */
export function* ask(nodes: readonly NodeName[], request: Term): Routine<Answers> {
  return nodes.length === 0 ? new Map() : (yield ["ask", nodes, request]) as Answers;
}

/** Takes the first message that is accepted; `undefined` if none arrives within the timeout, in milliseconds. */
export function* receive<Message = Term>(
  accepts: (message: Message) => boolean = () => true,
  ms: number = Infinity,
): Routine<Message | undefined> {
  return (yield ["receive", accepts as (message: Term) => boolean, ms]) as Message | undefined;
}

/** Waits for a time in milliseconds. */
export function* sleep(ms: number): Routine {
  yield ["receive", () => false, ms];
}

/** Provides what a routine waits for. */
export interface Stage {
  /** Sends a request to the servers of nodes, and calls back when each has answered or cannot be reached. */
  ask(nodes: readonly NodeName[], request: Term, then: (answers: Answers) => void): void;
  /** Calls back after a time in milliseconds. Returns a function that cancels that. */
  after(ms: number, then: () => void): () => void;
}

/** A running routine. */
export class Actor<Result = void> {
  readonly #routine: Routine<Result>;
  readonly #stage: Stage;
  readonly #done: (result: Result) => void;
  readonly #mail: Term[] = [];
  #accepts: ((message: Term) => boolean) | null = null;
  #callOff = () => {};
  /** The value to resume with; `null` while the routine waits. */
  #next: { readonly value: unknown } | null = null;
  #isRunning = false;
  #isOver = false;

  /** Runs `routine` on `stage` until it waits for something; `done` is called with its result. */
  constructor(routine: Routine<Result>, stage: Stage, done: (result: Result) => void = () => {}) {
    this.#routine = routine;
    this.#stage = stage;
    this.#done = done;
    this.#goOn(undefined);
  }

  /** The messages that the routine has not taken yet. */
  get mail(): readonly Term[] {
    return this.#mail;
  }

  /** Delivers a message to the routine. */
  post(message: Term): void {
    if (this.#accepts?.(message)) this.#take(message);
    else this.#mail.push(message);
  }

  /** Takes a message that has arrived already, without waiting. */
  poll(accepts: (message: Term) => boolean): Term {
    const at = this.#mail.findIndex(accepts);
    return at < 0 ? undefined : this.#mail.splice(at, 1)[0];
  }

  /** Stops the routine where it is. */
  stop(): void {
    this.#isOver = true;
    this.#callOff();
  }

  #take(message: Term): void {
    this.#accepts = null;
    this.#callOff();
    this.#callOff = () => {};
    this.#goOn(message);
  }

  #goOn(value: unknown): void {
    this.#next = { value };
    if (this.#isRunning) return; // called from within the loop below, which goes on with it
    this.#isRunning = true;
    while (this.#next !== null && !this.#isOver) {
      const step: IteratorResult<Step, Result> = this.#routine.next(this.#next.value);
      this.#next = null;
      if (step.done) {
        this.#isOver = true;
        this.#done(step.value);
      } else this.#perform(step.value);
    }
    this.#isRunning = false;
  }

  #perform(step: Step): void {
    if (step[0] === "ask") {
      return this.#stage.ask(step[1], step[2], (answers) => this.#goOn(answers));
    }
    const [, accepts, ms] = step;
    const at = this.#mail.findIndex(accepts);
    if (at >= 0) return this.#goOn(this.#mail.splice(at, 1)[0]);
    this.#accepts = accepts;
    if (ms < Infinity) this.#callOff = this.#stage.after(ms, () => this.#take(undefined));
  }
}
