/**
 * The protocol of supervisors: requests to list, start, terminate, restart and delete children.
 *
 * A child that another node starts here must be an exported function. Ids of children that are strings are atoms on
 * other nodes.
 *
 * @module
 */

import { type ChildSpec, FIELDS, type StartFunction } from "../../child_spec.ts";
import { exit } from "../../kernel/exit.ts";
import { inspect } from "../../kernel/inspect.ts";
import type { Term } from "../../kernel/term.ts";
import { exported } from "../calls/exports.ts";
import { List } from "../terms.ts";
import { type Dialect, moduleAtom, nameOf, sendable, withAtoms } from "./protocol.ts";
import { startOfTask } from "./task.ts";

/** The atoms of OTP in replies and specifications. */
const WORDS: ReadonlySet<Term> = new Set([
  "already_present",
  "brutal_kill",
  "dynamic",
  "ignore",
  "infinity",
  "max_children",
  "not_found",
  "ok",
  "permanent",
  "restarting",
  "running",
  "supervisor",
  "temporary",
  "transient",
  "undefined",
  "worker",
]);

/** The dialect of supervisors, whose children have ids, and specifications that are maps. */
export const supervisor: Dialect = {
  ask(request) {
    if (!Array.isArray(request)) return Symbol(String(request));
    if (request[0] !== "start_child") return [request[0], idThere(request[1])];
    assertNamed(request[1]);
    return ["start_child", specThere(request[1])];
  },

  answered(answer, request) {
    if (request === "which_children") return Array.from(answer as readonly Term[], infoHere);
    if (request === "count_children") {
      return Object.fromEntries(answer as readonly (readonly [string, number])[]);
    }
    return Array.isArray(answer) ? [answer[0], ...answer.slice(1).map(nameOf)] : nameOf(answer);
  },

  asked(request) {
    if (!Array.isArray(request) || request.length < 2) return nameOf(request);
    const [tag, child, restart, shutdown] = request;
    if (tag === "start_task") {
      return startOfTask(child, nameOf(restart), nameOf(shutdown)) ?? request;
    }
    if (tag !== "start_child") return [tag, idHere(child)];
    return [tag, Array.isArray(child) ? specOfTuple(child) : specHere(child)];
  },

  answer(answer, request) {
    if (request === "which_children") return List.from(answer as readonly Term[], infoThere);
    if (request === "count_children") return List.from(Object.entries(answer as object));
    const [tag, spec] = Array.isArray(answer) ? answer : [];
    const isSpec = Array.isArray(request) && request[0] === "get_childspec" && tag === "ok";
    return isSpec ? ["ok", specThere(spec)] : withAtoms(sendable(answer), WORDS);
  },
};

/** The dialect of dynamic supervisors, which identify children by pid, and have specifications that are tuples. */
export const dynamicSupervisor: Dialect = {
  ...supervisor,
  ask(request) {
    if (!Array.isArray(request) || request[0] !== "start_child") return supervisor.ask(request);
    const [start, restart, shutdown, type, modules] = request[1] as readonly Term[];
    assertNamed({ start });
    const spec = specThere({ start, restart, shutdown, type, modules });
    return ["start_child", [spec.start, spec.restart, spec.shutdown, spec.type, spec.modules]];
  },
};

// --- Children -----------------------------------------------------------------------------------

function idThere(id: Term): Term {
  return typeof id === "string" ? Symbol(id) : sendable(id);
}

/** The local id for one of another node. An id that is nested too deeply to compare matches no child. */
function idHere(id: Term): Term {
  return sendable(nameOf(id));
}

function infoHere(info: Term): Term {
  const [id, child, type, modules] = info as readonly Term[];
  const named = Array.isArray(modules) ? Array.from(modules, nameOf) : nameOf(modules);
  return [nameOf(id), nameOf(child), nameOf(type), named];
}

function infoThere(info: Term): Term {
  const [id, child, type, modules] = info as readonly Term[];
  return [idThere(id), withAtoms(child, WORDS), withAtoms(type, WORDS), modulesThere(modules)];
}

function modulesThere(modules: Term): Term {
  const names = Array.isArray(modules) ? modules.map(moduleAtom) : [undefined];
  return names.includes(undefined) ? Symbol("dynamic") : List.from(names);
}

// --- Specifications -----------------------------------------------------------------------------

/** A child specification in OTP's form. */
function specThere(spec: Term): Readonly<Record<string, Term>> {
  const { id, start, restart, shutdown, type, modules, significant } = spec as ChildSpec;
  const given = { restart, shutdown, type, significant };
  const words = Object.entries(given).filter(([, value]) => value !== undefined)
    .map(([key, value]) => [key, withAtoms(value, WORDS)]);
  return {
    id: idThere(id),
    start: startThere(start, modules),
    ...Object.fromEntries(words),
    ...(modules !== undefined && { modules: modulesThere(modules) }),
  };
}

function assertNamed(spec: Term): void {
  const { start } = spec as ChildSpec;
  if (Array.isArray(start) && typeof start[0] === "string") return;
  throw new TypeError(
    "Cannot start a child on another node: expected the start [module, function, arguments], where module " +
      `is the name of a module there, found ${inspect(start)}`,
  );
}

function startThere(start: StartFunction, modules: Term): Term {
  const [module, name, args] = Array.isArray(start) ? start : [undefined, undefined, []];
  const [first] = Array.isArray(modules) ? modules : [];
  return [
    moduleAtom(module) ?? moduleAtom(first) ?? Symbol("undefined"),
    Symbol(String(nameOf(name))),
    args === undefined ? Symbol("undefined") : List.from(args, (arg) => sendable(arg)),
  ];
}

/**
 * The local form of OTP's specification, without the fields that OTP ignores. The supervisor refuses anything else,
 * which is returned unchanged.
 */
function specHere(spec: Term): Term {
  const given = spec instanceof Map
    ? Object.fromEntries(Array.from(spec, ([key, value]) => [String(nameOf(key)), value]))
    : spec;
  if (typeof given !== "object" || given === null || !("start" in given)) return spec;
  const known = Object.entries(given).filter(([key]) =>
    (FIELDS as readonly string[]).includes(key)
  );
  const entries = known.map(([key, value]) => [key, nameOf(value)]);
  const { id, start, modules, ...words } = Object.fromEntries(entries);
  return { id: idHere(id), ...words, ...startHere(start, modules) };
}

/** A specification from the tuple that Elixir's dynamic supervisors use. */
function specOfTuple([start, restart, shutdown, type, modules]: readonly Term[]): Term {
  const words = { restart, shutdown, type };
  return specHere({ id: "undefined", start, ...words, modules });
}

function startHere(start: Term, modules: Term): object {
  if (!Array.isArray(start) || start.length !== 3 || !Array.isArray(start[2])) return { start };
  const [module, name] = [nameOf(start[0]), nameOf(start[1])];
  if (typeof module !== "string" || typeof name !== "string") return { start };
  const args = Array.from(start[2] as readonly Term[]);
  const run = exported(module, name, args) ?? (() => {
    throw exit(["undef", List.of([module, Symbol(name), List.from(args), new List()])]);
  });
  const named = Array.isArray(modules) ? Array.from(modules, nameOf) : [module];
  return { start: [{ [name]: run }, name, args], modules: named };
}
