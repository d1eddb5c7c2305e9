/**
 * What tests of processes have in common: a process to run in, waiting without sleeping, silence.
 *
 * @module
 */

import { assertEquals, assertRejects } from "@std/assert";
import type { FakeTime } from "@std/testing/time";
import { setImmediate } from "node:timers";
import {
  _,
  Exit,
  exit,
  flush,
  Logger,
  on,
  type Pid,
  Process,
  receive,
  spawn,
  spawnMonitor,
} from "../mod.ts";
import { isAtRest } from "../lib/kernel/scheduler.ts";
import { isDisposing } from "./fixtures/holding.ts";

/**
 * Runs `body` in a new process, and settles as it does. So the test has its own links, trapped exits and
 * mailbox. The process then exits with `"shutdown"`, and so do all linked processes.
 * If it is terminated from outside before `body` is done, the promise rejects with the `Exit` of that.
 */
export function inProcess<T>(body: () => T | Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    // The watcher waits in the place of the main process, so that a test that hangs hangs alone.
    spawn(async () => {
      let settle: (() => void) | undefined;
      const [pid, ref] = spawnMonitor(async () => {
        try {
          const value = await body();
          settle = () => resolve(value);
        } catch (error) {
          settle = () => reject(error);
        }
        throw exit("shutdown");
      });
      const reason = await receive(on(["DOWN", ref, "process", pid, _], (down) => down[4]));
      if (settle === undefined) reject(exit(reason));
      else settle();
    });
  });
}

/** Waits for the exit of a process, and resolves with its reason. */
export function exitOf(pid: Pid): Promise<unknown> {
  const ref = Process.monitor(pid);
  return receive(on(["DOWN", ref, "process", pid, _], (down) => down[4]));
}

/** The exit reason that a call fails with. */
export async function reasonOf(call: () => unknown): Promise<readonly unknown[]> {
  const { reason } = await assertRejects(async () => void await call(), Exit);
  return reason as readonly unknown[];
}

/** Resolves when no process has anything left to do at once: all that remains is waiting for time. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (!isAtRest() || isDisposing()) turns = -1;
  }
}

/** Asserts that the calling process has no mail, and gets none from what others do (within `ms`). */
export async function assertSilence(ms = 0): Promise<void> {
  if (ms > 0) await Process.sleep(ms);
  await settled();
  assertEquals(flush(), []);
}

/**
 * Moves fake time on by `ms`, from one timer to the next, and lets all processes do what they have
 * to after each.
 */
export async function pass(time: FakeTime, ms: number): Promise<void> {
  let isOver = false;
  setTimeout(() => isOver = true, ms);
  do {
    await settled();
    time.next();
  } while (!isOver);
  await settled();
  time.tick(0);
  await settled();
}

/** Reports that were collected instead of logged. */
export interface CollectedReports extends Disposable {
  /** All of them, oldest first, those of OTP's own doings (`sasl`) too. */
  readonly all: Logger.Report[];
  /** Those that the default handler would print by default. */
  readonly logged: Logger.Report[];
}

/** Collects reports, and keeps them from the console, until it is disposed of (`using`). */
export function collectReports(): CollectedReports {
  const all: Logger.Report[] = [];
  const previous = Logger.setHandler((report) => all.push(report));
  return {
    all,
    get logged() {
      return all.filter((report) => report.sasl !== true);
    },
    [Symbol.dispose]: () => void Logger.setHandler(previous),
  };
}
