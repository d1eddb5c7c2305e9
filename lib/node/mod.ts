/**
 * Nodes: a program joins a cluster of Erlang, Elixir and denotp nodes. It speaks Erlang's distribution
 * protocol, over TCP or TLS, with EPMD or without.
 *
 * ```ts
 * import { GenServer, ok, reply } from "@denotp/otp";
 * import { Node } from "@denotp/otp/node";
 * import { assertEquals } from "@std/assert";
 *
 * const Calculator = {
 *   init: (total: number) => ok(total),
 *   handleCall: ([_add, n]: ["add", number], _from: GenServer.From, total: number) =>
 *     reply(total + n, total + n),
 * };
 * await GenServer.start(Calculator, 0, { name: "calculator" });
 *
 * await Node.start("deno@127.0.0.1", { cookie: "secret", epmd: { serve: true } });
 * // Here as at any other node of the cluster; in Elixir:
 * // GenServer.call({:calculator, :"deno@127.0.0.1"}, {:add, 10})
 * assertEquals(await GenServer.call(["calculator", "deno@127.0.0.1"], ["add", 10]), 10);
 * await Node.stop();
 * ```
 *
 * A pid of another node and a name `["calculator", node]` work in `send`, calls, casts, links, monitors and
 * exit signals; `["global", name]` and `Pg` hold for the whole cluster. When a connection is lost, links
 * and monitors across it receive the reason `"noconnection"`.
 *
 * | symbols | for |
 * | --- | --- |
 * | {@linkcode Node} | starting and stopping the node; its cookie, connections and monitors; `spawn` at other nodes; functions that they may call |
 * | {@linkcode Erpc}, {@linkcode Rpc} | calling functions at other nodes, and at several of them |
 * | {@linkcode globalVia} | the global names of a cluster that this node is not part of: `["via", globalVia(node), name]` |
 * | {@linkcode atom}, {@linkcode list}, {@linkcode float}, {@linkcode bin}, {@linkcode bytes}, {@linkcode text}, {@linkcode mapGet}, {@linkcode sameTerm}, {@linkcode ATOM_CHARACTERS} | making and reading Erlang's terms |
 * | {@linkcode List}, {@linkcode ImproperList}, {@linkcode BitString}, {@linkcode Float}, {@linkcode Port}, {@linkcode Fun}, {@linkcode Export} | the terms that JavaScript does not have |
 * | {@linkcode termToBinary}, {@linkcode binaryToTerm} | Erlang's external term format |
 * | {@linkcode ConnectError}, {@linkcode EncodeError}, {@linkcode DecodeError} | what goes wrong |
 *
 * **Security.** Nothing listens before `Node.start`, and then on loopback only, unless its option `listen`
 * says otherwise. A node without the cookie is refused. A node with the cookie can send messages, but calls
 * only the functions that `Node.exportFunctions` names.
 *
 * **Permissions.** `--allow-net` for this host and the hosts of the other nodes; {@linkcode Node.start} says
 * what else its options need. Runs on Deno.
 *
 * @module
 */

import "../default_runtime.ts";

export * as Node from "./node.ts";
export * as Erpc from "./calls/erpc.ts";
export * as Rpc from "./calls/rpc.ts";
export { globalVia } from "./global/via.ts";
export type { GlobalOptions } from "./global/service.ts";
export { ConnectError } from "./distribution/transport.ts";
export type { EpmdOptions } from "./distribution/transport.ts";
export type { TlsOptions } from "./distribution/tls.ts";
export type { Address } from "./distribution/sockets.ts";
export type { FramingLimits } from "./distribution/framing.ts";
export {
  type BinaryOptions,
  binaryToTerm,
  termToBinary,
  type TermToBinaryOptions,
} from "./etf/binary.ts";
export { DecodeError, EncodeError } from "./etf/bytes.ts";
export type { DecodeLimits, MappingKind } from "./etf/mapping.ts";
export type { Identities, PidIdentity, RefIdentity } from "./identity.ts";
export * from "./terms.ts";
export type { NodeName, Term } from "../kernel/term.ts";
