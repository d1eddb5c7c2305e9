/**
 * Global: names and locks that hold on all connected nodes. The registry behind
 * `["global", name]`, and Erlang's module `global`.
 *
 * A name is any term, compared by its content; it stands for one process. It is free the moment that
 * process ends, before anybody hears of that.
 *
 * While this runtime is no node (`Node.start` makes it one), names and locks are its own, and every
 * function answers at once but those that wait for a lock. In a cluster they are those of all nodes that
 * are connected, Erlang's and Elixir's too; hidden nodes have their own. Where other nodes have to be
 * asked, the type says {@linkcode Awaitable}: write `await`, and the code does for both. Whoever has a
 * name is known to every node, without asking.
 *
 * A name, and what is locked, and for whom, are terms in the exact mapping there: what a program calls
 * `"calculator"` is the atom `calculator` to Erlang. When nodes meet that have given one name to two
 * processes, one of them is asked whose it is.
 *
 * @module
 */

import { fairly } from "../lib/kernel/fair.ts";
import { exit } from "../lib/kernel/exit.ts";
import type { Awaitable } from "../lib/kernel/awaitable.ts";
import type { Process } from "../lib/kernel/process.ts";
import { report } from "../lib/kernel/report.ts";
import { fence, self } from "../lib/kernel/self.ts";
import { exitSignal, sendToPid } from "../lib/kernel/signals.ts";
import {
  inspect,
  isPid,
  type NodeName,
  nodeName,
  type Pid,
  type Term,
} from "../lib/kernel/term.ts";
import { cluster, type LockId, locks, names, nameServer, type Resolve } from "./name_server.ts";

export type { LockId, Resolve };

/** Options of all global names. */
export interface Options {
  /**
   * Whether a process may have several names: `"refuse"`, the default, or `"allow"`. Mirrors OTP's
   * `global_multi_name_action`.
   */
  readonly multiNameAction?: "allow" | "refuse";
}

let multiNameAction: "allow" | "refuse" = "refuse";

/**
 * Sets options of all global names.
 *
 * @throws {TypeError} If an option has none of its values.
 */
export function configure(options: Options): void {
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
 * Gives a process a name: `"yes"`; or `"no"` if the name is taken, or the process has another one
 * already, which is also logged as an error (see {@linkcode configure}). A process that has ended is
 * given the name, and has lost it by then.
 *
 * @param name Any term.
 * @param resolve Decides when two nodes that meet have given the name to two processes. Default
 * {@linkcode randomExitName}.
 * @throws {TypeError} If `pid` is no pid, or `resolve` no function.
 * @see Erlang `global:register_name/2,3`
 *
 * @example
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
 * Gives a process a name, which whoever had it loses: `"yes"`, always. The process may have other
 * names.
 *
 * @param resolve See {@linkcode registerName}.
 * @throws {TypeError} If `pid` is no pid, or `resolve` no function.
 * @see Erlang `global:re_register_name/2,3`
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
 * Frees a name: `"ok"`, also if nobody has it. Anybody may.
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
 * The pid that has a name, or `undefined`. Answers at once also in a cluster: every node knows all
 * names.
 *
 * @see Erlang `global:whereis_name/1`
 */
export function whereisName(name: Term): Pid | undefined {
  fence();
  return names.lookup(name);
}

/**
 * Sends to the process that has a name, and returns its pid.
 *
 * @throws {Exit} `["badarg", [name, message]]` if nobody has it.
 * @see Erlang `global:send/2`
 */
export function send(name: Term, message: Term): Pid {
  fence();
  const pid = names.lookup(name);
  if (pid === undefined) throw exit(["badarg", [name, message]]);
  sendToPid(pid, message);
  return pid;
}

/** All names that are taken. @see Erlang `global:registered_names/0` */
export function registeredNames(): Term[] {
  fence();
  return [...names.entries.values()].map((entry) => entry.name);
}

/**
 * Resolves with `"ok"` when this node knows the names of all others.
 *
 * @see Erlang `global:sync/0`
 */
export function sync(): Awaitable<"ok"> {
  fence();
  return cluster?.sync() ?? "ok";
}

/**
 * Leaves the cluster, all other nodes at once, and answers the nodes that were left.
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
 * other is killed, and that is logged. What is used if nothing else is asked for.
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
 */
export function randomNotifyName(name: Term, pid1: Pid, pid2: Pid): Pid {
  const [winner, loser] = inOrder(pid1, pid2);
  sendToPid(loser, ["global_name_conflict", name]);
  return winner;
}

/**
 * Resolves a conflict of names: nobody has the name any more, and both processes are sent
 * `["global_name_conflict", name, other]`, with the pid of the other.
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

/** The longest wait between two attempts at a lock, in milliseconds. */
const LONGEST_WAIT_MS = 8000;
/** The longest first wait: it doubles five times, up to the longest of all. */
const FIRST_WAIT_MS = 250;

/**
 * Takes a lock for the calling process, and resolves with whether it did: `false` if somebody has it
 * who gave another requester, and still has it after `retries` further attempts. Between two of those
 * it waits for a random time, of at most 250, 500, 1000, 2000, 4000 and from then on 8000 ms; but if
 * the lock gets free, it is given to those who wait here in the order in which they came.
 *
 * A lock belongs to its *requester*, which is any term: processes that give the same one share the
 * lock, and it is free when all of them have given it back, by {@linkcode delLock} or by ending. To
 * take it twice is to take it once.
 *
 * @param id What to lock, and for whom: `[resource, requester]`, often `[resource, self()]`.
 * @param nodes On which nodes. Default: all. On none it is always granted, and nothing is locked.
 * @param retries How often to try again: 0 to answer at once; default `Infinity`, to wait until it is free.
 * @throws {TypeError} If `id` is no pair, or `nodes` no array: the promise rejects.
 * @throws {RangeError} If `retries` is neither a whole number from 0 nor `Infinity`.
 * @see Erlang `global:set_lock/1,2,3`; there a lock that gets free is noticed after the wait only.
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
 * Gives a lock back that the calling process has: `true`, always.
 *
 * @param nodes On which nodes. Default: all.
 * @throws {TypeError} If `id` is no pair, or `nodes` no array.
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

/** Whether other nodes are among `nodes`. */
function isBeyond(nodes: readonly NodeName[]): boolean {
  return nodes.some((node) => node !== nodeName());
}

/**
 * Takes a lock, runs `body`, gives the lock back, also if `body` throws, and resolves with what `body`
 * returned; with `"aborted"` if the lock was not to be had (see {@linkcode setLock}). `body` may be
 * async: the lock is held until its promise settles.
 *
 * @param retries As {@linkcode setLock} has it. Default `Infinity`: waits for the lock.
 * @throws {TypeError} If `id` is no pair, `nodes` no array, or `body` no function: the promise rejects.
 * @throws {RangeError} If `retries` is neither a whole number from 0 nor `Infinity`.
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
 *   return await Global.setLock(["ledger", "somebody else"], undefined, 0);
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
    fence(); // it may have ended since
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
