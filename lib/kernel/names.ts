/**
 * Names: what may stand for a process, the contract of a registry, and the one resolver.
 *
 * Every start option `name` and every function that takes a server goes through here. The kernel
 * has no naming of its own: the registries of local atoms and of `global` names are handed in by
 * {@linkcode install}, and satisfy the same contract as anybody's.
 *
 * @module
 */

import { isOnNode } from "./distribution.ts";
import type { Names } from "./known_names.ts";
import { type Atom, inspect, isAtom, type NodeName, nodeName, Pid, type Term } from "./term.ts";

/** A value now, or a promise of it. */
export type Awaitable<T> = T | Promise<T>;

/**
 * What makes an object a registry of names, usable as `["via", registry, key]` wherever a process
 * can be named. An ES module with these four functions is one.
 *
 * Mirrors what OTP asks of a *via module*. A registry may answer at once or with promises. What it
 * has to promise besides is checked by `testRegistry` in `@denotp/otp/registries`: above all that it
 * forgets a process when that ends, however it ends.
 */
export interface NameRegistry<Key = Term> {
  /** Gives `pid` the name, if it is free: `"yes"`, else `"no"`. Called by the process itself. */
  registerName(key: Key, pid: Pid): Awaitable<"yes" | "no">;
  /** Frees the name. Freeing one that nobody has is no error. */
  unregisterName(key: Key): unknown;
  /** The pid that has the name. */
  whereisName(key: Key): Awaitable<Pid | undefined>;
  /** Sends to the process that has the name. If there is none, throws `exit(["badarg", [key, message]])`. */
  send(key: Key, message: Term): Awaitable<Pid>;
}

/** The registry of local atoms, which can also be asked the other way round. */
export interface LocalRegistry extends NameRegistry<Atom> {
  /** As in {@linkcode NameRegistry}, at once. */
  registerName(key: Atom, pid: Pid): "yes" | "no";
  /** As in {@linkcode NameRegistry}, at once. */
  whereisName(key: Atom): Pid | undefined;
  /** As in {@linkcode NameRegistry}, at once. */
  send(key: Atom, message: Term): Pid;
  /** The name of a process; it has one at most. */
  nameOf(pid: Pid): Atom | undefined;
  /** All names. */
  registered(): Atom[];
}

/** A name under which a process can be started. */
export type Name<Key = Term> =
  | Atom
  | readonly ["local", Atom]
  | readonly ["global", Term]
  | readonly ["via", NameRegistry<Key>, Key];

/**
 * What may stand for a server, wherever one is asked for: a pid, a local name, a local name on a
 * node, a `global` name, or a name in any registry.
 */
// deno-lint-ignore no-explicit-any -- see Pid
export type ServerRef<Module = any> =
  | Pid<Module>
  | Atom
  | readonly [Atom, NodeName]
  | readonly ["global", Term]
  // deno-lint-ignore no-explicit-any -- a registry knows its own keys
  | readonly ["via", NameRegistry<any>, any];

/** The module that `Server` is known to run; of a union, the modules of its members. */
type KnownModule<Server> = Server extends Pid<infer Module> ? Module
  : Server extends keyof Names ? Names[Server]
  : never;

/**
 * The module that a server is known to run: the one that the type of its pid names, or that {@linkcode Names}
 * declares for its local name; else `unknown`.
 */
export type ModuleOf<Server> = 0 extends 1 & Server ? unknown
  : [KnownModule<Server>] extends [never] ? unknown
  : KnownModule<Server>;

let local: LocalRegistry;
let global: NameRegistry;

/** Hands the kernel its registries. To be called once, before anything is named. */
export function install(registries: { local: LocalRegistry; global: NameRegistry }): void {
  ({ local, global } = registries);
}

/** The local name of a process. */
export function localNameOf(pid: Pid): Atom | undefined {
  return local.nameOf(pid);
}

/** The registry of local names. */
export function localRegistry(): LocalRegistry {
  return local;
}

const FORMS = 'a local name (an atom), ["global", term] or ["via", registry, term]';

/** A name, taken apart: the registry that it belongs to, and its key there. */
export interface Address {
  readonly registry: NameRegistry;
  readonly key: Term;
}

/**
 * Takes the name apart under which a process is to be started.
 *
 * @throws {TypeError} If it has none of the forms of {@linkcode Name}.
 */
export function addressOf(name: Term): Address {
  const address = parse(name);
  if (address !== undefined) return address;
  throw new TypeError(`Cannot start under this name: expected ${FORMS}, found ${inspect(name)}`);
}

function parse(name: Term): Address | undefined {
  if (typeof name === "symbol") return { registry: local as NameRegistry, key: name };
  if (typeof name === "string" && isFree(name)) {
    return { registry: local as NameRegistry, key: name };
  }
  if (!Array.isArray(name)) return undefined;
  if (name.length === 2 && name[0] === "local" && isAtom(name[1])) return parse(name[1]);
  if (name.length === 2 && name[0] === "global") return { registry: global, key: name[1] };
  if (name.length === 3 && name[0] === "via" && isRegistry(name[1])) {
    return { registry: name[1], key: name[2] };
  }
  return undefined;
}

/** Atoms that OTP takes to mean "no name". */
function isFree(name: string): boolean {
  return name !== "" && name !== "undefined" && name !== "nil";
}

/** Objects that were found to be registries: looking takes time. */
const registries = new WeakSet<object>();

/** Tells whether a value has the four functions of a {@linkcode NameRegistry}. */
export function isRegistry(value: unknown): value is NameRegistry {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return false;
  if (registries.has(value)) return true;
  const registry = value as unknown as Record<string, unknown>;
  const isOne = ["registerName", "unregisterName", "whereisName", "send"]
    .every((name) => typeof registry[name] === "function");
  if (isOne) registries.add(value);
  return isOne;
}

/**
 * The pid behind a server reference, or `undefined` if nobody has the name.
 * Answers at once unless the registry itself does not.
 *
 * @throws {TypeError} If `server` has none of the forms of {@linkcode ServerRef}.
 * @throws {BadAnswerError} If the registry answers with something else.
 */
export function resolve(server: ServerRef): Awaitable<Pid | undefined> {
  if (server instanceof Pid) return server;
  if (typeof server === "string" || typeof server === "symbol") return local.whereisName(server);
  if (isOnNode(server)) {
    return server[1] === nodeName() ? local.whereisName(server[0]) : undefined;
  }
  const { registry, key } = parseName(server);
  return holderIn(registry.whereisName(key));
}

/** What a registry says of a name, if it is something that a registry may say. */
function holderIn(answer: unknown): Awaitable<Pid | undefined> {
  if (answer === undefined || answer instanceof Pid) return answer;
  if (typeof (answer as PromiseLike<unknown> | null)?.then === "function") {
    return Promise.resolve(answer).then((later) => {
      if (later === undefined || later instanceof Pid) return later;
      throw new BadAnswerError(later);
    });
  }
  throw new BadAnswerError(answer);
}

/**
 * Takes the name of a server apart.
 *
 * @throws {InvalidServerError} If it has none of the forms of a name.
 */
export function parseName(server: Term): Address {
  const address = parse(server);
  if (address !== undefined) return address;
  throw new InvalidServerError(server);
}

/** The error of something that cannot stand for a server. */
export class InvalidServerError extends TypeError {
  /** `found` is what was given for a server. */
  constructor(found: Term) {
    super(
      `Cannot address this as a process: expected a pid, ${FORMS} or [name, node], found ` +
        inspect(found),
    );
  }
}

/** The error of a registry that knows neither a pid nor nobody under a name. */
export class BadAnswerError extends TypeError {
  /** What it said. */
  readonly answer: Term;

  /** `answer` is what the registry said. */
  constructor(answer: Term) {
    super(
      `Cannot look a name up: expected a pid or undefined of the registry, found ${
        inspect(answer)
      }`,
    );
    this.answer = answer;
  }
}
