/**
 * Names: the references to a process, the contract of a registry, and the one resolver.
 *
 * Every start option `name` and every function that takes a server uses this module. The kernel has no
 * registry of its own: those of local and `global` names are set with {@linkcode install}, and follow
 * the same contract as a user's.
 *
 * @module
 */

import { type Awaitable, isThenable } from "./awaitable.ts";
import { isOnNode } from "./distribution.ts";
import { inspect } from "./inspect.ts";
import type { Names } from "./known_names.ts";
import { formatModule } from "./module_name.ts";
import { itemOf, itemsOf, sizeOf } from "./reader.ts";
import { type Atom, isAtom, isPid, type NodeName, nodeName, type Pid, type Term } from "./term.ts";

/**
 * A registry of names, usable as `["via", registry, key]` wherever a process can be named. An ES module
 * that exports these four functions is one.
 *
 * Mirrors OTP's *via module*. A registry may answer synchronously or with promises. Its further
 * obligations, above all that it releases the names of a process that exits for any reason, are checked
 * by `testRegistry` in `@denotp/otp/registries`.
 */
export interface NameRegistry<Key = Term> {
  /** What reports, errors and `inspect` call the registry. Default: the name of its class, else its functions. */
  readonly moduleName?: string;
  /** Registers `pid` under the name: `"yes"`, or `"no"` if the name is taken. Called by the process itself. */
  registerName(key: Key, pid: Pid): Awaitable<"yes" | "no">;
  /** Releases the name. Has no effect if the name is not registered. */
  unregisterName(key: Key): unknown;
  /** The pid registered under the name. */
  whereisName(key: Key): Awaitable<Pid | undefined>;
  /** Sends to the process with the name. If there is none, throws `exit(["badarg", [key, message]])`. */
  send(key: Key, message: Term): Awaitable<Pid>;
}

/** The registry of local names, which also finds the name of a pid. */
export interface LocalRegistry extends NameRegistry<Atom> {
  /** As in {@linkcode NameRegistry}, but synchronous. */
  registerName(key: Atom, pid: Pid): "yes" | "no";
  /** As in {@linkcode NameRegistry}, but synchronous. */
  whereisName(key: Atom): Pid | undefined;
  /** As in {@linkcode NameRegistry}, but synchronous. */
  send(key: Atom, message: Term): Pid;
  /** The name of a process, which has at most one. */
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
 * A reference to a server: a pid, a local name, a local name on a node, a `global` name, or a name in
 * any registry.
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

/** Sets the registries of local and `global` names. Must be called once, before a name is used. */
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

/** A parsed name: its registry, and its key there. */
export interface Address {
  readonly registry: NameRegistry;
  readonly key: Term;
}

/**
 * Parses the name under which a process is to be started.
 *
 * @throws {TypeError} If it is not a valid {@linkcode Name}.
 */
export function addressOf(name: Term): Address {
  const address = parse(name);
  if (address !== undefined) return address;
  throw new TypeError(`Cannot start under this name: expected ${FORMS}, found ${inspect(name)}`);
}

function parse(name: Term): Address | undefined {
  if (typeof name === "symbol") return { registry: local as NameRegistry, key: name };
  if (typeof name === "string" && isRegistrable(name)) {
    return { registry: local as NameRegistry, key: name };
  }
  const [form, first, key] = itemsOf(name, 2) ?? itemsOf(name, 3) ?? [];
  if (sizeOf(name) === 3) {
    return form === "via" && isRegistry(first) ? { registry: first, key } : undefined;
  }
  if (form === "local" && isAtom(first)) return parse(first);
  return form === "global" ? { registry: global, key: first } : undefined;
}

/**
 * Prints a name, or a pid, as reports do: of a global name the key alone, as in OTP; of a `via` name the
 * registry and the key. A key of `Registry` or `PartitionSupervisor` begins with the registry: it is enough.
 */
export function formatName(name: Term): string {
  const [form, second, key] = itemsOf(name, 2) ?? itemsOf(name, 3) ?? [];
  const size = sizeOf(name);
  if (size === 2 && (form === "local" || form === "global")) return inspect(second);
  if (size !== 3 || form !== "via") return inspect(name);
  const first = sizeOf(key) > 1 ? itemOf(key, 0) : undefined;
  const isInKey = isAtom(first) || isPid(first);
  return isInKey ? inspect(key) : `[${formatModule(second)}, ${inspect(key)}]`;
}

/** Tells whether an atom can be registered: OTP reserves some that mean "no name". */
function isRegistrable(name: string): boolean {
  return name !== "" && name !== "undefined" && name !== "nil";
}

/** Cache of the objects known to implement {@linkcode NameRegistry}. */
const registries = new WeakSet<object>();

/** Tells whether a value has the four functions of a {@linkcode NameRegistry}. */
export function isRegistry(value: unknown): value is NameRegistry {
  if ((typeof value !== "object" || value === null) && typeof value !== "function") return false;
  if (registries.has(value)) return true;
  const registry = value as unknown as Record<string, unknown>;
  try {
    const isOne = ["registerName", "unregisterName", "whereisName", "send"]
      .every((name) => typeof registry[name] === "function");
    if (isOne) registries.add(value);
    return isOne;
  } catch {
    return false;
  }
}

/**
 * The pid behind a server reference, or `undefined` if the name is not registered.
 * Synchronous, unless the registry answers with a promise.
 *
 * @throws {TypeError} If `server` is not a valid {@linkcode ServerRef}.
 * @throws {BadAnswerError} If the registry answers with anything but a pid or `undefined`.
 */
export function resolve(server: ServerRef): Awaitable<Pid | undefined> {
  if (isPid(server)) return server;
  if (typeof server === "string" || typeof server === "symbol") return local.whereisName(server);
  if (isOnNode(server)) {
    return server[1] === nodeName() ? local.whereisName(server[0]) : undefined;
  }
  const { registry, key } = parseName(server);
  return holderIn(registry.whereisName(key));
}

/** The answer of a registry to a lookup, if it is valid. */
function holderIn(answer: unknown): Awaitable<Pid | undefined> {
  if (answer === undefined || isPid(answer)) return answer;
  if (isThenable(answer)) {
    return Promise.resolve(answer).then((later) => {
      if (later === undefined || isPid(later)) return later;
      throw new BadAnswerError(later);
    });
  }
  throw new BadAnswerError(answer);
}

/**
 * Parses the name of a server.
 *
 * @throws {InvalidServerError} If it is not a valid name.
 */
export function parseName(server: Term): Address {
  const address = parse(server);
  if (address !== undefined) return address;
  throw new InvalidServerError(server);
}

/** The error for a value that is not a server reference. */
export class InvalidServerError extends TypeError {
  /** `found` is the value that was given as the server. */
  constructor(found: Term) {
    super(
      `Cannot address this as a process: expected a pid, ${FORMS}, or [name, node], found ` +
        inspect(found),
    );
  }
}

/** The error for a registry that answers a lookup with neither a pid nor `undefined`. */
export class BadAnswerError extends TypeError {
  /** The answer of the registry. */
  readonly answer: Term;

  /** `answer` is the answer of the registry. */
  constructor(answer: Term) {
    super(
      `Cannot look up a name: expected a pid or undefined from the registry, found ${
        inspect(answer)
      }`,
    );
    this.answer = answer;
  }
}
