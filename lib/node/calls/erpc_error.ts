/**
 * The error that a call of a function on another node rejects with; exported as a part of `Erpc`.
 *
 * @module
 */

import { Exit } from "../../kernel/exit.ts";
import { inspect } from "../../kernel/inspect.ts";
import type { Term } from "../../kernel/term.ts";
import { textOf } from "../services/chardata.ts";
import type { Outcome } from "./erpc_request.ts";

/** The error of a remote call that fails with an exception of class `error`. */
export class ErpcError extends Error {
  /** The name of the class. */
  override readonly name = "ErpcError";
  /**
   * `["exception", reason, stack]` if the function raised an error: `reason` as it arrived (an `Error` from a
   * denotp node, a struct such as `{ __struct__: "Elixir.ArgumentError", … }`, or a reason such as `"badarg"` or
   * `"undef"`), and Erlang's stack, a list of `[module, function, arguments or arity, location]`. The
   * `cause` has both as an `Error`.
   *
   * `["erpc", why]` if it was not run, or its outcome is not known: `"noconnection"`, `"timeout"`, `"notsup"`
   * (the peer does not support such calls), `"badarg"` or `"system_limit"`.
   */
  readonly reason: Extract<Outcome, readonly ["error", unknown]>[1];

  /** Internal: created by a call that fails. `what` describes the called function. */
  constructor(reason: ErpcError["reason"], what: string) {
    const cause = reason[0] === "exception" ? causeOf(reason[1], reason[2]) : undefined;
    super(
      cause === undefined
        ? `${what} failed: ${reasonText(reason[1])}`
        : `${what} raised an error: ${cause.message === "" ? cause.name : cause.message}`,
      cause === undefined ? undefined : { cause },
    );
    this.reason = reason;
  }
}

/** The maximum number of lines of a stack, which the other node has made. */
const MOST_FRAMES = 100;

/** The error that a remote function has raised, as a JavaScript `Error` with the remote stack. */
function causeOf(reason: Term, stack: Term): Error {
  if (reason instanceof Error) return reason;
  const { __struct__: struct, message } = (reason ?? {}) as Record<string, Term>;
  const text = typeof message === "string" ? message : reasonText(reason);
  const cause = new Error(text);
  const name = typeof struct === "string" ? struct.replace(/^Elixir\./, "") : "Error";
  const shown = Array.isArray(stack) ? stack.slice(0, MOST_FRAMES) : [];
  const frames = Array.from(shown, (frame) => `\n    at ${frameText(frame)}`);
  Object.defineProperty(cause, "name", { value: name, configurable: true, writable: true });
  Object.defineProperty(cause, "stack", {
    value: `${name}: ${text}${frames.join("")}`,
    configurable: true,
    writable: true,
  });
  return cause;
}

function reasonText(reason: Term): string {
  return typeof reason === "string" ? reason : inspect(reason);
}

/** One line of a stack: `lists:nth/2 (lists.erl:170)`. */
function frameText(frame: Term): string {
  if (!Array.isArray(frame) || frame.length !== 4) return inspect(frame);
  const [module, name, args, where] = frame;
  const arity = Array.isArray(args) ? args.length : args;
  const called = `${reasonText(module)}:${reasonText(name)}/${reasonText(arity)}`;
  const found = new Map(Array.isArray(where) ? where.filter(Array.isArray) as [Term, Term][] : []);
  const file = found.get("file");
  return file === undefined
    ? called
    : `${called} (${textOf(file)}:${reasonText(found.get("line"))})`;
}

/** Returns the value of a call. @throws What the call has raised. */
export function valueOf(outcome: Outcome, what: string = "Erpc request"): Term {
  switch (outcome[0]) {
    case "ok":
      return outcome[1];
    case "throw":
      throw outcome[1];
    case "exit":
      throw new Exit(outcome[1]);
    case "error":
      throw new ErpcError(outcome[1], what);
  }
}
