/**
 * The protocol of agents, whose requests are functions to run on the state. Functions cannot be sent between
 * nodes; an exported one is given by name, as `{Module, Function, Args}`, and gets the state before the arguments.
 *
 * @module
 */

import { exit } from "../../kernel/exit.ts";
import type { Term } from "../../kernel/term.ts";
import { undef } from "../calls/execute.ts";
import { exported } from "../calls/exports.ts";
import { type Dialect, nameOf } from "./protocol.ts";

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
    return [operation, (state: Term) => {
      const given = [state, ...(Array.isArray(args) ? args as readonly Term[] : [])];
      return (exported(module, name, given) ?? (() => undef(module, name, given)))(...given);
    }];
  },

  answer: (answer, request) => isUpdate(request) ? Symbol("ok") : answer,
};

function isUpdate(request: Term): boolean {
  return Array.isArray(request) && request[0] === "update";
}
