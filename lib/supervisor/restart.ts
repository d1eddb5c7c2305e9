/**
 * What a supervisor does when a child has ended, as pure rules: the children, the strategy, the
 * restarts so far and the event go in, a list of actions comes out. A supervisor
 * (`../supervisor.ts`, `../dynamic_supervisor.ts`) performs them one after another, and decides nothing.
 *
 * A start that fails ends its list: the rest is dropped, the child counts as `restarting`, and is put
 * to {@linkcode onRetry} when its turn has come.
 *
 * The rules are those of OTP's `supervisor.erl`.
 *
 * @module
 */

import type { AutoShutdown, Restart } from "../child_spec.ts";
import { isOrderly } from "../kernel/exit.ts";
import type { Term } from "../kernel/term.ts";

/** Which children are started anew when one has ended: it alone, all, or it and those started after it. */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";

/** What the rules are made of. */
export interface Policy {
  /** Who is restarted with whom. */
  readonly strategy: Strategy;
  /** When the end of children is the end of the supervisor. */
  readonly autoShutdown: AutoShutdown;
}

/** What a decision looks at in a child. */
export interface Member {
  /** When it is started anew. */
  readonly restart: Restart;
  /** Whether its end counts for `autoShutdown`. */
  readonly significant: boolean;
  /** Whether it runs, or is about to be restarted. */
  readonly isUp: boolean;
}

/** The children of a supervisor, as a decision looks at them. */
export interface Family<Child> {
  /** `child` and those after it, in the order of their start. All of them without `child`. */
  from(child?: Child): Iterable<Child>;
  /** Number of children that are both significant and up. */
  readonly significantUp: number;
}

/** What a decision is made of. */
export interface Supervision<Child> {
  readonly policy: Policy;
  readonly children: Family<Child>;
  readonly history: RestartHistory;
}

/** One thing for the supervisor to do. */
export type Action<Child> =
  /** Report that the child has ended. */
  | readonly ["report", Child]
  /** The child has no process now; a temporary one is a child no more. */
  | readonly ["release", Child]
  /** Stop the child, if it runs, and wait for that; then as `release`. */
  | readonly ["stop", Child]
  /** Start the child, and wait for that. */
  | readonly ["start", Child]
  /** Report that the child was restarted too often. */
  | readonly ["give_up", Child]
  /** End the supervisor, with `"shutdown"`. */
  | readonly ["shut_down"];

/**
 * The restarts of the last `maxSeconds`, and whether they are too many.
 *
 * Counted as OTP does: in whole seconds, and a restart is forgotten when it is more than `maxSeconds` of
 * them old. One entry holds all restarts of a second, so that neither time nor memory depends on how
 * many there are.
 */
export class RestartHistory {
  readonly #maxRestarts: number;
  readonly #maxSeconds: number;
  /** Oldest first, from `#first` on. */
  #seconds: { readonly second: number; restarts: number }[] = [];
  #first = 0;
  #restarts = 0;

  /** An empty history. */
  constructor(maxRestarts: number, maxSeconds: number) {
    this.#maxRestarts = maxRestarts;
    this.#maxSeconds = maxSeconds;
  }

  /** Restarts that count at the moment. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Enters a restart at the whole second `second`, and tells whether it may be made. */
  add(second: number): boolean {
    while (
      this.#first < this.#seconds.length &&
      this.#seconds[this.#first]!.second < second - this.#maxSeconds
    ) {
      this.#restarts -= this.#seconds[this.#first++]!.restarts;
    }
    if (this.#first > 0 && this.#first * 2 >= this.#seconds.length) {
      this.#seconds.splice(0, this.#first);
      this.#first = 0;
    }
    const latest = this.#seconds.at(-1);
    if (latest?.second === second) latest.restarts++;
    else this.#seconds.push({ second, restarts: 1 });
    return ++this.#restarts <= this.#maxRestarts;
  }
}

/** A child has ended by itself with `reason`. `second` is the time in whole seconds. */
export function childExited<Child extends Member>(
  supervision: Supervision<Child>,
  child: Child,
  reason: Term,
  second: number,
): Action<Child>[] {
  const isAbnormal = !isOrderly(reason);
  if (child.restart === "permanent" || (child.restart === "transient" && isAbnormal)) {
    return [["report", child], ...onRetry(supervision, child, second)];
  }
  const actions: Action<Child>[] = isAbnormal
    ? [["report", child], ["release", child]]
    : [["release", child]];
  if (isLastStraw(supervision, child)) actions.push(["shut_down"]);
  return actions;
}

/** A child that is `restarting` is to be started, or started again. */
export function onRetry<Child extends Member>(
  supervision: Supervision<Child>,
  child: Child,
  second: number,
): Action<Child>[] {
  const { policy, children, history } = supervision;
  if (!history.add(second)) return [["give_up", child], ["release", child], ["shut_down"]];
  switch (policy.strategy) {
    case "one_for_one":
      return [["start", child]];
    case "one_for_all":
      return startAnew(child, [...children.from()]);
    case "rest_for_one":
      return startAnew(child, [...children.from(child)]);
  }
}

/** Stops all of `children`, last first, and starts those that are not temporary, first first. */
function startAnew<Child extends Member>(child: Child, children: Child[]): Action<Child>[] {
  const actions: Action<Child>[] = [["release", child]];
  for (let i = children.length - 1; i >= 0; i--) actions.push(["stop", children[i]!]);
  for (const each of children) if (each.restart !== "temporary") actions.push(["start", each]);
  return actions;
}

/** Tells whether the end of `child`, which is not started anew, ends the supervisor. */
function isLastStraw<Child extends Member>(
  { policy: { autoShutdown }, children }: Supervision<Child>,
  child: Child,
): boolean {
  if (autoShutdown === "never" || !child.significant) return false;
  return autoShutdown === "any_significant" || children.significantUp - (child.isUp ? 1 : 0) === 0;
}
