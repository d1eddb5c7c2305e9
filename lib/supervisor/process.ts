/**
 * What supervisors of all kinds have in common, apart from their state: the `init` of their module, the names
 * and words of their reports, what lies in their mailbox.
 *
 * @module
 */

import { now } from "../kernel/clock.ts";
import { exit } from "../kernel/exit.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import type { Name } from "../kernel/names.ts";
import type { Process } from "../kernel/process.ts";
import { report } from "../kernel/report.ts";
import { inspect, isAtom, type Term } from "../kernel/term.ts";

/** What a supervisor is started with. */
export interface Starting {
  /** Says by its `init` what there is to supervise, and how. */
  // deno-lint-ignore no-explicit-any -- the argument is the module's own business
  readonly module: { init(argument: any): Awaitable<unknown> };
  /** Handed to `init`. */
  readonly argument: Term;
  /** The name it is started under, if there is one. */
  readonly name: Name | null | undefined;
}

/**
 * Runs the `init` of a supervisor's module in the new supervisor. A thrown value that is no error counts
 * as returned, as OTP has it.
 */
export async function runInit({ module, argument }: Starting): Promise<unknown> {
  try {
    return await module.init(argument);
  } catch (thrown) {
    if (thrown instanceof Error) throw thrown;
    return thrown;
  }
}

/** What is wrong with the limits of restarts, if anything is. */
export function wrongLimits(intensity: unknown, period: unknown): Term {
  if (!Number.isSafeInteger(intensity) || (intensity as number) < 0) {
    return ["invalid_intensity", intensity];
  }
  return Number.isSafeInteger(period) && (period as number) > 0
    ? undefined
    : ["invalid_period", period];
}

/** What reports call a supervisor. */
export function nameInReports(process: Process, { name, module }: Starting): Term {
  return isAtom(name) ? ["local", name] : name ?? [process.pid, module];
}

/** Reports something that a supervisor does not know, and that does not stop it. */
export function reportUnexpected(
  kind: "Supervisor" | "DynamicSupervisor",
  process: Process,
  starting: Starting,
  what: "call" | "cast" | "message",
  term: Term,
): void {
  report({
    level: "error",
    kind: "message",
    pid: process.pid,
    reason: `${kind} received unexpected ${what}: ${inspect(term)}`,
    lastMessage: term,
    details: { supervisor: nameInReports(process, starting) },
  });
}

/** After an `await`: if the supervisor has ended meanwhile, what it was about to do must not be done. */
export function assertAlive(process: Process): void {
  if (process.isDead) throw exit("noproc");
}

/** The exit signals that lie unread in the mailbox of a supervisor: the reasons, by process. */
export function unreadEnds(process: Process): ReadonlyMap<Term, Term> {
  const signals = process.messages().filter((each) => isTuple(each, "EXIT", 3));
  return new Map(signals.map(([, from, reason]) => [from, reason]));
}

/** The time in whole seconds, which is how OTP counts restarts. */
export function second(): number {
  return Math.floor(now() / 1000);
}

/** Tells whether a term is a tuple of this tag and size. */
export function isTuple(term: Term, tag: string, size: number): term is readonly Term[] {
  return Array.isArray(term) && term.length === size && term[0] === tag;
}
