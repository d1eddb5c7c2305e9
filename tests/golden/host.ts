/**
 * What the runner needs of the library under test. `otp.ts` is the only file that fulfils it, so that
 * everything else here knows nothing of how the library is spelled.
 *
 * @module
 */

import type { AnyFunction } from "./eval.ts";
import type { FoundLog } from "./logs.ts";

/** The library, as the runner uses it. */
export interface Host {
  /** Starts a process. What it does may be asynchronous. */
  spawn(body: () => unknown): unknown;
  spawnLink(body: () => unknown): unknown;
  /** Starts a process; answers `[pid, ref]`. */
  spawnMonitor(body: () => unknown): readonly [unknown, unknown];
  self(): unknown;
  send(destination: unknown, message: unknown): unknown;
  /** Takes all messages of the calling process. */
  flush(): readonly unknown[];
  /**
   * Waits until `accepts` answers true for a message, which is then taken out of the mailbox of the
   * calling process, at most `timeout` ms. Resolves with whether one was taken.
   */
  receive(accepts: (message: unknown) => boolean, timeout: number | undefined): Promise<boolean>;
  /** Makes what is thrown to exit with a reason. */
  exit(reason: unknown): unknown;
  /** The reason of an exit, if that is what was thrown. */
  exitReason(thrown: unknown): { readonly reason: unknown } | undefined;
  makeRef(): unknown;
  isPid(value: unknown): boolean;
  isRef(value: unknown): boolean;
  isAlive(pid: unknown): boolean;
  /** Ends a process, whatever it does. */
  kill(pid: unknown): void;
  /** Every process there is. */
  processes(): readonly unknown[];
  /** Whether no process has anything to do now, except for timers. */
  isAtRest(): boolean;
  /** Whether all other processes wait and no timer runs, so that nothing will happen by itself. */
  isIdle(): boolean;
  /**
   * Calls back when a process has ended, with its reason (`noproc` if it had already). Resolves as soon
   * as nothing can be missed.
   */
  whenDown(pid: unknown, callback: (reason: unknown) => void): Promise<void>;
  /** Hands error reports to `sink` until the function that comes back is called. */
  captureReports(sink: (log: FoundLog) => void): () => void;
  /** The modules of OTP and of Elixir's on top of it, under their names there, functions under theirs. */
  readonly modules: Readonly<Record<string, Readonly<Record<string, AnyFunction>>>>;
  /** Which argument of a function is its options: the keyword list there becomes an object. */
  readonly options: Readonly<Record<string, number>>;
  /** Which argument of a function is a timeout: `:infinity` there becomes `Infinity`. */
  readonly timeouts: Readonly<Record<string, number>>;
}
