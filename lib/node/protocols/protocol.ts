/**
 * The protocols of OTP's own processes: supervisors, agents, and every process that handles system messages.
 * Here their requests and answers hold functions, modules, plain arrays and strings; other nodes have
 * OTP's terms for them. A dialect translates between the two, at the border.
 *
 * @module
 */

import { inspect } from "../../kernel/inspect.ts";
import { isPlainObject, Pid, Ref, type Term } from "../../kernel/term.ts";
import { BitString, Export, Float, Fun, ImproperList, List, Port } from "../terms.ts";

/** How one protocol is spoken with other nodes. */
export interface Dialect {
  /**
   * A request of ours to another node.
   *
   * @throws {TypeError} If it holds a function, and so makes no sense elsewhere.
   */
  ask(request: Term): Term;
  /** The answer of another node to that, as we know it. */
  answered(answer: Term, request: Term): Term;
  /** A request of another node, as we know it. What is no request of the protocol stays as it is. */
  asked(request: Term): Term;
  /** Our answer to that. */
  answer(answer: Term, request: Term): Term;
}

/** Descriptions are no longer than that. */
const MOST_CHARACTERS = 200;
/** What is nested more deeply is not described. */
const MOST_NESTING = 32;

/** The text of a term that is an atom: with denotp nodes, atoms are symbols where strings are text. */
export function nameOf(term: Term): Term {
  return typeof term === "symbol" ? term.description : term;
}

/** A term as a tuple, whose items are atoms where they are `words`: its tag is one anyway. */
export function withAtoms(term: Term, words: ReadonlySet<Term>): Term {
  if (words.has(term)) return Symbol(String(term));
  if (!Array.isArray(term) || term instanceof List) return term;
  return term.map((item, at) => at === 0 && term.length > 1 ? item : withAtoms(item, words));
}

/** A term without anything that cannot be sent: functions and the like are put into words. */
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
  const name = moduleName(term);
  if (name !== undefined || !isPlainObject(term)) return name ?? `#${term.constructor?.name}<>`;
  const entries = Object.entries(term);
  if (entries.some(([, value]) => typeof value === "function")) return "#Module<>";
  return Object.fromEntries(entries.map(([key, value]) => [key, sendable(value, depth + 1)]));
}

/** Whether a term has no parts that would have to be looked at. */
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

/** The name of a module, if it has one: modules of other nodes are their names, classes have one. */
export function moduleName(module: unknown): symbol | undefined {
  if (typeof module === "symbol") return module;
  if (typeof module === "string") return Symbol(module);
  return typeof module === "function" && module.name !== "" ? Symbol(module.name) : undefined;
}
