/**
 * The processes through which other nodes ping this one and run what it exports: `net_kernel`, `rex`,
 * `logger_proxy` and the group leader, under a supervisor.
 *
 * @module
 */

import type { Module } from "../../gen_server/contract.ts";
import { startLink } from "../../gen_server.ts";
import { isPid, type NodeName, type Pid } from "../../kernel/term.ts";
import { flag, isAlive, spawn, unlink } from "../../process.ts";
import { unwrap } from "../../response.ts";
import * as Supervisor from "../../supervisor.ts";
import * as GroupLeader from "./group_leader.ts";
import * as LoggerProxy from "./logger_proxy.ts";
import * as NetKernel from "./net_kernel.ts";
import type { Peer } from "../peer.ts";
import * as Rex from "../calls/rex.ts";
import { spawnThrough } from "../calls/spawn_request.ts";

/** What these services need of a node. */
export interface CallEnvironment {
  /** Returns the peer with a name. */
  peerOf(node: NodeName): Peer;
  /** Makes a process use the exact mapping. */
  speakExactly(pid: Pid): void;
}

/** The services, which run from the start of the node until it stops. */
export interface CallService {
  /**
   * Starts the processes, and resolves with the pid of their supervisor.
   *
   * @throws {MatchError} If one of their names is taken.
   */
  start(): Promise<Pid>;
  /** Stops them, and resolves when they have exited. */
  stop(): Promise<void>;
}

/** Creates the services of a node. */
export function callService({ peerOf, speakExactly }: CallEnvironment): CallService {
  let supervisor: Pid | undefined;
  let groupLeader: Pid;

  const start = async (module: Module, name: string | undefined, isExact: boolean) => {
    const result = await startLink(module, undefined, name === undefined ? {} : { name });
    const [, pid] = result;
    if (isPid(pid) && isExact) speakExactly(pid);
    if (isPid(pid) && module === GroupLeader) groupLeader = pid;
    return result;
  };
  const child = (module: Module, name?: string, isExact = true) => ({
    id: name ?? module,
    start: [{ start }, "start", [module, name, isExact]] as const,
  });

  return {
    async start() {
      supervisor = await startAlone(() =>
        Supervisor.startLink([
          child(GroupLeader),
          child(NetKernel, "net_kernel"),
          child(Rex, Rex.REX, false), // the functions that it runs use the node's mapping
          child(LoggerProxy, "logger_proxy"),
        ], { strategy: "one_for_one" })
      );
      const parent = supervisor.process!;
      spawnThrough({
        peerOf,
        parent,
        get groupLeader() {
          return groupLeader;
        },
      });
      return supervisor;
    },

    async stop() {
      spawnThrough(null);
      if (supervisor !== undefined && isAlive(supervisor)) {
        await Supervisor.stop(supervisor, "shutdown");
      }
    },
  };
}

/** Starts a supervisor that outlives the process that starts it. */
function startAlone(start: () => Promise<Supervisor.StartResult>): Promise<Pid> {
  const { promise, resolve, reject } = Promise.withResolvers<Pid>();
  spawn(async () => {
    flag("trap_exit", true);
    try {
      const supervisor: Pid = unwrap(await start());
      unlink(supervisor);
      resolve(supervisor);
    } catch (error) {
      reject(error);
    }
  });
  return promise;
}
