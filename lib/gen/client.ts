/**
 * The clients' half of all behaviours: finding the server, asking, waiting.
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

/** The kind of the request to stop, made by `function stop` of `module`: the request is the reason. */
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
 * Asks a process to stop, and resolves with `"ok"` when it has exited with `reason`. Rejects with the reason
 * that it has exited with, if that is another.
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

/** A call as `GenServer.call` makes it, of a protocol of OTP's. */
export function callKind(protocol: Protocol): CallKind {
  return {
    protocol,
    describe: ({ server, request, timeout }) => ["GenServer", "call", [server, request, timeout]],
  };
}

/** Asks a server and waits for its answer, as `kind` has it. All that goes wrong is a rejection. */
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

/** Asks by a name in a registry. If that answers later, the time it takes is a part of the call's. */
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

/** What a call fails with whose registry has failed. */
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

/** Asks a process of another node, or tells why nobody can be asked. */
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

/** The exit of a call that never came to be. */
function failed(
  why: Term,
  server: ServerRef,
  request: Term,
  timeout: number,
  kind: CallKind,
): Exit {
  return exit([why, kind.describe({ server, request, timeout })]);
}
