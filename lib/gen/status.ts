/**
 * What may be shown of a server: the callback `formatStatus`, applied safely.
 *
 * @module
 */

import { isThenable } from "../kernel/awaitable.ts";
import type { Term } from "../kernel/term.ts";

/** What `formatStatus` of a callback module may alter. */
export interface Status {
  /** The server's state. */
  readonly state?: Term;
  /** The message that it had taken last; only in the report of its end. */
  readonly message?: Term;
  /** The reason of its end; only in the report of that. */
  readonly reason?: Term;
  /** The events that it keeps, if `Sys.log` is on. */
  readonly log?: readonly Term[];
}

const HIDDEN = "formatStatus failed";

/**
 * `status` as `format` has it shown. If that fails, the state is not shown, as it may hold secrets, nor the
 * logged events, which contain it.
 */
export function shown(status: Status, format: (status: Status) => unknown): Status {
  try {
    const formatted = format(status);
    if (typeof formatted === "object" && formatted !== null && !isThenable(formatted)) {
      return { ...status, ...formatted };
    }
  } catch {
    // It failed, as if it had returned nothing of use.
  }
  return { ...status, state: HIDDEN, ...("data" in status && { data: HIDDEN }), log: [] };
}
