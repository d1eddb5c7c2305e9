/**
 * What debug functions see of a state machine, and how it is worded.
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

/** Lets the debug functions of a machine see what it does, if it has any. */
export function trace(process: Process, event: MachineEvent): void {
  attributesOf(process)?.debug?.handle(event, localNameOf(process.pid) ?? process.pid, formatEvent);
}

/** Words an event as OTP does: `*DBG* "door" receive cast 1234 in state "locked"`. */
function formatEvent(event: MachineEvent, machine: Term): string {
  const who = `*DBG* ${inspect(machine)}`;
  switch (event[0]) {
    case "in":
      return `${who} receive ${formatMessage(event[1] as Event)} in state ${inspect(event[2])}`;
    case "out":
      return `${who} send ${inspect(event[1])} to ${inspect(event[2][0])}`;
    case "postpone":
    case "consume": {
      const [tag, message, state, next] = event;
      const states = equal(state, next) ? inspect(state) : `${inspect(state)} => ${inspect(next)}`;
      return `${who} ${tag} ${formatMessage(message as Event)} in state ${states}`;
    }
    default:
      return `${who} ${event[0]} ${inspect(event[1])} in state ${inspect(event[2])}`;
  }
}

function formatMessage([type, content]: Event): string {
  if (isCall(type)) return `call ${inspect(content)} from ${inspect(type[1][0])}`;
  return `${typeof type === "string" ? type : inspect(type)} ${inspect(content)}`;
}
