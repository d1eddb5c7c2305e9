/**
 * The client side of all behaviours: resolving the server, calling it, waiting for the reply.
 *
 * @module
 */

import { type CallKind, type Protocol, sendCall } from "../kernel/calls.ts";
import { now } from "../kernel/clock.ts";
import { distribution, isElsewhere, whyUnreachable } from "../kernel/distribution.ts";
import { Exit, exit } from "../kernel/exit.ts";
import { rejectFairly } from "../kernel/fair.ts";
import { lookUp, REGISTRY_TIMEOUT_MS, TOO_LATE } from "../kernel/lookup.ts";
import { BadAnswerError, resolve, type ServerRef } from "../kernel/names.ts";
import type { Process } from "../kernel/process.ts";
import { isA, itemOf } from "../kernel/reader.ts";
import { self } from "../kernel/self.ts";
import { equal, isAtom, Pid, type Term } from "../kernel/term.ts";
import { checkTimeout } from "./timeout.ts";

/** The kind of a call that stops a process, made by the function `stop` of `module`: the request is the reason. */
export function stopKind(module: string): CallKind {
  return {
    protocol: "system",
    message: ({ caller, request }) => ["system", [caller.pid, null], ["terminate", request]],
    describe: ({ server, request, timeout }) => [module, "stop", [server, request, timeout]],
    ended(call, reason) {
      // Of objects, only the identity is looked at here. See askToStop.
      const { request } = call;
      const isSame = typeof request === "object" ? reason === request : equal(reason, request);
      if (isSame) call.reply("ok");
      else call.fail(reason);
    },
  };
}

/**
 * Stops a process, and resolves with `"ok"` when it has exited with `reason`. Rejects with its exit reason if that
 * is another.
 */
export function askToStop(
  server: ServerRef,
  reason: Term,
  timeout: number,
  kind: CallKind,
): Promise<"ok"> {
  const stopped = ask(server, reason, timeout, kind) as Promise<"ok">;
  if (typeof reason !== "object" || reason === null) return stopped;
  // Another object may be equal. The terms are compared here, as code of the caller: never when a process exits.
  return stopped.catch((thrown) => {
    if (isA(thrown, Exit) && equal(itemOf(thrown.reason, 0), reason)) return "ok";
    throw thrown;
  });
}

/** A call as `GenServer.call` makes it, with one of OTP's protocols. */
export function callKind(protocol: Protocol): CallKind {
  return {
    protocol,
    describe: ({ server, request, timeout }) => ["GenServer", "call", [server, request, timeout]],
  };
}

/** Calls a server and waits for the reply, according to `kind`. Every failure is a rejection. */
export function ask(
  server: ServerRef,
  request: Term,
  timeout: number,
  kind: CallKind,
): Promise<Term> {
  try {
    const caller = self();
    checkTimeout("call", timeout);
    if (server === undefined || server === null || server instanceof Pid) {
      return toPid(caller, server ?? undefined, server, request, timeout, kind);
    }
    if (isAtom(server)) {
      return toPid(caller, resolve(server) as Pid | undefined, server, request, timeout, kind);
    }
    return askByName(caller, server, request, timeout, kind);
  } catch (error) {
    return rejectFairly(notFound(error, server, request, timeout, kind));
  }
}

/**
 * Calls by a name in a registry. The time that an asynchronous registry takes counts as part of the timeout.
 */
function askByName(
  caller: Process,
  server: ServerRef,
  request: Term,
  timeout: number,
  kind: CallKind,
): Promise<Term> {
  let since: number | undefined;
  let isAsked = false;
  const askPid = (pid: Pid | undefined) => {
    isAsked = true;
    if (since === undefined) return toPid(caller, pid, server, request, timeout, kind);
    const left = Math.max(0, timeout - (now() - since));
    const describe = () => kind.describe({ server, request, timeout });
    return toPid(caller, pid, server, request, left, { ...kind, describe });
  };
  const limit = timeout === Infinity ? REGISTRY_TIMEOUT_MS : timeout;
  const failed = (thrown: unknown) => notFound(thrown, server, request, timeout, kind);
  const answer = lookUp(caller, server, limit, askPid, failed);
  if (!isAsked) since = now();
  return answer;
}

/** The error of a call whose registry failed. */
function notFound(
  thrown: unknown,
  server: ServerRef,
  request: Term,
  timeout: number,
  kind: CallKind,
): unknown {
  if (thrown === TOO_LATE) return failed("timeout", server, request, timeout, kind);
  if (!(thrown instanceof BadAnswerError)) return thrown;
  return failed(["bad_return_value", thrown.answer], server, request, timeout, kind);
}

function toPid(
  caller: Process,
  pid: Pid | undefined,
  server: ServerRef,
  request: Term,
  timeout: number,
  kind: CallKind,
): Promise<Term> {
  const target = pid === undefined ? null : pid.process;
  if (target === null || target === caller) {
    return toNoneHere(caller, pid, server, request, timeout, kind);
  }
  return sendCall(caller, target, server, request, timeout, kind);
}

/** Calls a process of another node, or returns the reason why that is not possible. */
function toNoneHere(
  caller: Process,
  pid: Pid | undefined,
  server: ServerRef,
  request: Term,
  timeout: number,
  kind: CallKind,
): Promise<Term> {
  const to = pid ?? server;
  if (pid === caller.pid) {
    return rejectFairly(failed("calling_self", server, request, timeout, kind));
  }
  if (isElsewhere(to) && distribution !== null) {
    return distribution.call(caller, to, server, request, timeout, kind);
  }
  return rejectFairly(failed(whyUnreachable(to), server, request, timeout, kind));
}

/** The exit of a call that could not be made. */
function failed(
  why: Term,
  server: ServerRef,
  request: Term,
  timeout: number,
  kind: CallKind,
): Exit {
  return exit([why, kind.describe({ server, request, timeout })]);
}
