/**
 * Nodes: this program joins a cluster of Erlang, Elixir and denotp nodes.
 *
 * @module
 */

import "../default_runtime.ts";

export * as Node from "./node.ts";
export * as Erpc from "./erpc.ts";
export * as Rpc from "./rpc.ts";
export { globalVia } from "./global/via.ts";
export type { GlobalOptions } from "./global/service.ts";
export { ConnectError } from "./dist/transport.ts";
export type { EpmdOptions } from "./dist/transport.ts";
export type { TlsOptions } from "./dist/tls.ts";
export type { Address } from "./dist/sockets.ts";
export type { FramingLimits } from "./dist/framing.ts";
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
