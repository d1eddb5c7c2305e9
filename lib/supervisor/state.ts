/**
 * The state that `Supervisor` and `DynamicSupervisor` share: flags, children and the restarts so far, and
 * what they report of it. How they handle their children is in `../supervisor.ts` and
 * `../dynamic_supervisor.ts`.
 *
 * @module
 */

import { type AutoShutdown, type Checked, isAutoShutdown } from "../child_spec.ts";
import { unknownOption } from "../kernel/options.ts";
import type { Process } from "../kernel/process.ts";
import type { Pid, Term } from "../kernel/term.ts";
import type { Noreply } from "../response.ts";
import { type Child, type Context, reportError } from "./child.ts";
import {
  nameInReports,
  reportUnexpected,
  type Starting,
  unreadEnds,
  wrongLimits,
} from "./process.ts";
import { showingNames } from "./shown.ts";
import { type Policy, RestartHistory, type Strategy } from "./restart.ts";

/** Numbers of children. */
export interface Counts {
  /** The number of specifications: all children, running or not. */
  readonly specs: number;
  /** The number of children that are running. */
  readonly active: number;
  /** The number of children that are supervisors, running or not. */
  readonly supervisors: number;
  /** The number of children that are workers, running or not. */
  readonly workers: number;
}

/** The flags that every supervisor has, with all values set. */
export interface CommonFlags {
  readonly strategy: Strategy;
  readonly intensity: number;
  readonly period: number;
  readonly autoShutdown: AutoShutdown;
}

/** The names of these flags. */
export const COMMON_FLAGS = [
  "strategy",
  "intensity",
  "period",
  "autoShutdown",
] as const satisfies readonly (keyof CommonFlags)[];

/** Flags as the `init` of a module returns them; those that are omitted have OTP's defaults. */
type GivenFlags = { readonly [Flag in keyof CommonFlags]?: CommonFlags[Flag] | undefined };

/**
 * Checks the flags that every supervisor has, and sets defaults.
 *
 * @param known The names of all flags of this kind of supervisor.
 * @param strategies The strategies that this kind of supervisor supports.
 * @param wrongOwn The error in the flags that only this kind of supervisor has, if there is one.
 */
export function checkFlags(
  flags: GivenFlags,
  known: readonly string[],
  strategies: readonly Strategy[],
  wrongOwn?: Term,
): Checked<CommonFlags> {
  const { strategy = "one_for_one", intensity = 1, period = 5, autoShutdown = "never" } = flags;
  const unknown = unknownOption(flags, known);
  const wrong = unknown !== undefined
    ? ["unknown_flag", unknown, known]
    : !strategies.includes(strategy)
    ? ["invalid_strategy", strategy]
    : wrongLimits(intensity, period) ?? wrongOwn ??
      (isAutoShutdown(autoShutdown) ? undefined : ["invalid_auto_shutdown", autoShutdown]);
  return wrong === undefined
    ? ["ok", { strategy, intensity, period, autoShutdown }]
    : ["error", wrong];
}

const NONE: ReadonlyMap<Term, Term> = new Map();

/** The state of a supervisor's server. `Children` is the type of the collection of its children. */
export class SupervisorState<Flags extends CommonFlags, Children> {
  readonly policy: Policy;
  readonly history: RestartHistory;
  /** The response of a callback without a reply. */
  readonly noreply: Noreply<this> = ["noreply", this];
  /** The exit signals that were found in the mailbox before they were handled: the reasons, by process. */
  #unread: ReadonlyMap<Term, Term> = NONE;

  /** `kind` is the name of this kind of supervisor in reports. */
  constructor(
    readonly kind: "Supervisor" | "DynamicSupervisor",
    readonly process: Process,
    readonly starting: Starting,
    readonly flags: Flags,
    readonly children: Children,
  ) {
    this.policy = flags;
    this.history = new RestartHistory(flags.intensity, flags.period);
  }

  /** The name of the supervisor in reports. */
  get name(): Term {
    return nameInReports(this.process, this.starting);
  }

  /**
   * The supervisor in `Sys.getStatus` and reports, given its children in the form in which these show them.
   */
  describe(children: readonly Term[]): Term {
    return { name: this.name, module: this.starting.module, ...this.flags, children };
  }

  /** Reports an error with a child. `pid` is the process of the child in the report. */
  report(context: Context, reason: Term, child: Child, pid: Term = child.pid): void {
    reportError(this.name, this.process.pid, context, reason, child, pid);
  }

  /** Reports a message that the supervisor does not know. It has no other effect. */
  unexpected(what: "call" | "cast" | "message", term: Term): Noreply<this> {
    reportUnexpected(this.kind, this.process, this.starting, what, term);
    return this.noreply;
  }

  /**
   * The exit reason of a child that has exited by itself and whose exit signal has not been handled yet;
   * `noproc` if there is none. All unread signals are collected at once, because many children may have
   * exited together.
   */
  lastWords(pid: Pid): Term {
    if (!this.#unread.has(pid)) this.#unread = unreadEnds(this.process);
    return this.#unread.has(pid) ? this.#unread.get(pid) : "noproc";
  }

  /** Forgets the exit signals that were found, because they are handled now. */
  forgetUnread(): void {
    this.#unread = NONE;
  }
}

/** A child, as `whichChildren` returns it. */
export function infoOf({ id, isRestarting, pid, type, modules }: Child) {
  return showingNames([id, isRestarting ? "restarting" : pid, type, modules] as const);
}

/** Counts children; `isActive` returns whether a child counts as active. */
export function countOf<Each extends Child>(
  children: Iterable<Each>,
  isActive: (child: Each) => boolean,
): Counts {
  let [specs, active, supervisors] = [0, 0, 0];
  for (const child of children) {
    specs++;
    if (isActive(child)) active++;
    if (child.type === "supervisor") supervisors++;
  }
  return { specs, active, supervisors, workers: specs - supervisors };
}
