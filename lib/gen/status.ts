/**
 * The status of a server in reports and `Sys.getStatus`, and applying the callback `formatStatus` safely.
 *
 * @module
 */

import { isThenable } from "../kernel/awaitable.ts";
import type { Term } from "../kernel/term.ts";

/** What `formatStatus` of a callback module can change. */
export interface Status {
  /** The server's state. */
  readonly state?: Term;
  /** The last message that was taken; only in the report of a crash. */
  readonly message?: Term;
  /** The exit reason; only in the report of a crash. */
  readonly reason?: Term;
  /** The logged events, if `Sys.log` is on. */
  readonly log?: readonly Term[];
}

const HIDDEN = "formatStatus failed";

/**
 * Applies `format` to a status. If that fails, the state is hidden, as it may contain secrets, and so are the
 * logged events, which contain it.
 */
export function shown(status: Status, format: (status: Status) => unknown): Status {
  try {
    const formatted = format(status);
    if (typeof formatted === "object" && formatted !== null && !isThenable(formatted)) {
      return { ...status, ...formatted };
    }
  } catch {
    // Treated like a return value of the wrong type.
  }
  return { ...status, state: HIDDEN, ...("data" in status && { data: HIDDEN }), log: [] };
}
