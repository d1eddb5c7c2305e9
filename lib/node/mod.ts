/**
 * Nodes: this program joins a cluster of Erlang, Elixir and denotp nodes.
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
