/**
 * Registry: names of any kind, with values, for the processes of this runtime. Elixir's module
 * `Registry`.
 *
 * With `"unique"` keys, a key has one entry, and the registry can name processes: use it as
 * `["via", Registry, [registry, key]]`. With `"duplicate"` keys, a key has any number of entries, for publish and
 * subscribe (see {@linkcode dispatch}).
 *
 * An entry belongs to the process that registered it, and is removed when that process exits, before links and
 * monitors are notified. Keys are compared by their content, as {@linkcode equal} does; numbers as `Map` does, so
 * that `1` and `1.0`, which JavaScript does not distinguish, are one key.
 *
 * A registry is a process, and can be a child of a supervisor. Look-ups send no message; they read its table.
 * Registered processes are linked to it, as in Elixir: if it is killed, they exit with it, because their names are
 * lost; if it is stopped, they get the exit signal `"shutdown"`.
 *
 * **Changes during a query.** Patterns, guards, bodies and callbacks are functions here, and may register and remove
 * entries. {@linkcode match}, {@linkcode select} and the functions that count visit the entries that are there when
 * they are called, without those that are removed before their turn; what is registered meanwhile is not visited.
 * {@linkcode dispatch} hands over the entries that are there when it is called. If a function throws, the query throws
 * the same.
 *
 * @example Names
 * ```ts
 * import { GenServer, ok, Registry, reply, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const Room = {
 *   init: (number: number) => ok(number),
 *   handleCall: (_request: "number", _from: GenServer.From, number: number) => reply(number, number),
 * };
 *
 * unwrap(await Registry.startLink({ keys: "unique", name: "rooms" }));
 * const name = ["via", Registry, ["rooms", ["room", 7]]] as const;
 * const pid = unwrap(await GenServer.startLink(Room, 7, { name }));
 * assertEquals(await GenServer.call(name, "number"), 7);
 * assertEquals(Registry.lookup("rooms", ["room", 7]), [[pid, undefined]]);
 * ```
 *
 * @example Publish and subscribe
 * ```ts
 * import { receive, Registry, send, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * unwrap(await Registry.startLink({ keys: "duplicate", name: "topics" }));
 * Registry.register("topics", "weather", undefined);
 * Registry.dispatch("topics", "weather", (entries) => {
 *   for (const [pid] of entries) send(pid, ["weather", "sunny"]);
 * });
 * assertEquals(await receive(), ["weather", "sunny"]);
 * ```
 *
 * @module
 */

import { fairly } from "../lib/kernel/fair.ts";
import { checkOptions } from "../lib/kernel/options.ts";
import { rejectFor } from "../lib/kernel/calls.ts";
import { type Awaitable, isThenable, then } from "../lib/kernel/awaitable.ts";
import { exit } from "../lib/kernel/exit.ts";
import { type Guard, holds, type Matched, matches } from "../lib/kernel/match.ts";
import { addressOf, localRegistry } from "../lib/kernel/names.ts";
import type { Process } from "../lib/kernel/process.ts";
import { fence, self } from "../lib/kernel/self.ts";
import { exitSignal, isLinked, link, onExit, sendToPid, unlink } from "../lib/kernel/signals.ts";
import { inspect } from "../lib/kernel/inspect.ts";
import { type Atom, isAtom, isPid, message, type Pid, type Term } from "../lib/kernel/term.ts";
import { standIn, TermMap } from "../lib/kernel/term_map.ts";
import { Keeper } from "./keeper.ts";
import * as Registry from "./registry.ts"; // __MODULE__

/** What this module is called where it is printed. */
export const moduleName = "Registry";

/**
 * Whether a key has one entry (`"unique"`), or any number (`"duplicate"`; its other forms choose the layout of
 * Elixir's tables, and are equivalent here).
 */
export type Keys = "unique" | "duplicate" | readonly ["duplicate", "pid" | "key"];

/** Options of {@linkcode startLink}. */
export interface StartOptions {
  /** Whether a key may have several entries. */
  readonly keys: Keys;
  /** The local name of the registry, which is passed to all functions. */
  readonly name: Atom;
  /** Accepted for compatibility, without effect. Default 1. */
  readonly partitions?: number;
  /**
   * Local names of processes that are sent `["register", registry, key, pid, value]` when an entry is added, and
   * `["unregister", registry, key, pid]` when a process removes its entries of a key. Nothing is sent when a
   * process exits; listeners can monitor the pid. Default: none.
   */
  readonly listeners?: readonly Atom[];
  /** The initial metadata for {@linkcode meta}. Default: none. */
  readonly meta?: Iterable<readonly [key: Term, value: Term]> | Readonly<Record<string, Term>>;
  /** Accepted for compatibility, without effect. Default `false`. */
  readonly compressed?: boolean;
}

/** The result of {@linkcode startLink}. */
export type StartResult = readonly ["ok", Pid] | readonly ["error", Term];

/** An entry: the pid of its process, and its value. */
export type Registration<Value = Term> = readonly [pid: Pid, value: Value];

/** The key in `["via", Registry, …]`: the registry, the key, and optionally the value to register. */
export type ViaKey =
  | readonly [registry: Atom, key: Term]
  | readonly [registry: Atom, key: Term, value: Term];

/**
 * Selects entries: patterns (see {@linkcode matches}) for key, pid and value; predicates that must all hold; and the
 * function that makes the result for each.
 */
export type Spec<Result = Term> =
  | readonly [head: Head]
  | readonly [head: Head, guards: readonly EntryGuard[]]
  | readonly [
    head: Head,
    guards: readonly EntryGuard[],
    body: (key: Term, pid: Pid, value: Term) => Result,
  ];

/** Patterns for the three parts of an entry. */
export type Head = readonly [key: unknown, pid: unknown, value: unknown];

/** A predicate on an entry. */
// deno-lint-ignore no-explicit-any -- a guard may expect something more specific than it gets
export type EntryGuard = (key: any, pid: Pid, value: any) => boolean;

/** A specification for a supervisor. */
export interface RegistryChildSpec {
  /** The name of the registry. */
  readonly id: Term;
  /** Calls {@linkcode startLink} with the options. */
  readonly start: readonly [module: object, name: string, args: readonly Term[]];
  /** A registry is a supervisor in Elixir, and has unlimited time to stop. */
  readonly type: "supervisor";
}

// --- Tables -------------------------------------------------------------------------------------

/** One registration. */
interface Entry {
  readonly key: Term;
  /** The key for maps. */
  readonly id: unknown;
  readonly pid: Pid;
  /** Ascending in the order of registration. */
  readonly serial: number;
  value: Term;
}

/** One entry or several, oldest first. A single one, the usual case, needs no set. */
type Entries = Entry | Set<Entry>;

const NONE: readonly Entry[] = [];

function list(entries: Entries | undefined): Iterable<Entry> {
  return entries === undefined ? NONE : entries instanceof Set ? entries : [entries];
}

function including(entries: Entries | undefined, entry: Entry): Entries {
  if (entries === undefined) return entry;
  return entries instanceof Set ? entries.add(entry) : new Set([entries, entry]);
}

function excluding(entries: Entries, entry: Entry): Entries | undefined {
  return entries instanceof Set && entries.delete(entry) && entries.size > 0 ? entries : undefined;
}

/** The entries of one key, if keys may have several. */
class Several {
  /** All, oldest first. */
  readonly entries = new Set<Entry>();
  /** The same, by process. */
  readonly byPid = new Map<Pid, Entries>();
}

/** The entries of one process. */
interface Holder {
  readonly process: Process;
  entries: Entries | undefined;
  /** Removes the exit hook that removes the entries. */
  readonly release: () => void;
  /** Whether the process was linked to the registry because of its entries. */
  readonly isLinked: boolean;
}

/** A request for a lock; the first in the queue holds it. */
interface LockRequest {
  /** Grants the lock, unless it was granted already. */
  grant(): void;
  /** Rejects the request. */
  fail(): void;
}

/** The table of one registry. */
class Table {
  readonly name: Atom;
  readonly isUnique: boolean;
  readonly listeners: readonly Atom[];
  readonly meta = new TermMap<Term>();
  readonly #owner: Process;
  /** By key: the entry, or, if keys may have several, the entries. */
  readonly #entries = new Map<unknown, Entry | Several>();
  readonly #holders = new Map<Pid, Holder>();
  readonly #locks = new TermMap<Set<LockRequest>>();
  #count = 0;
  /** The serial number of the entry that was added last. */
  #serial = 0;

  constructor(options: StartOptions, owner: Process) {
    this.name = options.name;
    this.isUnique = options.keys === "unique";
    this.listeners = [...options.listeners ?? []];
    for (const [key, value] of pairs(options.meta)) this.meta.set(message(key), message(value));
    this.#owner = owner;
  }

  /** Number of entries. */
  get count(): number {
    return this.#count;
  }

  /** All entries. One that is added meanwhile is not visited, nor is one that is removed before its turn. */
  *all(): Generator<Entry> {
    const last = this.#serial;
    for (const found of this.#entries.values()) {
      if (found instanceof Several) yield* until(last, found.entries);
      else if (found.serial <= last) yield found;
    }
  }

  /** The entries of a key, oldest first. */
  under(key: Term): Iterable<Entry> {
    const found = this.#entries.get(standIn(key));
    return found instanceof Several ? found.entries : list(found);
  }

  /** The entries of a key, oldest first, to be visited as those of {@linkcode Table.all}. */
  walkUnder(key: Term): Iterable<Entry> {
    return until(this.#serial, this.under(key));
  }

  /** The entry of a unique key. */
  only(key: Term): Entry | undefined {
    return this.#entries.get(standIn(key)) as Entry | undefined;
  }

  /** The entries of a process under a key, oldest first. */
  own(key: Term, pid: Pid): Iterable<Entry> {
    const found = this.#entries.get(standIn(key));
    if (found instanceof Several) return list(found.byPid.get(pid));
    return found !== undefined && found.pid === pid ? [found] : NONE;
  }

  /** The entries of a process, oldest first. */
  of(pid: Pid): Iterable<Entry> {
    return list(this.#holders.get(pid)?.entries);
  }

  /** Adds an entry for `process`. */
  register(process: Process, key: Term, value: Term): ReturnType<typeof register> {
    const id = standIn(key);
    const { pid } = process;
    const found = this.#entries.get(id);
    if (this.isUnique && found !== undefined) {
      return ["error", ["already_registered", (found as Entry).pid]];
    }
    const entry: Entry = {
      key: message(key),
      id,
      pid,
      serial: ++this.#serial,
      value: message(value),
    };
    const holder = this.#holderOf(process);
    holder.entries = including(holder.entries, entry);
    this.#count++;
    if (this.isUnique) this.#entries.set(id, entry);
    else this.#addTo(found as Several | undefined, entry);
    this.#tell(["register", this.name, key, pid, value]);
    return ["ok", this.#owner.pid];
  }

  /** Removes those entries of `process` under a key whose value is unwanted. */
  unregister(process: Process, key: Term, isUnwanted: (value: Term) => boolean): void {
    const { pid } = process;
    const entries = [...this.own(key, pid)];
    const unwanted = entries.filter(({ value }) => isUnwanted(value));
    // `isUnwanted` is a function of the user, which may have removed entries itself.
    for (const entry of unwanted) if (this.#has(entry)) this.#remove(entry);
    const holder = this.#holders.get(pid);
    if (holder !== undefined && holder.entries === undefined) {
      holder.release();
      this.#holders.delete(pid);
      if (holder.isLinked) unlink(process, this.#owner.pid);
    }
    if (unwanted.length === entries.length) this.#tell(["unregister", this.name, key, pid]);
  }

  #has(entry: Entry): boolean {
    const found = this.#entries.get(entry.id);
    return found instanceof Several ? found.entries.has(entry) : found === entry;
  }

  /** Sends exit signals to the linked processes, as a registry that stops without being killed does. */
  shutDown(): void {
    for (const { process, isLinked } of [...this.#holders.values()]) {
      if (isLinked) unlink(process, this.#owner.pid);
      exitSignal(this.#owner.pid, process.pid, "shutdown");
    }
  }

  /** Clears the table, when the registry has exited. */
  close(): void {
    for (const { release } of this.#holders.values()) release();
    this.#holders.clear();
    // Also the lists, which a query may be visiting.
    for (const found of this.#entries.values()) {
      if (found instanceof Several) found.entries.clear();
    }
    this.#entries.clear();
    for (const queue of this.#locks.values()) for (const request of queue) request.fail();
    this.#locks.clear();
  }

  #holderOf(process: Process): Holder {
    const { pid } = process;
    let holder = this.#holders.get(pid);
    if (holder === undefined) {
      const owner = this.#owner.pid;
      const wasLinked = isLinked(process, owner);
      if (!wasLinked) link(process, owner);
      const release = onExit(pid, () => this.#forget(pid))!;
      this.#holders.set(
        pid,
        holder = {
          process,
          entries: undefined,
          release,
          isLinked: !wasLinked,
        },
      );
    }
    return holder;
  }

  #addTo(several: Several | undefined, entry: Entry): void {
    if (several === undefined) this.#entries.set(entry.id, several = new Several());
    several.entries.add(entry);
    several.byPid.set(entry.pid, including(several.byPid.get(entry.pid), entry));
  }

  #forget(pid: Pid): void {
    const { entries } = this.#holders.get(pid)!;
    this.#holders.delete(pid);
    for (const entry of list(entries)) this.#removeFromKey(entry);
  }

  #remove(entry: Entry): void {
    const holder = this.#holders.get(entry.pid)!;
    holder.entries = excluding(holder.entries!, entry);
    this.#removeFromKey(entry);
  }

  #removeFromKey(entry: Entry): void {
    const { id, pid } = entry;
    this.#count--;
    const found = this.#entries.get(id);
    if (found instanceof Several) {
      found.entries.delete(entry);
      const left = excluding(found.byPid.get(pid)!, entry);
      if (left === undefined) found.byPid.delete(pid);
      else found.byPid.set(pid, left);
      if (found.entries.size > 0) return;
    }
    this.#entries.delete(id);
  }

  #tell(message: Term): void {
    for (const listener of this.listeners) {
      const pid = localRegistry().whereisName(listener);
      if (pid !== undefined) sendToPid(pid, message);
    }
  }

  /** Waits for a lock, and resolves with the function that releases it. */
  lock(process: Process, key: Term): Promise<() => void> {
    return new Promise((resolve, reject) => {
      let queue = this.#locks.get(key);
      if (queue === undefined) this.#locks.set(key, queue = new Set());
      const isFirst = queue.size === 0;
      const giveBack = () => {
        release?.();
        this.#unlock(key, queue, request);
      };
      const release = onExit(process.pid, giveBack);
      const request: LockRequest = {
        grant: () => resolve(giveBack),
        fail: () => {
          release?.();
          const call = ["Registry", "lock", [this.name, key]];
          rejectFor(process, reject, exit(["noproc", call]));
        },
      };
      queue.add(request);
      if (isFirst) request.grant();
    });
  }

  #unlock(key: Term, queue: Set<LockRequest>, request: LockRequest): void {
    if (!queue.delete(request)) return;
    const [first] = queue;
    if (first !== undefined) first.grant();
    else this.#locks.delete(key);
  }
}

/** Those of `entries`, in the order of registration, that are not newer than the serial number `last`. */
function* until(last: number, entries: Iterable<Entry>): Generator<Entry> {
  for (const entry of entries) {
    if (entry.serial > last) return;
    yield entry;
  }
}

const tables = new Map<Atom, Table>();

function tableOf(registry: Atom): Table {
  const table = tables.get(registry);
  if (table !== undefined) return table;
  throw new TypeError(
    `Cannot use the registry ${
      inspect(registry)
    }: unknown registry. Either the name is wrong or the ` +
      "registry is not running",
  );
}

// --- The process --------------------------------------------------------------------------------

const KEEPER = new Keeper({
  module: Registry,
  behaviour: "supervisor",
  initialCall: ["supervisor", "Registry.Supervisor", 1],
  onStop: ({ state }) => (state as Table).shutDown(),
});

/**
 * Starts a registry, linked to the calling process. Resolves with `["ok", pid]`, or with
 * `["error", ["already_started", pid]]` if its name is taken.
 *
 * It traps exits, exits when its parent does, and can be stopped like a server.
 * See the examples of this module.
 *
 * @throws {TypeError} If an option is missing or not valid: the promise rejects.
 * @throws {RangeError} If `partitions` is not a positive integer.
 * @see Elixir `Registry.start_link/1`
 */
export function startLink(options: StartOptions): Promise<StartResult> {
  return fairly(async () => {
    checkStartOptions(options);
    return await start(self(), options);
  });
}

function start(parent: Process, options: StartOptions): StartResult {
  const { name } = options;
  const holder = localRegistry().whereisName(name);
  if (holder !== undefined) return ["error", ["already_started", holder]];
  const process = KEEPER.start(parent, null);
  const table = new Table(options, process);
  process.state = table;
  localRegistry().registerName(name, process.pid);
  tables.set(name, table);
  onExit(process.pid, () => {
    if (tables.get(name) === table) tables.delete(name);
    table.close();
  });
  return ["ok", process.pid];
}

/**
 * The child specification of a registry: its `id` is the name.
 *
 * @see Elixir `Registry.child_spec/1`
 *
 * @example A registry as a child
 * ```ts
 * import { Registry, Supervisor, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const children = [Registry.childSpec({ keys: "unique", name: "rooms" })];
 * unwrap(await Supervisor.startLink(children, { strategy: "one_for_one" }));
 * assertEquals(Registry.count("rooms"), 0);
 * ```
 */
export function childSpec(options: StartOptions): RegistryChildSpec {
  return {
    id: options.name ?? Registry,
    start: [Registry, "startLink", [options]],
    type: "supervisor",
  };
}

const OPTIONS = [
  "keys",
  "name",
  "partitions",
  "listeners",
  "meta",
  "compressed",
] as const satisfies readonly (keyof StartOptions)[];

function checkStartOptions(options: StartOptions): void {
  const fail = (expected: string, found: unknown) => {
    throw new TypeError(`Cannot start a registry: expected ${expected}, found ${inspect(found)}`);
  };
  checkOptions("start a registry", options, OPTIONS);
  const { keys, name, partitions = 1, listeners = [], meta } = options;
  if (!isKeys(keys)) {
    fail('keys to be "unique", "duplicate", ["duplicate", "pid"] or ["duplicate", "key"]', keys);
  }
  if (!isAtom(name)) fail("name to be an atom", name);
  addressOf(name);
  if (!Number.isInteger(partitions) || partitions < 1) {
    throw new RangeError(
      `Cannot start a registry: expected partitions from 1, found ${inspect(partitions)}`,
    );
  }
  if (!Array.isArray(listeners) || !listeners.every(isAtom)) {
    fail("listeners to be an array of local names", listeners);
  }
  if (meta !== undefined && (typeof meta !== "object" || meta === null || !isPairs(meta))) {
    fail("meta to be an object or pairs of key and value", meta);
  }
}

function isKeys(keys: unknown): keys is Keys {
  return keys === "unique" || keys === "duplicate" ||
    (Array.isArray(keys) && keys.length === 2 && keys[0] === "duplicate" &&
      (keys[1] === "pid" || keys[1] === "key"));
}

function isPairs(meta: object): boolean {
  if (!(Symbol.iterator in meta)) return true;
  return [...meta as Iterable<unknown>].every((pair) => Array.isArray(pair) && pair.length === 2);
}

function pairs(meta: StartOptions["meta"] = []): Iterable<readonly [Term, Term]> {
  return Symbol.iterator in meta ? meta as Iterable<readonly [Term, Term]> : Object.entries(meta);
}

// --- Registering --------------------------------------------------------------------------------

/**
 * Registers the calling process under a key. Returns `["ok", owner]` with the pid of the registry, which the process
 * is then linked to; or, with unique keys, `["error", ["already_registered", pid]]` if the key is taken, possibly
 * by the process itself.
 *
 * @param key Any term.
 * @param value The value of the entry.
 * @throws {TypeError} If there is no such registry.
 * @see Elixir `Registry.register/3`
 *
 * @example Registering, looking up and unregistering
 * ```ts
 * import { Registry, self, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * unwrap(await Registry.startLink({ keys: "duplicate", name: "topics" }));
 * Registry.register("topics", "weather", "Rome");
 * Registry.register("topics", "weather", "Oslo");
 * assertEquals(Registry.lookup("topics", "weather"), [[self(), "Rome"], [self(), "Oslo"]]);
 * assertEquals(Registry.keys("topics", self()), ["weather", "weather"]);
 * assertEquals(Registry.values("topics", "weather", self()), ["Rome", "Oslo"]);
 * assertEquals(Registry.count("topics"), 2);
 *
 * Registry.unregisterMatch("topics", "weather", "Oslo");
 * assertEquals(Registry.lookup("topics", "weather"), [[self(), "Rome"]]);
 * Registry.unregister("topics", "weather");
 * assertEquals(Registry.lookup("topics", "weather"), []);
 * ```
 */
export function register(
  registry: Atom,
  key: Term,
  value: Term,
): readonly ["ok", Pid] | readonly ["error", readonly ["already_registered", Pid]] {
  const process = self();
  return tableOf(registry).register(process, key, value);
}

/**
 * Removes all entries of the calling process under a key: always `"ok"`. Removing its last entry also removes the
 * link to the registry. See the example of {@linkcode register}.
 *
 * @throws {TypeError} If there is no such registry.
 * @see Elixir `Registry.unregister/2`
 */
export function unregister(registry: Atom, key: Term): "ok" {
  const process = self();
  tableOf(registry).unregister(process, key, () => true);
  return "ok";
}

/**
 * Removes the entries of the calling process under a key whose value matches `pattern` (see
 * {@linkcode matches}) and `guard`: always `"ok"`. See the example of {@linkcode register}.
 * The entries are removed after all were compared. An entry for which `guard` throws does not match.
 *
 * @throws {TypeError} If there is no such registry.
 * @see Elixir `Registry.unregister_match/3,4`
 */
export function unregisterMatch<const Pattern>(
  registry: Atom,
  key: Term,
  pattern: Pattern,
  guard: Guard<Matched<Pattern>> = () => true,
): "ok" {
  const process = self();
  tableOf(registry).unregister(
    process,
    key,
    (value) => matches(pattern, value) && holds(() => guard(value)),
  );
  return "ok";
}

/**
 * Replaces the value of the calling process under a key by the result of `update`. Returns
 * `[newValue, oldValue]`, or `"error"` if the process has no such entry, or has none any more when `update` returns.
 *
 * @throws {TypeError} If there is no such registry, if its keys are not unique, or if `update` returns a promise.
 * @see Elixir `Registry.update_value/3`
 *
 * @example A counter
 * ```ts
 * import { Registry, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * unwrap(await Registry.startLink({ keys: "unique", name: "counters" }));
 * Registry.register("counters", "visits", 1);
 * assertEquals(Registry.updateValue("counters", "visits", (n: number) => n + 1), [2, 1]);
 * ```
 */
export function updateValue<Value>(
  registry: Atom,
  key: Term,
  // deno-lint-ignore no-explicit-any -- the caller knows the type of its value
  update: (value: any) => Value,
): readonly [newValue: Value, oldValue: Term] | "error" {
  const { pid } = self();
  const table = tableOf(registry);
  if (!table.isUnique) {
    throw new TypeError(
      `Cannot update a value of the registry ${inspect(registry)}: its keys are not unique`,
    );
  }
  const entry = table.only(key);
  if (entry === undefined || entry.pid !== pid) return "error";
  const before = entry.value;
  const value = update(before);
  if (isThenable(value)) {
    throw new TypeError(
      "Cannot update a value: expected a function that is not async, found a promise",
    );
  }
  if (table.only(key) !== entry) return "error";
  entry.value = message(value);
  return [value, before];
}

// --- Looking up ---------------------------------------------------------------------------------

/**
 * Returns the entries of a key as `[pid, value]`, in a new list: at most one with unique keys, else in the order of their
 * registration. See the example of {@linkcode register}.
 *
 * @throws {TypeError} If there is no such registry.
 * @see Elixir `Registry.lookup/2`
 */
export function lookup<Value = Term>(registry: Atom, key: Term): Registration<Value>[] {
  fence();
  const found: Registration[] = [];
  for (const { pid, value } of tableOf(registry).under(key)) found.push([pid, value]);
  return found as Registration<Value>[];
}

/**
 * Returns the entries of a key whose value matches `pattern` and `guard`, as `[pid, value]`. Patterns are those of
 * {@linkcode matches}: an object matches objects with at least its properties, {@linkcode _} matches anything, a
 * function the values for which it returns `true`. Use the guard for conditions on several parts of the value.
 *
 * @throws {TypeError} If there is no such registry.
 * @see Elixir `Registry.match/3,4`
 *
 * @example Entries by value, with a guard
 * ```ts
 * import { _, Registry, self, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * unwrap(await Registry.startLink({ keys: "duplicate", name: "lamps" }));
 * Registry.register("lamps", "hall", ["lamp", 40]);
 * Registry.register("lamps", "hall", ["lamp", 60]);
 * const bright = Registry.match("lamps", "hall", ["lamp", _], ([, watts]) => watts > 50);
 * assertEquals(bright, [[self(), ["lamp", 60]]]);
 * ```
 */
export function match<const Pattern>(
  registry: Atom,
  key: Term,
  pattern: Pattern,
  guard: Guard<Matched<Pattern>> = () => true,
): Registration<Matched<Pattern>>[] {
  fence();
  const found: Registration<Matched<Pattern>>[] = [];
  for (const { pid, value } of tableOf(registry).walkUnder(key)) {
    if (matches(pattern, value) && holds(() => guard(value))) found.push([pid, value]);
  }
  return found;
}

/**
 * Returns the number of entries that {@linkcode match} would return.
 *
 * @throws {TypeError} If there is no such registry.
 * @see Elixir `Registry.count_match/3,4`
 *
 * @example Counting entries by value
 * ```ts
 * import { _, Registry, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * unwrap(await Registry.startLink({ keys: "duplicate", name: "topics" }));
 * Registry.register("topics", "weather", ["city", "Rome"]);
 * Registry.register("topics", "weather", ["country", "Norway"]);
 * assertEquals(Registry.countMatch("topics", "weather", ["city", _]), 1);
 * ```
 */
export function countMatch<const Pattern>(
  registry: Atom,
  key: Term,
  pattern: Pattern,
  guard: Guard<Matched<Pattern>> = () => true,
): number {
  return match(registry, key, pattern, guard).length;
}

/**
 * Returns the results of the specs for all entries that they select. If several specs select an entry, the first is
 * used. The result of a spec without a body is `[key, pid, value]`.
 *
 * @throws {TypeError} If there is no such registry, or a spec is not valid.
 * @see Elixir `Registry.select/2`
 *
 * @example Keys by value
 * ```ts
 * import { _, Registry, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * unwrap(await Registry.startLink({ keys: "unique", name: "heights" }));
 * Registry.register("heights", "Ada", 170);
 * Registry.register("heights", "Bob", 185);
 * const tall = Registry.select("heights", [
 *   [[_, _, _], [(_key, _pid, height) => height > 180], (key) => key],
 * ]);
 * assertEquals(tall, ["Bob"]);
 * ```
 */
export function select<Result = readonly [key: Term, pid: Pid, value: Term]>(
  registry: Atom,
  specs: readonly Spec<Result>[],
): Result[] {
  fence();
  checkSpecs("select", specs);
  const results: Result[] = [];
  for (const entry of tableOf(registry).all()) {
    const spec = specs.find((spec) => isWanted(entry, spec));
    if (spec === undefined) continue;
    const { key, pid, value } = entry;
    const body = spec[2];
    results.push(body === undefined ? [key, pid, value] as Result : body(key, pid, value));
  }
  return results;
}

/**
 * Returns the number of entries that the specs select. If the spec has a body, the entry counts if the body returns
 * `true`.
 *
 * @throws {TypeError} If there is no such registry, or a spec is not valid.
 * @see Elixir `Registry.count_select/2`
 *
 * @example Counting the entries of a process
 * ```ts
 * import { _, Registry, self, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * unwrap(await Registry.startLink({ keys: "unique", name: "heights" }));
 * Registry.register("heights", "Ada", 170);
 * Registry.register("heights", "Bob", 185);
 * assertEquals(Registry.countSelect("heights", [[[_, self(), _]]]), 2);
 * ```
 */
export function countSelect(registry: Atom, specs: readonly Spec[]): number {
  fence();
  checkSpecs("countSelect", specs);
  let number = 0;
  for (const entry of tableOf(registry).all()) {
    const spec = specs.find((spec) => isWanted(entry, spec));
    if (spec === undefined) continue;
    const body = spec[2];
    if (body === undefined || body(entry.key, entry.pid, entry.value) === true) number++;
  }
  return number;
}

function isWanted({ key, pid, value }: Entry, [head, guards = []]: Spec): boolean {
  return matches(head[0], key) && matches(head[1], pid) && matches(head[2], value) &&
    holds(() => guards.every((guard) => guard(key, pid, value)));
}

function checkSpecs(what: string, specs: unknown): void {
  const isSpec = (spec: unknown) => {
    if (!Array.isArray(spec) || spec.length < 1 || spec.length > 3) return false;
    const [head, guards = [], body = () => true] = spec;
    return Array.isArray(head) && head.length === 3 && Array.isArray(guards) &&
      guards.every((guard) => typeof guard === "function") && typeof body === "function";
  };
  if (Array.isArray(specs) && specs.every(isSpec)) return;
  throw new TypeError(
    `Cannot ${what}: expected an array of [[key, pid, value], guards, body], found ${
      inspect(specs)
    }`,
  );
}

/**
 * Returns the keys of a process, once for each entry, in the order of their registration, as a new list.
 * See the example of {@linkcode register}.
 *
 * @throws {TypeError} If there is no such registry, or `pid` is not a pid.
 * @see Elixir `Registry.keys/2`
 */
export function keys(registry: Atom, pid: Pid): Term[] {
  fence();
  checkPid(pid);
  return Array.from(tableOf(registry).of(pid), ({ key }) => key);
}

/**
 * Returns the values of a process under a key, in the order of their registration, as a new list.
 * See the example of {@linkcode register}.
 *
 * @throws {TypeError} If there is no such registry, or `pid` is not a pid.
 * @see Elixir `Registry.values/3`
 */
export function values<Value = Term>(registry: Atom, key: Term, pid: Pid): Value[] {
  fence();
  checkPid(pid);
  return Array.from(tableOf(registry).own(key, pid), ({ value }) => value as Value);
}

function checkPid(pid: unknown): void {
  if (isPid(pid)) return;
  throw new TypeError(`Cannot look into a registry: expected a pid, found ${inspect(pid)}`);
}

/**
 * Returns the number of entries. See the example of {@linkcode register}.
 *
 * @throws {TypeError} If there is no such registry.
 * @see Elixir `Registry.count/1`
 */
export function count(registry: Atom): number {
  fence();
  return tableOf(registry).count;
}

/** Options of {@linkcode dispatch}. */
export interface DispatchOptions {
  /** Accepted for compatibility, without effect. Default `false`. */
  readonly parallel?: boolean;
}

/**
 * Calls `deliver` in the calling process with the entries of a key, as {@linkcode lookup} returns them, unless there
 * are none. Returns `"ok"`; a promise of it if `deliver` returns a promise.
 * See the second example of this module.
 *
 * @throws {TypeError} If there is no such registry, or `deliver` is not a function.
 * @throws Whatever `deliver` throws.
 * @see Elixir `Registry.dispatch/3,4`
 */
export function dispatch<Value = Term, Result = unknown>(
  registry: Atom,
  key: Term,
  deliver: (entries: Registration<Value>[]) => Result,
  options?: DispatchOptions,
): Result extends PromiseLike<unknown> ? Awaitable<"ok"> : "ok" {
  fence();
  if (typeof deliver !== "function") {
    throw new TypeError(`Cannot dispatch: expected a function, found ${inspect(deliver)}`);
  }
  if (options !== undefined) checkOptions("dispatch", options, ["parallel"]);
  const entries = lookup<Value>(registry, key);
  const delivered = entries.length === 0 ? undefined : deliver(entries);
  const answer = then(delivered, () => "ok");
  return answer as Result extends PromiseLike<unknown> ? Awaitable<"ok"> : "ok";
}

// --- Metadata -----------------------------------------------------------------------------------

/**
 * Returns the metadata of the registry under a key: `["ok", value]`, or `"error"` if there is none.
 * See the example of {@linkcode putMeta}.
 *
 * @throws {TypeError} If there is no such registry.
 * @see Elixir `Registry.meta/2`
 */
export function meta<Value = Term>(registry: Atom, key: Term): readonly ["ok", Value] | "error" {
  fence();
  const { meta } = tableOf(registry);
  return meta.has(key) ? ["ok", meta.get(key) as Value] : "error";
}

/**
 * Sets the metadata of the registry under a key: always `"ok"`.
 *
 * @throws {TypeError} If there is no such registry.
 * @see Elixir `Registry.put_meta/3`
 *
 * @example Metadata
 * ```ts
 * import { Registry, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * unwrap(await Registry.startLink({ keys: "duplicate", name: "topics" }));
 * assertEquals(Registry.putMeta("topics", "owner", "ann"), "ok");
 * assertEquals(Registry.meta("topics", "owner"), ["ok", "ann"]);
 * assertEquals(Registry.deleteMeta("topics", "owner"), "ok");
 * assertEquals(Registry.meta("topics", "owner"), "error");
 * ```
 */
export function putMeta(registry: Atom, key: Term, value: Term): "ok" {
  fence();
  tableOf(registry).meta.set(message(key), message(value));
  return "ok";
}

/**
 * Deletes the metadata of the registry under a key: always `"ok"`. See the example of {@linkcode putMeta}.
 *
 * @throws {TypeError} If there is no such registry.
 * @see Elixir `Registry.delete_meta/2`
 */
export function deleteMeta(registry: Atom, key: Term): "ok" {
  fence();
  tableOf(registry).meta.delete(key);
  return "ok";
}

// --- Locks --------------------------------------------------------------------------------------

/**
 * Runs `body` with an exclusive lock for a key of the registry, and resolves with its result. The lock is granted in
 * the order of requests. `body` may be async: the lock is held until its promise settles, `body` throws, or the
 * process exits.
 *
 * Locking the same key again from within `body` is a deadlock.
 *
 * @param key Any term, independent of the keys of entries.
 * @throws {TypeError} If there is no such registry, or `body` is not a function: the promise rejects.
 * @throws {Exit} `["noproc", ["Registry", "lock", [registry, key]]]` if the registry exits meanwhile.
 * @see Elixir `Registry.lock/3`
 *
 * @example A function that runs once at a time
 * ```ts
 * import { Registry, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * unwrap(await Registry.startLink({ keys: "duplicate", name: "topics" }));
 * const result = await Registry.lock("topics", "weather", () => Registry.count("topics"));
 * assertEquals(result, 0);
 * ```
 */
export function lock<Result>(
  registry: Atom,
  key: Term,
  body: () => Result,
): Promise<Awaited<Result>> {
  return fairly(async (): Promise<Awaited<Result>> => {
    const process = self();
    if (typeof body !== "function") {
      throw new TypeError(`Cannot run under a lock: expected a function, found ${inspect(body)}`);
    }
    const giveBack = await tableOf(registry).lock(process, key);
    fence(); // the process may have exited meanwhile
    try {
      return await body();
    } finally {
      giveBack();
    }
  });
}

// --- As a registry of names ---------------------------------------------------------------------

/**
 * Registers the calling process, for `["via", Registry, [registry, key]]`: `"yes"`, or `"no"` if the key is
 * taken. The value of the entry is `undefined`, or the third part of the key.
 *
 * @throws {TypeError} If there is no such registry, its keys are not unique, `name` is not valid, or
 * `pid` is not the calling process.
 *
 * @example The functions of a via module
 * ```ts
 * import { receive, Registry, self, unwrap } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * unwrap(await Registry.startLink({ keys: "unique", name: "rooms" }));
 * assertEquals(Registry.registerName(["rooms", 7], self()), "yes");
 * assertEquals(Registry.whereisName(["rooms", 7]), self());
 * Registry.send(["rooms", 7], "hello");
 * assertEquals(await receive(), "hello");
 * Registry.unregisterName(["rooms", 7]);
 * assertEquals(Registry.whereisName(["rooms", 7]), undefined);
 * ```
 */
export function registerName(name: ViaKey, pid: Pid): "yes" | "no" {
  const process = self();
  const [registry, key, value] = checkName(name);
  if (process.pid !== pid) {
    throw new TypeError(
      `Cannot register ${
        inspect(pid)
      }: a process can only register itself, and this is ${process.pid}`,
    );
  }
  return tableOfNames(registry).register(process, key, value)[0] === "ok" ? "yes" : "no";
}

/**
 * Removes the entry of the calling process: `"ok"`, also if it has none.
 * See the example of {@linkcode registerName}.
 *
 * @throws {TypeError} If there is no such registry, its keys are not unique, or `name` is not valid.
 */
export function unregisterName(name: ViaKey): "ok" {
  const process = self();
  const [registry, key] = checkName(name);
  tableOfNames(registry).unregister(process, key, () => true);
  return "ok";
}

/**
 * Returns the pid that is registered under the key, or `undefined`.
 * See the example of {@linkcode registerName}.
 *
 * @throws {TypeError} If there is no such registry, its keys are not unique, or `name` is not valid.
 */
export function whereisName(name: ViaKey): Pid | undefined {
  fence();
  const [registry, key] = checkName(name);
  return tableOfNames(registry).only(key)?.pid;
}

/**
 * Sends a message to the process that is registered under the key, and returns its pid.
 * See the example of {@linkcode registerName}.
 *
 * @throws {TypeError} If there is no such registry, its keys are not unique, or `name` is not valid.
 * @throws {Exit} `["badarg", [name, message]]` if none is.
 */
export function send(name: ViaKey, message: Term): Pid {
  const pid = whereisName(name);
  if (pid === undefined) throw exit(["badarg", [name, message]]);
  sendToPid(pid, message);
  return pid;
}

function checkName(name: unknown): ViaKey {
  if (Array.isArray(name) && (name.length === 2 || name.length === 3)) return name as never;
  throw new TypeError(
    `Cannot name a process through a registry: expected [registry, key] or [registry, key, value], ` +
      `found ${inspect(name)}`,
  );
}

function tableOfNames(registry: Atom): Table {
  const table = tableOf(registry);
  if (table.isUnique) return table;
  throw new TypeError(
    `Cannot name a process through the registry ${
      inspect(registry)
    }: its keys are not unique, and ` +
      "via is not supported for duplicate registries",
  );
}
