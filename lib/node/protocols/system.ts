/**
 * The protocol of system messages, which `sys` and `gen_server:stop` send to any process.
 *
 * Functions cannot be sent, so only the named debug functions can be installed on other nodes. In a status and a
 * state, values that cannot be sent are replaced by descriptions.
 *
 * @module
 */

import type { Debug, Statistics } from "../../gen/debug.ts";
import { inspect } from "../../kernel/inspect.ts";
import type { Term } from "../../kernel/term.ts";
import { List, list } from "../terms.ts";
import { type Dialect, moduleAtom, nameOf, sendable } from "./protocol.ts";

/** The dialect of every process that handles system messages. */
export const system: Dialect = {
  ask(request) {
    if (!Array.isArray(request)) return Symbol(String(request));
    const [operation, argument] = request;
    if (operation === "debug") return ["debug", debugThere(request[2], request[3])];
    if (operation === "replace_state") throw unsendable("replace a state");
    return operation === "terminate" ? [operation, atomThere(argument)] : request;
  },

  answered(answer, request) {
    const plain = nameOf(answer);
    if (request === "get_state") return isError(plain) ? plain : ["ok", plain];
    if (request === "get_status") return statusHere(plain);
    const [operation, , name] = Array.isArray(request) ? request : [];
    if (operation !== "debug" || !Array.isArray(plain) || plain[0] !== "ok") return plain;
    return ["ok", name === "statistics" ? countsHere(plain[1]) : Array.from(plain[1])];
  },

  asked(request) {
    if (!Array.isArray(request)) return nameOf(request);
    const [operation, argument] = request;
    if (request instanceof List || request.length !== 2) return request;
    if (operation === "debug") return ["debug", debugHere(argument), "debug", [argument]];
    return operation === "terminate" ? [operation, nameOf(argument)] : request;
  },

  answer(answer, request) {
    if (request === "get_status") return statusThere(answer as Readonly<Record<string, Term>>);
    const [operation] = Array.isArray(request) ? request : [request];
    const isState = operation === "get_state" || operation === "replace_state";
    if (isState && !isError(answer)) return sendable((answer as readonly Term[])[1]);
    if (isUnknown(answer)) return ["error", [UNKNOWN_REQUEST, sendable(atomThere(request))]];
    return sendable(atomThere(answer));
  },
};

/** Tags OTP's answer to a request that it does not know: `{error, {unknown_system_msg, Request}}`. */
const UNKNOWN_REQUEST = "unknown_system_msg";

function isUnknown(answer: Term): boolean {
  return isError(answer) && Array.isArray((answer as readonly Term[])[1]) &&
    ((answer as readonly Term[])[1] as readonly Term[])[0] === UNKNOWN_REQUEST;
}

function isError(answer: Term): boolean {
  return Array.isArray(answer) && answer[0] === "error" && answer.length === 2;
}

function atomThere(term: Term): Term {
  return typeof term === "string" ? Symbol(term) : term;
}

function unsendable(what: string): TypeError {
  return new TypeError(`Cannot ${what} on another node: functions cannot be sent`);
}

// --- Debug functions ----------------------------------------------------------------------------

function debugThere(name: Term, args: Term): Term {
  const [flag] = args as readonly Term[];
  switch (name) {
    case "no_debug":
      return Symbol(name);
    case "trace":
    case "statistics":
      return [name, atomThere(flag)];
    case "log":
      return [name, Array.isArray(flag) ? [true, flag[1]] : atomThere(flag)];
    default:
      throw unsendable("install debug functions");
  }
}

/** OTP's answer to a request for debug functions that it does not know. */
const UNKNOWN_DEBUG = "unknown_debug";

/** The change to the debug functions of a local process that another node requests. */
function debugHere(wanted: Term): (debug: Debug) => Term {
  const [name, given] = Array.isArray(wanted) ? wanted : [wanted];
  const flag = nameOf(given);
  return (debug) => {
    try {
      return altered(debug, nameOf(name), flag);
    } catch {
      return UNKNOWN_DEBUG; // a flag that is not valid
    }
  };
}

function altered(debug: Debug, name: Term, flag: Term): Term {
  switch (name) {
    case "no_debug":
      debug.clear();
      return "ok";
    case "trace":
      debug.trace(flag as boolean);
      return "ok";
    case "statistics":
      if (flag === "get") return ["ok", countsThere(debug.statistics())];
      debug.count(flag as boolean);
      return "ok";
    case "log":
      if (flag === "get") return ["ok", List.from(debug.logged())];
      if (flag === "print") debug.print();
      else if (Array.isArray(flag)) debug.log(true, flag[1]);
      else debug.log(flag as boolean);
      return "ok";
    default:
      return UNKNOWN_DEBUG;
  }
}

function countsThere(counts: Statistics | "no_statistics"): Term {
  if (counts === "no_statistics") return Symbol(counts);
  return List.of(
    ["start_time", timeThere(counts.startTime)],
    ["current_time", timeThere(counts.currentTime)],
    ["reductions", counts.reductions],
    ["messages_in", counts.messagesIn],
    ["messages_out", counts.messagesOut],
  );
}

type Three = readonly [number, number, number];

/** Local time, as `{{Year, Month, Day}, {Hour, Minute, Second}}`. */
type DateTime = readonly [date: Three, time: Three];

function timeThere(date: Date): DateTime {
  return [
    [date.getFullYear(), date.getMonth() + 1, date.getDate()],
    [date.getHours(), date.getMinutes(), date.getSeconds()],
  ];
}

function countsHere(counts: Term): Term {
  if (!Array.isArray(counts)) return nameOf(counts);
  const found = new Map<Term, Term>(counts as unknown as [Term, Term][]);
  return {
    startTime: timeHere(found.get("start_time")),
    currentTime: timeHere(found.get("current_time")),
    reductions: found.get("reductions"),
    messagesIn: found.get("messages_in"),
    messagesOut: found.get("messages_out"),
  };
}

function timeHere(time: Term): Date {
  const [[year, month, day], [hour, minute, second]] = time as DateTime;
  return new Date(year, month - 1, day, hour, minute, second);
}

// --- Status -------------------------------------------------------------------------------------

/** `{status, Pid, {module, Module}, [Dictionary, SysState, Parent, Debug, Misc]}`. */
function statusThere(status: Readonly<Record<string, Term>>): Term {
  const { pid, behaviour, parent, dictionary, debug, name, module, state } = status;
  const header = `Status for ${behaviour} ${inspect(name ?? pid)}`;
  const running = Symbol(String(status.status));
  return [
    "status",
    pid,
    ["module", Symbol(String(behaviour))],
    List.of<Term>(
      List.from(dictionary as readonly Term[], (entry) => sendable(entry)),
      running,
      parent,
      List.from(debug as readonly Term[], (entry) => sendable(entry)),
      List.of<Term>(
        ["header", list(header)],
        [
          "data",
          List.of<Term>(
            [list("Status"), running],
            [list("Parent"), parent],
            [list("Module"), moduleAtom(module) ?? Symbol("undefined")],
          ),
        ],
        ["data", List.of<Term>([list("State"), sendable(state)])],
      ),
    ),
  ];
}

function statusHere(answer: Term): Term {
  const [, pid, [, behaviour] = [], parts = []] = answer as readonly [Term, Term, Term[], Term[]];
  const [dictionary, status, parent, debug, misc] = parts;
  return {
    pid,
    module: nameOf(behaviour),
    behaviour: nameOf(behaviour),
    status: nameOf(status),
    parent,
    name: undefined,
    dictionary: Array.from(dictionary as readonly Term[]),
    trapExit: undefined,
    debug: Array.from(debug as readonly Term[]),
    state: misc,
  };
}
