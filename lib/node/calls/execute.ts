/**
 * Runs exported functions for other nodes. The outcome of a call by `:erpc` is the exit reason of the process
 * that runs it, which reaches the caller through its monitor.
 *
 * @module
 */

import { classified, exit } from "../../kernel/exit.ts";
import { List } from "../../kernel/list.ts";
import { report } from "../../kernel/report.ts";
import { self } from "../../kernel/self.ts";
import type { Ref, Term } from "../../kernel/term.ts";
import { exported } from "./exports.ts";

/** The outcome of a function that was run. */
export type Execution =
  | readonly ["return", value: Term]
  | readonly ["throw", value: Term]
  | readonly ["exit", reason: Term]
  | readonly ["error", reason: Term, stack: Term];

/** Runs an exported function, and resolves with the outcome. */
export async function execute(module: Term, name: Term, args: Term): Promise<Execution> {
  const [of, called] = [nameOf(module), nameOf(name)];
  if (!Array.isArray(args)) {
    const atoms = [of, called].map((each) => Symbol(String(each)));
    return ["error", "badarg", stackOf("erlang", "apply", [...atoms, args])];
  }
  const fun = exported(of, called, args);
  if (fun === undefined) return ["error", "undef", stackOf(of, called, args)];
  try {
    return ["return", await fun(...args)];
  } catch (thrown) {
    const [kind, term] = classified(thrown);
    return kind === "error" ? [kind, term, stackOf(of, called, args)] : [kind, term];
  }
}

/** The body of a process that runs a function for `erpc:call`. */
export async function executeCall(ref: Ref, module: Term, name: Term, args: Term): Promise<never> {
  throw exit([ref, ...await execute(module, name, args)]);
}

/** The body of a process that runs a function for `erpc:cast`. */
export async function executeCast(module: Term, name: Term, args: Term): Promise<void> {
  const [kind, term, stack] = await execute(module, name, args);
  if (kind === "exit") throw exit(term);
  if (kind === "throw" || term instanceof Error) throw term;
  if (kind === "error") crash([term, stack]);
}

/** Exits the calling process, which was to run a function that is not exported. */
export function undef(module: Term, name: Term, args: readonly Term[]): never {
  crash(whyUndefined(module, name, args));
}

/** The reason why a function that is not exported cannot be run. */
export function whyUndefined(module: Term, name: Term, args: readonly Term[]): Term {
  return ["undef", stackOf(module, name, args)];
}

function crash(reason: Term): never {
  report({ level: "error", kind: "process", pid: self().pid, reason });
  throw exit(reason);
}

/** A stack in Erlang's format with one function. */
function stackOf(module: Term, name: Term, args: readonly Term[]): List {
  return List.of<Term>([module, name, List.from(args), new List()]);
}

/** The name that an atom stands for: it arrives as a string, or, from denotp nodes, as a symbol. */
export function nameOf(term: Term): Term {
  return typeof term === "symbol" ? term.description : term;
}

/**
 * Converts a reason for a place in a message where a string would be sent as text: an atom, and the functions
 * of a stack, become symbols.
 */
export function withAtoms(reason: Term): Term {
  if (typeof reason === "string") return Symbol(reason);
  const [why, stack] = Array.isArray(reason) && reason.length === 2 ? reason : [];
  return stack instanceof List
    ? [withAtoms(why), inStack(stack, (name) => Symbol(String(name)))]
    : reason;
}

/** The inverse of {@linkcode withAtoms}, for a reason from a denotp node. */
export function withoutAtoms(reason: Term): Term {
  if (typeof reason === "symbol") return nameOf(reason);
  const [why, stack] = Array.isArray(reason) && reason.length === 2 ? reason : [];
  return stack instanceof List ? [nameOf(why), inStack(stack, nameOf)] : reason;
}

function inStack(stack: List, change: (name: Term) => Term): List {
  return stack.map((frame) =>
    Array.isArray(frame) ? [frame[0], change(frame[1]), ...frame.slice(2)] : frame
  ) as List;
}
