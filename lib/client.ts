/**
 * The clients' half of all behaviours: finding the server, asking, waiting.
 *
 * @module
 */

import { type CallKind, type PendingCall, sendCall } from "./kernel/calls.ts";
import { type Exit, exit } from "./kernel/exit.ts";
import { inOrder, TOO_LATE } from "./kernel/lookup.ts";
import { isOnNode, nodeName, registryOf, resolve, type ServerRef } from "./kernel/names.ts";
import type { Process } from "./kernel/process.ts";
import { self } from "./kernel/self.ts";
import { Pid, type Term } from "./kernel/term.ts";
import { checkTimeout } from "./gen.ts";

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
    const found = server instanceof Pid
      ? server
      : server === undefined || server === null
      ? undefined
      : resolve(server);
    if (!(found instanceof Promise)) return toPid(caller, found, server, request, timeout, kind);
    return inOrder(caller, registryOf(server), found, timeout).then(
      (pid) => toPid(caller, pid, server, request, timeout, kind),
      (error) => {
        throw error === TOO_LATE ? failed("timeout", server, request, timeout, kind) : error;
      },
    );
  } catch (error) {
    return Promise.reject(error);
  }
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
  if (target === null) {
    const away = isOnNode(server) && server[1] !== nodeName();
    const why = away ? ["nodedown", server[1]] : "noproc";
    return Promise.reject(failed(why, server, request, timeout, kind));
  }
  if (target === caller) {
    return Promise.reject(failed("calling_self", server, request, timeout, kind));
  }
  return sendCall(caller, target, server, request, timeout, kind);
}

/** The exit of a call that never came to be. */
function failed(
  why: Term,
  server: ServerRef,
  request: Term,
  timeout: number,
  kind: CallKind,
): Exit {
  return exit([why, kind.describe({ server, request, timeout } as PendingCall)]);
}
