/**
 * Nodes: calls and casts from one program to another, on loopback, between every two of denotp and the BEAM.
 *
 * Four programs of their own are started once, two of each kind: `nodes_program.ts` and `nodes.exs`. Each is a
 * server, and the clients of others. All have their default options, the BEAM its default schedulers.
 *
 * Beside them stand bytes that go there and back without a node.
 *
 * Needs `--allow-run=deno,elixir --allow-net=127.0.0.1`.
 *
 * @module
 */

import { EpmdServer } from "../../lib/node/distribution/epmd_server.ts";
import { tcp } from "../../lib/node/distribution/tcp.ts";
import { Program } from "./program.ts";
import {
  measureSides,
  type SharedFigure,
  type SharedOptions,
  type SharedWork,
  type Side,
} from "./sides.ts";
import { bytes } from "./table.ts";

const HOST = "127.0.0.1";
const COOKIE = "bench";
/** Keeps a node of the BEAM to itself: it listens on loopback, and starts no EPMD. */
const LOOPBACK = "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}";

/** Work of nodes: its name is what `nodes_program.ts` and `nodes.exs` know it by. */
export interface RemoteWork extends SharedWork {
  readonly work: "call" | "clients" | "cast";
  /** Bytes of the text in each message. */
  readonly size: number;
}

const SMALL = 16;
/** Operations of a call and of a cast, by the size of their text. */
const SIZES: readonly (readonly [size: number, calls: number, casts: number])[] = [
  [SMALL, 2000, 50_000],
  [256, 2000, 30_000],
  [4096, 1500, 5000],
  [65_536, 300, 400],
  [1_048_576, 20, 24],
];

/** All of it. */
export const REMOTE_WORKS: readonly RemoteWork[] = [
  remote("clients", "`GenServer.call` by 100 concurrent clients", SMALL, 10_000),
  ...SIZES.map(([size, calls]) => remote("call", "`GenServer.call`, echoed", size, calls)),
  ...SIZES.map(([size, , casts]) => remote("cast", "`GenServer.cast`, then one call", size, casts)),
];

function remote(
  work: RemoteWork["work"],
  title: string,
  size: number,
  operations: number,
): RemoteWork {
  return {
    name: `remote_${work}_${size}`,
    title: `${title}, ${bytes(size)} each`,
    operations,
    work,
    size,
    // The budget is for small messages.
    ...(size === SMALL ? { goal: 1 } : {}),
  };
}

/** Options of {@linkcode nodes}. */
export interface NodesOptions extends SharedOptions {
  readonly hasBeam: boolean;
  /** Default: all of it. */
  readonly works?: readonly RemoteWork[];
}

/** Measures between all programs, without the BEAM's if there is none. */
export async function nodes(
  { hasBeam, works = REMOTE_WORKS, ...options }: NodesOptions,
): Promise<SharedFigure[]> {
  await using programs = new AsyncDisposableStack();
  const epmd = new EpmdServer();
  await epmd.start(tcp, { host: HOST, port: 0 });
  programs.defer(() => epmd.close());
  const start = async (make: (name: string, port: number) => Program, name: string) => {
    const program = programs.use(make(name, epmd.port));
    // It replies when it is ready.
    await program.ask(`call ${name}@${HOST} 1 ${SMALL}`);
    return program;
  };
  const denotp = await start(denotpNode, "denotp_a");
  await start(denotpNode, "denotp_b");
  const sides: Side[] = [side("denotp to denotp", denotp, "denotp_b")];
  if (hasBeam) {
    const beam = await start(beamNode, "beam_a");
    await start(beamNode, "beam_b");
    sides.push(
      { ...side("BEAM to BEAM", beam, "beam_b"), isReference: true },
      side("denotp to BEAM", denotp, "beam_b"),
      side("BEAM to denotp", beam, "denotp_b"),
    );
  }
  const port = await programs.use(tcpProgram()).ask("listen");
  sides.push(tcpSide(programs.use(tcpProgram()), port));
  return await measureSides(works, sides, options);
}

/** What a call costs the platform: a message of its size, and one back. */
function tcpSide(client: Program, port: number): Side {
  return {
    name: "TCP, Deno to Deno",
    async measure(shared) {
      const { work, size, operations } = shared as RemoteWork;
      if (work !== "call") return undefined;
      const ask = () => client.ask(`echo ${port} ${operations} ${size}`);
      await ask();
      return await ask();
    },
  };
}

function side(name: string, from: Program, to: string): Side {
  return {
    name,
    async measure(shared) {
      const { work, size, operations } = shared as RemoteWork;
      const ask = (times: number) => from.ask(`${work} ${to}@${HOST} ${times} ${size}`);
      await ask(operations); // For the compilers.
      return await ask(operations);
    },
  };
}

function tcpProgram(): Program {
  return denoProgram("tcp_program.ts");
}

function denotpNode(name: string, port: number): Program {
  return denoProgram("nodes_program.ts", `${name}@${HOST}`, COOKIE, String(port));
}

function denoProgram(file: string, ...args: string[]): Program {
  const program = new URL(file, import.meta.url).href;
  return new Program("deno", {
    args: ["run", "--quiet", "--no-check", `--allow-net=${HOST}`, program, ...args],
    cwd: new URL("../..", import.meta.url),
  });
}

function beamNode(name: string, port: number): Program {
  const script = new URL("nodes.exs", import.meta.url).pathname;
  return new Program("elixir", {
    args: ["--name", `${name}@${HOST}`, "--cookie", COOKIE, "--erl", LOOPBACK, script],
    env: { ERL_EPMD_PORT: String(port), ERL_EPMD_ADDRESS: HOST },
  });
}
