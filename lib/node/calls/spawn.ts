/**
 * Starts processes on other nodes; exported as a part of `Node`.
 *
 * @module
 */

import { spawnCoroutine } from "../../kernel/coroutine.ts";
import { exit } from "../../kernel/exit.ts";
import type { Process } from "../../kernel/process.ts";
import { report } from "../../kernel/report.ts";
import { self } from "../../kernel/self.ts";
import type { NodeName, Pid, Ref, Term } from "../../kernel/term.ts";
import {
  type ModuleFunctionArgs,
  type RequestOptions,
  requestSpawn,
  watch,
} from "./spawn_request.ts";

/**
 * Starts a process that runs an exported function on another node, and resolves with its pid.
 *
 * On an Erlang node every exported function of a module can be run, on a denotp node those of
 * `Node.exportFunctions`. If the function does not exist, the new process exits with `["undef", stack]`.
 *
 * If the node cannot be reached, or refuses, that is logged, and the pid is that of a local process that has exited
 * with the reason, e.g. `"noconnection"`.
 *
 * @param node The node, which may be this one.
 * @param args In the natural mapping.
 * @throws {TypeError} If a name is not a string, or `args` is not an array, or cannot be sent.
 * @see Erlang `spawn/4`
 */
export async function spawn(
  node: NodeName,
  module: string,
  name: string,
  args: readonly Term[],
): Promise<Pid> {
  return (await spawnAt(node, [module, name, args], {}))[0];
}

/**
 * Starts a process on another node, linked to the calling one. See {@linkcode spawn}. If the node cannot be
 * reached, the caller gets the exit signal `"noconnection"`.
 *
 * @throws {TypeError} As {@linkcode spawn} does.
 * @see Erlang `spawn_link/4`
 */
export async function spawnLink(
  node: NodeName,
  module: string,
  name: string,
  args: readonly Term[],
): Promise<Pid> {
  return (await spawnAt(node, [module, name, args], { link: true }))[0];
}

/**
 * Starts a process on another node and monitors it: resolves with `[pid, ref]`. See {@linkcode spawn}. If
 * the node cannot be reached, the reason of the `DOWN` message is `"noconnection"`.
 *
 * @throws {TypeError} As {@linkcode spawn} does.
 * @see Erlang `spawn_monitor/4`
 */
export async function spawnMonitor(
  node: NodeName,
  module: string,
  name: string,
  args: readonly Term[],
): Promise<readonly [Pid, Ref]> {
  const [pid, ref] = await spawnAt(node, [module, name, args], { monitor: true });
  return [pid, ref];
}

function spawnAt(
  node: NodeName,
  mfa: ModuleFunctionArgs,
  options: RequestOptions,
): Promise<readonly [Pid, Ref]> {
  const caller = self();
  return new Promise((resolve) => {
    requestSpawn(caller, node, mfa, options, {
      started: (pid, ref) => resolve([pid, ref]),
      refused: (reason) => resolve(spawnCrasher(caller, node, mfa, options, reason)),
    });
  });
}

/** Starts a local process in the place of one that could not be started: it exits with the reason for that. */
function spawnCrasher(
  caller: Process,
  node: NodeName,
  [module, name, args]: ModuleFunctionArgs,
  options: RequestOptions,
  reason: string,
): readonly [Pid, Ref] {
  report({
    level: "warning",
    kind: "message",
    reason: `Cannot start ${module}:${name}/${args.length} on ${node}: ${reason}`,
  });
  const process = spawnCoroutine(caller, () => {
    throw exit(reason);
  });
  return [process.pid, watch(caller, process, options)];
}
