/**
 * The casts and plain messages of the protocol, and what a name server checks of them before it uses them or passes
 * them on: every peer may send any term, and a server of Erlang that is sent a wrong one exits, and its node with it.
 *
 * @module
 */

import { List } from "../../kernel/list.ts";
import { isPid, isReference, type NodeName, type Pid, type Term } from "../../kernel/term.ts";
import { Export, Fun } from "../terms.ts";
import type { LockSet } from "./locker.ts";
import type { LostConnection } from "./partitions.ts";
import type { KnownNode, NameEntry, Op, Tag } from "./protocol.ts";

/** A node begins a session. */
export type InitConnect = readonly [
  what: "init_connect",
  version: readonly [version: number, tag: Tag, ...unknown[]],
  node: NodeName,
  locker: readonly ["locker", Term, Term, Pid],
];

/** A cast of another server. */
export type Cast =
  | InitConnect
  | LockSet
  | readonly ["exchange", node: NodeName, names: readonly NameEntry[], Term, tag: Tag]
  | readonly [
    "resolved",
    node: NodeName,
    ops: readonly Op[],
    known: readonly (KnownNode | NodeName)[],
    Term,
    Term,
    tag: Tag,
  ]
  | readonly [
    "new_nodes",
    node: NodeName,
    ops: readonly Op[],
    Term,
    nodes: readonly (KnownNode | NodeName)[],
    extra: readonly (readonly [Term, Term])[],
  ]
  | readonly ["in_sync", node: NodeName, isKnown: Term];

/** A plain message of another server. */
export type Info =
  | readonly ["init_connect_ack", node: NodeName, myTag: Tag, otherTag: Tag]
  | readonly ["cancel_connect", node: NodeName, myTag: Tag]
  | LostConnection
  | readonly ["remove_connection", node: NodeName];

/** Atoms have at most 255 characters, each of which may be a surrogate pair. */
const MOST_NAME_LENGTH = 510;

type Check = (term: Term) => boolean;

/** The checks of the elements after the tag, by the tag. */
type Checks = ReadonlyMap<Term, readonly Check[]>;

/** Tells whether a term is a tuple. */
export function isTuple(term: Term): term is readonly Term[] {
  return Array.isArray(term) && !(term instanceof List);
}

/** Tells whether a term is a tuple whose elements pass these checks, one each. */
function isTupleOf(term: Term, checks: readonly Check[]): term is readonly Term[] {
  return isTuple(term) && term.length === checks.length && checks.every((is, at) => is(term[at]));
}

function isListOf(term: Term, is: Check): boolean {
  return term instanceof List && term.every(is);
}

const isAnything: Check = () => true;
/** Wider than what this node connects to: Erlang's nodes may know others whose names have any characters. */
const isNode = (term: Term): term is NodeName =>
  typeof term === "string" && term.length <= MOST_NAME_LENGTH && /^[^@]+@[^@]+$/.test(term);
const isVersion: Check = (term) => Number.isSafeInteger(term);
/** Servers of Erlang have used integers and references. */
const isTag: Check = (term) =>
  typeof term === "number" || typeof term === "bigint" || isReference(term);
/** Numbers of lives and reports, which are remembered. */
const isWord: Check = (term) =>
  Number.isSafeInteger(term) || typeof term === "bigint" && BigInt.asIntN(64, term) === term;
const isOfTwo: Check = (term) => isTupleOf(term, [isAnything, isAnything]);
const isKnownNode: Check = (term) => isNode(term) || isTupleOf(term, [isNode, isVersion]);
const areNodes: Check = (term) => isListOf(term, isKnownNode);
const areNames: Check = (term) => isListOf(term, isNameEntry);
const areOps: Check = (term) => isListOf(term, isOp);

const isTagged: Check = (term) =>
  isTuple(term) && term.length >= 2 && isVersion(term[0]) && isTag(term[1]);

const isLocker: Check = (term) =>
  isTupleOf(term, [(what) => what === "locker", isAnything, isAnything, isPid]);

function isNameEntry(term: Term): term is NameEntry {
  return isTupleOf(term, [isAnything, isPid, isMethod]);
}

function isOp(term: Term): term is Op {
  if (!isTuple(term) || term.length !== 2) return false;
  return term[0] === "delete" || term[0] === "insert" && isNameEntry(term[1]);
}

/** Tells whether a term is a method as Erlang has it: a function of three arguments, or `{Module, Function}`. */
export function isMethod(term: Term): boolean {
  if (term instanceof Export || term instanceof Fun) return term.arity === 3;
  const isAtom: Check = (each) => typeof each === "string";
  return typeof term === "function" || isTupleOf(term, [isAtom, isAtom]);
}

const LOCK_SET: readonly Check[] = [isPid, (isSet) => typeof isSet === "boolean", areNodes];

const CASTS: Checks = new Map([
  ["init_connect", [isTagged, isNode, isLocker]],
  ["exchange", [isNode, areNames, isAnything, isTag]],
  ["resolved", [isNode, areOps, areNodes, isAnything, isAnything, isTag]],
  ["new_nodes", [isNode, areOps, isAnything, areNodes, (extra) => isListOf(extra, isOfTwo)]],
  ["in_sync", [isNode, isAnything]],
  ["lock_set", [...LOCK_SET, isTag]],
]);

const INFOS: Checks = new Map([
  ["init_connect_ack", [isNode, isTag, isTag]],
  ["cancel_connect", [isNode, isTag]],
  ["lost_connection", [isNode, isWord, isWord, isNode]],
  ["remove_connection", [isNode]],
]);

function isOneOf(message: Term, checks: Checks): boolean {
  if (!isTuple(message)) return false;
  const ofTag = checks.get(message[0]);
  return ofTag !== undefined && isTupleOf(message.slice(1), ofTag);
}

/** Tells whether a term is a cast of the protocol. */
export function isCast(message: Term): message is Cast {
  // Before version 8, the other locker sends no tag.
  const isUntagged = isTuple(message) && message[0] === "lock_set" && message.length === 4;
  return isUntagged ? isTupleOf(message.slice(1), LOCK_SET) : isOneOf(message, CASTS);
}

/** Tells whether a term is a plain message of the protocol. */
export function isInfo(message: Term): message is Info {
  return isOneOf(message, INFOS);
}
