/**
 * Registry: names of any kind, with values, for the processes of this runtime. Elixir's module
 * `Registry`.
 *
 * With `"unique"` keys a key stands for one process, and the registry is a place for names: use it as
 * `["via", Registry, [registry, key]]`. With `"duplicate"` keys a key stands for any number of entries,
 * which is what publishing and subscribing take (see {@linkcode dispatch}).
 *
 * An entry belongs to the process that registered it, and is gone the moment that ends, before anybody
 * hears of it. Keys are compared by their content, as {@linkcode equal} does; numbers as `Map` does, so
 * that `1` and `1.0`, which JavaScript cannot tell apart, are one key.
 *
 * A registry is a process, and a supervisor's child like any other; asking it costs no message, but
 * reads its table. Processes that are registered are linked to it, as Elixir has it: if it is killed,
 * they end with it, for their names are gone; if it is stopped, they get the exit signal `"shutdown"`.
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
import { rejectFor } from "../lib/kernel/calls.ts";
import { type Awaitable, isThenable, then } from "../lib/kernel/awaitable.ts";
import { exit } from "../lib/kernel/exit.ts";
import { type Guard, type Matched, matches } from "../lib/kernel/match.ts";
import { addressOf, localRegistry } from "../lib/kernel/names.ts";
import type { Process } from "../lib/kernel/process.ts";
import { fence, self } from "../lib/kernel/self.ts";
import { exitSignal, isLinked, link, onExit, sendToPid, unlink } from "../lib/kernel/signals.ts";
import { type Atom, inspect, isAtom, isPid, type Pid, type Term } from "../lib/kernel/term.ts";
import { standIn, TermMap } from "../lib/kernel/term_map.ts";
import { Keeper } from "./keeper.ts";
import * as Registry from "./registry.ts"; // __MODULE__

/**
 * What a key may stand for: one process (`"unique"`), or any number of entries (`"duplicate"`, in
 * which form is for the BEAM's tables to tell, and the same here).
 */
export type Keys = "unique" | "duplicate" | readonly ["duplicate", "pid" | "key"];

/** Options of {@linkcode startLink}. */
export interface StartOptions {
  /** How many entries a key may have. */
  readonly keys: Keys;
  /** The local name of the registry, by which all functions know it. */
  readonly name: Atom;
  /** Taken for the sake of programs that give it. There is one thread, and one table. Default 1. */
  readonly partitions?: number;
  /**
   * Local names of processes that are sent `["register", registry, key, pid, value]` when an entry was
   * made, and `["unregister", registry, key, pid]` when a process has given up its entries of a key. None
   * is sent when a process ends: whoever wants to know monitors the pid. Default: none.
   */
  readonly listeners?: readonly Atom[];
  /** What {@linkcode meta} knows from the start. Default: nothing. */
  readonly meta?: Iterable<readonly [key: Term, value: Term]> | Readonly<Record<string, Term>>;
  /** Taken, and without effect. Default `false`. */
  readonly compressed?: boolean;
}

/** What {@linkcode startLink} resolves with. */
export type StartResult = readonly ["ok", Pid] | readonly ["error", Term];

/** What an entry shows of itself: who made it, and with what value. */
export type Registration<Value = Term> = readonly [pid: Pid, value: Value];

/** What stands behind `["via", Registry, …]`: the registry, the key, and the value to register with, if any. */
export type ViaKey =
  | readonly [registry: Atom, key: Term]
  | readonly [registry: Atom, key: Term, value: Term];

/**
 * Which entries are wanted, and what of them: patterns (see {@linkcode matches}) for key, pid and value;
 * predicates that must all hold; what to make of each.
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
  /** It stands for a supervisor, and is given all the time that it takes to stop. */
  readonly type: "supervisor";
}

// --- Tables -------------------------------------------------------------------------------------

/** One registration. */
interface Entry {
  readonly key: Term;
  /** What stands in for the key in maps. */
  readonly id: unknown;
  readonly pid: Pid;
  value: Term;
}

/** One or several, oldest first. Mostly there is one, which then needs no set. */
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

/** The entries of one key, where a key may have several. */
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
  /** Takes the exit hook away that would remove them. */
  readonly release: () => void;
  /** Whether it is because of them that the process is linked to the registry. */
  readonly isLinked: boolean;
}

/** One who wants to run under a lock; the first in the queue does. */
interface LockRequest {
  /** Lets it run, if it does not already. */
  grant(): void;
  /** Tells it that there will be no lock. */
  fail(): void;
}

/** The table of one registry. */
class Table {
  readonly name: Atom;
  readonly isUnique: boolean;
  readonly listeners: readonly Atom[];
  readonly meta = new TermMap<Term>();
  readonly #owner: Process;
  /** By key: the entry, or where there may be several, those. */
  readonly #entries = new Map<unknown, Entry | Several>();
  readonly #holders = new Map<Pid, Holder>();
  readonly #locks = new TermMap<Set<LockRequest>>();
  #count = 0;

  constructor(options: StartOptions, owner: Process) {
    this.name = options.name;
    this.isUnique = options.keys === "unique";
    this.listeners = [...options.listeners ?? []];
    for (const [key, value] of pairs(options.meta)) this.meta.set(key, value);
    this.#owner = owner;
  }

  /** Number of entries. */
  get count(): number {
    return this.#count;
  }

  /** All entries. */
  *all(): Generator<Entry> {
    for (const found of this.#entries.values()) {
      if (found instanceof Several) yield* found.entries;
      else yield found;
    }
  }

  /** The entries of a key, oldest first. */
  under(key: Term): Iterable<Entry> {
    const found = this.#entries.get(standIn(key));
    return found instanceof Several ? found.entries : list(found);
  }

  /** The entry of a key, where there is one at most. */
  only(key: Term): Entry | undefined {
    return this.#entries.get(standIn(key)) as Entry | undefined;
  }

  /** The entries of a key that a process made, oldest first. */
  own(key: Term, pid: Pid): Iterable<Entry> {
    const found = this.#entries.get(standIn(key));
    if (found instanceof Several) return list(found.byPid.get(pid));
    return found !== undefined && found.pid === pid ? [found] : NONE;
  }

  /** The entries of a process, oldest first. */
  of(pid: Pid): Iterable<Entry> {
    return list(this.#holders.get(pid)?.entries);
  }

  /** Makes an entry for `process`. */
  register(process: Process, key: Term, value: Term): ReturnType<typeof register> {
    const id = standIn(key);
    const { pid } = process;
    const found = this.#entries.get(id);
    if (this.isUnique && found !== undefined) {
      return ["error", ["already_registered", (found as Entry).pid]];
    }
    const entry: Entry = { key, id, pid, value };
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
    let isLeft = false;
    for (const entry of [...this.own(key, pid)]) {
      if (isUnwanted(entry.value)) this.#remove(entry);
      else isLeft = true;
    }
    const holder = this.#holders.get(pid);
    if (holder !== undefined && holder.entries === undefined) {
      holder.release();
      this.#holders.delete(pid);
      if (holder.isLinked) unlink(process, this.#owner.pid);
    }
    if (!isLeft) this.#tell(["unregister", this.name, key, pid]);
  }

  /** Lets those go who are linked to it, as the end of a table that was not killed has it. */
  shutDown(): void {
    for (const { process, isLinked } of [...this.#holders.values()]) {
      if (isLinked) unlink(process, this.#owner.pid);
      exitSignal(this.#owner.pid, process.pid, "shutdown");
    }
  }

  /** Forgets everything; the registry has ended. */
  close(): void {
    for (const { release } of this.#holders.values()) release();
    this.#holders.clear();
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

  /** Waits for a lock, and resolves with the function that gives it back. */
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
 * It traps exits, ends when its starter does, and can be stopped as a server can.
 *
 * @throws {TypeError} If an option is missing or of the wrong kind: the promise rejects.
 * @throws {RangeError} If `partitions` is no whole number from 1.
 * @see Elixir `Registry.start_link/1`
 */
export function startLink(options: StartOptions): Promise<StartResult> {
  return fairly(async () => {
    checkOptions(options);
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
 */
export function childSpec(options: StartOptions): RegistryChildSpec {
  return {
    id: options.name ?? Registry,
    start: [Registry, "startLink", [options]],
    type: "supervisor",
  };
}

function checkOptions(options: StartOptions): void {
  const fail = (expected: string, found: unknown) => {
    throw new TypeError(`Cannot start a registry: expected ${expected}, found ${inspect(found)}`);
  };
  if (typeof options !== "object" || options === null) fail("options", options);
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
 * Registers the calling process under a key. Answers `["ok", owner]`, with the pid of the registry,
 * which the process is linked to from then on; or, with unique keys,
 * `["error", ["already_registered", pid]]` if the key is taken, by the process itself maybe.
 *
 * @param key Any term.
 * @param value What to keep with the entry.
 * @throws {TypeError} If there is no such registry.
 * @see Elixir `Registry.register/3`
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
 * Removes all entries of the calling process under a key: `"ok"`, also if there are none. With its last
 * entry the link to the registry goes.
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
 * Removes the entries of the calling process under a key whose value fits `pattern` (see
 * {@linkcode matches}) and `guard`: `"ok"`.
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
    (value) => matches(pattern, value) && guard(value),
  );
  return "ok";
}

/**
 * Replaces the value of the calling process under a key by what `update` makes of it. Answers
 * `[newValue, oldValue]`, or `"error"` if the process has no such entry.
 *
 * @throws {TypeError} If there is no such registry, if its keys are not unique, or if `update` answers with
 * a promise.
 * @see Elixir `Registry.update_value/3`
 */
export function updateValue<Value>(
  registry: Atom,
  key: Term,
  // deno-lint-ignore no-explicit-any -- who updates a value knows what it is
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
    throw new TypeError("Cannot update a value: expected a function that answers at once");
  }
  entry.value = value;
  return [value, before];
}

// --- Looking up ---------------------------------------------------------------------------------

/**
 * The entries of a key as `[pid, value]`: one at most with unique keys, else in the order in which they
 * were made.
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
 * The entries of a key whose value fits `pattern` and `guard`, as `[pid, value]`. The pattern is that of
 * {@linkcode matches}: a part of an object will do for the whole, {@linkcode _} fits anything, a function
 * what it answers true for. What takes more than one part of the value to tell is for the guard.
 *
 * @throws {TypeError} If there is no such registry.
 * @see Elixir `Registry.match/3,4`
 *
 * @example
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
  for (const { pid, value } of tableOf(registry).under(key)) {
    if (matches(pattern, value) && guard(value)) found.push([pid, value]);
  }
  return found;
}

/**
 * How many entries {@linkcode match} would find.
 *
 * @throws {TypeError} If there is no such registry.
 * @see Elixir `Registry.count_match/3,4`
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
 * What the specs make of the entries that they want. An entry that several want is taken by the first
 * of them. Without a body a spec makes `[key, pid, value]` of an entry.
 *
 * @throws {TypeError} If there is no such registry, or a spec has not the form of one.
 * @see Elixir `Registry.select/2`
 *
 * @example
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
 * How many entries the specs want. If the one that takes an entry has a body, the entry counts if that
 * answers `true`.
 *
 * @throws {TypeError} If there is no such registry, or a spec has not the form of one.
 * @see Elixir `Registry.count_select/2`
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
    guards.every((guard) => guard(key, pid, value));
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
 * The keys of a process, each as often as it has entries, in the order in which they were made.
 *
 * @throws {TypeError} If there is no such registry, or `pid` is no pid.
 * @see Elixir `Registry.keys/2`
 */
export function keys(registry: Atom, pid: Pid): Term[] {
  fence();
  checkPid(pid);
  return Array.from(tableOf(registry).of(pid), ({ key }) => key);
}

/**
 * The values of a process under a key, in the order in which they were made.
 *
 * @throws {TypeError} If there is no such registry, or `pid` is no pid.
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
 * The number of entries.
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
  /** Taken, and without effect: there is one thread. Default `false`. */
  readonly parallel?: boolean;
}

/**
 * Calls `deliver` with the entries of a key, as {@linkcode lookup} shows them, in the calling process;
 * not at all if there are none. Answers `"ok"`; if `deliver` answers with a promise, a promise of that.
 *
 * @throws {TypeError} If there is no such registry, or `deliver` is no function.
 * @throws Whatever `deliver` throws.
 * @see Elixir `Registry.dispatch/3,4`
 */
export function dispatch<Value = Term, Result = unknown>(
  registry: Atom,
  key: Term,
  deliver: (entries: Registration<Value>[]) => Result,
  _options?: DispatchOptions,
): Result extends PromiseLike<unknown> ? Awaitable<"ok"> : "ok" {
  fence();
  if (typeof deliver !== "function") {
    throw new TypeError(`Cannot dispatch: expected a function, found ${inspect(deliver)}`);
  }
  const entries = lookup<Value>(registry, key);
  const delivered = entries.length === 0 ? undefined : deliver(entries);
  const answer = then(delivered, () => "ok");
  return answer as Result extends PromiseLike<unknown> ? Awaitable<"ok"> : "ok";
}

// --- Metadata -----------------------------------------------------------------------------------

/**
 * What is kept under a key with the registry itself: `["ok", value]`, or `"error"` if that is nothing.
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
 * Keeps `value` under a key with the registry itself: `"ok"`.
 *
 * @throws {TypeError} If there is no such registry.
 * @see Elixir `Registry.put_meta/3`
 */
export function putMeta(registry: Atom, key: Term, value: Term): "ok" {
  fence();
  tableOf(registry).meta.set(key, value);
  return "ok";
}

/**
 * Removes what is kept under a key with the registry itself: `"ok"`, also if that is nothing.
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
 * Runs `body` while no other runs under the same key of the registry, and resolves with what it returned.
 * Those who wait are let in in the order in which they came. `body` may be async: the lock is held until
 * its promise settles, `body` throws, or the process ends.
 *
 * To ask again under the same key from within `body` is to wait for oneself, forever.
 *
 * @param key Any term; it has nothing to do with the keys of entries.
 * @throws {TypeError} If there is no such registry, or `body` is no function: the promise rejects.
 * @throws {Exit} `["noproc", ["Registry", "lock", [registry, key]]]` if the registry ends meanwhile.
 * @see Elixir `Registry.lock/3`
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
    fence(); // it may have ended since
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
 * @throws {TypeError} If there is no such registry, its keys are not unique, `name` has another form, or
 * `pid` is another process.
 */
export function registerName(name: ViaKey, pid: Pid): "yes" | "no" {
  const process = self();
  const [registry, key, value] = checkName(name);
  if (process.pid !== pid) {
    throw new TypeError(
      `Cannot register ${inspect(pid)}: a process registers itself, and this is ${process.pid}`,
    );
  }
  return tableOfNames(registry).register(process, key, value)[0] === "ok" ? "yes" : "no";
}

/**
 * Removes the entry of the calling process: `"ok"`, also if it has none.
 *
 * @throws {TypeError} If there is no such registry, its keys are not unique, or `name` has another form.
 */
export function unregisterName(name: ViaKey): "ok" {
  const process = self();
  const [registry, key] = checkName(name);
  tableOfNames(registry).unregister(process, key, () => true);
  return "ok";
}

/**
 * The pid that is registered under the key, or `undefined`.
 *
 * @throws {TypeError} If there is no such registry, its keys are not unique, or `name` has another form.
 */
export function whereisName(name: ViaKey): Pid | undefined {
  fence();
  const [registry, key] = checkName(name);
  return tableOfNames(registry).only(key)?.pid;
}

/**
 * Sends to the process that is registered under the key, and returns its pid.
 *
 * @throws {TypeError} If there is no such registry, its keys are not unique, or `name` has another form.
 * @throws {Exit} `["badarg", [name, message]]` if nobody is.
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
