/**
 * Conflicts: two partitions have met in which one name stands for two processes.
 *
 * The node with the smaller name has each resolved, by the method that its own side has registered the
 * name with, on the node of its own side's process. What comes of it is what either side has to do.
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

/** What two nodes have to do so that they agree. */
export interface Resolution {
  /** What the own side has to do. */
  readonly ops: Op[];
  /** What the other side has to do. */
  readonly resolved: Op[];
}

/**
 * Runs a method where a process lives, and resolves with what it says: a pid, `"none"`, or anything
 * else. Rejects if it could not be run.
 */
export type RunMethod = (entry: Entry, hisPid: Pid) => Promise<Term>;

/** Compares the names of another partition with those here. */
export async function resolveAll(
  names: Names,
  own: NodeName,
  peer: NodeName,
  his: Iterable<NameEntry>,
  run: RunMethod,
): Promise<Resolution> {
  const resolution: Resolution = { ops: [], resolved: [] };
  for (const theirs of his) {
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
  const [name, hisPid] = theirs;
  let said: Term;
  try {
    said = await run(ours, hisPid);
  } catch (thrown) {
    log(ours.pid, `Global: the name ${inspect(name)} is in conflict, and ${inspect(thrown)}`);
    return hisPid;
  }
  if (said === hisPid || said === ours.pid) return said as Pid;
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
/** What stands for a function of this node that no other could run; it comes back here to be run. */
const DEFAULT = EXPORTS.get(randomExitName)!;

/** A method as it is sent to other nodes. */
export function wireMethod(method: Term): Term {
  return EXPORTS.get(method) ?? (typeof method === "function" ? DEFAULT : method);
}

/** All names as they are sent to other nodes: those that can be. */
export function wireNames(names: Names, isPortable: (name: Term) => boolean): List<NameEntry> {
  const all = [...names.entries.values()].filter(({ name }) => isPortable(name));
  return List.from(
    all.map(({ name, pid, method }) => [name, pid, wireMethod(method)] as const),
  ) as List<NameEntry>;
}

/** The function that a method is here, if it is one. */
export function methodHere(method: Term): Resolve | undefined {
  if (typeof method === "function") return method as Resolve;
  if (!(method instanceof Export) || method.module !== "global" || method.arity !== 3) {
    return undefined;
  }
  return Object.hasOwn(METHODS, method.function) ? METHODS[method.function] : undefined;
}

/**
 * `global:resolve_it/4`, which the nodes of the own side call here: runs the method for a process of this
 * node. A method that only an Erlang node can run is run on that of the other process, or else the
 * default is.
 */
export async function resolveIt(
  names: Names,
  [method, name, hisPid, ownPid]: readonly [method: Term, name: Term, hisPid: Pid, ownPid: Pid],
  elsewhere: (node: NodeName, args: readonly Term[]) => Promise<Term>,
): Promise<Term> {
  // The name has come in another mapping; and a function of this node goes by the default's name.
  const entries = names.entriesOf(ownPid);
  const entry = entries.find((each) => inspect(each.name) === inspect(name)) ?? entries[0];
  const known = typeof entry?.method === "function" ? entry.method : method;
  const resolve = methodHere(known);
  if (resolve !== undefined) return await resolve(entry?.name ?? name, hisPid, ownPid);
  try {
    const said = await elsewhere(hisPid.node, [method, entry?.name ?? name, hisPid, ownPid]);
    if (isPid(said) || said === "none" || typeof said === "symbol") return said;
  } catch {
    // It is out of reach, or cannot run it either.
  }
  return randomExitName(entry?.name ?? name, hisPid, ownPid);
}
