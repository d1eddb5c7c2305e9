/**
 * The decisions of a supervisor when a child has exited, as pure functions: the children, the strategy, the
 * restarts so far and the event go in, a list of actions comes out. `../supervisor.ts` and
 * `../dynamic_supervisor.ts` perform the actions one after another, and decide nothing.
 *
 * If a start fails, the rest of its list is dropped; the child is `restarting` and later passed to
 * {@linkcode onRetry}.
 *
 * The rules are those of OTP's `supervisor.erl`.
 *
 * @module
 */

import type { AutoShutdown, Restart } from "../child_spec.ts";
import { isOrderly } from "../kernel/exit.ts";
import type { Term } from "../kernel/term.ts";

/**
 * Which children are restarted when one has exited: only that child, all, or that child and those started
 * after it.
 */
export type Strategy = "one_for_one" | "one_for_all" | "rest_for_one";

/** What the rules depend on. */
export interface Policy {
  /** Which children are restarted together. */
  readonly strategy: Strategy;
  /** When the supervisor shuts down because its children have exited. */
  readonly autoShutdown: AutoShutdown;
}

/** The properties of a child that decisions depend on. */
export interface Member {
  /** When it is restarted. */
  readonly restart: Restart;
  /** Whether its exit counts for `autoShutdown`. */
  readonly significant: boolean;
  /** Whether it is running or being restarted. */
  readonly isUp: boolean;
}

/** The children of a supervisor, as decisions need them. */
export interface Family<Child> {
  /** `child` and those after it, in the order of their start; without `child`, all children. */
  from(child?: Child): Iterable<Child>;
  /** The number of children that are both significant and up. */
  readonly significantUp: number;
}

/** What a decision depends on. */
export interface Supervision<Child> {
  readonly policy: Policy;
  readonly children: Family<Child>;
  readonly history: RestartHistory;
}

/** One action of the supervisor. */
export type Action<Child> =
  /** Report that the child has exited. */
  | readonly ["report", Child]
  /** The child has no process any more; a temporary child is removed. */
  | readonly ["release", Child]
  /** Stop the child if it is running, and wait for that; then like `release`. */
  | readonly ["stop", Child]
  /** Start the child, and wait for that. */
  | readonly ["start", Child]
  /** Report that the child was restarted too often. */
  | readonly ["give_up", Child]
  /** Terminate the supervisor, with `"shutdown"`. */
  | readonly ["shut_down"];

/**
 * The restarts of the last `maxSeconds`, and whether there are too many.
 *
 * Counted as in OTP: in whole seconds; a restart is forgotten when it is more than `maxSeconds` old. One
 * entry holds all restarts of a second, so that neither time nor memory depends on their number.
 */
export class RestartHistory {
  readonly #maxRestarts: number;
  readonly #maxSeconds: number;
  /** Oldest first, starting at `#first`. */
  #seconds: { readonly second: number; restarts: number }[] = [];
  #first = 0;
  #restarts = 0;

  /** Creates an empty history. */
  constructor(maxRestarts: number, maxSeconds: number) {
    this.#maxRestarts = maxRestarts;
    this.#maxSeconds = maxSeconds;
  }

  /** The number of restarts that count at present. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Adds a restart at the whole second `second`. Returns whether it is allowed. */
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

/** The actions after a child has exited by itself with `reason`. `second` is the time in whole seconds. */
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

/** The actions to start a child that is `restarting`, possibly again. */
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

/** Stops all of `children` in reverse order, and starts those that are not temporary in order. */
function startAnew<Child extends Member>(child: Child, children: Child[]): Action<Child>[] {
  const actions: Action<Child>[] = [["release", child]];
  for (let i = children.length - 1; i >= 0; i--) actions.push(["stop", children[i]!]);
  for (const each of children) if (each.restart !== "temporary") actions.push(["start", each]);
  return actions;
}

/** Whether the exit of `child`, which is not restarted, shuts down the supervisor. */
function isLastStraw<Child extends Member>(
  { policy: { autoShutdown }, children }: Supervision<Child>,
  child: Child,
): boolean {
  if (autoShutdown === "never" || !child.significant) return false;
  return autoShutdown === "any_significant" || children.significantUp - (child.isUp ? 1 : 0) === 0;
}
