/**
 * Special processes: system messages for processes with a control flow of their own.
 *
 * @module
 */

import { fairly } from "../kernel/fair.ts";
import { Debug, type DebugOption, type FormatEvent, type SystemEvent } from "../gen/debug.ts";
import { answer, isFrom } from "../gen/reply.ts";
import type { From } from "../kernel/calls.ts";
import { classified, exit, reasonOf } from "../kernel/exit.ts";
import type { Awaitable } from "../kernel/awaitable.ts";
import { localNameOf } from "../kernel/names.ts";
import { type Process, SUSPENDED } from "../kernel/process.ts";
import { receiveMessage } from "../kernel/receive.ts";
import { self } from "../kernel/self.ts";
import type { Pid, Term } from "../kernel/term.ts";
import { shown, type Status } from "../gen/status.ts";

/**
 * What {@linkcode handleSystemMsg} calls of a special process. `misc` is whatever the process wants to
 * have handed on, mostly its state. All may be async, except `formatStatus`.
 */
export interface SpecialModule<Misc> {
  /** Cleans up: called before the process is ended with `reason`. */
  systemTerminate?(reason: Term, parent: Pid, debug: Debug, misc: Misc): unknown;
  /** Answers `["ok", state]` for `Sys.getState`. By default, `misc` is the state. */
  systemGetState?(misc: Misc): Awaitable<readonly ["ok", Term]>;
  /** Answers `["ok", state, misc]` for `Sys.replaceState`. By default, `change` gets `misc`. */
  // deno-lint-ignore no-explicit-any -- whoever calls knows the state
  systemReplaceState?(change: (state: any) => unknown, misc: Misc): Awaitable<
    readonly ["ok", Term, Misc]
  >;
  /** Answers `["ok", misc]` for `Sys.changeCode`, or what the error is. */
  systemCodeChange?(misc: Misc, module: Term, oldVersion: Term, extra: Term): unknown;
  /** Words `{ state, log }` for `Sys.getStatus`, where `state` is `misc`. */
  formatStatus?(status: Status): unknown;
}

/** What is known of a special process while it handles a system message. */
interface Special<Misc> {
  readonly process: Process;
  readonly parent: Pid;
  readonly module: SpecialModule<Misc>;
  readonly debug: Debug;
  misc: Misc;
}

/**
 * Handles a system message `["system", from, request]` that the calling process has received, and
 * resolves with what its `misc` is now, when the process is to go on. If it was suspended, that is when
 * it is resumed. If it is to end, or its parent ends while it is suspended, this rejects with that
 * `Exit`, after `systemTerminate`: let it pass.
 *
 * Give `system` messages no other treatment than this, and handle `["EXIT", parent, reason]` by ending,
 * if the process traps exits: then all of {@linkcode Sys} and `ProcLib.stop` work on it, as they do on
 * a `GenServer`.
 *
 * @param parent Who started the process.
 * @param module See {@linkcode SpecialModule}.
 * @param debug From {@linkcode debugOptions}.
 * @see OTP `sys:handle_system_msg/6`, which calls `Module:system_continue/3` where this one resolves,
 * and needs `Module:system_terminate/4` to end the process
 *
 * @example A process that counts, as a good citizen
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
 * The debug functions of a special process, to be handed to {@linkcode handleDebug} and
 * {@linkcode handleSystemMsg}.
 *
 * @param options As the option `debug` of `GenServer.start` has them.
 * @throws {TypeError} If one of them is unknown.
 * @see OTP `sys:debug_options/1`
 */
export function debugOptions(options: readonly DebugOption[]): Debug {
  return new Debug(options);
}

/**
 * Lets the debug functions of a special process see an event: to be called for each message that it
 * takes and sends. Returns `debug`, which it changes.
 *
 * @param format Words the event, given `extra` besides, for `trace` and `log_to`.
 * @param extra What debug functions get for a third argument: mostly the name of the process.
 * @param event Where one fits, `["in", message]` or `["out", message, to, state]`, which
 * `Sys.statistics` counts.
 * @see OTP `sys:handle_debug/4`
 *
 * @example
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

/** The events that the debug functions of a special process keep, oldest first. @see OTP `sys:get_log/1` */
export function getLog(debug: Debug): readonly SystemEvent[] {
  return debug.logged();
}

function isForSystem(message: Term, parent: Pid): boolean {
  return Array.isArray(message) && message.length === 3 &&
    (message[0] === "system" ? isFrom(message[1]) : message[0] === "EXIT" && message[1] === parent);
}

/** Does what a request asks for, and resolves with the answer. */
async function handle<Misc>(special: Special<Misc>, from: From, request: Term): Promise<Term> {
  const { process, module, debug } = special;
  const [operation, argument] = Array.isArray(request) ? request : [request];
  switch (operation) {
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
      const [, target, oldVersion, extra] = request as readonly Term[];
      try {
        const changed = await module.systemCodeChange!(special.misc, target, oldVersion, extra);
        if (!Array.isArray(changed) || changed[0] !== "ok") return ["error", changed];
        special.misc = changed[1];
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
