/**
 * GenServer: the generic part of a server. The specific part is a module with callbacks.
 *
 * A server is a process that keeps a state and handles messages one at a time: calls, which are replied to,
 * casts, which are not, and all other messages. A callback may be async; the next message then waits for its
 * promise, as it would wait for a slow callback on the BEAM.
 *
 * **Client and server functions.** A server module has functions that clients call, and callbacks that run in
 * the server. An ES module that imports itself has what `__MODULE__` is in Elixir, and the client functions
 * get the types of the callbacks:
 *
 * ```ts ignore
 * // stack.ts
 * import { GenServer, noreply, ok, reply } from "@denotp/otp";
 * import * as Stack from "./stack.ts";
 *
 * type Ref = GenServer.ServerRef<typeof Stack>;
 *
 * // Functions for clients
 * export const startLink = (items: string[]) => GenServer.startLink(Stack, items, { name: "stack" });
 * export const push = (stack: Ref, item: string) => GenServer.cast(stack, ["push", item]);
 * export const pop = (stack: Ref) => GenServer.call(stack, "pop");
 *
 * // Callbacks
 * export const init = (items: string[]) => ok(items);
 * export const handleCall = (_request: "pop", _from: GenServer.From, [top, ...rest]: string[]) =>
 *   reply(top, rest);
 * export const handleCast = ([, item]: readonly ["push", string], items: string[]) =>
 *   noreply([item, ...items]);
 * ```
 *
 * **Requests are typed.** {@linkcode call} takes the requests of `handleCall` and resolves with its replies,
 * where the type of the server is known: by the pid that a start returned, or by a parameter
 * `GenServer.ServerRef<typeof Stack>`. Where requests have different replies, write one overload for each,
 * like a clause in Elixir. A server known by name takes any request, unless {@linkcode Names} declares its
 * module. The type of a reply that is sent later, by {@linkcode reply}, is the one that the callback
 * declares: by the type of its `from`, `GenServer.From<string>`, or by its result,
 * `Reply<string, State> | Noreply<State>`.
 *
 * **The state has one type.** The state that `init` and the other callbacks return is the state that each
 * callback takes. A module whose callbacks disagree does not compile where it is started; the error names the
 * callback. If the type of the state is wider than that of its initial value, give it explicitly:
 * `ok<string[]>([])`.
 *
 * **Names.** With the option `name` a server is registered under an atom (`"stack"`), a global name
 * (`["global", term]`), or a name in any registry (`["via", registry, key]`). Every function that takes a
 * server also takes such a name. The name is registered before `init` runs, and released when the server
 * exits.
 *
 * **Timeouts.** A call waits 5000 ms by default and then rejects; the server is not notified, and a late
 * reply is dropped. A callback that returns a number besides the state sets an idle timeout: `handleInfo`
 * gets `"timeout"` if no message arrives for that time in milliseconds. For periodic work, use
 * `Process.sendAfter`.
 *
 * **Failure.** A callback that throws terminates the server: calls that wait for a reply reject, linked
 * processes get an exit signal, and the crash is logged (`Logger`). A supervisor can restart the server.
 *
 * **When not to use it.** A server handles one message after another, which makes it a bottleneck by design.
 * Code without shared state that needs no serialization should be plain functions. For state that is only
 * read and replaced, use an `Agent`; for work that is done once, a `Task`. Do not use processes to organize
 * code.
 *
 * **Debugging.** `Sys.getState`, `Sys.trace` and the other functions of `Sys` work on every server.
 *
 * @example A stack
 * ```ts
 * import { GenServer, noreply, ok, reply, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Stack = {
 *   init: (items: string[]) => ok(items),
 *   handleCall: (_request: "pop", _from: GenServer.From, [top, ...rest]: string[]) =>
 *     reply(top, rest),
 *   handleCast: ([, item]: readonly ["push", string], items: string[]) => noreply([item, ...items]),
 * };
 *
 * const stack = unwrap(await GenServer.startLink(Stack, ["hello"]));
 * GenServer.cast(stack, ["push", "world"]);
 * assertEquals(await GenServer.call(stack, "pop"), "world");
 * assertEquals(await GenServer.call(stack, "pop"), "hello");
 * await GenServer.stop(stack);
 * ```
 *
 * @example One overload for each request, with its own reply
 * ```ts
 * import { GenServer, ok, type Reply, reply, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * type From = GenServer.From;
 *
 * class Clock {
 *   static init(zone: string) {
 *     return ok(zone);
 *   }
 *   static handleCall(request: "zone", from: From, zone: string): Reply<string, string>;
 *   static handleCall(request: "now", from: From, zone: string): Reply<Date, string>;
 *   static handleCall(request: "zone" | "now", _from: From, zone: string): unknown {
 *     return request === "zone" ? reply(zone, zone) : reply(new Date(), zone);
 *   }
 * }
 *
 * const clock = unwrap(await GenServer.startLink(Clock, "UTC"));
 * const zone: string = await GenServer.call(clock, "zone");
 * const now: Date = await GenServer.call(clock, "now");
 * assertEquals([zone, now instanceof Date], ["UTC", true]);
 * await GenServer.stop(clock);
 * ```
 *
 * @module
 */

import { fairly, rejectFairly } from "./kernel/fair.ts";
import { checkOptions } from "./kernel/options.ts";
import {
  assertRegistered,
  LOOP_OPTIONS,
  start as startGen,
  START_OPTIONS,
  type StartMode,
  type StartMonitorResult,
  type StartOptions,
  type StartResult,
} from "./gen/start.ts";
import { answer, isFrom } from "./kernel/reply.ts";
import { checkTimeout, DEFAULT_TIMEOUT_MS } from "./gen/timeout.ts";
import type { CallKind, From } from "./kernel/calls.ts";
import { allNodes, isElsewhere } from "./kernel/distribution.ts";
import { Exit, exit } from "./kernel/exit.ts";
import { locate } from "./kernel/lookup.ts";
import { type Awaitable, hasThen, isThenable, thenError } from "./kernel/awaitable.ts";
import {
  InvalidServerError,
  type ModuleOf,
  type Name,
  resolve,
  type ServerRef,
} from "./kernel/names.ts";
import { charge, current, schedule } from "./kernel/scheduler.ts";
import { fence, self, selfIfKnown } from "./kernel/self.ts";
import { sendToPid } from "./kernel/signals.ts";
import { inspect } from "./kernel/inspect.ts";
import { type Atom, isPid, message, type NodeName, Pid, type Term } from "./kernel/term.ts";
import { type ChildSpec, type ChildSpecOverrides, withOverrides } from "./child_spec.ts";
import { ask, askToStop, stopKind } from "./gen/client.ts";
import type {
  Callbacks,
  CallReply,
  CallRequest,
  CallResponse,
  CastRequest,
  EnterLoopOptions,
  InfoResponse,
  InitArgument,
  Module,
  ModuleWithoutArgument,
  StartArguments,
} from "./gen_server/contract.ts";
import type { Consistent, StateOf } from "./gen_server/state.ts";
import { behaviourOf, CAST, isExtra } from "./gen_server/server.ts";
import { isLaunched } from "./gen/launched.ts";
import type { Extra } from "./response.ts";
import { send } from "./send.ts";
import type { Status } from "./gen/status.ts";

/** The name of this module where it is printed. */
export const moduleName = "GenServer";

export type {
  Callbacks,
  CallReply,
  CallRequest,
  CallResponse,
  CastRequest,
  Consistent,
  EnterLoopOptions,
  From,
  InfoResponse,
  InitArgument,
  Module,
  ModuleOf,
  ModuleWithoutArgument,
  ServerRef,
  StartArguments,
  StartMonitorResult,
  StartOptions,
  StartResult,
  StateOf,
  Status,
};
export {
  checkResponse,
  type LabelledResponse,
  receiveResponse,
  reqidsAdd,
  reqidsNew,
  reqidsSize,
  reqidsToList,
  type RequestId,
  RequestIds,
  type Response,
  type ResponseTimeout,
  sendRequest,
  type Sent,
  waitResponse,
} from "./gen_server/request.ts";

const CALL: CallKind = {
  describe: ({ server, request, timeout }) => ["GenServer", "call", [server, request, timeout]],
};

const STOP = stopKind("GenServer");

/**
 * Starts a server that is linked to the calling process. Resolves when its `init` has returned.
 *
 * Resolves with `["ok", pid]`; with `["error", reason]` if `init` returned `stop(reason)`, threw, or took
 * longer than `options.timeout`; with `["error", ["already_started", pid]]` if the name is taken; with
 * `"ignore"` if `init` returned `ignore`. If the start fails, the name is released by then.
 *
 * Because of the link, a failed start also sends an exit signal to the caller, which then exits too unless it
 * traps exits. `start` does not.
 *
 * @param module The callbacks; see {@linkcode Module}.
 * @param argumentAndOptions The argument, which is passed to `init` unchanged, and {@linkcode StartOptions}.
 * The argument can be omitted if `init` does not need it.
 * @throws {TypeError} If `module` has no `init`, or `name` is not a valid name: the promise rejects, and no
 * process is started.
 * @throws {RangeError} If `options.timeout` is negative, fractional or not a number.
 * @see OTP `gen_server:start_link/3,4`
 *
 * @example Start, call, stop
 * ```ts
 * import { GenServer, ok, reply, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Counter = {
 *   init: (count: number) => ok(count),
 *   handleCall: (_request: "next", _from: GenServer.From, count: number) => reply(count, count + 1),
 * };
 *
 * const counter = unwrap(await GenServer.startLink(Counter, 1));
 * assertEquals(await GenServer.call(counter, "next"), 1);
 * assertEquals(await GenServer.call(counter, "next"), 2);
 * await GenServer.stop(counter);
 * ```
 */
export function startLink<M extends Callbacks>(
  module: Consistent<M>,
  ...argumentAndOptions: StartArguments<M>
): Promise<StartResult<M>> {
  return startAs("link", module as Module, ...argumentAndOptions) as Promise<StartResult<M>>;
}

/**
 * Starts a server without a link to the calling process. Otherwise like {@linkcode startLink}.
 *
 * @see OTP `gen_server:start/3,4`
 *
 * @example A start that fails does not affect the caller
 * ```ts
 * import { GenServer, stop } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Server = { init: () => stop("no_license") };
 * assertEquals(await GenServer.start(Server), ["error", "no_license"]);
 * ```
 */
export function start<M extends Callbacks>(
  module: Consistent<M>,
  ...argumentAndOptions: StartArguments<M>
): Promise<StartResult<M>> {
  return startAs("nolink", module as Module, ...argumentAndOptions) as Promise<StartResult<M>>;
}

/**
 * Starts a server that the calling process monitors. Resolves with `["ok", [pid, ref]]`; when the server
 * exits, the message `["DOWN", ref, "process", pid, reason]` arrives. Otherwise like {@linkcode start}.
 *
 * @see OTP `gen_server:start_monitor/3,4`
 *
 * @example Waiting for the exit of a server
 * ```ts
 * import { GenServer, ok, receive, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const [pid, ref] = unwrap(await GenServer.startMonitor({ init: () => ok("state") }));
 * await GenServer.stop(pid, "shutdown");
 * assertEquals(await receive(), ["DOWN", ref, "process", pid, "shutdown"]);
 * ```
 */
export function startMonitor<M extends Callbacks>(
  module: Consistent<M>,
  ...argumentAndOptions: StartArguments<M>
): Promise<StartMonitorResult<M>> {
  return startAs("monitor", module as Module, ...argumentAndOptions) as Promise<
    StartMonitorResult<M>
  >;
}

function startAs(
  mode: StartMode,
  module: Module,
  argument?: Term,
  options?: StartOptions,
): Promise<Term> {
  try {
    if (options !== undefined) checkOptions("start a GenServer", options, START_OPTIONS);
    return startGen(behaviourOf(module), argument, options ?? {}, mode);
  } catch (error) {
    return rejectFairly(error);
  }
}

/**
 * Sends `request` to a server and waits for its reply.
 *
 * Resolves with the value that the server replied, whatever its shape. The request is passed by reference,
 * not copied. Requests from one caller arrive in the order they were made; there is no order between callers.
 * A reply after the timeout is dropped.
 *
 * The types of request and reply come from the `handleCall` of the module that `server` is known to run, by
 * the type of its pid or by {@linkcode Names}; `handleCall` has one overload for each request where replies
 * differ. Other servers take any request, and the reply is untyped.
 *
 * @param server A pid or any name.
 * @param request Passed to `handleCall` unchanged.
 * @param timeout In milliseconds, default 5000, `Infinity` for no limit.
 * @returns The server's reply.
 * @throws {Exit} `[why, ["GenServer", "call", [server, request, timeout]]]`, where `why` is `"noproc"` if
 * there is no such process, `"timeout"` if no reply arrived in time, `"calling_self"` if the server is the
 * caller, `["nodedown", node]` if the node of the server cannot be reached, otherwise the exit reason of the
 * server.
 * @throws {RangeError} If `timeout` is negative, fractional or not a number.
 * @throws {TypeError} If `server` is not a valid server reference.
 * @see OTP `gen_server:call/3`; there the caller exits, here the promise rejects.
 *
 * @example The exit of a failed call
 * ```ts
 * import { Exit, GenServer } from "@denotp/otp";
 * import { assertEquals, assertRejects } from "@std/assert";
 *
 * const { reason } = await assertRejects(() => GenServer.call("nobody", "pop"), Exit);
 * assertEquals(reason, ["noproc", ["GenServer", "call", ["nobody", "pop", 5000]]]);
 * ```
 */
export function call<
  const Server extends ServerRef,
  const Request extends CallRequest<ModuleOf<Server>>,
>(
  server: Server,
  request: Request,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<CallReply<ModuleOf<Server>, Request>> {
  return ask(server, request, timeout, CALL) as Promise<CallReply<ModuleOf<Server>, Request>>;
}

/**
 * Sends `request` to a server without waiting for a reply. Returns `"ok"`, whether or not there is such a
 * process.
 *
 * Casts and calls from one process to one server arrive in the order they were made.
 *
 * @throws {TypeError} If `server` is not a valid server reference.
 * @see OTP `gen_server:cast/2`
 *
 * @example A cast, and a call that is handled after it
 * ```ts
 * import { GenServer, noreply, ok, reply, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Counter = {
 *   init: (count: number) => ok(count),
 *   handleCall: (_request: "get", _from: GenServer.From, count: number) => reply(count, count),
 *   handleCast: (_request: "increment", count: number) => noreply(count + 1),
 * };
 *
 * const counter = unwrap(await GenServer.start(Counter, 1));
 * assertEquals(GenServer.cast(counter, "increment"), "ok");
 * assertEquals(await GenServer.call(counter, "get"), 2);
 * ```
 */
export function cast<const Server extends ServerRef>(
  server: Server,
  request: CastRequest<ModuleOf<Server>>,
): "ok" {
  fence();
  const pid = server instanceof Pid
    ? server
    : typeof server === "string" || typeof server === "symbol"
    ? resolve(server) as Pid | undefined
    : undefined;
  if (pid === undefined) {
    castByName(server, request);
    return "ok";
  }
  const { process } = pid;
  if (process !== null) {
    process.push(CAST, message(request));
    schedule(process);
  } else sendToPid(pid, ["$gen_cast", request]);
  return "ok";
}

function castByName(server: ServerRef, request: Term): void {
  if (typeof server === "string" || typeof server === "symbol") return charge(current);
  if (server === undefined || server === null) return charge(current); // ignored; a call fails with noproc
  const sent = attempt(() => send(server, ["$gen_cast", request]));
  if (isThenable(sent)) sent.then(undefined, () => {});
}

/** Runs `body`. A cast ignores exits and errors of a registry, but not an invalid server reference. */
function attempt(body: () => unknown): unknown {
  try {
    return body();
  } catch (error) {
    if (error instanceof InvalidServerError) throw error;
    return undefined;
  }
}

/**
 * Replies to a call from a later callback, or from another process.
 *
 * `from` is what `handleCall` was given; if it is a `From<string>`, the value must be a string. Has no effect
 * if the caller has exited or was already answered.
 *
 * @throws {TypeError} If `from` is not a `From`, or if `value` is a promise or has a method `then`: await it first,
 * or wrap it in an array. For the reply of a callback, the server exits with that error.
 * @see OTP `gen_server:reply/2`
 *
 * @example Replying later, while other callers are served
 * ```ts
 * import { GenServer, noreply, ok, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * type Guest = GenServer.From<string>;
 *
 * const Door = {
 *   init: () => ok<Guest[]>([]),
 *   handleCall: (_request: "wait", from: Guest, waiting: Guest[]) => noreply([...waiting, from]),
 *   handleCast: (_request: "open", waiting: Guest[]) => {
 *     for (const from of waiting) GenServer.reply(from, "come in");
 *     return noreply([]);
 *   },
 * };
 *
 * const door = unwrap(await GenServer.start(Door));
 * const guests: Promise<string>[] = [GenServer.call(door, "wait"), GenServer.call(door, "wait")];
 * GenServer.cast(door, "open");
 * assertEquals(await Promise.all(guests), ["come in", "come in"]);
 * ```
 */
export function reply<Reply>(from: From<Reply>, value: NoInfer<Reply>): "ok" {
  fence();
  if (!isFrom(from)) {
    throw new TypeError(
      `Cannot reply: expected the from that handleCall was given, found ${inspect(from)}`,
    );
  }
  if (hasThen(value)) throw thenError("reply with");
  answer(from, value);
  return "ok";
}

/**
 * Stops a server in an orderly way: `terminate` is called with `reason`, also if the server does not trap
 * exits. Resolves with `"ok"` when the server has exited.
 *
 * An abnormal `reason` is logged as a crash.
 *
 * @param reason The exit reason, default `"normal"`.
 * @param timeout In milliseconds, default `Infinity`. The server continues to stop after a timeout.
 * @throws {Exit} `[why, ["GenServer", "stop", [server, reason, timeout]]]`, where `why` is `"noproc"`,
 * `"timeout"`, `"calling_self"`, or the exit reason of the server if it is not `reason`.
 * @throws {RangeError} If `timeout` is negative, fractional or not a number.
 * @see OTP `gen_server:stop/1,3`
 *
 * @example `terminate` runs, and the name is released
 * ```ts
 * import { GenServer, ok } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const log: unknown[] = [];
 * const Server = {
 *   init: () => ok("state"),
 *   terminate: (reason: unknown, state: string) => log.push([reason, state]),
 * };
 * await GenServer.start(Server, undefined, { name: "server" });
 * assertEquals(await GenServer.stop("server", "shutdown"), "ok");
 * assertEquals(log, [["shutdown", "state"]]);
 * assertEquals(GenServer.whereis("server"), undefined);
 * ```
 */
export function stop(
  server: ServerRef,
  reason: Term = "normal",
  timeout: number = Infinity,
): Promise<"ok"> {
  return askToStop(server, reason, timeout, STOP);
}

/**
 * Returns the pid of a server reference, or `undefined` if the name is not registered. A name on another node
 * is returned as it is.
 *
 * If the registry returns promises, the result is a promise, too.
 *
 * @throws {TypeError} If `server` is not a valid server reference, or its registry returns something that is
 * not a pid.
 * @throws {Exit} `["timeout", ["NameRegistry", "whereisName", [key]]]` if the registry does not answer
 * within 5000 ms.
 * @see Elixir `GenServer.whereis/1`
 *
 * @example The pid of a name
 * ```ts
 * import { GenServer, ok, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const server = unwrap(await GenServer.start({ init: () => ok(0) }, undefined, { name: "server" }));
 * assertEquals(GenServer.whereis("server"), server);
 * assertEquals(GenServer.whereis("another"), undefined);
 * ```
 */
export function whereis<const Server extends ServerRef>(
  server: Server,
): Awaitable<Pid<ModuleOf<Server>> | readonly [Atom, NodeName] | undefined> {
  const process = selfIfKnown();
  if (isElsewhere(server) && !isPid(server)) return server;
  return locate(process, server) as Awaitable<Pid<ModuleOf<Server>> | undefined>;
}

/**
 * Casts `request` to the server registered as `name` on each of `nodes`. Returns `"abcast"`. Nodes that
 * cannot be reached are ignored.
 *
 * @param nodes Default: this node and all connected nodes except hidden ones.
 * @see OTP `gen_server:abcast/2,3`
 *
 * @example A cast to the same server on all nodes
 * ```ts
 * import { GenServer, noreply, ok, reply } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Cache = {
 *   init: () => ok(["a", "b"]),
 *   handleCall: (_request: "all", _from: GenServer.From, items: string[]) => reply(items, items),
 *   handleCast: (_request: "clear", _items: string[]) => noreply<string[]>([]),
 * };
 *
 * await GenServer.start(Cache, undefined, { name: "cache" });
 * assertEquals(GenServer.abcast("cache", "clear"), "abcast");
 * assertEquals(await GenServer.call("cache", "all"), []);
 * ```
 */
export function abcast(
  name: Atom,
  request: Term,
  nodes: readonly NodeName[] = allNodes(),
): "abcast" {
  for (const node of nodes) cast([name, node], request);
  return "abcast";
}

/**
 * Calls the server registered as `name` on each of `nodes` concurrently. Resolves with `[replies, badNodes]`:
 * a `[node, reply]` pair for each node that replied within `timeout`, and the nodes that did not.
 *
 * @param nodes Default: this node and all connected nodes except hidden ones.
 * @param timeout In milliseconds, default `Infinity`.
 * @see OTP `gen_server:multi_call/2,3,4`
 *
 * @example A call to the same server on all nodes
 * ```ts
 * import { GenServer, ok, reply } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Store = {
 *   init: () => ok(3),
 *   handleCall: (_request: "size", _from: GenServer.From, size: number) => reply(size, size),
 * };
 *
 * await GenServer.start(Store, undefined, { name: "store" });
 * const [replies, badNodes] = await GenServer.multiCall("store", "size", 5000);
 * assertEquals(replies, [["nonode@nohost", 3]]);
 * assertEquals(badNodes, []);
 * ```
 */
export function multiCall(
  name: Atom,
  request: Term,
  timeout: number = Infinity,
  nodes: readonly NodeName[] = allNodes(),
): Promise<readonly [replies: (readonly [NodeName, Term])[], badNodes: NodeName[]]> {
  return fairly(async () => {
    checkTimeout("call", timeout);
    const outcomes = await Promise.all(
      nodes.map((node) =>
        call([name, node], request, timeout).then(
          (value: Term) => ({ node, value }),
          (error: unknown) => {
            if (error instanceof Exit) return { node };
            throw error;
          },
        )
      ),
    );
    const replies = outcomes.flatMap((outcome) =>
      "value" in outcome ? [[outcome.node, outcome.value] as const] : []
    );
    return [replies, outcomes.flatMap((outcome) => "value" in outcome ? [] : [outcome.node])];
  });
}

// --- Becoming a server --------------------------------------------------------------------------

/**
 * Turns the calling process into a server with the given `state`; `init` is not called. The process must have
 * been started by `ProcLib`, and, if it is to have a name, must have registered itself. Return or await the
 * promise: it never settles, and code after it does not run.
 *
 * The parent of the server is the process that started this one, linked or not.
 *
 * @param name The name under which the process is registered. Default, or if it is its own pid: none.
 * @param extra As in the response of a callback.
 * @throws {Exit} `"process_was_not_started_by_proc_lib"`; `"process_not_registered"`,
 * `"process_not_registered_globally"` or `["process_not_registered_via", registry]` if the process is not
 * registered under that name.
 * @throws {TypeError} If `module` is not a callback module, or a debug option is unknown.
 * @see OTP `gen_server:enter_loop/3,4,5`
 *
 * @example Initialization in a function, then serving
 * ```ts
 * import { GenServer, Process, ProcLib, reply, self, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Stack = {
 *   init: () => "ignore" as const,
 *   handleCall: (_request: "pop", _from: GenServer.From, [top, ...rest]: string[]) => reply(top, rest),
 * };
 *
 * async function begin(): Promise<never> {
 *   Process.register(self(), "stack");
 *   ProcLib.initAck(["ok", self()]);
 *   return await GenServer.enterLoop(Stack, {}, ["a", "b"], "stack");
 * }
 *
 * const stack = unwrap(await ProcLib.startLink(begin));
 * assertEquals(await GenServer.call("stack", "pop"), "a");
 * await GenServer.stop(stack);
 * ```
 */
export function enterLoop<M extends Callbacks>(
  module: Consistent<M>,
  options: EnterLoopOptions,
  state: StateOf<M>,
  name?: Name | Pid,
  extra?: Extra,
): Promise<never> {
  return fairly(async () => {
    const behaviour = behaviourOf(module as Module);
    checkOptions("enter the loop", options, LOOP_OPTIONS);
    if (extra !== undefined && !isExtra(extra)) {
      throw new TypeError(
        'Cannot enter the loop: expected a timeout, "hibernate" or ["continue", term], found ' +
          inspect(extra),
      );
    }
    await assertRegistered(name);
    const process = self();
    if (!isLaunched(process)) throw exit("process_was_not_started_by_proc_lib");
    behaviour.enter(process, options, state, isPid(name) ? undefined : name, extra);
    return await new Promise<never>(() => {});
  });
}

// --- Supervision --------------------------------------------------------------------------------

// deno-lint-ignore no-explicit-any -- what it returns does not matter
type WithStartLink<Args extends unknown[]> = { startLink: (...args: Args) => any };

/** The first parameter of a module's `startLink`; `unknown` if it has none. */
export type StartLinkArgument<M> = M extends WithStartLink<infer Args>
  ? Args extends readonly [] ? unknown : Args[0]
  : unknown;

/**
 * Returns the child specification of a server for a supervisor: `start` is the `startLink` of the module with
 * `argument`, `id` is the module.
 *
 * @param argument The argument of the module's `startLink`.
 * @param overrides Fields to override: `id`, `restart`, `shutdown`, `start`, …
 * @see Elixir's `use GenServer`, which defines `child_spec/1`
 *
 * @example A specification with another id
 * ```ts
 * import { GenServer, ok } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Cache = {
 *   init: (size: number) => ok({ size }),
 *   startLink: (size: number) => GenServer.startLink(Cache, size),
 * };
 * assertEquals(GenServer.childSpec(Cache, 100, { id: "cache", restart: "transient" }), {
 *   id: "cache",
 *   start: [Cache, "startLink", [100]],
 *   restart: "transient",
 * });
 * ```
 */
export function childSpec<M extends object>(
  module: M,
  argument: StartLinkArgument<M>,
  overrides: ChildSpecOverrides = {},
): ChildSpec {
  if (typeof (module as { whichChildren?: unknown }).whichChildren === "function") {
    throw new TypeError(
      `Cannot make the specification of a server: ${
        inspect(module)
      } is a supervisor; use its childSpec`,
    );
  }
  return withOverrides({ id: module, start: [module, "startLink", [argument]] }, overrides);
}
