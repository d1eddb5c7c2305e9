/**
 * A client: a process that stands for a user at a shell, and runs the steps of a transcript.
 *
 * @module
 */

import { SyntaxFailure } from "./ast.ts";
import type { Outcome } from "./compare.ts";
import { EvaluationFailure } from "./eval.ts";
import type { Host } from "./host.ts";
import { isPromise } from "./values.ts";

/** What a client is asked to do: a message that no step sends. */
export class Job {
  /** `done` is told what came of `work`. */
  constructor(readonly work: () => unknown, readonly done: (outcome: Outcome) => void) {}
}

/** The life of a client. What a step throws ends the step, not the client. */
export async function serve(host: Host): Promise<void> {
  const pid = host.self();
  for (;;) {
    let job: Job | undefined;
    await host.receive(
      (message) => message instanceof Job && (job = message) !== undefined,
      undefined,
    );
    const { work, done } = job!;
    try {
      const pending = work();
      // what returns at once is done at once: before anything that it has set off
      const value = isPromise(pending) ? await pending : pending;
      if (!isAlive(pid, host)) return;
      done({ kind: "value", value });
    } catch (thrown) {
      // a client that was killed in the middle reports nothing: its end does
      if (!isAlive(pid, host)) return;
      done(failure(thrown, host));
    }
  }
}

/** Asked by a process about itself, which may not be allowed to ask any more. */
function isAlive(pid: unknown, host: Host): boolean {
  try {
    return host.isAlive(pid);
  } catch {
    return false;
  }
}

function failure(thrown: unknown, host: Host): Outcome {
  if (thrown instanceof EvaluationFailure || thrown instanceof SyntaxFailure) {
    return { kind: "failed", message: thrown.message };
  }
  const exit = host.exitReason(thrown);
  return { kind: "thrown", thrown, ...(exit && { exit }) };
}
