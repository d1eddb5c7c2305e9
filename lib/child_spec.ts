/**
 * Child specifications: how a supervisor starts, restarts and stops a child.
 *
 * @module
 */

import type { Term } from "./kernel/term.ts";

/**
 * What to call to start a child: `[module, function, arguments]`, where the function is one of the
 * module's that resolves with `["ok", pid]`, `["ok", pid, info]`, `["error", reason]` or `"ignore"`, and
 * links the new process to its caller. A function in place of the three is called without arguments.
 */
export type StartFunction =
  | readonly [module: object, name: string, args: readonly Term[]]
  | (() => unknown);

/** When a child that has ended is started anew: always, never, or only after an abnormal end. */
export type Restart = "permanent" | "transient" | "temporary";

/**
 * How a child is stopped: by the exit signal `"shutdown"` and so many milliseconds later by `"kill"`,
 * by `"kill"` at once, or by `"shutdown"` and all the time it takes.
 */
export type Shutdown = number | "brutal_kill" | "infinity";

/** How a supervisor handles one child. Mirrors OTP's `supervisor:child_spec()`. */
export interface ChildSpec {
  /** What the supervisor knows the child by; any term, unique among its children. */
  readonly id: Term;
  /** How to start it. */
  readonly start: StartFunction;
  /** When to start it again. Default `"permanent"`. */
  readonly restart?: Restart;
  /** How to stop it. Default 5000 for a worker, `"infinity"` for a supervisor. */
  readonly shutdown?: Shutdown;
  /** Whether it is a supervisor itself. Default `"worker"`. */
  readonly type?: "worker" | "supervisor";
  /** The modules that it runs, for tools. Default: the module of `start`. */
  readonly modules?: readonly object[] | "dynamic";
  /** Whether its end counts for the supervisor's `autoShutdown`. Default `false`. */
  readonly significant?: boolean;
}

/** The fields of a child specification that differ from what a module says by itself. */
export type ChildSpecOverrides = Partial<ChildSpec>;
