/**
 * GenServer: a server's generic half. What is specific to a server is a module with callbacks.
 *
 * @module
 */

import {
  answer,
  Attributes,
  attributesOf,
  callbackOf,
  checkTimeout,
  Gen,
  isFrom,
  start as startGen,
  type StartMode,
  type StartMonitorResult,
  type StartOptions,
  type StartResult,
} from "./gen.ts";
import { type CallKind, type From, PendingCall } from "./kernel/calls.ts";
import { Exit, reasonOf } from "./kernel/exit.ts";
import { type Envelope, type Kind, PLAIN } from "./kernel/mailbox.ts";
import {
  type Awaitable,
  InvalidServerError,
  isOnNode,
  nodeName,
  resolve,
  type ServerRef,
} from "./kernel/names.ts";
import { HIBERNATING, type Process } from "./kernel/process.ts";
import { report } from "./kernel/report.ts";
import { schedule } from "./kernel/scheduler.ts";
import { fence } from "./kernel/self.ts";
import {
  type Atom,
  equal,
  inspect,
  message,
  type NodeName,
  Pid,
  type Term,
} from "./kernel/term.ts";
import type { ChildSpec, ChildSpecOverrides } from "./child_spec.ts";
import { ask } from "./client.ts";
import type { Extra } from "./response.ts";
import { send } from "./send.ts";

export type { From, ServerRef, StartMonitorResult, StartOptions, StartResult };

// --- The contract -------------------------------------------------------------------------------

/**
 * The callbacks of a GenServer module: an ES module namespace, an object or a class with static
 * methods. Only `init` is required. Each may be async.
 *
 * A thrown `Error` ends the server with `[error, stack]`, `throw exit(reason)` with `reason`; a
 * thrown value that is no `Error` counts as returned.
 */
export interface Module {
  /** Makes the first state. Runs in the new process, under its name, before `startLink` resolves. */
  // deno-lint-ignore no-explicit-any -- the argument is the module's own business
  init(argument: any): unknown;
  /** Handles a `call`. Without it, a call ends the server. */
  // deno-lint-ignore no-explicit-any
  handleCall?(request: any, from: From, state: any): unknown;
  /** Handles a `cast`. Without it, a cast ends the server. */
  // deno-lint-ignore no-explicit-any
  handleCast?(request: any, state: any): unknown;
  /** Handles any other message, `"timeout"` among them. Without it, a message is logged and dropped. */
  // deno-lint-ignore no-explicit-any
  handleInfo?(message: any, state: any): unknown;
  /** Goes on where a callback left off with `["continue", argument]`. */
  // deno-lint-ignore no-explicit-any
  handleContinue?(argument: any, state: any): unknown;
  /**
   * Cleans up. Called when the server stops by itself, by `stop` or `Sys.terminate`, after an error,
   * and, if it traps exits, when its parent ends; never when an exit signal ends it otherwise.
   */
  // deno-lint-ignore no-explicit-any
  terminate?(reason: any, state: any): unknown;
  /** Converts the state for a new version of the module: `["ok", state]` or `["error", reason]`. */
  // deno-lint-ignore no-explicit-any
  codeChange?(oldVersion: any, state: any, extra: any): unknown;
  /** Words `{ state, message }` for reports and `Sys.getStatus`: the place to hide secrets. */
  formatStatus?(status: Status): Status;
}

/** What `formatStatus` may alter. */
export interface Status {
  /** The server's state. */
  readonly state?: Term;
  /** The message that it had taken last. */
  readonly message?: Term;
}

// deno-lint-ignore no-explicit-any -- inference reads callbacks of any kind
type AnyFunction = (...args: any[]) => any;

/** The clauses of an overloaded function, each as `[parameters, result]`. */
type Clauses<F> = F extends {
  (...a: infer A1): infer R1;
  (...a: infer A2): infer R2;
  (...a: infer A3): infer R3;
  (...a: infer A4): infer R4;
  (...a: infer A5): infer R5;
  (...a: infer A6): infer R6;
  (...a: infer A7): infer R7;
  (...a: infer A8): infer R8;
  (...a: infer A9): infer R9;
  (...a: infer A10): infer R10;
  (...a: infer A11): infer R11;
  (...a: infer A12): infer R12;
} ?
    | [A1, R1]
    | [A2, R2]
    | [A3, R3]
    | [A4, R4]
    | [A5, R5]
    | [A6, R6]
    | [A7, R7]
    | [A8, R8]
    | [A9, R9]
    | [A10, R10]
    | [A11, R11]
    | [A12, R12]
  : never;

/** The first parameter of each clause. */
type FirstOf<C> = C extends [[infer Request, ...infer _], unknown] ? Request : never;

/** What a response gives the caller. */
type ReplyIn<Response> = Response extends readonly ["reply", infer Value, ...infer _] ? Value
  : Response extends readonly ["stop", Term, infer Value, unknown] ? Value
  : never;

/** The reply to `Request`, of the clauses that take it. */
type ReplyFor<C, Request> = C extends [[infer Taken, ...infer _], infer Response]
  ? [Request] extends [Taken] ? ReplyIn<Awaited<Response>>
  : never
  : never;

type OrUnknown<T> = [T] extends [never] ? unknown : T;

/** The requests that a module's `handleCall` takes. */
export type CallRequest<M> = M extends { handleCall: infer F extends AnyFunction }
  ? FirstOf<Clauses<F>>
  : unknown;

/** What a module's `handleCall` replies to a request of type `Request`. */
export type CallReply<M, Request> = M extends { handleCall: infer F extends AnyFunction }
  ? OrUnknown<ReplyFor<Clauses<F>, Request>>
  // deno-lint-ignore no-explicit-any -- nothing is known about the server
  : any;

/** The requests that a module's `handleCast` takes. */
export type CastRequest<M> = M extends { handleCast: infer F extends AnyFunction }
  ? FirstOf<Clauses<F>>
  : unknown;

/** What a module's `init` takes. */
export type InitArgument<M> = M extends { init: (...args: infer Args) => unknown }
  ? Args extends readonly [] ? void : Args[0]
  : unknown;

// --- The server's half --------------------------------------------------------------------------

/** The kind of a cast in a mailbox. */
const CAST: Envelope = { toMessage: (request) => ["$gen_cast", request] };

/** One callback module's servers. */
class GenServer extends Gen {
  readonly kind = "gen_server";
  readonly #module: Module;
  readonly #init: (argument: Term) => unknown;
  readonly #handleCall: ReturnType<typeof callbackOf>;
  readonly #handleCast: ReturnType<typeof callbackOf>;
  readonly #handleInfo: ReturnType<typeof callbackOf>;
  readonly #handleContinue: ReturnType<typeof callbackOf>;
  readonly #terminate: ReturnType<typeof callbackOf>;

  constructor(module: Module) {
    super(module);
    this.#module = module;
    this.#init = callbackOf(module, "init")!;
    this.#handleCall = callbackOf(module, "handleCall");
    this.#handleCast = callbackOf(module, "handleCast");
    this.#handleInfo = callbackOf(module, "handleInfo");
    this.#handleContinue = callbackOf(module, "handleContinue");
    this.#terminate = callbackOf(module, "terminate");
  }

  protected init(_process: Process, argument: Term): unknown {
    return this.#init(argument);
  }

  protected started(process: Process, outcome: unknown): void {
    const response = outcome as readonly Term[];
    if (Array.isArray(response)) {
      const { length } = response;
      if (response[0] === "ok" && (length === 2 || (length === 3 && isExtra(response[2])))) {
        this.ready(process, response[1]);
        if (length === 3) this.#applyExtra(process, response[2] as Extra);
        return;
      }
      if (response[0] === "stop" && length === 2) return this.refuse(process, response[1]);
    } else if (outcome === "ignore") {
      return this.ignore(process);
    }
    this.refuse(process, ["bad_return_value", outcome]);
  }

  protected handle(process: Process, kind: Kind, payload: Term): void {
    let response: unknown;
    try {
      if (kind === CAST) {
        response = this.#handleCast === undefined
          ? this.#missing("handleCast", payload)
          : this.#handleCast(payload, process.state);
      } else if (kind !== PLAIN) {
        response = this.#handleCall === undefined
          ? this.#missing("handleCall", payload)
          : this.#handleCall(payload, (kind as PendingCall).from, process.state);
      } else {
        return this.#handlePlain(process, payload);
      }
    } catch (thrown) {
      return this.#caught(process, thrown, kind, payload);
    }
    this.#settle(process, response, kind, payload);
  }

  protected handleIdleTimeout(process: Process): void {
    this.#handlePlain(process, "timeout");
  }

  protected runTerminate(process: Process, reason: Term): unknown {
    return this.#terminate?.(reason, process.state);
  }

  override formatState(process: Process): Term {
    const { formatStatus } = this.#module;
    return formatStatus === undefined
      ? process.state
      : formatStatus.call(this.#module, { state: process.state }).state;
  }

  override formatMessage(message: Term): Term {
    const { formatStatus } = this.#module;
    return formatStatus === undefined
      ? message
      : formatStatus.call(this.#module, { message }).message;
  }

  override async changeCode(process: Process, oldVersion: Term, extra: Term): Promise<Term> {
    const codeChange = callbackOf(this.#module, "codeChange");
    if (codeChange === undefined) return ["error", ["undef", "codeChange"]];
    const result = await codeChange(oldVersion, process.state, extra);
    if (!Array.isArray(result) || result[0] !== "ok") return result;
    process.state = result[1];
    return "ok";
  }

  /** A message that is neither ours nor the scheduler's: OTP's own shapes of calls and casts included. */
  #handlePlain(process: Process, payload: Term): void {
    let response: unknown;
    try {
      if (Array.isArray(payload) && payload[0] === "$gen_cast" && payload.length === 2) {
        return this.handle(process, CAST, payload[1]);
      }
      if (
        Array.isArray(payload) && payload[0] === "$gen_call" && payload.length === 3 &&
        isFrom(payload[1])
      ) {
        return this.#handleForeignCall(process, payload[1], payload[2], payload);
      }
      response = this.#handleInfo === undefined
        ? this.#unhandled(process, payload)
        : this.#handleInfo(payload, process.state);
    } catch (thrown) {
      return this.#caught(process, thrown, PLAIN, payload);
    }
    this.#settle(process, response, PLAIN, payload);
  }

  /** A call whose sender built the message itself. */
  #handleForeignCall(process: Process, from: From, request: Term, payload: Term): void {
    this.run(
      process,
      () =>
        this.#handleCall?.(request, from, process.state) ?? this.#missing("handleCall", request),
      (response) => this.#respond(process, response, PLAIN, payload, from),
      (thrown) => this.stop(process, reasonOf(thrown), PLAIN, payload),
    );
  }

  #settle(process: Process, response: unknown, kind: Kind, payload: Term): void {
    if (process.isDead) return;
    if (Array.isArray(response)) return this.#respond(process, response, kind, payload);
    this.run(
      process,
      () => response,
      (value) => this.#respond(process, value, kind, payload),
      (thrown) => this.stop(process, reasonOf(thrown), kind, payload),
    );
  }

  #caught(process: Process, thrown: unknown, kind: Kind, payload: Term): void {
    if (process.isDead) return;
    if (thrown instanceof Error) this.stop(process, reasonOf(thrown), kind, payload);
    else this.#respond(process, thrown, kind, payload);
  }

  /** Does what a response tuple says. */
  #respond(
    process: Process,
    response: unknown,
    kind: Kind,
    payload: Term,
    from: From | null = null,
  ): void {
    if (!Array.isArray(response)) return this.#badReturn(process, response, kind, payload);
    const { length } = response;
    const isCall = from !== null || kind instanceof PendingCall;
    switch (response[0]) {
      case "reply":
        if (!isCall || length < 3 || length > 4 || (length === 4 && !isExtra(response[3]))) break;
        process.state = response[2];
        if (process.server !== null) {
          debugOut(process, response[1], from ?? (kind as PendingCall).from);
        }
        if (from === null) (kind as PendingCall).reply(response[1]);
        else answer(from, response[1]);
        if (length === 4) this.#applyExtra(process, response[3]);
        return;
      case "noreply":
        if (length < 2 || length > 3 || (length === 3 && !isExtra(response[2]))) break;
        process.state = response[1];
        if (process.server !== null) debugNoreply(process);
        if (length === 3) this.#applyExtra(process, response[2]);
        return;
      case "stop":
        if (length === 3) {
          process.state = response[2];
          return this.stop(process, response[1], kind, payload);
        }
        if (length === 4 && isCall) {
          process.state = response[3];
          const client = from ?? (kind as PendingCall).from;
          return this.stop(process, response[1], kind, payload, () => answer(client, response[2]));
        }
    }
    this.#badReturn(process, response, kind, payload);
  }

  #badReturn(process: Process, response: unknown, kind: Kind, payload: Term): void {
    this.stop(process, ["bad_return_value", response], kind, payload);
  }

  #applyExtra(process: Process, extra: Extra): void {
    if (extra === "hibernate") process.flags |= HIBERNATING;
    else if (typeof extra === "number") {
      if (extra !== Infinity) this.setIdleTimeout(process, extra);
    } else this.#continue(process, extra[1]);
  }

  #continue(process: Process, argument: Term): void {
    const message = ["continue", argument];
    this.run(
      process,
      () =>
        this.#handleContinue === undefined
          ? this.#missing("handleContinue", argument)
          : this.#handleContinue(argument, process.state),
      (response) => this.#respond(process, response, PLAIN, message),
      (thrown) => this.stop(process, reasonOf(thrown), PLAIN, message),
    );
  }

  #missing(callback: string, argument: Term): never {
    throw new TypeError(
      `Cannot handle ${inspect(argument)}: the GenServer module has no ${callback} callback`,
    );
  }

  #unhandled(process: Process, payload: Term): readonly ["noreply", Term] {
    report({
      level: "warning",
      kind: "unhandled_message",
      pid: process.pid,
      lastMessage: payload,
      details: { module: this.module },
    });
    return ["noreply", process.state];
  }
}

function isExtra(value: unknown): value is Extra {
  return value === "hibernate" ||
    (typeof value === "number" && value >= 0) ||
    (Array.isArray(value) && value.length === 2 && value[0] === "continue");
}

function debugOut(process: Process, value: Term, [client]: From): void {
  (process.server as Attributes).debug?.event(process, ["out", value, client, process.state]);
}

function debugNoreply(process: Process): void {
  (process.server as Attributes).debug?.event(process, ["noreply", process.state]);
}

const behaviours = new WeakMap<object, GenServer>();

function behaviourOf(module: Module): GenServer {
  let behaviour = behaviours.get(module);
  if (behaviour !== undefined) return behaviour;
  if ((typeof module !== "object" && typeof module !== "function") || module === null) {
    throw new TypeError(
      `Cannot start a GenServer: expected a module with callbacks, found ${inspect(module)}`,
    );
  }
  if (typeof module.init !== "function") {
    throw new TypeError(
      `Cannot start a GenServer: its module must have an init callback, found ${
        inspect(Object.keys(module))
      }`,
    );
  }
  behaviour = new GenServer(module);
  behaviours.set(module, behaviour);
  return behaviour;
}

// --- The clients' half --------------------------------------------------------------------------

/** How long a call waits by default, in milliseconds. */
const DEFAULT_TIMEOUT_MS = 5000;

const CALL: CallKind = {
  describe: ({ server, request, timeout }) => ["GenServer", "call", [server, request, timeout]],
};

const STOP: CallKind = {
  message: ({ caller, request }) => ["system", [caller.pid, null], ["terminate", request]],
  describe: ({ server, request, timeout }) => ["GenServer", "stop", [server, request, timeout]],
  ended(call, reason) {
    if (equal(reason, call.request)) call.reply("ok");
    else call.fail(reason);
  },
};

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
 * @param argument Handed to `init` unchanged.
 * @throws {TypeError} If `module` has no `init`, or the name none of the forms of a name: the promise
 * rejects, and nothing was started.
 * @throws {RangeError} If `options.timeout` is negative or not a number.
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
export function startLink<M extends Module>(
  module: M,
  argument: InitArgument<M>,
  options: StartOptions = {},
): Promise<StartResult<M>> {
  return startAs("link", module, argument, options) as Promise<StartResult<M>>;
}

/**
 * Starts a server without a link to the calling process. Otherwise as {@linkcode startLink}.
 *
 * @see OTP `gen_server:start/3,4`
 */
export function start<M extends Module>(
  module: M,
  argument: InitArgument<M>,
  options: StartOptions = {},
): Promise<StartResult<M>> {
  return startAs("nolink", module, argument, options) as Promise<StartResult<M>>;
}

/**
 * Starts a server that the calling process monitors: resolves with `["ok", [pid, ref]]`, and when
 * the server ends, `["DOWN", ref, "process", pid, reason]` arrives. Otherwise as {@linkcode start}.
 *
 * @see OTP `gen_server:start_monitor/3,4`
 */
export function startMonitor<M extends Module>(
  module: M,
  argument: InitArgument<M>,
  options: StartOptions = {},
): Promise<StartMonitorResult<M>> {
  return startAs("monitor", module, argument, options) as Promise<StartMonitorResult<M>>;
}

function startAs(
  mode: StartMode,
  module: Module,
  argument: Term,
  options: StartOptions,
): Promise<Term> {
  try {
    return startGen(behaviourOf(module), argument, options, mode);
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
 * Types of request and reply come from the `handleCall` of the module that `server` is known to
 * run: write it as one overload per request where replies differ.
 *
 * @param server A pid or any name.
 * @param request Handed to `handleCall` unchanged.
 * @param timeout In milliseconds, default 5000, `Infinity` for no limit.
 * @returns The server's reply.
 * @throws {Exit} `[why, ["GenServer", "call", [server, request, timeout]]]`, where `why` is `"noproc"`
 * if nobody has the name, `"timeout"` if no reply came in time, `"calling_self"` if the server is the
 * caller, `["nodedown", node]` if the server's node cannot be reached, else the server's own exit
 * reason.
 * @throws {RangeError} If `timeout` is negative or not a number.
 * @throws {TypeError} If `server` has none of the forms of a server.
 * @see OTP `gen_server:call/3`; there the caller exits, here the promise rejects.
 */
export function call<M, const Request extends CallRequest<M>>(
  server: ServerRef<M>,
  request: Request,
  timeout: number = DEFAULT_TIMEOUT_MS,
): Promise<CallReply<M, Request>> {
  return ask(server, request, timeout, CALL) as Promise<CallReply<M, Request>>;
}

/**
 * Sends `request` to a server and does not wait: answers `"ok"`, whether or not anybody is there.
 *
 * Casts and calls from one process to one server arrive in the order they were made.
 *
 * @throws {TypeError} If `server` has none of the forms of a server.
 * @see OTP `gen_server:cast/2`
 */
export function cast<M>(server: ServerRef<M>, request: CastRequest<M>): "ok" {
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
  }
  return "ok";
}

function castByName(server: ServerRef, request: Term): void {
  if (typeof server === "string" || typeof server === "symbol") return;
  const sent = attempt(() => send(server, ["$gen_cast", request]));
  if (sent instanceof Promise) sent.catch(() => {});
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
 * `from` is what `handleCall` was given. A caller that has gone, or has had its answer, does not mind.
 *
 * @see OTP `gen_server:reply/2`
 */
export function reply(from: From, value: Term): "ok" {
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
 * `"timeout"`, or the reason that the server ended with if that is another than was asked for.
 * @see OTP `gen_server:stop/1,3`
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
 * @see Elixir `GenServer.whereis/1`
 */
export function whereis<M>(
  server: ServerRef<M>,
): Awaitable<Pid<M> | readonly [Atom, NodeName] | undefined> {
  fence();
  if (isOnNode(server) && server[1] !== nodeName()) return server;
  return resolve(server) as Awaitable<Pid<M> | undefined>;
}

/**
 * Casts `request` to the server called `name` on each of `nodes`, and answers `"abcast"`.
 * Nodes that cannot be reached are passed over.
 *
 * @param nodes Default: this node.
 * @see OTP `gen_server:abcast/2,3`
 */
export function abcast(
  name: Atom,
  request: Term,
  nodes: readonly NodeName[] = [nodeName()],
): "abcast" {
  for (const node of nodes) cast([name, node], request);
  return "abcast";
}

/**
 * Calls the server called `name` on each of `nodes` at once. Resolves with `[replies, badNodes]`: a
 * `[node, reply]` pair for each that answered within `timeout`, and the nodes that did not.
 *
 * @param nodes Default: this node.
 * @param timeout In milliseconds, default `Infinity`.
 * @see OTP `gen_server:multi_call/2,3,4`
 */
export async function multiCall(
  name: Atom,
  request: Term,
  timeout: number = Infinity,
  nodes: readonly NodeName[] = [nodeName()],
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

/**
 * The child specification of a server for a supervisor: `start` is the module's own `startLink`
 * with `argument`, `id` the module.
 *
 * @param overrides Fields that differ: `id`, `restart`, `shutdown`, `start`, …
 * @see Elixir's `use GenServer`, which defines `child_spec/1`
 */
export function childSpec(
  module: object,
  argument: Term,
  overrides: ChildSpecOverrides = {},
): ChildSpec {
  return { id: module, start: [module, "startLink", [argument]], ...overrides };
}
