/**
 * The server of `servers.ts`, on other nodes and on this one.
 *
 * @module
 */

import { GenServer, Process, unwrap } from "../../../mod.ts";
import { atom } from "../../../lib/node/mod.ts";
import { type CollectedReports, collectReports } from "../../helpers.ts";
import { type Cluster, clusterTest, type RunningNode } from "../beam.ts";
import { asNode } from "../this_node.ts";
import { ELIXIR_SERVER, Server } from "./servers.ts";

/** The server `srv` of another node, and how to start it (again). */
export interface Remote {
  readonly peer: RunningNode;
  readonly server: readonly [string, string];
  /** What its language has for an atom that is no tag. */
  word(text: string): unknown;
  start(state: string): Promise<void>;
  /** Starts the state machine `door`. */
  startDoor(code: number): Promise<void>;
}

export const REMOTES: Readonly<
  Record<"Elixir" | "denotp", (cluster: Cluster) => Promise<Remote>>
> = {
  async Elixir(cluster) {
    const peer = await cluster.elixir("x");
    await peer.eval(ELIXIR_SERVER);
    return {
      peer,
      server: ["srv", peer.node],
      word: atom,
      start: async (state) => {
        await peer.eval(
          `{:ok, pid} = GenServer.start(Server, ${JSON.stringify(state)}, name: :srv)`,
        );
      },
      startDoor: async (code) => {
        await peer.eval(`{:ok, pid} = :gen_statem.start({:local, :door}, Door, ${code}, [])`);
      },
    };
  },
  async denotp(cluster) {
    const peer = await cluster.denotp("t");
    await peer.eval("Logger.setHandler(() => {})");
    return {
      peer,
      server: ["srv", peer.node],
      word: (text) => text,
      start: async (state) => {
        await peer.eval(
          `unwrap(await GenServer.start(Server, ${JSON.stringify(state)}, { name: "srv" }))`,
        );
      },
      startDoor: async (code) => {
        await peer.eval(`unwrap(await GenStatem.start(Door, ${code}, { name: "door" }))`);
      },
    };
  },
};

/** A test for a server of each kind of node. */
export function serverTest(title: string, test: (remote: Remote) => Promise<void>): void {
  for (const kind of ["Elixir", "denotp"] as const) {
    const needs = kind === "Elixir" ? "elixir" : "deno";
    clusterTest(title.replace("$node", kind), needs, async (cluster) => {
      const remote = await REMOTES[kind](cluster);
      await asNode(cluster, () => test(remote));
    });
  }
}

/** Runs `body` with the server `srv` on this node, whose end is not reported. */
export async function withServer(
  body: (reports: CollectedReports) => Promise<void>,
): Promise<void> {
  using reports = collectReports();
  try {
    await startHere("start");
    await body(reports);
  } finally {
    const left = Process.whereis("srv");
    if (left !== undefined) Process.exit(left, "kill");
  }
}

export async function startHere(state: unknown): Promise<void> {
  unwrap(await GenServer.start(Server, state, { name: "srv" }));
}
