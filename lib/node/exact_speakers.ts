/**
 * The processes that use the exact mapping with Erlang nodes, in which a string is an atom. They are those that
 * stand in for OTP's own processes; all others use the mapping of their node.
 *
 * @module
 */

import { localRegistry } from "../kernel/names.ts";
import { type Alias, onExit } from "../kernel/signals.ts";
import { type Atom, Pid, Ref } from "../kernel/term.ts";

const speakers = new Set<Pid>();

/** Makes a process use the exact mapping, until it exits. */
export function speakExactly(pid: Pid): void {
  speakers.add(pid);
  onExit(pid, () => speakers.delete(pid));
}

/** Whether the process with this pid, name or alias uses the exact mapping. */
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
