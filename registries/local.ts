/**
 * Local names: atoms, known only to this runtime. The registry behind `name: "stack"`.
 *
 * @module
 */

import { exit } from "../lib/kernel/exit.ts";
import type { LocalRegistry } from "../lib/kernel/names.ts";
import { onExit, sendToPid } from "../lib/kernel/signals.ts";
import type { Atom, Pid, Term } from "../lib/kernel/term.ts";

interface Entry {
  readonly pid: Pid;
  /** Removes the exit hook that releases the name. */
  readonly release: () => void;
}

/**
 * Creates a registry of local names. A process has at most one name. A name is released when its process exits,
 * before links and monitors are notified.
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
