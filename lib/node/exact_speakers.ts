/**
 * Which processes speak exactly with Erlang nodes: what they send and get is in the exact mapping, in which a
 * string is an atom. So do those that stand in for OTP's own; everybody else speaks as their node does.
 *
 * @module
 */

import { localRegistry } from "../kernel/names.ts";
import { type Alias, onExit } from "../kernel/signals.ts";
import { type Atom, Pid, Ref } from "../kernel/term.ts";

const speakers = new Set<Pid>();

/** Has a process speak exactly, until it ends. */
export function speakExactly(pid: Pid): void {
  speakers.add(pid);
  onExit(pid, () => speakers.delete(pid));
}

/** Whether a process speaks exactly that is known by its pid, its name, or an alias. */
export function speaksExactly(process: Pid | Atom | Ref | null): boolean {
  if (speakers.size === 0) return false;
  if (process instanceof Pid) return speakers.has(process);
  if (process instanceof Ref) {
    const alias = process.alias as Alias | null;
    return alias !== null && speakers.has(alias.process.pid);
  }
  const pid = process === null ? undefined : localRegistry().whereisName(process);
  return pid !== undefined && speakers.has(pid);
}
