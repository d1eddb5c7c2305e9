/**
 * Crash reports: what OTP's `proc_lib` has to say of the abnormal end of a process that it started,
 * which all behaviours' processes are.
 *
 * @module
 */

import { errorOf, isOrderly, withStack } from "../kernel/exit.ts";
import { localNameOf } from "../kernel/names.ts";
import type { Process } from "../kernel/process.ts";
import { report } from "../kernel/report.ts";
import { linksOf } from "../kernel/signals.ts";
import type { Atom, Pid, Term } from "../kernel/term.ts";

/** How a process came to its end: `[class, reason, stack]`. */
export type ErrorInfo = readonly ["error" | "exit" | "throw", reason: Term, stack: string];

/**
 * Reports that a process crashes, unless its end is an orderly one. It is one of the reports that are
 * left out of the log unless they were asked for (`sasl`).
 *
 * @param name What the process is called, in the form in which that was given.
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

/** Who started a process, who started that, and so on: the name of each, or its pid if it has none. */
export function ancestorsOf(process: Process): (Pid | Atom)[] {
  const ancestors: (Pid | Atom)[] = [];
  for (let each = process.lineage; each !== null; each = each.above) {
    ancestors.push(localNameOf(each.pid) ?? each.pid);
  }
  return ancestors;
}
