/**
 * What a supervisor keeps, be it a `Supervisor` or a `DynamicSupervisor`: its flags, its children, the restarts
 * so far; and what it tells of them. What either does with its children is in `../supervisor.ts` and
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
  /** Specifications: children, whether they run or not. */
  readonly specs: number;
  /** Children that run. */
  readonly active: number;
  /** Children that are supervisors, whether they run or not. */
  readonly supervisors: number;
  /** Children that are workers, whether they run or not. */
  readonly workers: number;
}

/** The flags that every supervisor has, each with its value. */
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

/** Flags as the `init` of a module gives them: those that are left out have OTP's defaults. */
type GivenFlags = { readonly [Flag in keyof CommonFlags]?: CommonFlags[Flag] | undefined };

/**
 * The flags that every supervisor has, checked.
 *
 * @param known The names of all flags of this kind of supervisor.
 * @param strategies Those that this kind of supervisor knows.
 * @param wrongOwn What is wrong with the flags that only this kind of supervisor has, if anything is.
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

/** The state of the server that a supervisor is. `Children` holds its children, as it finds them. */
export class SupervisorState<Flags extends CommonFlags, Children> {
  readonly policy: Policy;
  readonly history: RestartHistory;
  /** The response of a callback that has nothing to say. */
  readonly noreply: Noreply<this> = ["noreply", this];
  /** Exit signals that were found in the mailbox before their turn: the reasons, by process. */
  #unread: ReadonlyMap<Term, Term> = NONE;

  /** `kind` is what reports call this kind of supervisor. */
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

  /** What reports call the supervisor. */
  get name(): Term {
    return nameInReports(this.process, this.starting);
  }

  /** What `Sys.getStatus` and reports show of the supervisor, given what they show of its children. */
  describe(children: readonly Term[]): Term {
    return { name: this.name, module: this.starting.module, ...this.flags, children };
  }

  /** Reports an error with a child. `pid` is what the report shows for its process. */
  report(context: Context, reason: Term, child: Child, pid: Term = child.pid): void {
    reportError(this.name, this.process.pid, context, reason, child, pid);
  }

  /** Reports something that the supervisor does not know, which does not stop it. */
  unexpected(what: "call" | "cast" | "message", term: Term): Noreply<this> {
    reportUnexpected(this.kind, this.process, this.starting, what, term);
    return this.noreply;
  }

  /**
   * The reason of a child that has ended by itself, and whose exit signal is yet to be read; `noproc` if
   * there is none. All signals are looked up at once, for many may have ended together.
   */
  lastWords(pid: Pid): Term {
    if (!this.#unread.has(pid)) this.#unread = unreadEnds(this.process);
    return this.#unread.has(pid) ? this.#unread.get(pid) : "noproc";
  }

  /** Forgets the exit signals that were found: they have their turn now. */
  forgetUnread(): void {
    this.#unread = NONE;
  }
}

/** A child as `whichChildren` shows it. */
export function infoOf({ id, isRestarting, pid, type, modules }: Child) {
  return showingNames([id, isRestarting ? "restarting" : pid, type, modules] as const);
}

/** The numbers of children, of which `isActive` tells those that run. */
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
