/**
 * Routines: what a process does, one step after another, with nothing in it of processes, networks and
 * clocks. A routine is a generator; what it yields is what it waits for.
 *
 * So the locker and the registrar read as they do in Erlang, and a test steps through them by hand.
 *
 * @module
 */

import type { NodeName, Term } from "../../kernel/term.ts";

/** What the servers of some nodes have answered; those that are out of reach are not among them. */
export type Answers = ReadonlyMap<NodeName, Term>;

/** What a routine waits for. */
export type Step =
  /** The answers of the servers of all these nodes; resumed with {@linkcode Answers}. */
  | readonly ["ask", nodes: readonly NodeName[], request: Term]
  /** A message that is accepted, for so many ms; resumed with it, or with `undefined`. */
  | readonly ["receive", accepts: (message: Term) => boolean, ms: number];

/** What a process does. */
export type Routine<Result = void> = Generator<Step, Result, unknown>;

/** Asks the servers of all these nodes. */
export function* ask(nodes: readonly NodeName[], request: Term): Routine<Answers> {
  return nodes.length === 0 ? new Map() : (yield ["ask", nodes, request]) as Answers;
}

/** Takes the first message that is accepted; `undefined` if none comes within so many ms. */
export function* receive<Message = Term>(
  accepts: (message: Message) => boolean = () => true,
  ms: number = Infinity,
): Routine<Message | undefined> {
  return (yield ["receive", accepts as (message: Term) => boolean, ms]) as Message | undefined;
}

/** Waits for so many ms. */
export function* sleep(ms: number): Routine {
  yield ["receive", () => false, ms];
}

/** What a routine waits for, provided by the world around it. */
export interface Stage {
  /** Asks the servers of nodes, and calls back when each has answered or is out of reach. */
  ask(nodes: readonly NodeName[], request: Term, then: (answers: Answers) => void): void;
  /** Calls back after so many ms. Returns what calls that off. */
  after(ms: number, then: () => void): () => void;
}

/** A routine that runs. */
export class Actor<Result = void> {
  readonly #routine: Routine<Result>;
  readonly #stage: Stage;
  readonly #done: (result: Result) => void;
  readonly #mail: Term[] = [];
  #accepts: ((message: Term) => boolean) | null = null;
  #callOff = () => {};
  /** What to go on with; `null` while the routine waits. */
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

  /** Messages that the routine has not taken yet. */
  get mail(): readonly Term[] {
    return this.#mail;
  }

  /** Gives the routine a message. */
  post(message: Term): void {
    if (this.#accepts?.(message)) this.#take(message);
    else this.#mail.push(message);
  }

  /** Takes a message that has come before, without waiting. */
  poll(accepts: (message: Term) => boolean): Term {
    const at = this.#mail.findIndex(accepts);
    return at < 0 ? undefined : this.#mail.splice(at, 1)[0];
  }

  /** Ends the routine where it is. */
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
    if (this.#isRunning) return; // it is further up the stack, and comes to this by itself
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
