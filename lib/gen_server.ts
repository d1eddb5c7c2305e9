/**
 * GenServer: a server's generic half. What is specific to a server is a module with callbacks.
 *
 * A server is a process that keeps a state and handles messages one at a time: calls, which are
 * answered, casts, which are not, and anything else that is sent to it. A callback may be async; the
 * next message then waits for its promise, as it would wait for a callback that takes long on the BEAM.
 *
 * **Two halves.** A module of a server has two: functions that clients call, and callbacks that run in
 * the server. An ES module that imports itself is to TypeScript what `__MODULE__` is to Elixir, and
 * gives the clients' half the types of the callbacks:
 *
 * ```ts ignore
 * // stack.ts
 * import { GenServer, noreply, ok, reply } from "@denotp/otp";
 * import * as Stack from "./stack.ts";
 *
 * type Ref = GenServer.ServerRef<typeof Stack>;
 *
 * // The clients' half
 * export const startLink = (items: string[]) => GenServer.startLink(Stack, items, { name: "stack" });
 * export const push = (stack: Ref, item: string) => GenServer.cast(stack, ["push", item]);
 * export const pop = (stack: Ref) => GenServer.call(stack, "pop");
 *
 * // The server's half
 * export const init = (items: string[]) => ok(items);
 * export const handleCall = (_request: "pop", _from: GenServer.From, [top, ...rest]: string[]) =>
 *   reply(top, rest);
 * export const handleCast = ([, item]: readonly ["push", string], items: string[]) =>
 *   noreply([item, ...items]);
 * ```
 *
 * **Requests have types.** What `handleCall` takes and replies is what {@linkcode call} takes and
 * resolves with, where the type of the server is known: of the pid from a start, or of a parameter
 * `GenServer.ServerRef<typeof Stack>`. Where requests differ in their replies, write one overload for
 * each, as Elixir has one clause for each. By a name, anything may be asked, unless {@linkcode Names} declares
 * the module behind it. A call that is answered later, by {@linkcode reply}, has the reply that its callback
 * declares: by the type of its `from`, `GenServer.From<string>`, or by what it returns,
 * `Reply<string, State> | Noreply<State>`.
 *
 * **The state has one type.** What `init` and the other callbacks return as the state is what each callback
 * takes; a module whose callbacks disagree does not compile where it is started, and the error names the
 * callback. Where the state is wider than its first value, say so: `ok<string[]>([])`.
 *
 * **Names.** With the option `name` a server is known by an atom (`"stack"`), a global name
 * (`["global", term]`), or a name in any registry (`["via", registry, key]`). Every function that takes a
 * server takes these, too. The name is there before `init` runs, and free again when the server has
 * ended.
 *
 * **Timeouts.** A call waits 5000 ms by default and then rejects; the server is not told, and a late
 * reply is dropped. A callback that returns a number besides the state has `"timeout"` sent to
 * `handleInfo` if so many milliseconds pass without a message. For something that happens regularly,
 * messages or not, use `Process.sendAfter`.
 *
 * **Failure.** What a callback throws ends the server, calls that wait for it reject, linked processes
 * get an exit signal, and the end is reported (`Logger`). Let a supervisor start it anew.
 *
 * **When not to use it.** A server handles one message after another: that is what it is for, and what
 * it costs. Code that has no state to share and nothing to serialise is better off as a function. State
 * that is only ever read and replaced is an `Agent`, a piece of work that is done once a `Task`. Nor
 * does a process per object make a program any better organised.
 *
 * **Looking inside.** `Sys.getState`, `Sys.trace` and their kin work on every server.
 *
 * @example A stack, all in one
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
 * @example One overload for each request, and its own reply
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
import { answer, isFrom } from "./gen/reply.ts";
import { checkTimeout, DEFAULT_TIMEOUT_MS } from "./gen/timeout.ts";
import type { CallKind, From } from "./kernel/calls.ts";
import { allNodes, isElsewhere } from "./kernel/distribution.ts";
import { Exit, exit } from "./kernel/exit.ts";
import { locate } from "./kernel/lookup.ts";
import { type Awaitable, isThenable } from "./kernel/awaitable.ts";
import {
  InvalidServerError,
  type ModuleOf,
  type Name,
  resolve,
  type ServerRef,
} from "./kernel/names.ts";
import { schedule } from "./kernel/scheduler.ts";
import { fence, self, selfIfKnown } from "./kernel/self.ts";
import { sendToPid } from "./kernel/signals.ts";
import {
  type Atom,
  inspect,
  isPid,
  message,
  type NodeName,
  Pid,
  type Term,
} from "./kernel/term.ts";
import { type ChildSpec, type ChildSpecOverrides, withOverrides } from "./child_spec.ts";
import { ask, stopKind } from "./gen/client.ts";
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

/** What this module is called where it is printed. */
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
 * Starts a server that is linked to the calling process, and resolves when its `init` is done.
 *
 * Resolves with `["ok", pid]`; with `["error", reason]` if `init` returned `stop(reason)`, threw, or
 * took longer than `options.timeout`; with `["error", ["already_started", pid]]` if the name is
 * taken; with `"ignore"` if `init` returned `ignore`. By then a name that was asked for is
 * registered, or free again if the start failed.
 *
 * Because of the link, a failed start also sends the caller an exit signal, which ends a process
 * that does not trap exits (`start` does not).
 *
 * @param module The callbacks, see {@linkcode Module}.
 * @param argumentAndOptions The argument, which `init` gets unchanged, and {@linkcode StartOptions}. An argument
 * that `init` does not need may be left out.
 * @throws {TypeError} If `module` has no `init`, or the name none of the forms of a name: the promise
 * rejects, and nothing was started.
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
 * Starts a server without a link to the calling process. Otherwise as {@linkcode startLink}.
 *
 * @see OTP `gen_server:start/3,4`
 */
export function start<M extends Callbacks>(
  module: Consistent<M>,
  ...argumentAndOptions: StartArguments<M>
): Promise<StartResult<M>> {
  return startAs("nolink", module as Module, ...argumentAndOptions) as Promise<StartResult<M>>;
}

/**
 * Starts a server that the calling process monitors: resolves with `["ok", [pid, ref]]`, and when
 * the server ends, `["DOWN", ref, "process", pid, reason]` arrives. Otherwise as {@linkcode start}.
 *
 * @see OTP `gen_server:start_monitor/3,4`
 *
 * @example
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
    return Promise.reject(error);
  }
}

/**
 * Sends `request` to a server and waits for its reply.
 *
 * Resolves with the value that the server gave in its `reply`, whatever its shape. The request is
 * passed by reference, not copied. Requests from one caller arrive in the order they were made;
 * between callers no order is promised. A reply later than the timeout is dropped.
 *
 * Types of request and reply come from the `handleCall` of the module that `server` is known to run, by the
 * type of its pid or by {@linkcode Names}: write it as one overload per request where replies differ. Of other
 * servers, any request and reply is taken.
 *
 * @param server A pid or any name.
 * @param request Handed to `handleCall` unchanged.
 * @param timeout In milliseconds, default 5000, `Infinity` for no limit.
 * @returns The server's reply.
 * @throws {Exit} `[why, ["GenServer", "call", [server, request, timeout]]]`, where `why` is `"noproc"`
 * if nobody has the name, `"timeout"` if no reply came in time, `"calling_self"` if the server is the
 * caller, `["nodedown", node]` if the server's node cannot be reached, else the server's own exit
 * reason.
 * @throws {RangeError} If `timeout` is negative, fractional or not a number.
 * @throws {TypeError} If `server` has none of the forms of a server.
 * @see OTP `gen_server:call/3`; there the caller exits, here the promise rejects.
 *
 * @example A call that fails
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
 * Sends `request` to a server and does not wait: answers `"ok"`, whether or not anybody is there.
 *
 * Casts and calls from one process to one server arrive in the order they were made.
 *
 * @throws {TypeError} If `server` has none of the forms of a server.
 * @see OTP `gen_server:cast/2`
 *
 * @example
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
  } else if (isElsewhere(pid)) sendToPid(pid, ["$gen_cast", request]);
  return "ok";
}

function castByName(server: ServerRef, request: Term): void {
  if (typeof server === "string" || typeof server === "symbol") return;
  if (server === undefined || server === null) return; // nobody, as for a call
  const sent = attempt(() => send(server, ["$gen_cast", request]));
  if (isThenable(sent)) sent.then(undefined, () => {});
}

/** Runs `body`; an exit or an error of a registry does not concern who casts, a wrong form does. */
function attempt(body: () => unknown): unknown {
  try {
    return body();
  } catch (error) {
    if (error instanceof InvalidServerError) throw error;
    return undefined;
  }
}

/**
 * Answers a call from anywhere: from a later callback, or another process.
 *
 * `from` is what `handleCall` was given. If that is a `From<string>`, the value has to be a string. A caller that has gone, or has had its answer, does not mind.
 *
 * @throws {TypeError} If `from` is none.
 * @see OTP `gen_server:reply/2`
 *
 * @example Answer later, and serve others meanwhile
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
  answer(from, value);
  return "ok";
}

/**
 * Stops a server in order: its `terminate` runs with `reason`, also if it does not trap exits.
 * Resolves with `"ok"` when it has ended.
 *
 * An abnormal `reason` is logged as a crash.
 *
 * @param reason The exit reason, default `"normal"`.
 * @param timeout In milliseconds, default `Infinity`. The server goes on stopping after that.
 * @throws {Exit} `[why, ["GenServer", "stop", [server, reason, timeout]]]`, where `why` is `"noproc"`,
 * `"timeout"`, `"calling_self"`, or the reason that the server ended with if that is another than was
 * asked for.
 * @throws {RangeError} If `timeout` is negative, fractional or not a number.
 * @see OTP `gen_server:stop/1,3`
 *
 * @example
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
  return ask(server, reason, timeout, STOP) as Promise<"ok">;
}

/**
 * The pid behind a server reference, or `undefined` if nobody has the name. Of a name on another
 * node, the name itself.
 *
 * A registry that answers with promises makes this answer a promise, too.
 *
 * @throws {TypeError} If `server` has none of the forms of a server, or its registry answers with something
 * that is no pid.
 * @throws {Exit} `["timeout", ["NameRegistry", "whereisName", [key]]]` if the registry does not answer
 * within 5000 ms.
 * @see Elixir `GenServer.whereis/1`
 */
export function whereis<const Server extends ServerRef>(
  server: Server,
): Awaitable<Pid<ModuleOf<Server>> | readonly [Atom, NodeName] | undefined> {
  const process = selfIfKnown();
  if (isElsewhere(server) && !isPid(server)) return server;
  return locate(process, server) as Awaitable<Pid<ModuleOf<Server>> | undefined>;
}

/**
 * Casts `request` to the server called `name` on each of `nodes`, and answers `"abcast"`.
 * Nodes that cannot be reached are passed over.
 *
 * @param nodes Default: this node and those that are connected, without hidden ones.
 * @see OTP `gen_server:abcast/2,3`
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
 * Calls the server called `name` on each of `nodes` at once. Resolves with `[replies, badNodes]`: a
 * `[node, reply]` pair for each that answered within `timeout`, and the nodes that did not.
 *
 * @param nodes Default: this node and those that are connected, without hidden ones.
 * @param timeout In milliseconds, default `Infinity`.
 * @see OTP `gen_server:multi_call/2,3,4`
 */
export async function multiCall(
  name: Atom,
  request: Term,
  timeout: number = Infinity,
  nodes: readonly NodeName[] = allNodes(),
): Promise<readonly [replies: (readonly [NodeName, Term])[], badNodes: NodeName[]]> {
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
}

// --- Becoming a server --------------------------------------------------------------------------

/**
 * Makes the calling process a server, with `state`: `init` is not called. For a process that
 * `ProcLib` started, and that has done what there was to do before; it must also have registered
 * itself, if it is to have a name. Return the promise, or await it: it never settles, and what comes
 * after it does not run.
 *
 * The process that started this one is the server's parent, linked or not.
 *
 * @param name The name that the process has registered; by default, or with its own pid, none.
 * @param extra As in a response of a callback.
 * @throws {Exit} `"process_was_not_started_by_proc_lib"`; `"process_not_registered"`,
 * `"process_not_registered_globally"` or `["process_not_registered_via", registry]` if the process does
 * not have that name.
 * @throws {TypeError} If `module` is no module of callbacks, or a debug option unknown.
 * @see OTP `gen_server:enter_loop/3,4,5`
 *
 * @example Start by hand, then serve
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
export async function enterLoop<M extends Callbacks>(
  module: Consistent<M>,
  options: EnterLoopOptions,
  state: StateOf<M>,
  name?: Name | Pid,
  extra?: Extra,
): Promise<never> {
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
}

// --- Supervision --------------------------------------------------------------------------------

// deno-lint-ignore no-explicit-any -- what it returns does not matter
type WithStartLink<Args extends unknown[]> = { startLink: (...args: Args) => any };

/** What the `startLink` of a module takes first; anything, if it has none. */
export type StartLinkArgument<M> = M extends WithStartLink<infer Args>
  ? Args extends readonly [] ? unknown : Args[0]
  : unknown;

/**
 * The child specification of a server for a supervisor: `start` is the module's own `startLink`
 * with `argument`, `id` the module.
 *
 * @param argument What the module's `startLink` takes.
 * @param overrides Fields that differ: `id`, `restart`, `shutdown`, `start`, …
 * @see Elixir's `use GenServer`, which defines `child_spec/1`
 *
 * @example
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
