/**
 * The internal tables of the runtime, by their sizes: whatever could grow unnoticed.
 *
 * @module
 */

import { Application, Ets, Global, Process, Registry, Sys } from "../../mod.ts";
import { allProcesses, QUEUED } from "../../lib/kernel/process.ts";
import { linksOf } from "../../lib/kernel/signals.ts";
import { pendingTimers } from "../../lib/kernel/timers.ts";

/** The sizes of all tables, by their names. */
export type Sizes = Readonly<Record<string, number>>;

/** Tells the sizes of all tables, those of the given registries among them. */
export async function sizes(registries: readonly string[]): Promise<Sizes> {
  const names = await Sys.getState("global_name_server") as Readonly<
    Record<"entries" | "names" | "locks" | "waiting", { readonly size: number }>
  >;
  return {
    ...ofProcesses(),
    "timers": pendingTimers(),
    "local names": Process.registered().length,
    "global names": Global.registeredNames().length,
    "holders of global names": names.names.size,
    "global locks": names.locks.size,
    "queues for global locks": names.waiting.size,
    ...Object.fromEntries(registries.map((name) => [`entries of ${name}`, Registry.count(name)])),
    "ETS tables": Ets.all().length,
    "applications, loaded": Application.loadedApplications().length,
    "applications, started": Application.startedApplications().length,
  };
}

/** What all processes have, together. */
function ofProcesses(): Sizes {
  const total = {
    "processes": 0,
    "processes in the run queue": 0,
    "messages": 0,
    "ends of links": 0,
    "monitors, held": 0,
    "monitors, on others": 0,
    "timers of processes": 0,
    "calls, made": 0,
    "calls, waited for": 0,
    "aliases": 0,
    "exit hooks": 0,
    "lookups": 0,
  };
  for (const process of allProcesses()) {
    const { extras } = process;
    total["processes"]++;
    total["processes in the run queue"] += process.flags & QUEUED ? 1 : 0;
    total["messages"] += process.messages().length;
    total["ends of links"] += linksOf(process).length;
    total["monitors, held"] += length(process.monitors, (monitor) => monitor.heldNext);
    total["monitors, on others"] += length(process.monitoredBy, (monitor) => monitor.targetNext);
    total["timers of processes"] += process.timers === null ? 0 : 1;
    total["calls, made"] += length(process.outgoing, (call) => call.nextOutgoing);
    total["calls, waited for"] += length(process.incoming, (call) => call.nextIncoming);
    total["aliases"] += extras?.aliases?.size ?? 0;
    total["lookups"] += extras?.lookups?.size ?? 0;
    const hooks = extras?.exitHooks ?? null;
    total["exit hooks"] += hooks instanceof Set ? hooks.size : hooks === null ? 0 : 1;
  }
  return total;
}

function length<Item>(first: Item | null, next: (item: Item) => Item | null): number {
  let count = 0;
  for (let item = first; item !== null; item = next(item)) count++;
  return count;
}
