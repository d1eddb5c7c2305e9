/**
 * Local names: atoms, known to this runtime alone. The registry behind `name: "stack"`.
 *
 * @module
 */

import { exit } from "../lib/kernel/exit.ts";
import type { LocalRegistry } from "../lib/kernel/names.ts";
import { onExit, sendToPid } from "../lib/kernel/signals.ts";
import type { Atom, Pid, Term } from "../lib/kernel/term.ts";

interface Entry {
  readonly pid: Pid;
  /** Takes the exit hook away that would free the name. */
  readonly release: () => void;
}

/**
 * Makes a registry of local names. A process has one name at most, and a name is free the moment
 * its process ends, before anybody hears of that.
 */
export function createLocalRegistry(): LocalRegistry {
  const entries = new Map<Atom, Entry>();
  const names = new Map<Pid, Atom>();

  function registerName(name: Atom, pid: Pid): "yes" | "no" {
    if (entries.has(name) || names.has(pid)) return "no";
    const release = onExit(pid, () => forget(name, pid));
    if (release === undefined) return "no";
    entries.set(name, { pid, release });
    names.set(pid, name);
    return "yes";
  }

  function forget(name: Atom, pid: Pid): void {
    entries.delete(name);
    names.delete(pid);
  }

  function unregisterName(name: Atom): void {
    const entry = entries.get(name);
    if (entry === undefined) return;
    entry.release();
    forget(name, entry.pid);
  }

  function whereisName(name: Atom): Pid | undefined {
    return entries.get(name)?.pid;
  }

  function send(name: Atom, message: Term): Pid {
    const pid = whereisName(name);
    if (pid === undefined) throw exit(["badarg", [name, message]]);
    sendToPid(pid, message);
    return pid;
  }

  return {
    registerName,
    unregisterName,
    whereisName,
    send,
    nameOf: (pid) => names.get(pid),
    registered: () => [...entries.keys()],
  };
}
