/**
 * A leaf of a supervision tree: it says when it starts and when it stops, and can be told to be slow or to fail.
 *
 * @module
 */

import {
  type ChildSpec,
  GenServer,
  ignore,
  ok,
  Process,
  reply,
  type Restart,
  type Shutdown,
  stop,
} from "@denotp/otp";
import { inspect } from "../elixir.ts";
import { noClause } from "../no_clause.ts";
import * as Leaf from "./leaf.ts"; // __MODULE__

export interface Options {
  readonly restart?: Restart;
  readonly shutdown?: Shutdown;
  /** Whether it traps exits, without which it is stopped before it can say so. Default `true`. */
  readonly trap?: boolean;
  /** How long it takes to start, and to stop, in milliseconds. */
  readonly initMs?: number;
  readonly termMs?: number;
  /** How its start comes to nothing. */
  readonly fail?: "stop" | "raise" | "ignore";
}

type Argument = readonly [name: string, options: Options];

export function childSpec(argument: string | Argument): ChildSpec {
  if (typeof argument === "string") return childSpec([argument, {}]);
  const [name, { restart, shutdown }] = argument;
  return { id: name, start: [Leaf, "startLink", [argument]], restart, shutdown };
}

export const startLink = ([name, options]: Argument) =>
  GenServer.startLink(Leaf, [name, options], { name });

export async function init([name, options]: Argument) {
  if (options.trap !== false) Process.flag("trap_exit", true);
  console.log(`start ${name}`);
  if (options.initMs !== undefined) await Process.sleep(options.initMs);
  switch (options.fail) {
    case "stop":
      return stop("cannot");
    case "raise":
      throw new Error("cannot");
    case "ignore":
      return ignore;
    default:
      return ok<Argument>([name, options]);
  }
}

export function handleCall(request: "name", _from: GenServer.From, [name, options]: Argument) {
  if (request === "name") return reply(name, [name, options]);
  throw noClause(request);
}

export function handleCast(request: "die", _state: Argument): never {
  if (request === "die") throw new Error("Boom");
  throw noClause(request);
}

export async function terminate(reason: unknown, [name, options]: Argument): Promise<void> {
  if (options.termMs !== undefined) await Process.sleep(options.termMs);
  console.log(`stop ${name} ${typeof reason === "string" ? inspect(reason) : "crash"}`);
}
