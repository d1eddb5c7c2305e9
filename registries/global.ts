/**
 * Global: names and locks that hold on all connected nodes. The registry behind
 * `["global", name]`, and Erlang's module `global`.
 *
 * A name is any term, compared by its content, and is registered for one process. It is released when that process
 * exits, before links and monitors are notified.
 *
 * While this runtime is not a node (`Node.start` makes it one), names and locks are local, and all functions except
 * those that wait for a lock return at once. In a cluster, names and locks hold on all connected nodes, including
 * Erlang and Elixir nodes; hidden nodes have their own. Functions that must ask other nodes there return an
 * {@linkcode Awaitable}: with `await`, the same code works in both cases. Looking up a name needs no request,
 * because every node knows all names.
 *
 * Names, resources and requesters are terms in the exact mapping there: `"calculator"` is the atom `calculator` in
 * Erlang. When nodes connect that have registered one name for two processes, one of them resolves the conflict.
 *
 * @module
 */

import { fairly } from "../lib/kernel/fair.ts";
import { checkOptions } from "../lib/kernel/options.ts";
import { exit } from "../lib/kernel/exit.ts";
import type { Awaitable } from "../lib/kernel/awaitable.ts";
import type { Process } from "../lib/kernel/process.ts";
import { report } from "../lib/kernel/report.ts";
import { fence, self } from "../lib/kernel/self.ts";
import { exitSignal, sendToPid } from "../lib/kernel/signals.ts";
import { inspect } from "../lib/kernel/inspect.ts";
import { isPid, type NodeName, nodeName, type Pid, type Term } from "../lib/kernel/term.ts";
import { cluster, type LockId, locks, names, nameServer, type Resolve } from "./name_server.ts";

/** What this module is called where it is printed. */
export const moduleName = "Global";

export type { LockId, Resolve };

/** Options of global names. */
export interface Options {
  /**
   * Whether a process may have several names: `"refuse"`, the default, or `"allow"`. Mirrors OTP's
   * `global_multi_name_action`.
   */
  readonly multiNameAction?: "allow" | "refuse";
}

let multiNameAction: "allow" | "refuse" = "refuse";

/**
 * Sets options of global names.
 *
 * @throws {TypeError} If the value of an option is not valid.
 *
 * @example Several names for one process
 * ```ts
 * import { Global, self } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * Global.configure({ multiNameAction: "allow" });
 * await Global.registerName("first", self());
 * assertEquals(await Global.registerName("second", self()), "yes");
 * Global.configure({ multiNameAction: "refuse" });
 * await Global.unregisterName("first");
 * await Global.unregisterName("second");
 * ```
 */
export function configure(options: Options): void {
  checkOptions("configure global names", options, ["multiNameAction"]);
  const action = options.multiNameAction ?? multiNameAction;
  if (action !== "allow" && action !== "refuse") {
    throw new TypeError(
      `Cannot set multiNameAction: expected "allow" or "refuse", found ${inspect(action)}`,
    );
  }
  multiNameAction = action;
}

// --- Names --------------------------------------------------------------------------------------

/**
 * Registers a name for a process: `"yes"`; or `"no"` if the name is taken, or the process has another one
 * already, which is also logged as an error (see {@linkcode configure}). For a process that has exited, the
 * result is `"yes"`, and the name is released at once.
 *
 * @param name Any term.
 * @param resolve Resolves the conflict when two nodes connect that have registered the name for two processes.
 * Default {@linkcode randomExitName}.
 * @throws {TypeError} If `pid` is not a pid, or `resolve` not a function.
 * @see Erlang `global:register_name/2,3`
 *
 * @example Registering a name
 * ```ts
 * import { Global, receive, self } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await Global.registerName(["room", 1], self()), "yes");
 * Global.send(["room", 1], "hello");
 * assertEquals(await receive(), "hello");
 * await Global.unregisterName(["room", 1]);
 * assertEquals(Global.whereisName(["room", 1]), undefined);
 * ```
 */
export function registerName(
  name: Term,
  pid: Pid,
  resolve: Resolve = randomExitName,
): Awaitable<"yes" | "no"> {
  check("register", name, pid, resolve);
  if (cluster !== null) return cluster.register(name, pid, resolve, () => mayBeNamed(name, pid));
  if (!mayBeNamed(name, pid)) return "no";
  names.insert(name, pid, resolve);
  return "yes";
}

function mayBeNamed(name: Term, pid: Pid): boolean {
  if (names.lookup(name) !== undefined) return false;
  const others = names.entriesOf(pid);
  if (others.length === 0 || multiNameAction === "allow") return true;
  const all = [name, ...others.map((entry) => entry.name)].map(inspect).join(", ");
  report({
    level: "error",
    kind: "message",
    pid,
    reason: `Global: ${pid} registered under several names: ${all}`,
  });
  return false;
}

/**
 * Registers a name for a process, and takes it from the process that had it: always `"yes"`. The process may have
 * other names.
 *
 * @param resolve See {@linkcode registerName}.
 * @throws {TypeError} If `pid` is not a pid, or `resolve` not a function.
 * @see Erlang `global:re_register_name/2,3`
 *
 * @example A name that passes to another process
 * ```ts
 * import { Global, Process, self, spawn } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const other = spawn(() => Process.sleep(Infinity));
 * await Global.registerName("leader", self());
 * assertEquals(await Global.reRegisterName("leader", other), "yes");
 * assertEquals(Global.whereisName("leader"), other);
 * assertEquals(Global.registeredNames(), ["leader"]);
 * Process.exit(other, "kill");
 * ```
 */
export function reRegisterName(
  name: Term,
  pid: Pid,
  resolve: Resolve = randomExitName,
): Awaitable<"yes"> {
  check("register", name, pid, resolve);
  if (cluster !== null) return cluster.register(name, pid, resolve, () => true) as Promise<"yes">;
  names.insert(name, pid, resolve);
  return "yes";
}

/**
 * Releases a name: always `"ok"`. Any process may do so. See the example of {@linkcode registerName}.
 *
 * @see Erlang `global:unregister_name/1`
 */
export function unregisterName(name: Term): Awaitable<"ok"> {
  fence();
  if (cluster !== null) return cluster.unregister(name);
  names.remove(name);
  return "ok";
}

/**
 * Returns the pid with a name, or `undefined`. Returns at once also in a cluster: every node knows all names.
 * See the example of {@linkcode registerName}.
 *
 * @see Erlang `global:whereis_name/1`
 */
export function whereisName(name: Term): Pid | undefined {
  fence();
  return names.lookup(name);
}

/**
 * Sends a message to the process with a name, and returns its pid.
 * See the example of {@linkcode registerName}.
 *
 * @throws {Exit} `["badarg", [name, message]]` if the name is not registered.
 * @see Erlang `global:send/2`
 */
export function send(name: Term, message: Term): Pid {
  fence();
  const pid = names.lookup(name);
  if (pid === undefined) throw exit(["badarg", [name, message]]);
  sendToPid(pid, message);
  return pid;
}

/**
 * Returns all registered names. See the example of {@linkcode reRegisterName}.
 *
 * @see Erlang `global:registered_names/0`
 */
export function registeredNames(): Term[] {
  fence();
  return [...names.entries.values()].map((entry) => entry.name);
}

/**
 * Resolves with `"ok"` when this node knows the names of all other nodes.
 *
 * @see Erlang `global:sync/0`
 *
 * @example A runtime that is not a node
 * ```ts
 * import { Global } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await Global.sync(), "ok");
 * assertEquals(await Global.disconnect(), []);
 * ```
 */
export function sync(): Awaitable<"ok"> {
  fence();
  return cluster?.sync() ?? "ok";
}

/**
 * Disconnects from all other nodes, and resolves with those nodes. See the example of {@linkcode sync}.
 *
 * @see Erlang `global:disconnect/0`
 */
export function disconnect(): Awaitable<NodeName[]> {
  fence();
  return cluster?.disconnect() ?? [];
}

function check(what: string, name: Term, pid: unknown, resolve: unknown): void {
  fence();
  if (!isPid(pid)) {
    throw new TypeError(
      `Cannot ${what} ${inspect(name)}: expected a pid, found ${inspect(pid)}`,
    );
  }
  if (typeof resolve === "function") return;
  throw new TypeError(
    `Cannot ${what} ${inspect(name)}: expected a function to resolve conflicts, found ${
      inspect(resolve)
    }`,
  );
}

// --- Conflicts ----------------------------------------------------------------------------------

/**
 * Resolves a conflict of names: the process on the node whose name comes first keeps the name, the
 * other is killed, and that is logged. The default. See the example of {@linkcode randomNotifyName}.
 *
 * @see Erlang `global:random_exit_name/3`
 */
export function randomExitName(name: Term, pid1: Pid, pid2: Pid): Pid {
  const [winner, loser] = inOrder(pid1, pid2);
  const reason = `Global: name conflict terminating ${inspect([name, loser])}`;
  report({ level: "info", kind: "message", pid: loser, reason });
  exitSignal(nameServer.pid, loser, "kill");
  return winner;
}

/**
 * Resolves a conflict of names: the process on the node whose name comes first keeps the name, the
 * other is sent `["global_name_conflict", name]`.
 *
 * @see Erlang `global:random_notify_name/3`
 *
 * @example Resolving a conflict of names
 * ```ts
 * import { Global, receive, self, spawn } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const other = spawn(() => receive());
 * assertEquals(Global.notifyAllName("leader", self(), other), "none");
 * assertEquals(await receive(), ["global_name_conflict", "leader", other]);
 * await Global.registerName("leader", self(), Global.randomNotifyName);
 * await Global.unregisterName("leader");
 * ```
 */
export function randomNotifyName(name: Term, pid1: Pid, pid2: Pid): Pid {
  const [winner, loser] = inOrder(pid1, pid2);
  sendToPid(loser, ["global_name_conflict", name]);
  return winner;
}

/**
 * Resolves a conflict of names: neither process keeps the name, and both are sent
 * `["global_name_conflict", name, other]`, with the pid of the other.
 * See the example of {@linkcode randomNotifyName}.
 *
 * @see Erlang `global:notify_all_name/3`
 */
export function notifyAllName(name: Term, pid1: Pid, pid2: Pid): "none" {
  sendToPid(pid1, ["global_name_conflict", name, pid2]);
  sendToPid(pid2, ["global_name_conflict", name, pid1]);
  return "none";
}

function inOrder(pid1: Pid, pid2: Pid): [winner: Pid, loser: Pid] {
  return pid1.node < pid2.node ? [pid1, pid2] : [pid2, pid1];
}

// --- Locks --------------------------------------------------------------------------------------

/** The maximum wait between two attempts at a lock, in milliseconds. */
const LONGEST_WAIT_MS = 8000;
/** The maximum of the first wait, in milliseconds. It doubles five times. */
const FIRST_WAIT_MS = 250;

/**
 * Takes a lock for the calling process, and resolves with whether it was granted: `false` if it is held for another
 * requester, and still is after `retries` further attempts. The wait between attempts is random, with a maximum of
 * 250, 500, 1000, 2000, 4000 and from then on 8000 milliseconds; but when the lock is released, it is granted to
 * the processes that wait on this node in the order of their requests.
 *
 * A lock belongs to its *requester*, which is any term: processes with the same requester share the lock, and it is
 * free when all of them have released it with {@linkcode delLock}, or have exited. Taking it again has no effect.
 *
 * @param id The lock, `[resource, requester]`, often `[resource, self()]`.
 * @param nodes The nodes to lock on. Default: all. With none, the lock is always granted, and nothing is locked.
 * @param retries The number of further attempts: 0 to resolve at once; default `Infinity`, to wait for the lock.
 * @throws {TypeError} If `id` is not a pair, or `nodes` not an array: the promise rejects.
 * @throws {RangeError} If `retries` is neither a non-negative integer nor `Infinity`.
 * @see Erlang `global:set_lock/1,2,3`, where a waiting process notices a released lock only after its wait.
 *
 * @example Setting and deleting a lock
 * ```ts
 * import { Global, self } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await Global.setLock(["printer", self()]), true);
 * assertEquals(await Global.setLock(["printer", "another requester"], undefined, 0), false);
 * assertEquals(await Global.delLock(["printer", self()]), true);
 * ```
 */
export function setLock(
  id: LockId,
  nodes: readonly NodeName[] = allNodes(),
  retries: number = Infinity,
): Promise<boolean> {
  return fairly(async () => {
    return await lock(self(), id, nodes, retries);
  });
}

async function lock(
  process: Process,
  id: LockId,
  nodes: readonly NodeName[],
  retries: number,
): Promise<boolean> {
  checkLock("set", id, nodes);
  if (retries !== Infinity && !(Number.isInteger(retries) && retries >= 0)) {
    throw new RangeError(
      `Cannot set a lock: expected a whole number of retries from 0, or Infinity, found ${
        inspect(retries)
      }`,
    );
  }
  if (cluster !== null && isBeyond(nodes)) {
    return await cluster.setLock(process, id, nodes, retries);
  }
  if (!nodes.includes(nodeName()) || locks.set(id, process.pid)) return true;
  for (let retry = 0; retry < retries; retry++) {
    const longest = Math.min(FIRST_WAIT_MS * 2 ** retry, LONGEST_WAIT_MS);
    const wait = 1 + Math.floor(Math.random() * longest);
    if (await locks.whenFree(id, process, wait) || locks.set(id, process.pid)) return true;
  }
  return false;
}

/**
 * Releases a lock of the calling process: always `true`. See the example of {@linkcode setLock}.
 *
 * @param nodes The nodes to release it on. Default: all.
 * @throws {TypeError} If `id` is not a pair, or `nodes` not an array.
 * @see Erlang `global:del_lock/1,2`
 */
export function delLock(id: LockId, nodes: readonly NodeName[] = allNodes()): Awaitable<true> {
  const process = self();
  checkLock("delete", id, nodes);
  return unlock(process, id, nodes);
}

function unlock(process: Process, id: LockId, nodes: readonly NodeName[]): Awaitable<true> {
  if (cluster !== null && isBeyond(nodes)) return cluster.delLock(process, id, nodes);
  if (nodes.includes(nodeName())) locks.delete(id, process.pid);
  return true;
}

function allNodes(): NodeName[] {
  return cluster?.nodes() ?? [nodeName()];
}

/** Whether `nodes` include other nodes than this one. */
function isBeyond(nodes: readonly NodeName[]): boolean {
  return nodes.some((node) => node !== nodeName());
}

/**
 * Takes a lock, runs `body`, releases the lock, also if `body` throws, and resolves with the result of `body`;
 * with `"aborted"` if the lock was not granted (see {@linkcode setLock}). `body` may be async: the lock is held
 * until its promise settles.
 *
 * @param retries See {@linkcode setLock}. Default `Infinity`: waits for the lock.
 * @throws {TypeError} If `id` is not a pair, `nodes` not an array, or `body` not a function: the promise rejects.
 * @throws {RangeError} If `retries` is neither a non-negative integer nor `Infinity`.
 * @see Erlang `global:trans/2,3,4`
 *
 * @example One at a time
 * ```ts
 * import { Global, Process, self } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const lock = ["ledger", self()] as const;
 * const result = await Global.trans(lock, async () => {
 *   await Process.sleep(1);
 *   return await Global.setLock(["ledger", "another requester"], undefined, 0);
 * });
 * assertEquals(result, false);
 * ```
 */
export function trans<Result>(
  id: LockId,
  body: () => Result,
  nodes: readonly NodeName[] = allNodes(),
  retries: number = Infinity,
): Promise<Awaited<Result> | "aborted"> {
  return fairly(async (): Promise<Awaited<Result> | "aborted"> => {
    const process = self();
    if (typeof body !== "function") {
      throw new TypeError(`Cannot run a transaction: expected a function, found ${inspect(body)}`);
    }
    if (!await lock(process, id, nodes, retries)) return "aborted";
    fence(); // the process may have exited meanwhile
    try {
      return await body();
    } finally {
      await unlock(process, id, nodes);
    }
  });
}

function checkLock(what: string, id: unknown, nodes: unknown): void {
  if (!Array.isArray(id) || id.length !== 2) {
    throw new TypeError(
      `Cannot ${what} a lock: expected [resource, requester], found ${inspect(id)}`,
    );
  }
  if (!Array.isArray(nodes)) {
    throw new TypeError(
      `Cannot ${what} a lock: expected an array of nodes, found ${inspect(nodes)}`,
    );
  }
}
