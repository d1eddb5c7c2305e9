/**
 * The debug events of a state machine (`Sys.trace` and `Sys.log`), and their format. Used by `server.ts`.
 *
 * @module
 */

import { attributesOf } from "../gen/attributes.ts";
import { localNameOf } from "../kernel/names.ts";
import type { Process } from "../kernel/process.ts";
import { inspect } from "../kernel/inspect.ts";
import { equal, type Term } from "../kernel/term.ts";
import type { MachineEvent } from "../gen/debug.ts";
import { isCall } from "./contract.ts";
import type { Event } from "./machine.ts";

/** Calls the debug functions of a machine with an event, if it has any. */
export function trace(process: Process, event: MachineEvent): void {
  attributesOf(process)?.debug?.handle(event, localNameOf(process.pid) ?? process.pid, formatEvent);
}

/** Formats an event as OTP does: `*DBG* "door" receive cast 1234 in state "locked"`. */
function formatEvent(event: MachineEvent, machine: Term): string {
  const prefix = `*DBG* ${inspect(machine)}`;
  switch (event[0]) {
    case "in":
      return `${prefix} receive ${formatMessage(event[1] as Event)} in state ${inspect(event[2])}`;
    case "out":
      return `${prefix} send ${inspect(event[1])} to ${inspect(event[2][0])}`;
    case "postpone":
    case "consume": {
      const [tag, message, state, next] = event;
      const states = equal(state, next) ? inspect(state) : `${inspect(state)} => ${inspect(next)}`;
      return `${prefix} ${tag} ${formatMessage(message as Event)} in state ${states}`;
    }
    default:
      return `${prefix} ${event[0]} ${inspect(event[1])} in state ${inspect(event[2])}`;
  }
}

function formatMessage([type, content]: Event): string {
  if (isCall(type)) return `call ${inspect(content)} from ${inspect(type[1][0])}`;
  return `${typeof type === "string" ? type : inspect(type)} ${inspect(content)}`;
}
