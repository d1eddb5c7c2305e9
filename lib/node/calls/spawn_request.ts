/**
 * Requests to start processes: those that this node sends to others, and those that it receives from them.
 *
 * Other nodes may run what `exports.ts` has.
 *
 * A spawn request is identified by a reference, which is also the reference of the monitor, if one is requested.
 * Requested links and monitors exist by the time the request is answered, and the answer is sent before any
 * signal of the new process.
 *
 * @module
 */

import { spawnCoroutine } from "../../kernel/coroutine.ts";
import { isStoredOption } from "../../kernel/spawn_options.ts";
import { RemotePid } from "../../kernel/distribution.ts";
import { leadThrough, printerOf } from "../../kernel/group_leader.ts";
import type { Process } from "../../kernel/process.ts";
import { link, LocalMonitor, Monitor, monitor } from "../../kernel/signals.ts";
import { inspect } from "../../kernel/inspect.ts";
import { type Atom, type NodeName, nodeName, type Pid, Ref, type Term } from "../../kernel/term.ts";
import { SPAWNED_LINKED, SPAWNED_MONITORED } from "../control.ts";
import { executeCall, executeCast, undef } from "./execute.ts";
import { exported, type ExportedFunction } from "./exports.ts";
import { HeldMonitor, type Peer } from "../peer.ts";
import { holdBack, type SpawnSignal } from "../remote.ts";

/** The function to run: module, name and arguments. */
export type ModuleFunctionArgs = readonly [module: string, name: string, args: readonly Term[]];

/** Whether a process is started with a link and a monitor. */
export interface RequestOptions {
  readonly link?: boolean;
  readonly monitor?: boolean;
}

/** What this file needs of the node, while this runtime is one. */
export interface Spawner {
  /** Returns the peer with a name. */
  peerOf(node: NodeName): Peer;
  /** The parent of processes that other nodes start. */
  readonly parent: Process;
  /** The group leader of processes that belong to no group. */
  readonly groupLeader: Pid;
}

let spawner: Spawner | null = null;

/** Sets the node that requests go through; `null` when it stops. */
export function spawnThrough(through: Spawner | null): void {
  spawner = through;
  leadThrough(through === null ? null : () => through.groupLeader);
}

// --- Requests to other nodes --------------------------------------------------------------------

/** The events of a request. */
export interface SpawnEvents {
  /** The process has started; `ref` is the reference of the monitor, if one was requested. */
  started(pid: Pid, ref: Ref): void;
  /** No process was started. */
  refused(reason: string): void;
  /** The monitored process has exited. Default: the caller gets `DOWN`. */
  ended?(reason: Term): void;
}

/** A request that was sent. */
export interface Requested {
  /** The reference of the request and of its monitor. */
  readonly ref: Ref;
  /** Abandons it: no further event is called, though the process may run. */
  callOff(): void;
}

/**
 * Requests that a node start a process on behalf of `caller`.
 *
 * @throws {TypeError} If a name is not a string, or `args` is not an array, or cannot be sent.
 */
export function requestSpawn(
  caller: Process,
  node: NodeName,
  mfa: ModuleFunctionArgs,
  options: RequestOptions,
  events: SpawnEvents,
): Requested {
  assertNames("spawn", node, ...mfa);
  if (node === nodeName()) return spawnHere(caller, mfa, options, events);
  if (spawner === null) return refuse(caller, events);
  const request = new SpawnRequest(caller, spawner.peerOf(node), options, events);
  try {
    request.post(mfa, printerOf(caller));
  } catch (thrown) {
    request.remove();
    throw thrown;
  }
  return request;
}

/** Answers a request to another node while this runtime is not a node. */
function refuse(caller: Process, events: SpawnEvents): Requested {
  queueMicrotask(() => caller.isDead || events.refused("noconnection"));
  return { ref: new Ref(), callOff: () => {} };
}

/**
 * Checks the node, the function and its arguments.
 *
 * @throws {TypeError} If a name is not a string, or `args` is not an array.
 */
export function assertNames(
  what: string,
  node: unknown,
  module: unknown,
  name: unknown,
  args: unknown,
): void {
  const names = { "the node": node, "the module": module, "the function": name };
  for (const [which, found] of Object.entries(names)) {
    if (typeof found === "string" && found !== "") continue;
    throw new TypeError(`Cannot ${what}: ${which} must be a string, found ${inspect(found)}`);
  }
  if (Array.isArray(args)) return;
  throw new TypeError(`Cannot ${what}: the arguments must be an array, found ${inspect(args)}`);
}

function spawnHere(
  caller: Process,
  [module, name, args]: ModuleFunctionArgs,
  options: RequestOptions,
  events: SpawnEvents,
): Requested {
  const process = startLocally(caller, module, name, args);
  if (options.link === true) link(caller, process.pid);
  const { ended } = events;
  const ref = options.monitor !== true || ended === undefined
    ? watch(caller, process, { monitor: options.monitor === true })
    : new ToldMonitor(new Ref(), caller, process, process.pid, ended).ref;
  events.started(process.pid, ref);
  return { ref, callOff: () => callOff(ref) };
}

function callOff(ref: Ref): void {
  if (ref.target instanceof Monitor) ref.target.remove();
}

/** Links and monitors a local process, according to the options. */
export function watch(caller: Process, process: Process, options: RequestOptions): Ref {
  if (options.link === true) link(caller, process.pid);
  return options.monitor === true ? monitor(caller, process, process.pid) : new Ref();
}

/** A monitor on a local process that calls a function, instead of sending to the mailbox. */
class ToldMonitor extends LocalMonitor {
  readonly #ended: (reason: Term) => void;

  constructor(ref: Ref, holder: Process, target: Process, pid: Pid, ended: (reason: Term) => void) {
    super(ref, holder, target, pid, "DOWN");
    this.#ended = ended;
  }

  override tell(reason: Term): void {
    this.#ended(reason);
  }
}

/** The monitor on a remote process that was started with it. It calls a function, if there is one. */
class SpawnedMonitor extends HeldMonitor {
  readonly #ended: ((reason: Term) => void) | undefined;

  constructor(
    ref: Ref,
    holder: Process,
    peer: Peer,
    pid: RemotePid,
    ended: ((reason: Term) => void) | undefined,
  ) {
    super(ref, holder, peer, holder.pid, pid, "DOWN", true);
    this.#ended = ended;
  }

  override tell(reason: Term): void {
    if (this.#ended === undefined) super.tell(reason);
    else this.#ended(reason);
  }
}

/** A request that waits for its answer. As a monitor, it is notified when the connection is lost. */
class SpawnRequest extends LocalMonitor implements Requested {
  readonly #peer: Peer;
  readonly #options: RequestOptions;
  readonly #events: SpawnEvents;

  constructor(caller: Process, peer: Peer, options: RequestOptions, events: SpawnEvents) {
    super(new Ref(), caller, peer, caller.pid, "spawn_reply");
    this.#peer = peer;
    this.#options = options;
    this.#events = events;
  }

  post([module, name, args]: ModuleFunctionArgs, groupLeader: Pid): void {
    const { link, monitor } = this.#options;
    const options = [...(link ? ["link"] : []), ...(monitor ? ["monitor"] : [])];
    const mfa = [module, name, args.length] as const;
    const { pid } = this.holder;
    this.#peer.post(["spawn_request", this.ref, pid, groupLeader, mfa, options, args]);
    if (this.#peer.isBusy) holdBack(this.holder, this.#peer);
  }

  /** The peer has answered. */
  answered(flags: number, result: Pid | Atom): void {
    this.remove();
    if (!(result instanceof RemotePid)) return this.#events.refused(String(result));
    if (flags & SPAWNED_LINKED) this.#peer.linked(result, this.holder.pid);
    if (flags & SPAWNED_MONITORED) {
      new SpawnedMonitor(this.ref, this.holder, this.#peer, result, this.#events.ended);
    }
    this.#events.started(result, this.ref);
  }

  /** The peer cannot be reached. */
  override tell(): void {
    this.#events.refused("noconnection");
  }

  callOff(): void {
    callOff(this.ref);
  }
}

// --- Requests of other nodes --------------------------------------------------------------------

/** Handles a signal about spawning. */
export function receiveSpawnSignal(peer: Peer, signal: SpawnSignal): void {
  if (signal[0] === "spawn_request") return spawnFor(peer, signal);
  const [, ref, to, flags, result] = signal;
  const request = ref.target;
  if (request instanceof SpawnRequest && request.target === peer) {
    return request.answered(flags, result);
  }
  // The requesting process has exited, or has abandoned the request.
  if (!(result instanceof RemotePid)) return;
  if (flags & SPAWNED_LINKED) peer.answer(["exit", to, result, "noproc"]);
  if (flags & SPAWNED_MONITORED) peer.answer(["demonitor_p", to, result, ref]);
}

function spawnFor(
  peer: Peer,
  [, ref, from, groupLeader, [module, name, arity], options, args]: Extract<
    SpawnSignal,
    readonly ["spawn_request", ...unknown[]]
  >,
): void {
  if (spawner === null) return;
  if (args.length !== arity) return peer.answer(["spawn_reply", ref, from, 0, "badarg"]);
  if (!options.every(isOption)) return peer.answer(["spawn_reply", ref, from, 0, "badopt"]);
  const process = startLocally(spawner.parent, String(module), String(name), args);
  process.leader = groupLeader;
  let flags = 0;
  if (options.includes("link")) {
    flags |= SPAWNED_LINKED;
    peer.linked(from as RemotePid, process.pid);
  }
  if (options.some(isMonitor)) {
    flags |= SPAWNED_MONITORED;
    peer.monitored(from as RemotePid, process.pid, process, ref);
  }
  peer.answer(["spawn_reply", ref, from, flags, process.pid]);
}

function isOption(option: Term): boolean {
  if (option === "link" || isMonitor(option)) return true;
  if (!Array.isArray(option) || option.length !== 2) return false;
  const [name, value] = option;
  if (typeof name !== "string") return false;
  return isStoredOption(name, value) || Object.hasOwn(OPTIONS, name) && OPTIONS[name]!(value);
}

/** Whether an option requests a monitor. The options of the monitor itself concern the requesting node only. */
function isMonitor(option: Term): boolean {
  return option === "monitor" || Array.isArray(option) && option[0] === "monitor";
}

/** Further options that have no effect here, each with the check of its values. */
const OPTIONS: Readonly<Record<string, (value: Term) => boolean>> = {
  reply: (value) => typeof value === "string",
  reply_tag: () => true,
  scheduler: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
};

/** Starts the process of a request. A function that cannot be run is an error of that process, as on the BEAM. */
function startLocally(
  parent: Process,
  module: string,
  name: string,
  args: readonly Term[],
): Process {
  const run = builtIn(module, name, args) ?? exported(module, name, args);
  return spawnCoroutine(
    parent,
    () => run === undefined ? undef(module, name, args) : run(...args),
  );
}

/** The functions that every node runs for others, without an export. */
function builtIn(
  module: string,
  name: string,
  args: readonly Term[],
): ExportedFunction | undefined {
  if (module !== "erpc") return undefined;
  if (name === "execute_call" && args.length === 4) return executeCall;
  return name === "execute_cast" && args.length === 3 ? executeCast : undefined;
}
