/**
 * The protocols of OTP's own processes: supervisors, agents, and every process that handles system messages.
 * In this library their requests and replies hold functions, modules, plain arrays and strings; other nodes use
 * OTP's terms. A dialect translates between the two.
 *
 * @module
 */

import { formatModule, isModule, moduleName } from "../../kernel/module_name.ts";
import { inspect } from "../../kernel/inspect.ts";
import { isPlainObject, Pid, Ref, type Term } from "../../kernel/term.ts";
import { BitString, Export, Float, Fun, ImproperList, List, Port } from "../terms.ts";

/** The translation of one protocol. */
export interface Dialect {
  /**
   * Translates a local request for another node.
   *
   * @throws {TypeError} If it holds a function, which cannot be sent.
   */
  ask(request: Term): Term;
  /** Translates the reply of another node to that request. */
  answered(answer: Term, request: Term): Term;
  /** Translates a request of another node. Other terms are returned unchanged. */
  asked(request: Term): Term;
  /** Translates the local reply to that request. The reply may be a {@linkcode Failure}. */
  answer(answer: Term, request: Term): Term;
}

/** An answer that fails the call with a reason, as the exit of the server would. The server goes on. */
export class Failure {
  constructor(readonly reason: Term) {}
}

/** The maximum length of descriptions. */
const MOST_CHARACTERS = 200;
/** The maximum depth of descriptions. */
const MOST_NESTING = 32;

/** The name of an atom, which arrives from denotp nodes as a symbol where a string would be text. */
export function nameOf(term: Term): Term {
  return typeof term === "symbol" ? term.description : term;
}

/** A term as a tuple in which the items among `words` are atoms; the tag always is one. */
export function withAtoms(term: Term, words: ReadonlySet<Term>): Term {
  if (words.has(term)) return Symbol(String(term));
  if (!Array.isArray(term) || term instanceof List) return term;
  return term.map((item, at) => at === 0 && term.length > 1 ? item : withAtoms(item, words));
}

/** A term in which values that cannot be sent, such as functions, are replaced by descriptions. */
export function sendable(term: Term, depth: number = 0): Term {
  if (typeof term === "function" || typeof term === "number" && !Number.isFinite(term)) {
    return inspect(term).slice(0, MOST_CHARACTERS);
  }
  if (typeof term !== "object" || term === null || isAtomic(term)) return term;
  if (depth > MOST_NESTING) return "...";
  if (Array.isArray(term)) return term.map((item) => sendable(item, depth + 1));
  if (term instanceof Map) {
    return new Map(Array.from(term, (pair) => pair.map((each) => sendable(each, depth + 1))) as []);
  }
  const name = moduleAtom(term);
  if (name === undefined && isModule(term)) return formatModule(term);
  if (name !== undefined || !isPlainObject(term)) return name ?? `#${term.constructor?.name}<>`;
  const entries = Object.entries(term);
  if (entries.some(([, value]) => typeof value === "function")) return "#Module<>";
  return Object.fromEntries(entries.map(([key, value]) => [key, sendable(value, depth + 1)]));
}

/** Whether a term has no parts that could not be sent. */
function isAtomic(term: object): boolean {
  return ATOMIC.some((kind) => term instanceof kind);
}

// deno-lint-ignore no-explicit-any -- only asked whether something is an instance
const ATOMIC: readonly (abstract new (...args: any[]) => object)[] = [
  Pid,
  Ref,
  Uint8Array,
  Error,
  BitString,
  Export,
  Float,
  Fun,
  ImproperList,
  Port,
];

/** The name of a module as an atom, if it has one: modules of other nodes are their names. */
export function moduleAtom(module: unknown): symbol | undefined {
  if (typeof module === "symbol") return module;
  const isNamed = typeof module === "string" || typeof module === "function" || isModule(module);
  const name = isNamed ? moduleName(module) : undefined;
  return name === undefined ? undefined : Symbol(name);
}
