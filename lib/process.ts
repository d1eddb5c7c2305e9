/**
 * Process: spawning, exit signals, links, monitors, aliases, local names, timers, the process dictionary
 * and inspection. The functions of Elixir's `Process`, and the related ones of `Kernel` and `:erlang`.
 * They check their arguments and call the kernel, which does the work.
 *
 * @module
 */

import { ancestorsOf } from "./gen/crash.ts";
import { bind as bindIn } from "./kernel/bind.ts";
import { rejectFairly } from "./kernel/fair.ts";
import { checkTimeout } from "./gen/timeout.ts";
import { sleep as sleepIn } from "./kernel/receive.ts";
import { COROUTINE, Coroutine, spawnCoroutine } from "./kernel/coroutine.ts";
import { lookUp, REGISTRY_TIMEOUT_MS } from "./kernel/lookup.ts";
import type { Awaitable } from "./kernel/awaitable.ts";
import { NoProcessError } from "./kernel/exit.ts";
import { localNameOf, localRegistry, type ServerRef } from "./kernel/names.ts";
import { distribution, isElsewhere, isOnNode, type RemotePid } from "./kernel/distribution.ts";
import { leaderOf } from "./kernel/group_leader.ts";
import {
  aliveProcess,
  allProcesses,
  BUSY,
  HIBERNATING,
  OwnedTimer,
  type Process as KernelProcess,
  QUEUED,
  SUSPENDED,
  TRAP_EXIT,
} from "./kernel/process.ts";
import { charge, current } from "./kernel/scheduler.ts";
import { fence, hold, resourcesOf, self as selfProcess } from "./kernel/self.ts";
import {
  Alias,
  demonitor as demonitorOf,
  exitSignal,
  flushDown,
  link as linkTo,
  linksOf,
  Monitor,
  monitor as monitorFor,
  sendToPid,
  timerOf,
  unlink as unlinkFrom,
} from "./kernel/signals.ts";
import { inspect } from "./kernel/inspect.ts";
import {
  type Atom,
  equal,
  isAtom,
  isPid,
  type NodeName,
  nodeName,
  type Pid,
  Ref,
  type Term,
} from "./kernel/term.ts";
import { DISPOSE_TIMEOUT_MS } from "./kernel/resources.ts";
import { TermMap } from "./kernel/term_map.ts";
import { now } from "./kernel/clock.ts";
import { checkOptions } from "./kernel/options.ts";
import {
  assertOneOf,
  assertPriority,
  checkMonitorOptions,
  checkSpawnOptions,
  type MonitorOptions,
  type Priority,
  type StoredOptions,
  storedOptions,
  tie,
} from "./kernel/spawn_options.ts";
import { left, MAX_DELAY_MS, start } from "./kernel/timers.ts";
import { send } from "./send.ts";

/** What this module is called where it is printed. */
export const moduleName = "Process";

// --- Processes ----------------------------------------------------------------------------------

export type { MonitorOptions, Priority, StoredOptions };

/** Options of {@linkcode spawn}. */
export interface SpawnOptions extends StoredOptions {
  /** Whether to link the new process to the calling process. Default `false`. */
  readonly link?: boolean | undefined;
  /**
   * Whether to monitor it, with the options of the monitor if there are any: then the result is `[pid, ref]`.
   * Default `false`.
   */
  readonly monitor?: boolean | MonitorOptions | undefined;
}

/**
 * Returns the pid of the calling process. It can be called anywhere in the code of a process, also after
 * an `await`. Outside of processes it returns the pid of the main process, which is created on first use,
 * so that a script, a test and the REPL can send, receive, link and monitor. See the example of
 * {@linkcode send}.
 *
 * The code of a process starts in an asynchronous context of its own: it sees no `AsyncLocalStorage` store of the
 * code that started it, or that sends to it. Stores that it enters with `AsyncLocalStorage.run` are
 * seen within that call, also after an `await`. In a synchronous callback of a server, use `run` and not
 * `enterWith`: synchronous callbacks of several processes share a context.
 *
 * @throws {TypeError} In code that continues after a synchronous callback has returned without waiting
 * for it: then the calling process is unknown. Make the callback `async`, or call `self()` earlier.
 * @see Erlang `self/0`
 */
export function self(): Pid {
  return selfProcess().pid;
}

/**
 * Starts a process that runs `body`, and returns its pid at once, before `body` starts. When `body`
 * returns, or the promise that it returned is fulfilled, the process exits with `"normal"`. With
 * `throw exit(reason)` it exits with that reason; with any other exception it exits with
 * `[error, stack]`, and the error is reported.
 *
 * @throws {TypeError} If `body` is not a function, or an option is unknown or has a wrong value.
 * @see Erlang `spawn/1`, `spawn_opt/2`
 *
 * @example A process that sends a message to its parent
 * ```ts
 * import { receive, self, send, spawn } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const parent = self();
 * const child = spawn(() => void send(parent, ["hello from", self()]));
 * assertEquals(await receive(), ["hello from", child]);
 * ```
 */
export function spawn(body: () => unknown): Pid;
/** Starts a process with options; with `monitor: true` the result is `[pid, ref]`. */
export function spawn<const Options extends SpawnOptions>(
  body: () => unknown,
  options: Options,
): Options extends { readonly monitor: true | MonitorOptions } ? readonly [Pid, Ref] : Pid;
export function spawn(
  body: () => unknown,
  options?: SpawnOptions,
): Pid | readonly [Pid, Ref] {
  if (options === undefined) return begin(body).pid;
  checkSpawnOptions("spawn", options);
  const process = begin(body);
  const stored = storedOptions(options);
  if (stored !== null) process.more().options = stored;
  const ref = tie(selfProcess(), process, options);
  return ref === undefined ? process.pid : [process.pid, ref];
}

function begin(body: () => unknown): KernelProcess {
  if (typeof body === "function") return spawnCoroutine(selfProcess(), body);
  throw new TypeError(`Cannot spawn: expected a function, found ${inspect(body)}`);
}

/**
 * Starts a process that is linked to the calling process. Otherwise as {@linkcode spawn}. See the example
 * of {@linkcode link}.
 *
 * @see Erlang `spawn_link/1`
 */
export function spawnLink(body: () => unknown): Pid {
  const process = begin(body);
  linkTo(selfProcess(), process.pid);
  return process.pid;
}

/**
 * Starts a process and monitors it, in one step, and returns `[pid, ref]`. Otherwise as {@linkcode spawn}.
 *
 * @see Erlang `spawn_monitor/1`
 *
 * @example The exit reason of a monitored process
 * ```ts
 * import { exit, receive, spawnMonitor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const [pid, ref] = spawnMonitor(() => {
 *   throw exit("shutdown");
 * });
 * assertEquals(await receive(), ["DOWN", ref, "process", pid, "shutdown"]);
 * ```
 */
export function spawnMonitor(body: () => unknown): readonly [Pid, Ref] {
  const process = begin(body);
  return [process.pid, monitorFor(selfProcess(), process, process.pid)];
}

/**
 * Resolves after `ms` milliseconds, or never if `ms` is `Infinity`. Messages that arrive meanwhile stay
 * in the mailbox.
 *
 * @throws {RangeError} If `ms` is negative, fractional or not a number.
 * @see Elixir `Process.sleep/1`
 *
 * @example Pausing
 * ```ts
 * import { Process } from "@denotp/otp";
 * import { assert } from "@std/assert";
 *
 * const before = Process.monotonicTime();
 * await Process.sleep(5);
 * assert(Process.monotonicTime() - before >= 5);
 * ```
 */
export function sleep(ms: number): Promise<void> {
  try {
    checkTimeout("sleep", ms);
    return sleepIn(selfProcess(), ms);
  } catch (error) {
    return rejectFairly(error);
  }
}

/**
 * Marks the calling process as hibernating: it expects no message for some time. There is no stack to
 * discard here, so the only effect is that {@linkcode info} shows it. Unlike Erlang's `hibernate/3` it
 * takes no arguments, and returns.
 *
 * @example Hibernating
 * ```ts
 * import { Process } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Process.hibernate(), undefined);
 * ```
 */
export function hibernate(): void {
  selfProcess().flags |= HIBERNATING;
}

/**
 * Returns an `AbortSignal` that aborts when the calling process exits, with the exit reason. Pass it to
 * `fetch` and other asynchronous functions, so that their work is cancelled when the process is killed.
 *
 * @example Cancelling work with its process
 * ```ts
 * import { Process, receive, self, send, spawn } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const parent = self();
 * const worker = spawn(() => {
 *   send(parent, Process.signal());
 *   return receive();
 * });
 * const signal = await receive() as AbortSignal;
 * Process.exit(worker, "kill");
 * assertEquals(signal.aborted, true);
 * assertEquals(signal.reason, "killed");
 * ```
 */
export function signal(): AbortSignal {
  return (selfProcess().more().abort ??= new AbortController()).signal;
}

/**
 * Makes a function code of the calling process, whatever calls it. HTTP handlers, event listeners and callbacks
 * of host timers are called by the host, which does not tell to which process they belong: without `bind`
 * they run as code of the main process, or of the process that dispatches the event.
 *
 * The bound function takes the same `this` and arguments, and returns what `fn` returns. While it runs, and
 * after each `await` in it, `self()` is the process that called `bind`, and `AsyncLocalStorage` shows the
 * stores that were set there. After that process has exited, calls fail with the {@linkcode Exit} `"noproc"`.
 * It does not wait for the turn of the process: it can run between two parts of an async callback.
 *
 * An error goes to the caller, as from any function. If the caller is the host (a listener, a timer), or if
 * nothing handles the promise that `fn` has returned or left behind, the error ends the process, and not the
 * program. On Bun this does not include rejections, as Bun does not tell whose they are.
 *
 * @throws {TypeError} If `fn` is not a function.
 *
 * @example An HTTP server whose handlers are code of a process
 * ```ts ignore
 * import { GenServer, ok, Process } from "@denotp/otp";
 *
 * const Web = {
 *   startLink: () => GenServer.startLink(Web),
 *   init: () => {
 *     const handler = Process.bind(async () => new Response(await GenServer.call("counter", "next")));
 *     return ok(Deno.serve({ signal: Process.signal() }, handler));
 *   },
 * };
 * ```
 *
 * @example A listener that fails ends the process that has added it
 * ```ts
 * import { exit, Process, receive, spawnMonitor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const source = new EventTarget();
 * const [pid, ref] = spawnMonitor(async () => {
 *   const listener = Process.bind(() => {
 *     throw exit("enough");
 *   });
 *   source.addEventListener("full", listener, { signal: Process.signal() });
 *   await Process.sleep(Infinity);
 * });
 * await Process.sleep(1);
 * source.dispatchEvent(new Event("full"));
 * assertEquals(await receive(), ["DOWN", ref, "process", pid, "enough"]);
 * ```
 */
export function bind<This, Args extends unknown[], Result>(
  fn: (this: This, ...args: Args) => Result,
): (this: This, ...args: Args) => Result {
  if (typeof fn !== "function") {
    throw new TypeError(`Cannot bind: expected a function, found ${inspect(fn)}`);
  }
  return bindIn(fn);
}

// --- Resources ----------------------------------------------------------------------------------

/**
 * Makes the calling process hold a resource of the host, such as a listening socket, an open file or a child
 * program: anything with a method `Symbol.asyncDispose` or `Symbol.dispose`, the first of which is preferred.
 * Returns the resource. `null` and `undefined` are returned, too, and are not held.
 *
 * When the process exits, for any reason, what it holds is disposed of before anything else is told of the exit:
 * as the BEAM closes the ports of a process. So a TCP server that is killed can listen again as soon as its
 * supervisor starts it anew. In detail:
 *
 * 1. The process is *exiting*: its code has no further effect, its messages are dropped, {@linkcode isAlive} is
 *    `false`, {@linkcode info} is `undefined`. The signal of {@linkcode signal} aborts.
 * 2. Its resources are disposed of, the one acquired last first, one after another. That is code of no process:
 *    it may send, cast and log, but `self()`, calls and `receive` fail. What it throws is reported.
 * 3. When that is done, or has taken 500 milliseconds altogether, and the host has had a turn in which it closes
 *    them, names are released, calls fail, links and monitors are notified, as at every exit. All that needs one of
 *    these waits for it: a start under the same name, a supervisor that stops or restarts the process,
 *    `GenServer.stop`, `Task.shutdown`.
 *
 * The 500 milliseconds are added to the `shutdown` of a child, and are not shortened by a second `"kill"`. The
 * flag `"dispose_timeout"` ({@linkcode flag}) sets another time for the calling process. A resource that takes
 * longer is reported; the others are disposed of without waiting for them. A process without resources exits at
 * once.
 *
 * A resource that the process holds already is held once. Of the main process, resources are disposed of when it
 * is terminated by an exit signal, but not when the program ends.
 *
 * @throws {TypeError} If `resource` has neither method.
 * @throws {Exit} `"noproc"` if the calling process has exited. The resource is disposed of at once.
 * @see Erlang `port_close/1`; JavaScript `AsyncDisposableStack.prototype.use`
 *
 * @example A lock file that is removed with its process
 * ```ts
 * import { Process, receive, spawnMonitor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const locks = new Set<string>();
 * const lock = (name: string) => {
 *   locks.add(name);
 *   return { name, [Symbol.dispose]: () => void locks.delete(name) };
 * };
 *
 * const [pid] = spawnMonitor(async () => {
 *   const { name } = Process.use(lock("orders"));
 *   assertEquals(name, "orders");
 *   await receive();
 * });
 * await Process.sleep(1);
 * assertEquals(locks.size, 1);
 * Process.exit(pid, "kill");
 * await receive(); // the DOWN message
 * assertEquals(locks.size, 0);
 * ```
 */
export function use<Resource extends Disposable | AsyncDisposable | null | undefined>(
  resource: Resource,
): Resource {
  if (resource === null || resource === undefined) {
    fence();
    return resource;
  }
  const dispose = (resource as Partial<AsyncDisposable>)[Symbol.asyncDispose] ??
    (resource as Partial<Disposable>)[Symbol.dispose];
  if (typeof dispose !== "function") {
    throw new TypeError(
      "Cannot use this resource: expected an object with a method Symbol.asyncDispose or " +
        `Symbol.dispose, found ${inspect(resource)} (Process.defer takes a function)`,
    );
  }
  hold(resource, () => dispose.call(resource));
  return resource;
}

/**
 * Makes the calling process call a function when it exits: as {@linkcode use}, for what has no method that
 * disposes of it. `dispose` may return a promise, which is waited for.
 *
 * @throws {TypeError} If `dispose` is not a function.
 * @throws {Exit} `"noproc"` if the calling process has exited. The function is called at once.
 * @see JavaScript `AsyncDisposableStack.prototype.defer`
 *
 * @example An HTTP server
 *
 * The signal closes the port and the connections, and `finished` resolves when that is done, which takes a few
 * milliseconds. `Process.use(server)` would wait for all requests that are being handled first.
 *
 * ```ts ignore
 * import { GenServer, ok, Process } from "@denotp/otp";
 *
 * const Web = {
 *   startLink: (port: number) => GenServer.startLink(Web, port, { name: "web" }),
 *   init: (port: number) => {
 *     const handler = Process.bind(() => new Response("hello"));
 *     const server = Deno.serve({ port, signal: Process.signal() }, handler);
 *     Process.defer(() => server.finished);
 *     return ok(server);
 *   },
 * };
 * ```
 *
 * @example The newest first
 * ```ts
 * import { Process, receive, spawnMonitor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const log: string[] = [];
 * spawnMonitor(() => {
 *   Process.defer(() => void log.push("connection pool"));
 *   Process.defer(async () => {
 *     await null;
 *     log.push("listener");
 *   });
 * });
 * await receive(); // the DOWN message
 * assertEquals(log, ["listener", "connection pool"]);
 * ```
 */
export function defer(dispose: () => unknown): void {
  if (typeof dispose !== "function") {
    throw new TypeError(`Cannot defer: expected a function, found ${inspect(dispose)}`);
  }
  hold(dispose, dispose);
}

/**
 * Makes the calling process no longer hold a resource that was given to {@linkcode use}, or a function that was
 * given to {@linkcode defer}. It is not disposed of: the caller does that, or hands it to another process, which
 * calls `use`. Returns whether the process has held it.
 *
 * @see Erlang `gen_tcp:controlling_process/2`; JavaScript `AsyncDisposableStack.prototype.move`
 *
 * @example Closing a resource early
 * ```ts
 * import { Process, receive, spawnMonitor } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * let closed = 0;
 * spawnMonitor(() => {
 *   const file = Process.use({ [Symbol.dispose]: () => void closed++ });
 *   if (Process.disown(file)) file[Symbol.dispose]();
 *   assertEquals(Process.disown(file), false);
 * });
 * await receive(); // the DOWN message
 * assertEquals(closed, 1);
 * ```
 */
export function disown(resource: Disposable | AsyncDisposable | (() => unknown)): boolean {
  return selfProcess().extras?.resources?.held.delete(resource) ?? false;
}

// --- Exits, links, monitors ---------------------------------------------------------------------

/**
 * Sends an exit signal to `pid`, and returns `true`, also if there is no such process.
 *
 * With the reason `"kill"` the process exits unconditionally, with the reason `"killed"`. With any other
 * reason, a process that traps exits receives the message `["EXIT", sender, reason]`, and one that does
 * not exits with that reason. `"normal"` has no effect on a process that does not trap exits, unless it
 * is the sender itself.
 *
 * Unlike in Erlang the signal takes effect before this function returns. If the calling process exits
 * itself with it, this function throws; the process may catch that, but nothing it does from then on has
 * any effect. See the example of {@linkcode monitor}.
 *
 * @throws {TypeError} If `pid` is not a pid.
 * @see Erlang `exit/2`
 */
export function exit(pid: Pid, reason: Term): true {
  const process = selfProcess();
  assertPid(pid, "send an exit signal to");
  exitSignal(process.pid, pid, reason);
  if (process.isDead) fence();
  return true;
}

/**
 * Links the calling process and `pid`: when one of them exits, the other receives an exit signal. Linking
 * twice has no further effect. If there is no such process, a caller that traps exits receives the signal
 * at once, with the reason `"noproc"`; for any other caller that is an error.
 *
 * @throws {TypeError} If `pid` is not a pid, or if it is of this node, there is no such process, and the
 * calling process does not trap exits: if it does not catch that, it exits with `["noproc", stack]`. For a pid of
 * another node an exit signal with `"noproc"` follows.
 * @see Erlang `link/1`
 *
 * @example Trapping the exit of a linked process
 * ```ts
 * import { exit, Process, receive, spawnLink } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * Process.flag("trap_exit", true);
 * const child = spawnLink(async () => {
 *   throw exit(await receive());
 * });
 * Process.link(child); // it is linked already: no effect
 * Process.send(child, "oops");
 * assertEquals(await receive(), ["EXIT", child, "oops"]);
 * ```
 */
export function link(pid: Pid): true {
  const process = selfProcess();
  assertPid(pid, "link to");
  if (pid.process === null && !isElsewhere(pid) && !process.trapsExits) {
    throw new NoProcessError(`Cannot link to ${pid}: there is no such process`);
  }
  linkTo(process, pid);
  return true;
}

/**
 * Returns the group leader of the calling process, or, with two arguments, sets that of `pid` and returns `true`.
 *
 * A process inherits the group leader of the process that spawns it, as it is then. It is
 * - in an application, its master: a process belongs to the application whose master is its group leader
 *   (see `Application.getApplication`);
 * - in a process that another node has started here, the one that this node has sent along;
 * - otherwise on a node, the process that prints what processes of other nodes write, to the standard output;
 * - otherwise the main process.
 *
 * **Output.** On the BEAM all output goes to the group leader, as messages. Here nothing of this runtime does that:
 * `console.log`, the default handler of `Logger` and `Sys.trace` write to the host's output, in whatever process.
 * The group leader matters for processes that are started on other nodes (`Erpc`, `Rpc`, spawning): they get the
 * group leader of the process that starts them, and an Erlang or Elixir node sends it what they print, as
 * `["io_request", from, replyAs, request]`. To capture that, set the group leader to a process that answers such
 * messages with `["io_reply", replyAs, Symbol("ok")]`. The master of an application is not sent along, but the group
 * leader of the process that has started the application.
 *
 * @param pid The process whose group leader is set. It can be on another node.
 * @param leader The new group leader. It can be on another node.
 * @throws {TypeError} If `pid` or `leader` is not a pid, or `pid` is of this node and there is no such process.
 * @see Elixir `Process.group_leader/0,2`, Erlang `group_leader/0,2`
 *
 * @example Inheriting a group leader
 * ```ts
 * import { Process, receive, self, send, spawn } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const [parent, before] = [self(), Process.groupLeader()];
 * const leader = spawn(() => receive());
 * Process.groupLeader(parent, leader);
 * spawn(() => void send(parent, Process.groupLeader()));
 * assertEquals(await receive(), leader);
 * Process.groupLeader(parent, before);
 * ```
 */
export function groupLeader(): Pid;
/** Sets the group leader of a process. */
export function groupLeader(pid: Pid, leader: Pid): true;
export function groupLeader(...args: [] | [pid: Pid, leader: Pid]): Pid | true {
  const caller = selfProcess();
  if (args.length === 0) return leaderOf(caller);
  const [pid, leader] = args;
  assertPid(pid, "set the group leader of");
  assertPid(leader, "make a group leader of");
  const { process } = pid;
  if (process !== null) process.leader = leader;
  else if (!isElsewhere(pid)) {
    throw new TypeError(`Cannot set the group leader of ${pid}: there is no such process`);
  } else distribution?.lead(pid as RemotePid, leader);
  return true;
}

/**
 * Removes the link between the calling process and `pid`, if there is one, and returns `true`. No exit
 * signal from that link is delivered afterwards; an `EXIT` message may already be in the mailbox.
 *
 * @throws {TypeError} If `pid` is not a pid.
 * @see Erlang `unlink/1`
 *
 * @example Surviving the exit of a child
 * ```ts
 * import { Process, receive, self, spawnLink } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const child = spawnLink(() => receive());
 * Process.unlink(child);
 * Process.exit(child, "shutdown"); // this process goes on
 * assertEquals(Process.info(self(), "links"), ["links", []]);
 * ```
 */
export function unlink(pid: Pid): true {
  assertPid(pid, "unlink from");
  unlinkFrom(selfProcess(), pid);
  return true;
}

/**
 * Monitors a process: when it exits, the calling process receives the message
 * `["DOWN", ref, "process", object, reason]`, where `object` is the pid, or `[name, node]` if `server` was
 * a local name or a name on a node. If there is no such process, the message is sent at once, with the
 * reason `"noproc"`.
 *
 * Each call creates a monitor of its own. A name is resolved once, when this is called. Monitoring oneself
 * is a no-op, as in Erlang: the reference is valid, and no message is ever sent.
 *
 * @throws {TypeError} If `server` is not a server, or an option is unknown or has a wrong value.
 * @throws {Exit} `["timeout", ["NameRegistry", "whereisName", [key]]]` if a registry does not answer
 * within 5000 milliseconds: the promise rejects, and there is no monitor.
 * @see Erlang `monitor/2,3`
 *
 * @example Being notified of an exit
 * ```ts
 * import { Process, receive, spawn } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const pid = spawn(() => receive());
 * const ref = Process.monitor(pid);
 * Process.exit(pid, "shutdown");
 * assertEquals(await receive(), ["DOWN", ref, "process", pid, "shutdown"]);
 * ```
 */
export function monitor(server: Pid | string | symbol, options?: MonitorOptions): Ref;
/** Monitors the process that is registered under a name, whose registry may be asynchronous. */
export function monitor(server: ServerRef, options?: MonitorOptions): Awaitable<Ref>;
export function monitor(server: ServerRef, options?: MonitorOptions): Awaitable<Ref> {
  const process = selfProcess();
  if (options !== undefined) checkMonitorOptions("monitor", options);
  const { alias, tag } = options ?? {};
  const start = (pid: Pid | undefined) =>
    monitorFor(process, pid?.process ?? null, objectOf(server, pid), tag, alias);
  return lookUp(process, server, REGISTRY_TIMEOUT_MS, start);
}

/** The `object` of the `DOWN` message. */
function objectOf(server: ServerRef, pid: Pid | undefined): Pid | readonly [Atom, NodeName] {
  if (isAtom(server)) return [server, nodeName()];
  return isOnNode(server) ? server : pid ?? server as Pid;
}

/**
 * Removes a monitor: its `DOWN` message is not sent any more.
 *
 * @param options `"flush"` also removes a `DOWN` message that is already in the mailbox; with `"info"` the
 * result tells whether there was a monitor to remove.
 * @returns Without `"info"` always `true`.
 * @throws {TypeError} If `ref` is not a reference, or is the monitor of another process, or if an option
 * is unknown.
 * @see Erlang `demonitor/1,2`
 *
 * @example Removing a monitor whose message may have arrived
 * ```ts
 * import { flush, Process, receive, spawn } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const pid = spawn(() => receive());
 * const ref = Process.monitor(pid);
 * Process.exit(pid, "shutdown");
 * assertEquals(Process.demonitor(ref, ["flush", "info"]), false);
 * assertEquals(flush(), []);
 * ```
 */
export function demonitor(ref: Ref, options: readonly ("flush" | "info")[] = []): boolean {
  const process = selfProcess();
  assertRef(ref, "demonitor");
  for (const option of options) {
    if (option !== "flush" && option !== "info") {
      throw new TypeError(
        `Cannot demonitor with this option: expected "flush" or "info", found ${inspect(option)}`,
      );
    }
  }
  if (ref.target instanceof Monitor && ref.target.holder !== process) {
    throw new TypeError(`Cannot demonitor ${ref}: it is the monitor of another process`);
  }
  const found = demonitorOf(process, ref);
  if (!found && options.includes("flush")) flushDown(process, ref);
  return options.includes("info") ? found : true;
}

/**
 * Creates an alias of the calling process: a reference to which messages can be sent until the alias is
 * deactivated by {@linkcode unalias}. Messages sent to it later are dropped.
 *
 * @param mode With `"reply"` the first message also deactivates the alias. Default `"explicit_unalias"`.
 * @throws {TypeError} If `mode` is not one of these.
 * @see Erlang `alias/0,1`
 *
 * @example An alias that is deactivated
 * ```ts
 * import { flush, Process, send } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const alias = Process.alias();
 * send(alias, "in time");
 * assertEquals(Process.unalias(alias), true);
 * send(alias, "too late");
 * assertEquals(flush(), ["in time"]);
 * ```
 */
export function alias(mode: "explicit_unalias" | "reply" = "explicit_unalias"): Ref {
  assertOneOf(mode, ALIASES, "make this kind of alias");
  const ref = new Ref();
  new Alias(selfProcess(), ref, mode);
  return ref;
}

const ALIASES = ["explicit_unalias", "reply"];

/**
 * Deactivates an alias of the calling process: messages sent to it are dropped from now on. Returns
 * whether it was active. See the example of {@linkcode alias}.
 *
 * @throws {TypeError} If `ref` is not a reference.
 * @see Erlang `unalias/1`
 */
export function unalias(ref: Ref): boolean {
  const process = selfProcess();
  assertRef(ref, "unalias");
  const alias = ref.alias;
  if (!(alias instanceof Alias) || alias.process !== process) return false;
  alias.deactivate();
  return true;
}

/**
 * Sets a flag of the calling process and returns the old value. See the example of {@linkcode link}.
 *
 * `"trap_exit"`: whether exit signals are converted to `EXIT` messages when they arrive. Default `false`.
 * `"priority"`: shown by {@linkcode info}, without effect. Default `"normal"`.
 * `"dispose_timeout"`: the time in milliseconds that the resources of the process may take to be disposed of
 * when it exits, all together, see {@linkcode use}; it may be `Infinity`. Default 500.
 *
 * @throws {TypeError} If the flag or its value is unknown. The flag is then unchanged.
 * @see Erlang `process_flag/2`
 */
export function flag(name: "trap_exit", value: boolean): boolean;
/** Sets the priority, which has no effect. */
export function flag(name: "priority", value: Priority): Priority;
/** Sets the time that the resources of the process may take. */
export function flag(name: "dispose_timeout", value: number): number;
export function flag(
  name: "trap_exit" | "priority" | "dispose_timeout",
  value: boolean | Priority | number,
): Term {
  const process = selfProcess();
  if (name === "dispose_timeout") {
    checkTimeout("dispose of resources", value);
    const before = process.extras?.resources?.timeout ?? DISPOSE_TIMEOUT_MS;
    if (value !== before) resourcesOf(process).timeout = value as number;
    return before;
  }
  if (name === "priority") {
    assertPriority(value);
    const before = priorityOf(process);
    const extras = process.more();
    extras.options = { ...extras.options, priority: value };
    return before;
  }
  if (name !== "trap_exit" || typeof value !== "boolean") {
    throw new TypeError(
      'Cannot set this process flag: expected "trap_exit" and a boolean, "priority" and one of ' +
        `low, normal, high, max, or "dispose_timeout" and milliseconds, found ${
          inspect(name)
        } and ${inspect(value)}`,
    );
  }
  const before = process.trapsExits;
  if (value) process.flags |= TRAP_EXIT;
  else process.flags &= ~TRAP_EXIT;
  return before;
}

function priorityOf(process: KernelProcess): Term {
  return process.extras?.options?.["priority"] ?? "normal";
}

// --- Local names --------------------------------------------------------------------------------

/**
 * Registers a process under a local name, and returns `true`. The name is released when the process exits.
 *
 * @throws {TypeError} If `name` is not an atom, is reserved or taken, or if `pid` already has a name or is
 * not alive.
 * @see Elixir `Process.register/2`, Erlang `register/2`, which takes the arguments in the opposite order
 *
 * @example Registering and finding a process
 * ```ts
 * import { Process, receive, spawn } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const pid = spawn(() => receive());
 * Process.register(pid, "worker");
 * assertEquals(Process.whereis("worker"), pid);
 * assertEquals(Process.registered().includes("worker"), true);
 * Process.unregister("worker");
 * assertEquals(Process.whereis("worker"), undefined);
 * ```
 */
export function register(pid: Pid, name: Atom): true {
  fence();
  if (!isAtom(name) || name === "" || name === "undefined" || name === "nil") {
    throw new TypeError(
      `Cannot register ${inspect(pid)}: expected an atom for a name, found ${inspect(name)}`,
    );
  }
  const isAlive = localProcess(pid, "register") !== null;
  if (isAlive && localRegistry().registerName(name, pid) === "yes") return true;
  throw new TypeError(
    `Cannot register ${pid} as ${inspect(name)}: it is not alive, the name is already taken, or ` +
      "it has already been given another name",
  );
}

/**
 * Releases a local name, and returns `true`. See the example of {@linkcode register}.
 *
 * @throws {TypeError} If no process is registered under `name`.
 * @see Erlang `unregister/1`
 */
export function unregister(name: Atom): true {
  fence();
  if (localRegistry().whereisName(name) === undefined) {
    throw new TypeError(`Cannot unregister ${inspect(name)}: no process is registered under it`);
  }
  localRegistry().unregisterName(name);
  return true;
}

/**
 * Returns the pid that is registered under a local name, or `undefined`. See the example of
 * {@linkcode register}.
 *
 * As no synchronous function can, it does not let other processes run: a loop that waits for a name must await
 * something of this library in each round, such as `Process.sleep(1)`.
 *
 * @throws {TypeError} If `name` is not an atom.
 * @see Erlang `whereis/1`
 */
export function whereis(name: Atom): Pid | undefined {
  fence();
  if (!isAtom(name)) {
    throw new TypeError(`Cannot look up this name: expected an atom, found ${inspect(name)}`);
  }
  const pid = localRegistry().whereisName(name);
  if (pid === undefined) charge(current);
  return pid;
}

/**
 * Returns all registered local names. See the example of {@linkcode register}.
 *
 * @see Erlang `registered/0`
 */
export function registered(): Atom[] {
  fence();
  return localRegistry().registered();
}

// --- Timers -------------------------------------------------------------------------------------

/** Options of {@linkcode sendAfter} and {@linkcode startTimer}. */
export interface TimerOptions {
  /** Whether the time is a point on the clock of {@linkcode monotonicTime}, not a delay. Default `false`. */
  readonly abs?: boolean;
}

/**
 * Returns the monotonic time in milliseconds, counted from an unspecified point in the past. See the
 * example of {@linkcode sleep}.
 *
 * @see Erlang `monotonic_time(millisecond)`
 */
export function monotonicTime(): number {
  return now();
}

/**
 * Sends `message` after `time` milliseconds, never earlier. With a time of 0, messages that are sent
 * directly in the same turn arrive first.
 *
 * A timer for a pid is cancelled when that process exits. A name is resolved when the timer fires; if it is
 * not registered then, the message is dropped. A pending timer keeps the host running, as `setTimeout` does.
 *
 * @param to A pid of this node, or a local name.
 * @param time An integer, in milliseconds.
 * @returns A reference for {@linkcode cancelTimer} and {@linkcode readTimer}.
 * @throws {RangeError} If `time` is negative, not an integer, or larger than a timer can hold.
 * @throws {TypeError} If `to` is neither a pid of this node nor a local name.
 * @see Erlang `erlang:send_after/3,4`
 *
 * @example Starting, reading and cancelling timers
 * ```ts
 * import { Process, receive, self } from "@denotp/otp";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const later = Process.sendAfter(self(), "later", 60_000);
 * Process.sendAfter(self(), "soon", 5);
 * assertEquals(await receive(), "soon");
 * assert(Process.readTimer(later) as number > 50_000);
 * assert(Process.cancelTimer(later) as number > 50_000);
 * assertEquals(Process.cancelTimer(later), false);
 * ```
 */
export function sendAfter(
  to: Pid | Atom,
  message: Term,
  time: number,
  options?: TimerOptions,
): Ref {
  return startTimerFor(to, () => message, time, options);
}

/**
 * As {@linkcode sendAfter}, but sends `["timeout", ref, message]`, where `ref` is the timer's reference.
 *
 * @see Erlang `erlang:start_timer/3,4`
 *
 * @example A timeout with its reference
 * ```ts
 * import { Process, receive, self } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const ref = Process.startTimer(5, self(), "ring");
 * assertEquals(await receive(), ["timeout", ref, "ring"]);
 * ```
 */
export function startTimer(
  time: number,
  to: Pid | Atom,
  message: Term,
  options?: TimerOptions,
): Ref {
  return startTimerFor(to, (ref) => ["timeout", ref, message], time, options);
}

function startTimerFor(
  to: Pid | Atom,
  message: (ref: Ref) => Term,
  time: number,
  options?: TimerOptions,
): Ref {
  fence();
  if (options !== undefined) checkOptions("start a timer", options, ["abs"]);
  const { abs = false } = options ?? {};
  if (!isPid(to) && !isAtom(to) || isElsewhere(to)) {
    throw new TypeError(
      `Cannot start a timer: expected a pid of this node or a local name, found ${inspect(to)}`,
    );
  }
  if (
    !Number.isSafeInteger(time) && !(abs && Number.isFinite(time)) || (!abs && time < 0) ||
    time > MAX_DELAY_MS
  ) {
    throw new RangeError(
      `Cannot start a timer: expected whole milliseconds from 0 to ${MAX_DELAY_MS}, found ${
        inspect(time)
      }`,
    );
  }
  const ref = new Ref();
  const owner = isPid(to) ? to.process : null;
  if (isPid(to) && owner === null) return ref;
  const deliver = () => {
    const pid = isPid(to) ? to : localRegistry().whereisName(to);
    if (pid !== undefined) sendToPid(pid, message(ref));
  };
  start(new OwnedTimer(owner, deliver, ref), time, abs);
  return ref;
}

/** Options of {@linkcode cancelTimer}. */
export interface CancelTimerOptions {
  /** Whether to return `"ok"`, and to send the result as `["cancel_timer", ref, result]`. Default `false`. */
  readonly async?: boolean;
  /** Whether the result is wanted: if not, `"ok"` is returned, and no message sent. Default `true`. */
  readonly info?: boolean;
}

/**
 * Cancels a timer. Returns the time that was left, in milliseconds, or `false` if there is no such timer:
 * it has fired (then its message has been sent) or was cancelled. See the example of {@linkcode sendAfter}.
 *
 * @throws {TypeError} If `ref` is not a reference.
 * @see Erlang `erlang:cancel_timer/1,2`
 */
export function cancelTimer(ref: Ref, options: CancelTimerOptions = {}): number | false | "ok" {
  checkOptions("cancel a timer", options, ["async", "info"]);
  const timer = timerBehind(ref, "cancel");
  const result = timer === undefined ? false : left(timer) ?? false;
  timer?.cancel();
  return answerTimer("cancel_timer", ref, result, options);
}

/**
 * Returns the time that a timer has left, in milliseconds, or `false` if there is no such timer, as
 * {@linkcode cancelTimer}. See the example of {@linkcode sendAfter}.
 *
 * @param options With `async`, `"ok"` is returned and the result sent as `["read_timer", ref, result]`.
 * @throws {TypeError} If `ref` is not a reference.
 * @see Erlang `erlang:read_timer/1,2`
 */
export function readTimer(
  ref: Ref,
  options: { readonly async?: boolean } = {},
): number | false | "ok" {
  checkOptions("read a timer", options, ["async"]);
  const timer = timerBehind(ref, "read");
  return answerTimer(
    "read_timer",
    ref,
    timer === undefined ? false : left(timer) ?? false,
    options,
  );
}

function timerBehind(ref: Ref, what: string): OwnedTimer | undefined {
  fence();
  assertRef(ref, `${what} a timer`);
  return timerOf(ref);
}

function answerTimer(
  tag: string,
  ref: Ref,
  result: number | false,
  { async = false, info = true }: CancelTimerOptions,
): number | false | "ok" {
  if (async && info) sendToPid(self(), [tag, ref, result]);
  return async || !info ? "ok" : result;
}

// --- The dictionary -----------------------------------------------------------------------------

/**
 * Returns the value under `key` in the process dictionary, or `otherwise` if there is none. See the example
 * of {@linkcode put}.
 *
 * @see Erlang `get/1`
 */
export function get(key: Term, otherwise?: Term): Term {
  const { extras } = selfProcess();
  const dictionary = extras?.dictionary;
  return dictionary?.has(key) ? dictionary.get(key) : otherwise;
}

/**
 * Stores a value in the process dictionary of the calling process, and returns the previous one, or
 * `undefined`. Keys are compared by content, as {@linkcode equal} does.
 *
 * @see Erlang `put/2`
 *
 * @example Using the process dictionary
 * ```ts
 * import { Process } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(Process.put(["locale", 1], "en"), undefined);
 * assertEquals(Process.put(["locale", 1], "fr"), "en");
 * assertEquals(Process.get(["locale", 1]), "fr");
 * assertEquals(Process.getAll(), [[["locale", 1], "fr"]]);
 * assertEquals(Process.getKeys("fr"), [["locale", 1]]);
 * assertEquals(Process.delete(["locale", 1]), "fr");
 * assertEquals(Process.get(["locale", 1], "none"), "none");
 * ```
 */
export function put(key: Term, value: Term): Term {
  const dictionary = selfProcess().more().dictionary ??= new TermMap();
  const before = dictionary.get(key);
  dictionary.set(key, value);
  return before;
}

/**
 * Deletes a key of the process dictionary, and returns its value, or `undefined`. In TypeScript the
 * function is `Process.delete`. See the example of {@linkcode put}.
 *
 * @see Elixir `Process.delete/1`
 */
export function deleteKey(key: Term): Term {
  const dictionary = selfProcess().extras?.dictionary;
  const before = dictionary?.get(key);
  dictionary?.delete(key);
  return before;
}
export { deleteKey as delete };

/**
 * Returns all entries of the process dictionary. See the example of {@linkcode put}.
 *
 * @see Erlang `get/0`
 */
export function getAll(): (readonly [key: Term, value: Term])[] {
  return [...selfProcess().extras?.dictionary ?? []];
}

/**
 * Returns the keys of the process dictionary: all, or with an argument those that have this value. See the
 * example of {@linkcode put}.
 *
 * @see Erlang `get_keys/0,1`
 */
export function getKeys(...value: [] | [Term]): Term[] {
  return getAll().filter(([, each]) => value.length === 0 || equal(each, value[0]))
    .map(([key]) => key);
}

// --- Inspection ---------------------------------------------------------------------------------

/**
 * Returns whether a process is alive. A process that has exited is not, even if its resources are still being
 * disposed of ({@linkcode use}). See the example of {@linkcode info}.
 *
 * @throws {TypeError} If `pid` is not a pid of this node.
 * @see Elixir `Process.alive?/1`
 */
export function isAlive(pid: Pid): boolean {
  fence();
  return localProcess(pid, "inspect") !== null;
}

/**
 * Returns the pids of all processes, oldest first, as a new list. As in Erlang, this includes those that are
 * exiting ({@linkcode use}). See the example of {@linkcode info}.
 *
 * @see Elixir `Process.list/0`
 */
export function list(): Pid[] {
  fence();
  return Array.from(allProcesses(), (process) => process.pid);
}

/**
 * Sets a label for the calling process, which reports and {@linkcode info} show. Returns `"ok"`.
 *
 * @see Elixir `Process.set_label/1`
 *
 * @example Labelling a process
 * ```ts
 * import { Process } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * Process.setLabel(["worker", 7]);
 * assertEquals(Process.getLabel(), ["worker", 7]);
 * ```
 */
export function setLabel(label: Term): "ok" {
  selfProcess().more().label = label;
  return "ok";
}

/**
 * Returns the label of a process, by default of the calling process; `undefined` if it has no label or is
 * not alive. See the example of {@linkcode setLabel}.
 *
 * @throws {TypeError} If `pid` is not a pid of this node.
 * @see Elixir `Process.get_label/1`
 */
export function getLabel(pid: Pid = self()): Term {
  fence();
  return localProcess(pid, "inspect")?.extras?.label;
}

/** The result of {@linkcode info}. */
export interface ProcessInfo {
  /** Its local name, or `[]` if it has none. */
  readonly registered_name: Atom | readonly [];
  /** What it is doing. */
  readonly status: "running" | "runnable" | "waiting" | "suspended";
  /** The number of messages in its mailbox. */
  readonly message_queue_len: number;
  /** The messages in its mailbox, oldest first. */
  readonly messages: readonly Term[];
  /** The processes that it is linked to. */
  readonly links: readonly Pid[];
  /** The processes that it monitors: `["process", pid]` or `["process", [name, node]]` each. */
  readonly monitors: readonly Term[];
  /** The processes that monitor it, once for each monitor. */
  readonly monitored_by: readonly Pid[];
  /** Whether it traps exits. */
  readonly trap_exit: boolean;
  /** Its dictionary as pairs; that of a server includes `$ancestors` and `$initial_call`. */
  readonly dictionary: readonly (readonly [Term, Term])[];
  /** The function that it was started with: `[module, function, arity]`. */
  readonly initial_call: Term;
  /** The function that it is in: what it awaits, or the loop of its behaviour. */
  readonly current_function: Term;
  /** The number of messages that it has handled; the BEAM counts function calls. */
  readonly reductions: number;
  /** As given to `spawn` or `flag`, without effect. */
  readonly priority: Term;
  /** Its label, see {@linkcode setLabel}. */
  readonly label: Term;
  /** The process that started it; `undefined` for the main process. */
  readonly parent: Pid | undefined;
}

/** An item of {@linkcode ProcessInfo}. */
export type InfoItem = keyof ProcessInfo;

const ITEMS: { readonly [Item in InfoItem]: (process: KernelProcess) => ProcessInfo[Item] } = {
  registered_name: (process) => localNameOf(process.pid) ?? [],
  status: statusOf,
  message_queue_len: (process) => process.messageCount,
  messages: (process) => process.messages(),
  links: linksOf,
  monitors: (process) => [...monitorsHeld(process)].map(({ object }) => ["process", object]),
  monitored_by: (process) => [...monitorsOn(process)].map(({ watcher }) => watcher),
  trap_exit: (process) => process.trapsExits,
  dictionary: dictionaryOf,
  initial_call: (process) => process.behaviour.describe(process).initialCall,
  current_function: (process) => process.behaviour.describe(process).currentFunction,
  reductions: (process) => process.reductions,
  priority: priorityOf,
  label: (process) => process.extras?.label,
  parent: (process) => process.parent ?? undefined,
};

/**
 * Returns information about a process: all items as an object, one item as the pair `[item, value]`, or a
 * list of items as a list of such pairs, in the given order. Returns `undefined` if it is not alive.
 *
 * There is no item `memory`: the engine does not account memory by process.
 *
 * @throws {TypeError} If `pid` is not a pid of this node, or an item is unknown.
 * @see Elixir `Process.info/1,2`
 *
 * @example Inspecting a process
 * ```ts
 * import { Process, receive, self, send, spawn } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const pid = spawn(() => receive());
 * assertEquals(Process.list().includes(pid), true);
 * assertEquals(Process.info(pid, "parent"), ["parent", self()]);
 * assertEquals(Process.info(pid, ["links", "label"]), [["links", []], ["label", undefined]]);
 *
 * send(pid, "done");
 * await Process.sleep(1);
 * assertEquals(Process.isAlive(pid), false);
 * assertEquals(Process.info(pid), undefined);
 * ```
 */
export function info(pid: Pid): ProcessInfo | undefined;
/** One item. */
export function info<Item extends InfoItem>(
  pid: Pid,
  item: Item,
): readonly [Item, ProcessInfo[Item]] | undefined;
/** A list of items. */
export function info(
  pid: Pid,
  items: readonly InfoItem[],
): (readonly [InfoItem, Term])[] | undefined;
export function info(pid: Pid, items?: InfoItem | readonly InfoItem[]): Term {
  fence();
  const process = localProcess(pid, "inspect");
  const asked = items === undefined ? Object.keys(ITEMS) : Array.isArray(items) ? items : [items];
  const wanted = asked as readonly InfoItem[];
  for (const item of wanted) {
    if (!Object.hasOwn(ITEMS, item)) {
      throw new TypeError(
        `Cannot inspect this item of a process: expected one of ${
          Object.keys(ITEMS).join(", ")
        }, found ${inspect(item)}`,
      );
    }
  }
  if (process === null) return undefined;
  const pairs = wanted.map((item) => [item, ITEMS[item](process)] as const);
  if (items === undefined) return Object.fromEntries(pairs);
  return typeof items === "string" ? pairs[0] : pairs;
}

function statusOf(process: KernelProcess): ProcessInfo["status"] {
  if (process === current) return "running";
  if ((process.flags & SUSPENDED) !== 0) return "suspended";
  if ((process.flags & QUEUED) !== 0) return "runnable";
  // A coroutine that is not in receive counts as running; a server that awaits counts as waiting.
  return (process.flags & BUSY) !== 0 && process.behaviour instanceof Coroutine
    ? "running"
    : "waiting";
}

function dictionaryOf(process: KernelProcess): (readonly [Term, Term])[] {
  const entries: (readonly [Term, Term])[] = [...process.extras?.dictionary ?? []];
  if (process.behaviour === COROUTINE) return entries;
  return [
    ["$initial_call", process.behaviour.describe(process).initialCall],
    ["$ancestors", ancestorsOf(process)],
    ...entries,
  ];
}

function* monitorsHeld(process: KernelProcess): Generator<Monitor> {
  for (let each = process.monitors; each !== null; each = each.heldNext) yield each;
}

function* monitorsOn(process: KernelProcess): Generator<Monitor> {
  for (let each = process.monitoredBy; each !== null; each = each.targetNext) yield each;
}

/** The process of a pid of this node; `null` if it has exited. */
function localProcess(pid: unknown, what: string): KernelProcess | null {
  assertPid(pid, what);
  if (!isElsewhere(pid)) return aliveProcess(pid);
  throw new TypeError(`Cannot ${what} a process: expected a pid of this node, found ${pid}`);
}

function assertPid(pid: unknown, what: string): asserts pid is Pid {
  if (isPid(pid)) return;
  throw new TypeError(`Cannot ${what} a process: expected a pid, found ${inspect(pid)}`);
}

function assertRef(ref: unknown, what: string): void {
  if (!(ref instanceof Ref)) {
    throw new TypeError(`Cannot ${what}: expected a reference, found ${inspect(ref)}`);
  }
}

export { send };
