/**
 * Resolves name conflicts, when two partitions meet in which one name is registered for two processes.
 *
 * The node with the smaller name resolves each conflict, by the method with which its own side has registered the
 * name, on the node of its own side's process. The result is a list of operations for each side.
 *
 * @module
 */

import type { Entry, Names, Resolve } from "../../../registries/name_server.ts";
import { notifyAllName, randomExitName, randomNotifyName } from "../../../registries/global.ts";
import { List } from "../../kernel/list.ts";
import { report } from "../../kernel/report.ts";
import { inspect } from "../../kernel/inspect.ts";
import { isPid, type NodeName, type Pid, type Term } from "../../kernel/term.ts";
import { Export } from "../terms.ts";
import type { NameEntry, Op } from "./protocol.ts";

/** The operations that two nodes must perform to agree. */
export interface Resolution {
  /** The operations of this side. */
  readonly ops: Op[];
  /** The operations of the other side. */
  readonly resolved: Op[];
}

/**
 * Runs a method on the node of a process, and resolves with its result: a pid, `"none"`, or anything
 * else. Rejects if it could not be run.
 */
export type RunMethod = (entry: Entry, otherPid: Pid) => Promise<Term>;

/** Compares the names of another partition with those here. */
export async function resolveAll(
  names: Names,
  own: NodeName,
  peer: NodeName,
  theirNames: Iterable<NameEntry>,
  run: RunMethod,
): Promise<Resolution> {
  const resolution: Resolution = { ops: [], resolved: [] };
  for (const theirs of theirNames) {
    const ours = names.entry(theirs[0]);
    if (ours === undefined) resolution.ops.push(["insert", theirs]);
    else if (ours.pid !== theirs[1] && own < peer) {
      enter(resolution, ours, theirs, await outcomeOf(ours, theirs, run));
    }
  }
  return resolution;
}

function enter(to: Resolution, ours: Entry, theirs: NameEntry, winner: Pid | "none"): void {
  const { name, pid, method } = ours;
  if (winner === pid) to.resolved.push(["insert", [name, pid, wireMethod(method)]]);
  else if (winner !== "none") to.ops.push(["insert", theirs]);
  else {
    to.ops.push(["delete", name]);
    to.resolved.push(["delete", name]);
  }
}

async function outcomeOf(ours: Entry, theirs: NameEntry, run: RunMethod): Promise<Pid | "none"> {
  const [name, otherPid] = theirs;
  let said: Term;
  try {
    said = await run(ours, otherPid);
  } catch (thrown) {
    log(ours.pid, `Global: the name ${inspect(name)} is in conflict, and ${inspect(thrown)}`);
    return otherPid;
  }
  if (said === otherPid || said === ours.pid) return said as Pid;
  if (said !== "none" && !(typeof said === "symbol" && said.description === "none")) {
    log(ours.pid, `Global: the method for the name ${inspect(name)} returned ${inspect(said)}`);
  }
  return "none";
}

function log(pid: Pid, reason: string): void {
  report({ level: "info", kind: "message", pid, reason });
}

// --- Methods ------------------------------------------------------------------------------------

const METHODS: Readonly<Record<string, Resolve>> = {
  random_exit_name: randomExitName,
  random_notify_name: randomNotifyName,
  notify_all_name: notifyAllName,
};

const EXPORTS = new Map<Term, Export>(
  Object.entries(METHODS).map(([name, resolve]) => [resolve, new Export("global", name, 3)]),
);
/** Stands for a function of this node, which no other node can run: it is sent back here to be run. */
const DEFAULT = EXPORTS.get(randomExitName)!;

/** Converts a method for other nodes. */
export function wireMethod(method: Term): Term {
  return EXPORTS.get(method) ?? (typeof method === "function" ? DEFAULT : method);
}

/** Converts all names for other nodes, except those that cannot be sent. */
export function wireNames(names: Names, isPortable: (name: Term) => boolean): List<NameEntry> {
  const all = [...names.entries.values()].filter(({ name }) => isPortable(name));
  return List.from(
    all.map(({ name, pid, method }) => [name, pid, wireMethod(method)] as const),
  ) as List<NameEntry>;
}

/** The local function of a method, if there is one. */
export function methodHere(method: Term): Resolve | undefined {
  if (typeof method === "function") return method as Resolve;
  if (!(method instanceof Export) || method.module !== "global" || method.arity !== 3) {
    return undefined;
  }
  return Object.hasOwn(METHODS, method.function) ? METHODS[method.function] : undefined;
}

/**
 * `global:resolve_it/4`, which nodes of the same side call here: runs the method for a process of this
 * node. A method that only an Erlang node can run is run on the node of the other process; if that fails, the
 * default is used.
 */
export async function resolveIt(
  names: Names,
  [method, name, otherPid, ownPid]: readonly [method: Term, name: Term, otherPid: Pid, ownPid: Pid],
  elsewhere: (node: NodeName, args: readonly Term[]) => Promise<Term>,
): Promise<Term> {
  // The name arrives in another mapping, and a function of this node as the default's name.
  const entries = names.entriesOf(ownPid);
  const entry = entries.find((each) => inspect(each.name) === inspect(name)) ?? entries[0];
  const known = typeof entry?.method === "function" ? entry.method : method;
  const resolve = methodHere(known);
  if (resolve !== undefined) return await resolve(entry?.name ?? name, otherPid, ownPid);
  try {
    const said = await elsewhere(otherPid.node, [method, entry?.name ?? name, otherPid, ownPid]);
    if (isPid(said) || said === "none" || typeof said === "symbol") return said;
  } catch {
    // It cannot be reached, or cannot run the method either.
  }
  return randomExitName(entry?.name ?? name, otherPid, ownPid);
}
