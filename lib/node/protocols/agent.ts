/**
 * The protocol of agents, whose requests are functions to run on the state. Functions cannot be sent between
 * nodes; an exported one is given by name, as `{Module, Function, Args}`, and gets the state before the arguments.
 *
 * @module
 */

import { exit } from "../../kernel/exit.ts";
import { report } from "../../kernel/report.ts";
import { self } from "../../kernel/self.ts";
import { inspect } from "../../kernel/inspect.ts";
import type { Term } from "../../kernel/term.ts";
import { whyUndefined } from "../calls/execute.ts";
import { exported } from "../calls/exports.ts";
import { type Dialect, Failure, nameOf } from "./protocol.ts";

/** The dialect of agents. */
export const agent: Dialect = {
  ask: (request) => request,
  answered: (answer, request) => isUpdate(request) ? nameOf(answer) : answer,

  asked(request) {
    const [operation, call] = Array.isArray(request) ? request : [];
    if (!Array.isArray(call) || call.length !== 3) {
      return [operation, () => {
        throw exit(["badfun", call]);
      }];
    }
    const [module, name, args] = [nameOf(call[0]), nameOf(call[1]), call[2]];
    const given = Array.isArray(args) ? args as readonly Term[] : [];
    // The state, whose value does not matter for whether there is such a function.
    const run = exported(module, name, [undefined, ...given]);
    if (run !== undefined) return [operation, (state: Term) => run(state, ...given)];
    if (operation === "cast") return [operation, (state: Term) => ignored(call, state)];
    // The agent goes on: what another node knows to call must not end it.
    return ["get", (state: Term) => new Failure(whyUndefined(module, name, [state, ...given]))];
  },

  answer: (answer, request) => isUpdate(request) ? Symbol("ok") : answer,
};

function isUpdate(request: Term): boolean {
  return Array.isArray(request) && request[0] === "update";
}

/** Reports a cast that cannot be run. */
function ignored(call: Term, state: Term): Term {
  const reason = `Agent received a cast from another node for a function that is not exported: ${
    inspect(call)
  }`;
  report({ level: "error", kind: "message", pid: self().pid, reason });
  return state;
}
