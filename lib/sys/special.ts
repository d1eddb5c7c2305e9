/**
 * Special processes: system messages for processes that run a function of their own rather than a
 * behaviour. A part of `Sys`, whose namespace exports it; behaviours handle system messages in
 * `gen/behaviour.ts`.
 *
 * @module
 */

import { fairly } from "../kernel/fair.ts";
import { Debug, type DebugOption, type FormatEvent, type SystemEvent } from "../gen/debug.ts";
import { answer, isFrom } from "../kernel/reply.ts";
import type { From } from "../kernel/calls.ts";
import { classified, exit, reasonOf } from "../kernel/exit.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import { localNameOf } from "../kernel/names.ts";
import { type Process, SUSPENDED } from "../kernel/process.ts";
import { firstItemsOf, isTuple, itemOf } from "../kernel/reader.ts";
import { receiveMessage } from "../kernel/receive.ts";
import { self } from "../kernel/self.ts";
import type { Pid, Term } from "../kernel/term.ts";
import { shown, type Status } from "../gen/status.ts";
import { operationOf } from "../gen/system.ts";

/**
 * The callbacks of a special process, which {@linkcode handleSystemMsg} calls. `misc` is any term that
 * the process passes to it, usually its state. All callbacks are optional, and may be async except
 * `formatStatus`.
 */
export interface SpecialModule<Misc> {
  /** Cleans up. Called before the process exits with `reason`. */
  systemTerminate?(reason: Term, parent: Pid, debug: Debug, misc: Misc): unknown;
  /** Returns `["ok", state]` for `Sys.getState`. Default: `misc` is the state. */
  systemGetState?(misc: Misc): Awaitable<readonly ["ok", Term]>;
  /** Returns `["ok", state, misc]` for `Sys.replaceState`. Default: `change` is called with `misc`. */
  // deno-lint-ignore no-explicit-any -- the type of the state is the process's own
  systemReplaceState?(change: (state: any) => unknown, misc: Misc): Awaitable<
    readonly ["ok", Term, Misc]
  >;
  /** Returns `["ok", misc]` for `Sys.changeCode`, or any other term as the error. */
  systemCodeChange?(misc: Misc, module: Term, oldVersion: Term, extra: Term): unknown;
  /** Formats `{ state, log }` for `Sys.getStatus`, where `state` is `misc`. */
  formatStatus?(status: Status): unknown;
}

/** A special process while it handles a system message. */
interface Special<Misc> {
  readonly process: Process;
  readonly parent: Pid;
  readonly module: SpecialModule<Misc>;
  readonly debug: Debug;
  misc: Misc;
}

/**
 * Handles a system message `["system", from, request]` that the calling process has received. Resolves
 * with the new `misc` when the process may continue; if it was suspended, when it is resumed. If the
 * process is ordered to terminate, or its parent exits while it is suspended, this calls
 * `systemTerminate` and rejects with an `Exit`, which must not be caught.
 *
 * If a process passes all `system` messages to this function, and, if it traps exits, exits on
 * `["EXIT", parent, reason]`, then all functions of `Sys` and `ProcLib.stop` work with it as with a
 * `GenServer`.
 *
 * @param parent The process that started the calling process.
 * @param module See {@linkcode SpecialModule}.
 * @param debug From {@linkcode debugOptions}.
 * @see OTP `sys:handle_system_msg/6`, which calls `Module:system_continue/3` where this resolves, and
 * requires `Module:system_terminate/4` to exit
 *
 * @example A counter that handles system messages
 * ```ts
 * import { type GenServer, type Pid, ProcLib, receive, self, send, Sys, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * async function count(parent: Pid) {
 *   const debug = Sys.debugOptions([]);
 *   ProcLib.initAck(["ok", self()]);
 *   for (let count = 0;;) {
 *     count = await receive({
 *       add: (number: number) => count + number,
 *       system: (from: GenServer.From, request: unknown) =>
 *         Sys.handleSystemMsg(request, from, parent, {}, debug, count),
 *     });
 *   }
 * }
 *
 * const parent = self();
 * const counter = unwrap(await ProcLib.startLink(() => count(parent)));
 * send(counter, ["add", 2]);
 * assertEquals(await Sys.getState(counter), 2);
 * await ProcLib.stop(counter);
 * ```
 */
export function handleSystemMsg<Misc>(
  request: Term,
  from: From,
  parent: Pid,
  module: SpecialModule<Misc>,
  debug: Debug,
  misc: Misc,
): Promise<Misc> {
  return fairly(async () => {
    const special: Special<Misc> = { process: self(), parent, module, debug, misc };
    const { process } = special;
    for (;;) {
      answer(from, await handle(special, from, request));
      if ((process.flags & SUSPENDED) === 0) return special.misc;
      const wanted = (message: Term) => isForSystem(message, parent);
      const [tag, sender, content] = await receiveMessage(
        process,
        wanted,
        Infinity,
      ) as readonly Term[];
      if (tag === "EXIT") await end(special, content);
      from = sender as From;
      request = content;
    }
  });
}

/**
 * Creates the debug functions of a special process, for {@linkcode handleDebug} and
 * {@linkcode handleSystemMsg}. See the example of {@linkcode handleDebug}.
 *
 * @param options As in the option `debug` of `GenServer.start`.
 * @throws {TypeError} If an option is unknown.
 * @see OTP `sys:debug_options/1`
 */
export function debugOptions(options: readonly DebugOption[]): Debug {
  return new Debug(options);
}

/**
 * Calls the debug functions of a special process with an event: call it for each message that the
 * process receives and sends. Changes and returns `debug`.
 *
 * @param format Formats the event, given `extra` as the second argument, for `trace` and `log_to`.
 * @param extra The third argument of debug functions, usually the name of the process.
 * @param event `["in", message]` and `["out", message, to, state]` are counted by `Sys.statistics`;
 * other events are allowed.
 * @see OTP `sys:handle_debug/4`
 *
 * @example Logging an event
 * ```ts
 * import { Sys } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const lines: string[] = [];
 * const debug = Sys.debugOptions([["log_to", (line) => lines.push(line)], "log"]);
 * Sys.handleDebug(debug, ([, message], name) => `${name} got ${message}`, "counter", ["in", "add"]);
 * assertEquals(lines, ["counter got add"]);
 * assertEquals(Sys.getLog(debug), [["in", "add"]]);
 * ```
 */
export function handleDebug(
  debug: Debug,
  format: FormatEvent,
  extra: Term,
  event: SystemEvent | readonly [string, ...Term[]],
): Debug {
  debug.handle(event as SystemEvent, extra, format);
  return debug;
}

/**
 * Returns the logged events of a special process, oldest first. See the example of {@linkcode handleDebug}.
 *
 * @see OTP `sys:get_log/1`
 */
export function getLog(debug: Debug): readonly SystemEvent[] {
  return debug.logged();
}

function isForSystem(message: Term, parent: Pid): boolean {
  if (isTuple(message, "system", 3)) return isFrom(itemOf(message, 1));
  return isTuple(message, "EXIT", 3) && itemOf(message, 1) === parent;
}

/** Handles a request, and resolves with the reply. */
async function handle<Misc>(special: Special<Misc>, from: From, request: Term): Promise<Term> {
  const { process, module, debug } = special;
  const argument = itemOf(request, 1);
  switch (operationOf(request)) {
    case "suspend":
      process.flags |= SUSPENDED;
      return "ok";
    case "resume":
      process.flags &= ~SUSPENDED;
      return "ok";
    case "get_state":
      return await getState(special);
    case "replace_state":
      return await replaceState(special, argument as (state: Term) => unknown);
    case "get_status":
      return describe(special);
    case "debug":
      return (argument as (debug: Debug) => Term)(debug);
    case "terminate":
      answer(from, "ok");
      return await end(special, argument);
    case "change_code": {
      if ((process.flags & SUSPENDED) === 0) break;
      const [, target, oldVersion, extra] = firstItemsOf(request, 4);
      try {
        const changed = await module.systemCodeChange!(special.misc, target, oldVersion, extra);
        if (!isTuple(changed, "ok", 2)) return ["error", changed];
        special.misc = itemOf(changed, 1) as Misc;
        return "ok";
      } catch (thrown) {
        return ["error", reasonOf(thrown)];
      }
    }
  }
  return ["error", ["unknown_system_msg", request]];
}

async function getState<Misc>({ module, misc }: Special<Misc>): Promise<Term> {
  if (module.systemGetState === undefined) return ["ok", misc];
  try {
    const [, state] = await module.systemGetState(misc);
    return ["ok", state];
  } catch (thrown) {
    return ["error", ["callback_failed", [module, "systemGetState"], classified(thrown)]];
  }
}

async function replaceState<Misc>(
  special: Special<Misc>,
  change: (state: Term) => unknown,
): Promise<Term> {
  const { module, misc } = special;
  const isOwn = module.systemReplaceState !== undefined;
  try {
    if (!isOwn) return ["ok", special.misc = await change(misc) as Misc];
    const [, state, next] = await module.systemReplaceState!(change, misc);
    special.misc = next;
    return ["ok", state];
  } catch (thrown) {
    const callback = isOwn ? [module, "systemReplaceState"] : change;
    return ["error", ["callback_failed", callback, classified(thrown)]];
  }
}

function describe<Misc>({ process, parent, module, debug, misc }: Special<Misc>): Term {
  const format = (status: Status) => module.formatStatus?.(status) ?? status;
  const status = shown({ state: misc, log: debug.logged() }, format);
  return {
    pid: process.pid,
    module,
    behaviour: "special",
    status: (process.flags & SUSPENDED) !== 0 ? "suspended" : "running",
    parent,
    name: localNameOf(process.pid),
    dictionary: [...process.extras?.dictionary ?? []],
    trapExit: process.trapsExits,
    debug: debug.describe(status.log),
    state: status.state,
  };
}

async function end<Misc>(
  { parent, module, debug, misc }: Special<Misc>,
  reason: Term,
): Promise<never> {
  await module.systemTerminate?.(reason, parent, debug, misc);
  throw exit(reason);
}
