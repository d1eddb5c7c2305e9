/**
 * What supervisors of all kinds have in common, apart from their state: the `init` of their module, the names
 * and words of their reports, what lies in their mailbox.
 *
 * @module
 */

import type { InitialCall } from "../gen/initial_call.ts";
import { now } from "../kernel/clock.ts";
import { exit } from "../kernel/exit.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import type { Name } from "../kernel/names.ts";
import type { Process } from "../kernel/process.ts";
import { isA, isTuple, itemOf } from "../kernel/reader.ts";
import { report } from "../kernel/report.ts";
import { inspect } from "../kernel/inspect.ts";
import { isAtom, type Term } from "../kernel/term.ts";

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

/** A module of this library that describes a supervisor. It is known by its name, as in Elixir. */
export class OwnModule<Argument, Result> {
  constructor(readonly moduleName: string, readonly init: (argument: Argument) => Result) {}
}

/** What a supervisor's module is called outside: itself, or its name if it is the library's own. */
function publicModule({ module }: Starting): Term {
  return module instanceof OwnModule ? module.moduleName : module;
}

/** What a supervisor was started with, as OTP has it. */
export function initialCallOf(starting: Starting): InitialCall {
  return ["supervisor", publicModule(starting), 1];
}

/**
 * Runs the `init` of a supervisor's module in the new supervisor. A thrown value that is no error counts
 * as returned, as OTP has it.
 */
export async function runInit({ module, argument }: Starting): Promise<unknown> {
  try {
    return await module.init(argument);
  } catch (thrown) {
    if (isA(thrown, Error)) throw thrown;
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
export function nameInReports(process: Process, starting: Starting): Term {
  const { name } = starting;
  return isAtom(name) ? ["local", name] : name ?? [process.pid, publicModule(starting)];
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
  return new Map(signals.map((signal) => [itemOf(signal, 1), itemOf(signal, 2)]));
}

/** The time in whole seconds, which is how OTP counts restarts. */
export function second(): number {
  return Math.floor(now() / 1000);
}
