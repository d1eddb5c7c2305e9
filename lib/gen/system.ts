/**
 * System messages, as OTP's `sys` sends them to every server: `["system", from, request]`. The loop in
 * `behaviour.ts` passes them on; {@linkcode SystemCallbacks} is the part of a behaviour that they need.
 *
 * @module
 */

import { type Awaitable, isThenable } from "../kernel/awaitable.ts";
import type { From } from "../kernel/calls.ts";
import { classified, reasonOf } from "../kernel/exit.ts";
import { List } from "../kernel/list.ts";
import { type Kind, PLAIN } from "../kernel/mailbox.ts";
import { type Process, SUSPENDED } from "../kernel/process.ts";
import { firstItemsOf, isA, isArray, itemOf, sizeOf } from "../kernel/reader.ts";
import { schedule, suspendUntil } from "../kernel/scheduler.ts";
import type { Term } from "../kernel/term.ts";
import { attributesOf, ensureAttributes } from "./attributes.ts";
import { Debug } from "./debug.ts";
import { answer } from "../kernel/reply.ts";

/** The part of a behaviour that system messages need: OTP's system callbacks. */
export interface SystemCallbacks {
  /** OTP's name of the behaviour. */
  readonly kind: string;
  /** The state, as `Sys.getState` returns it. */
  getState(process: Process): Term;
  /** Replaces the state that `getState` returns. */
  replaceState(process: Process, state: Term): void;
  /** The result of `Sys.getStatus`. */
  getStatus(process: Process): Term;
  /** Converts the state for a new version of the callback module. */
  changeCode(process: Process, oldVersion: Term, extra: Term): Awaitable<Term>;
  /** Runs a callback and passes on its result. */
  run(
    process: Process,
    callback: () => unknown,
    done: (outcome: unknown) => void,
    failed: (thrown: unknown) => void,
  ): void;
  /** Terminates the process in an orderly way. */
  stop(process: Process, reason: Term, kind: Kind, payload: Term): void;
}

/** The number of elements of each system request that is a tuple; 0 for those that are an atom. */
const SIZES: ReadonlyMap<Term, number> = new Map([
  ["get_state", 0],
  ["get_status", 0],
  ["suspend", 0],
  ["resume", 0],
  ["terminate", 2],
  ["replace_state", 2],
  ["change_code", 4],
  ["debug", 4],
]);

/**
 * The operation of a system request; `undefined` if it is not a request that OTP's `sys` sends. Other nodes may
 * send any term.
 */
export function operationOf(request: Term): Term {
  const isTuple = isArray(request) && !isA(request, List);
  const operation = isTuple ? itemOf(request, 0) : request;
  if (SIZES.get(operation) !== (isTuple ? sizeOf(request) : 0)) return undefined;
  // In this runtime it is a function that changes the debug functions; `sys` of other nodes is translated.
  const isSound = operation !== "debug" || typeof itemOf(request, 1) === "function";
  return isSound ? operation : undefined;
}

/** Handles a system message. */
export function handleSystemMessage(
  behaviour: SystemCallbacks,
  process: Process,
  from: From,
  request: Term,
): void {
  const respond = (value: Term) => answer(from, value);
  const goOn = () => {
    if ((process.flags & SUSPENDED) !== 0) return;
    const attributes = attributesOf(process);
    const timeout = attributes?.idleTimeout;
    if (timeout !== undefined) attributes!.setIdleTimeout(process, timeout);
  };
  const argument = itemOf(request, 1);
  switch (operationOf(request)) {
    case "get_state":
      respond(["ok", behaviour.getState(process)]);
      return goOn();
    case "replace_state":
      return replaceState(behaviour, process, argument as (state: Term) => Term, (result) => {
        respond(result);
        goOn();
      });
    case "get_status":
      respond(behaviour.getStatus(process));
      return goOn();
    case "suspend":
      process.flags |= SUSPENDED;
      return respond("ok");
    case "resume":
      process.flags &= ~SUSPENDED;
      respond("ok");
      goOn();
      return schedule(process);
    case "terminate":
      respond("ok");
      return behaviour.stop(process, argument, PLAIN, []);
    case "change_code": {
      // As in OTP, the code can only be changed while the server is suspended.
      if ((process.flags & SUSPENDED) === 0) break;
      const [, , oldVersion, extra] = firstItemsOf(request, 4);
      return behaviour.run(
        process,
        () => behaviour.changeCode(process, oldVersion, extra),
        respond,
        (thrown) => respond(["error", reasonOf(thrown)]),
      );
    }
    case "debug":
      respond(changeDebug(process, argument as (debug: Debug) => Term));
      return goOn();
  }
  respond(["error", ["unknown_system_msg", request]]);
  goOn();
}

function replaceState(
  behaviour: SystemCallbacks,
  process: Process,
  change: (state: Term) => Term,
  respond: (result: Term) => void,
): void {
  const installed = (state: Term) => {
    behaviour.replaceState(process, state);
    respond(["ok", state]);
  };
  const failed = (thrown: unknown) => {
    const callback = [behaviour.kind, "system_replace_state"];
    respond(["error", ["callback_failed", callback, classified(thrown)]]);
  };
  try {
    const state = change(behaviour.getState(process));
    if (process.isDead) return;
    if (isThenable(state)) suspendUntil(process, state, installed, failed);
    else installed(state);
  } catch (thrown) {
    failed(thrown);
  }
}

/** Changes the debug functions of a server by `operation`. */
function changeDebug(process: Process, operation: (debug: Debug) => Term): Term {
  const attributes = ensureAttributes(process);
  const debug = attributes.debug ?? new Debug();
  const result = operation(debug);
  attributes.debug = debug.isEmpty ? null : debug;
  return result;
}
