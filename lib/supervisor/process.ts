/**
 * What all kinds of supervisor share, apart from their state: calling `init` of their module, the contents of
 * their reports, reading their mailbox.
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

/** The argument of the server that a supervisor is. */
export interface Starting {
  /** The module, whose `init` returns what to supervise, and how. */
  // deno-lint-ignore no-explicit-any -- the argument depends on the module
  readonly module: { init(argument: any): Awaitable<unknown> };
  /** The argument of `init`. */
  readonly argument: Term;
  /** The name that the supervisor is started under, if there is one. */
  readonly name: Name | null | undefined;
}

/** A module of this library that defines a supervisor. It is known by its name, as in Elixir. */
export class OwnModule<Argument, Result> {
  constructor(readonly moduleName: string, readonly init: (argument: Argument) => Result) {}
}

/**
 * The module of a supervisor as reports show it: the module itself, or its name if it is one of this library.
 */
function publicModule({ module }: Starting): Term {
  return module instanceof OwnModule ? module.moduleName : module;
}

/** The initial call of a supervisor, as in OTP. */
export function initialCallOf(starting: Starting): InitialCall {
  return ["supervisor", publicModule(starting), 1];
}

/**
 * Calls `init` of a supervisor's module in the new supervisor. A thrown value that is not an error counts as
 * returned, as in OTP.
 */
export async function runInit({ module, argument }: Starting): Promise<unknown> {
  try {
    return await module.init(argument);
  } catch (thrown) {
    if (isA(thrown, Error)) throw thrown;
    return thrown;
  }
}

/** The error in the limits of restarts, or `undefined`. */
export function wrongLimits(intensity: unknown, period: unknown): Term {
  if (!Number.isSafeInteger(intensity) || (intensity as number) < 0) {
    return ["invalid_intensity", intensity];
  }
  return Number.isSafeInteger(period) && (period as number) > 0
    ? undefined
    : ["invalid_period", period];
}

/** The name of a supervisor in reports. */
export function nameInReports(process: Process, starting: Starting): Term {
  const { name } = starting;
  return isAtom(name) ? ["local", name] : name ?? [process.pid, publicModule(starting)];
}

/** Reports a message that a supervisor does not know. It has no other effect. */
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

/** After an `await`: throws if the supervisor has exited in the meantime, so that it does nothing more. */
export function assertAlive(process: Process): void {
  if (process.isDead) throw exit("noproc");
}

/** The unread exit signals in the mailbox of a supervisor: the reasons, by process. */
export function unreadEnds(process: Process): ReadonlyMap<Term, Term> {
  const signals = process.messages().filter((each) => isTuple(each, "EXIT", 3));
  return new Map(signals.map((signal) => [itemOf(signal, 1), itemOf(signal, 2)]));
}

/** The time in whole seconds, which OTP uses to count restarts. */
export function second(): number {
  return Math.floor(now() / 1000);
}
