/**
 * Crash reports, as OTP's `proc_lib` writes them for every abnormal exit of a process that it started. All
 * processes of behaviours are started so.
 *
 * @module
 */

import { errorOf, isOrderly, withStack } from "../kernel/exit.ts";
import { localNameOf } from "../kernel/names.ts";
import type { Process } from "../kernel/process.ts";
import { report } from "../kernel/report.ts";
import { linksOf } from "../kernel/signals.ts";
import type { Atom, Pid, Term } from "../kernel/term.ts";

/** How a process terminated: `[class, reason, stack]`. */
export type ErrorInfo = readonly ["error" | "exit" | "throw", reason: Term, stack: string];

/**
 * Reports the crash of a process, unless it exits in an orderly way. Crash reports are not logged by default
 * (`sasl`).
 *
 * @param name The name of the process, as it was given.
 */
export function reportCrash(
  process: Process,
  reason: Term,
  name: Term = localNameOf(process.pid),
  errorInfo: ErrorInfo = errorInfoOf(reason),
): void {
  if (errorInfo[0] === "exit" && isOrderly(reason)) return;
  report({
    level: "error",
    kind: "crash",
    sasl: true,
    pid: process.pid,
    name,
    reason,
    details: {
      initialCall: process.behaviour.describe(process).initialCall,
      ancestors: ancestorsOf(process),
      errorInfo,
      links: linksOf(process),
      dictionary: [...process.extras?.dictionary ?? []],
      trapExit: process.trapsExits,
    },
  });
}

function errorInfoOf(reason: Term): ErrorInfo {
  const error = errorOf(reason);
  if (error === undefined) return ["exit", reason, ""];
  return withStack(["error", error, ""], error) as ErrorInfo;
}

/**
 * The ancestors of a process: its parent, the parent of that, and so on; the name of each, or its pid if it
 * has none.
 */
export function ancestorsOf(process: Process): (Pid | Atom)[] {
  const ancestors: (Pid | Atom)[] = [];
  for (let each = process.lineage; each !== null; each = each.above) {
    ancestors.push(localNameOf(each.pid) ?? each.pid);
  }
  return ancestors;
}
