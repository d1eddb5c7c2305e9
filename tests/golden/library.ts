/**
 * The functions of Elixir itself that steps are written with: `Kernel`, `Enum`, `Map`, `String`, `IO`
 * and some more. What belongs to OTP comes from the library under test (`host.ts`).
 *
 * Functions that take functions go through `go`, since a function written in a step may have to wait.
 *
 * @module
 */

import { exceptionOf } from "./errors.ts";
import {
  access,
  type AnyFunction,
  drive,
  operator,
  OPERATORS,
  toChars,
  toList,
  toText,
} from "./eval.ts";
import type { Host } from "./host.ts";
import { inspect as inspectValue } from "./inspect.ts";
import {
  camel,
  compare,
  ElixirError,
  entriesOf,
  equal,
  fieldOf,
  hasField,
  isMap,
  isNil,
  ModuleRef,
  Range,
  truthy,
  type Vocabulary,
} from "./values.ts";

/** The functions of one module, by their names in Elixir. */
export type Functions = Readonly<Record<string, AnyFunction>>;

/** What the library needs. */
export interface LibraryContext {
  readonly host: Host;
  readonly vocabulary: Vocabulary;
  /** Writes to the standard output. */
  print(text: string): void;
  /** Makes a map. */
  map(pairs: readonly (readonly [unknown, unknown])[]): unknown;
  /** Makes a time of day (`T`) or a moment (`U`) of its ISO form. */
  time(letter: string, text: string): unknown;
  /** A value as a process is to see it: modules in it become what they stand for. */
  outgoing(value: unknown): unknown;
  /** The function of a module that is called by name. */
  remote(module: string, name: string): AnyFunction;
}

/** Functions of the module `:erlang` that Elixir has in another place, and the order of their arguments there. */
const ERLANG: Readonly<Record<string, [module: string, name: string, order?: number[]]>> = {
  send_after: ["Process", "send_after", [1, 2, 0]],
  start_timer: ["Process", "start_timer"],
  cancel_timer: ["Process", "cancel_timer"],
  read_timer: ["Process", "read_timer"],
  link: ["Process", "link"],
  unlink: ["Process", "unlink"],
  demonitor: ["Process", "demonitor"],
  process_flag: ["Process", "flag"],
  process_info: ["Process", "info"],
  is_process_alive: ["Process", "alive?"],
  processes: ["Process", "list"],
  register: ["Process", "register", [1, 0]],
  unregister: ["Process", "unregister"],
  whereis: ["Process", "whereis"],
  registered: ["Process", "registered"],
  put: ["Process", "put"],
  get: ["Process", "get"],
  erase: ["Process", "delete"],
};

/** What exceptions say that are raised without a message. */
const MESSAGES: Readonly<Record<string, string>> = {
  RuntimeError: "runtime error",
  ArgumentError: "argument error",
  ArithmeticError: "bad argument in arithmetic expression",
};

type F = AnyFunction;
type Go = Generator<unknown, unknown, unknown>;

/** Makes `Kernel` and the other modules. */
export function makeLibrary(
  context: LibraryContext,
): { readonly kernel: Functions; readonly modules: Readonly<Record<string, Functions>> } {
  const { host, vocabulary: words } = context;
  const list = (items: unknown[]): unknown[] => words.list(items);
  const tuple = (...items: unknown[]): unknown[] => words.tuple(items);
  const atom = (name: string): string => words.atom(name);
  const inspect = (value: unknown): string =>
    inspectValue(value, words, {
      opaque: (object) => host.isPid(object) || host.isRef(object) ? String(object) : undefined,
    });
  const argument = (): never => {
    throw new ElixirError("ArgumentError", "argument error");
  };
  const bodyOf = (args: readonly unknown[]): () => unknown => {
    if (args.length === 1) return args[0] as () => unknown;
    const [module, name, values] = args as [ModuleRef | string, string, unknown[]];
    return () =>
      context.remote(module instanceof ModuleRef ? module.name : `:${module}`, name)(...values);
  };

  const kernel: Record<string, F> = {
    self: () => host.self(),
    send: (destination, message) =>
      host.send(
        destination instanceof ModuleRef ? destination.name : context.outgoing(destination),
        context.outgoing(message),
      ),
    spawn: (...args) => host.spawn(bodyOf(args)),
    spawn_link: (...args) => host.spawnLink(bodyOf(args)),
    spawn_monitor: (...args) => tuple(...host.spawnMonitor(bodyOf(args))),
    make_ref: () => host.makeRef(),
    exit: (reason) => {
      throw host.exit(context.outgoing(reason));
    },
    throw: (value) => {
      throw context.outgoing(value);
    },
    raise: (what, more) => {
      throw raised(what, more);
    },
    reraise: (what) => {
      throw raised(what, undefined);
    },
    flush: () => list([...host.flush()]),
    apply: (...args) =>
      args.length === 2 ? (args[0] as F)(...args[1] as unknown[]) : bodyOf(args)(),
    then: (value, f: F) => f(value),
    tap: (value, f: F) =>
      go(function* () {
        yield f(value);
        return value;
      }),
    inspect,
    to_string: toChars,
    is_atom: (x) => words.isAtom(x),
    is_binary: (x) => typeof x === "string" && !words.isAtom(x),
    is_bitstring: (x) => typeof x === "string" && !words.isAtom(x),
    is_boolean: (x) => typeof x === "boolean",
    is_float: (x) => typeof x === "number" && !Number.isInteger(x),
    is_function: (x, arity?) =>
      typeof x === "function" && (arity === undefined || x.length === arity),
    is_integer: (x) => Number.isInteger(x) || typeof x === "bigint",
    is_list: (x) => words.isList(x),
    is_map: (x) => isMap(x),
    is_map_key: (x, key) => hasField(x, key),
    is_nil: isNil,
    is_number: (x) => typeof x === "number" || typeof x === "bigint",
    is_pid: (x) => host.isPid(x),
    is_reference: (x) => host.isRef(x),
    is_struct: (x) => typeof x === "object" && x !== null && !Array.isArray(x) && !isMap(x),
    is_exception: (x) => x instanceof Error,
    is_tuple: (x) => words.isTuple(x),
    length: (x) => Array.isArray(x) ? x.length : argument(),
    get_in: (value, keys: unknown[]) => keys.reduce(access, value),
    hd: (x) => Array.isArray(x) && x.length > 0 ? x[0] : argument(),
    tl: (x) => Array.isArray(x) && x.length > 0 ? list(x.slice(1)) : argument(),
    elem: (x, i) => Array.isArray(x) && i < x.length ? x[i] : argument(),
    put_elem: (x, i, value) => tuple(...x.with(i, value)),
    tuple_size: (x) => x.length,
    map_size: (x) => entriesOf(x).length,
    byte_size: (x) => new TextEncoder().encode(x).length,
    abs: (x) => Math.abs(number(x)),
    ceil: (x) => Math.ceil(number(x)),
    floor: (x) => Math.floor(number(x)),
    round: (x) => Math.sign(number(x)) * Math.round(Math.abs(x)),
    trunc: (x) => Math.trunc(number(x)),
    div: (a, b) => Math.trunc(number(a) / nonZero(b)),
    rem: (a, b) => number(a) % nonZero(b),
    max: (a, b) => compare(a, b) >= 0 ? a : b,
    min: (a, b) => compare(a, b) <= 0 ? a : b,
    node: () => atom("nonode@nohost"),
    "not": (x) => !x,
  };

  const get = (map: unknown, key: unknown, otherwise: unknown = null): unknown =>
    hasField(map, key) ? fieldOf(map, key) : otherwise;
  const fetch = (map: unknown, key: unknown): unknown => {
    if (!hasField(map, key)) {
      throw new ElixirError("KeyError", `key ${inspect(key)} not found in: ${inspect(map)}`, {
        key,
        term: map,
      });
    }
    return fieldOf(map, key);
  };
  const without = (map: unknown, keys: readonly unknown[]): [unknown, unknown][] =>
    entriesOf(map).filter(([k]) => !keys.some((key) => equal(k, key)));
  const put = (map: unknown, key: unknown, value: unknown): unknown =>
    context.map([...without(map, [key]), [key, value]]);
  const pairs = (items: unknown): [unknown, unknown][] => toList(items) as [unknown, unknown][];
  const asPairs = (map: unknown): unknown[] =>
    list(toList(map).map((pair) => tuple(...pair as unknown[])));

  const map: Record<string, F> = {
    new: (items = [], f?: F) =>
      f === undefined ? context.map(pairs(items)) : go(function* () {
        return context.map((yield mapped(items, f)) as [unknown, unknown][]);
      }),
    get,
    put,
    fetch: (m, key) => hasField(m, key) ? tuple(atom("ok"), fieldOf(m, key)) : atom("error"),
    "fetch!": fetch,
    delete: (m, key) => context.map(without(m, [key])),
    drop: (m, keys) => context.map(without(m, keys)),
    take: (m, keys: unknown[]) =>
      context.map(entriesOf(m).filter(([k]) => keys.some((key) => equal(k, key)))),
    pop: (m, key, otherwise = null) =>
      tuple(get(m, key, otherwise), context.map(without(m, [key]))),
    "has_key?": hasField,
    keys: (m) => list(toList(m).map((pair) => (pair as unknown[])[0])),
    values: (m) => list(toList(m).map((pair) => (pair as unknown[])[1])),
    merge: (a, b) =>
      context.map([...without(a, entriesOf(b).map(([key]) => key)), ...entriesOf(b)]),
    update: (m, key, otherwise, f: F) =>
      go(function* () {
        return put(m, key, hasField(m, key) ? yield f(fieldOf(m, key)) : otherwise);
      }),
    "update!": (m, key, f: F) =>
      go(function* () {
        return put(m, key, yield f(fetch(m, key)));
      }),
    put_new: (m, key, value) => hasField(m, key) ? m : put(m, key, value),
    to_list: asPairs,
    from_struct: (struct) => context.map(entriesOf(struct)),
    "equal?": equal,
  };

  const keyword: Record<string, F> = {
    get: (items: [unknown, unknown][], key, otherwise = null) =>
      items.find(([k]) => k === key)?.[1] ?? otherwise,
    "has_key?": (items: [unknown, unknown][], key) => items.some(([k]) => k === key),
    put: (items: [unknown, unknown][], key, value) =>
      list([tuple(key, value), ...items.filter(([k]) => k !== key)]),
    delete: (items: [unknown, unknown][], key) => list(items.filter(([k]) => k !== key)),
    keys: (items: [unknown, unknown][]) => list(items.map(([k]) => k)),
    values: (items: [unknown, unknown][]) => list(items.map(([, value]) => value)),
    "keyword?": (items) =>
      Array.isArray(items) &&
      items.every((item) => Array.isArray(item) && item.length === 2 && words.isAtom(item[0])),
  };

  const sorted = (items: unknown, by: (a: unknown, b: unknown) => number = compare): unknown[] =>
    list([...toList(items)].sort(by));
  const order = (how: unknown): (a: unknown, b: unknown) => number =>
    typeof how === "function"
      ? (a, b) => truthy((how as F)(a, b)) ? -1 : 1
      : how === "desc"
      ? (a, b) => compare(b, a)
      : compare;
  const best = (items: unknown, f: F, sign: number) =>
    go(function* () {
      const keys = (yield mapped(items, f)) as unknown[];
      const values = toList(items);
      if (values.length === 0) throw new ElixirError("Enum.EmptyError", "empty error");
      return values[
        keys.reduce<number>((top, key, i) => sign * compare(key, keys[top]) > 0 ? i : top, 0)
      ];
    });
  const same = (x: unknown): unknown => x;
  const where = (items: unknown, f: F, wanted: boolean) =>
    go(function* () {
      const results: unknown[] = [];
      for (const item of toList(items)) if (truthy(yield f(item)) === wanted) results.push(item);
      return list(results);
    });
  const reduce = (items: unknown[], start: unknown, f: F) =>
    go(function* () {
      let acc = start;
      for (const item of items) acc = yield f(item, acc);
      return acc;
    });

  const enumerable: Record<string, F> = {
    map: (items, f: F) => mapped(items, f),
    each: (items, f: F) =>
      go(function* () {
        yield mapped(items, f);
        return atom("ok");
      }),
    reduce: (items, ...rest) => {
      const values = toList(items);
      return rest.length === 2
        ? reduce(values, rest[0], rest[1] as F)
        : reduce(values.slice(1), values[0], rest[0] as F);
    },
    reduce_while: (items, start, f: F) =>
      go(function* () {
        let acc: unknown = start;
        for (const item of toList(items)) {
          const [go, next] = (yield f(item, acc)) as [string, unknown];
          acc = next;
          if (go === "halt") break;
        }
        return acc;
      }),
    filter: (items, f: F) => where(items, f, true),
    reject: (items, f: F) => where(items, f, false),
    find: (items, f: F) =>
      go(function* () {
        for (const item of toList(items)) if (truthy(yield f(item))) return item;
        return null;
      }),
    "all?": (items, f: F = same) =>
      go(function* () {
        for (const item of toList(items)) if (!truthy(yield f(item))) return false;
        return true;
      }),
    "any?": (items, f: F = same) =>
      go(function* () {
        for (const item of toList(items)) if (truthy(yield f(item))) return true;
        return false;
      }),
    count: (items, f?: F) =>
      f === undefined ? toList(items).length : go(function* () {
        return ((yield where(items, f, true)) as unknown[]).length;
      }),
    flat_map: (items, f: F) =>
      go(function* () {
        return list(((yield mapped(items, f)) as unknown[]).flatMap(toList));
      }),
    sum: (items) => toList(items).reduce<number>((a, b) => a + number(b), 0),
    product: (items) => toList(items).reduce<number>((a, b) => a * number(b), 1),
    max: (items) => best(items, same, 1),
    min: (items) => best(items, same, -1),
    max_by: (items, f: F) => best(items, f, 1),
    min_by: (items, f: F) => best(items, f, -1),
    sort: (items, how) => sorted(items, order(how)),
    sort_by: (items, f: F, how) =>
      go(function* () {
        const keys = (yield mapped(items, f)) as unknown[];
        const by = order(how);
        return list(
          toList(items).map((item, i) => ({ item, key: keys[i] })).sort((a, b) => by(a.key, b.key))
            .map(({ item }) => item),
        );
      }),
    reverse: (items) => list([...toList(items)].reverse()),
    uniq: (items) =>
      list(
        toList(items).filter((item, i, all) => all.findIndex((other) => equal(item, other)) === i),
      ),
    "member?": (items, item) => operator("in")!(item, items),
    "empty?": (items) => toList(items).length === 0,
    at: (items, i: number, otherwise = null) => toList(items).at(i) ?? otherwise,
    "fetch!": (items, i: number) => toList(items).at(i),
    take: (items, n: number) => list(n < 0 ? toList(items).slice(n) : toList(items).slice(0, n)),
    drop: (items, n: number) => list(n < 0 ? toList(items).slice(0, n) : toList(items).slice(n)),
    slice: (items, from: number | Range, n: number) => {
      if (!(from instanceof Range)) return list(toList(items).slice(from, from + n));
      const last = from.last < 0 ? toList(items).length + from.last : from.last;
      return list(toList(items).slice(from.first, last + 1));
    },
    split: (items, n: number) =>
      tuple(list(toList(items).slice(0, n)), list(toList(items).slice(n))),
    split_with: (items, f: F) =>
      go(function* () {
        return tuple(yield where(items, f, true), yield where(items, f, false));
      }),
    min_max: (items) => {
      const all = sorted(items);
      return tuple(all[0], all.at(-1));
    },
    dedup: (items) =>
      list(toList(items).filter((item, i, all) => i === 0 || !equal(item, all[i - 1]))),
    scan: (items, f: F) =>
      go(function* () {
        const results: unknown[] = [];
        for (const [i, item] of toList(items).entries()) {
          results.push(i === 0 ? item : yield f(item, results.at(-1)));
        }
        return list(results);
      }),
    map_reduce: (items, start, f: F) =>
      go(function* () {
        const results: unknown[] = [];
        let acc: unknown = start;
        for (const item of toList(items)) {
          const [result, next] = (yield f(item, acc)) as [unknown, unknown];
          results.push(result);
          acc = next;
        }
        return tuple(list(results), acc);
      }),
    random: (items) => toList(items)[Math.floor(Math.random() * toList(items).length)],
    concat: (...lists) =>
      list(lists.length === 1 ? toList(lists[0]).flatMap(toList) : lists.flatMap(toList)),
    zip: (a, b) =>
      list(toList(a).slice(0, toList(b).length).map((item, i) => tuple(item, toList(b)[i]))),
    with_index: (items, from = 0) => list(toList(items).map((item, i) => tuple(item, i + from))),
    join: (items, by = "") => toList(items).map(toChars).join(by),
    map_join: (items, by, f: F) =>
      go(function* () {
        return ((yield mapped(items, f)) as unknown[]).map(toChars).join(by);
      }),
    to_list: (items) => list([...toList(items)]),
    into: (items, into) =>
      Array.isArray(into)
        ? list([...into, ...toList(items)])
        : context.map([...entriesOf(into), ...pairs(items)]),
    group_by: (items, f: F) =>
      go(function* () {
        const keys = (yield mapped(items, f)) as unknown[];
        return context.map(
          [...Map.groupBy(toList(items).map((item, i) => ({ item, i })), ({ i }) => keys[i])].map((
            [key, group],
          ) => [key, list(group.map(({ item }) => item))]),
        );
      }),
    frequencies: (items) =>
      context.map([...Map.groupBy(toList(items), same)].map(([key, group]) => [key, group.length])),
    chunk_every: (items, n: number) =>
      list(
        Array.from({ length: Math.ceil(toList(items).length / n) }, (_, i) =>
          list(toList(items).slice(i * n, (i + 1) * n))),
      ),
  };

  const time = (letter: string, text: string): unknown => context.time(letter, text);
  const now = (): string => new Date().toISOString().replace("Z", "");

  const modules: Record<string, Functions> = {
    Kernel: { ...OPERATORS, ...kernel },
    Enum: enumerable,
    Stream: enumerable,
    Map: map,
    Keyword: keyword,
    Access: { get: access },
    MapSet: {
      new: (items = []) => new Set(toList(items)),
      put: (set: Set<unknown>, item) => new Set([...set, item]),
      delete: (set: Set<unknown>, item) => new Set([...set].filter((each) => !equal(each, item))),
      "member?": (set: Set<unknown>, item) => [...set].some((each) => equal(each, item)),
      size: (set: Set<unknown>) => set.size,
      to_list: (set: Set<unknown>) => sorted(set),
    },
    Range: { size: (range: Range) => [...range].length },
    List: {
      first: (items: unknown[], otherwise = null) => items[0] ?? otherwise,
      last: (items: unknown[], otherwise = null) => items.at(-1) ?? otherwise,
      flatten: (items: unknown[]) => list(items.flat(Infinity)),
      wrap: (x) => isNil(x) ? list([]) : Array.isArray(x) ? x : list([x]),
      delete: (items, item) => operator("--")!(items, [item]),
      duplicate: (item, n: number) => list(Array.from({ length: n }, () => item)),
      to_tuple: (items: unknown[]) => tuple(...items),
      foldl: (items: unknown[], start, f: F) => reduce(items, start, f),
      foldr: (items: unknown[], start, f: F) => reduce([...items].reverse(), start, f),
      keyfind: (items: unknown[][], key, i: number, otherwise = null) =>
        items.find((item) => equal(item[i], key)) ?? otherwise,
      "keymember?": (items: unknown[][], key, i: number) =>
        items.some((item) => equal(item[i], key)),
    },
    Tuple: {
      to_list: (x: unknown[]) => list([...x]),
      append: (x: unknown[], item) => tuple(...x, item),
    },
    Atom: { to_string: toText },
    Integer: {
      to_string: (n: number, base = 10) => n.toString(base),
      "is_even": (n: number) => n % 2 === 0,
      "is_odd": (n: number) => n % 2 !== 0,
      floor_div: (a: number, b: number) => Math.floor(a / nonZero(b)),
      mod: (a: number, b: number) => ((a % nonZero(b)) + b) % b,
      pow: (a: number, b: number) => a ** b,
      parse: (text: string) => {
        const [digits] = /^[+-]?\d+/.exec(text) ?? [];
        return digits === undefined
          ? atom("error")
          : tuple(Number(digits), text.slice(digits.length));
      },
    },
    Float: {
      to_string: toText,
      round: (x: number, digits = 0) => Number(x.toFixed(digits)),
      ceil: (x: number) => Math.ceil(x),
      floor: (x: number) => Math.floor(x),
    },
    String: {
      to_atom: (text: string) => atom(text),
      to_existing_atom: (text: string) => atom(text),
      to_integer: (text: string) => /^[+-]?\d+$/.test(text) ? Number(text) : argument(),
      to_float: (text: string) => Number(text),
      upcase: (text: string) => text.toUpperCase(),
      downcase: (text: string) => text.toLowerCase(),
      capitalize: (text: string) => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase(),
      reverse: (text: string) => [...text].reverse().join(""),
      length: (text: string) => [...text].length,
      trim: (text: string) => text.trim(),
      split: (text: string, by?: string) =>
        list(by === undefined ? text.trim().split(/\s+/) : text.split(by)),
      replace: (text: string, from: string, to: string) => text.replaceAll(from, to),
      slice: (text: string, from: number, n: number) => [...text].slice(from, from + n).join(""),
      duplicate: (text: string, n: number) => text.repeat(n),
      pad_leading: (text: string, n: number, by = " ") => text.padStart(n, by),
      pad_trailing: (text: string, n: number, by = " ") => text.padEnd(n, by),
      "contains?": (text: string, part: string) => text.includes(part),
      "starts_with?": (text: string, part: string) => text.startsWith(part),
      "ends_with?": (text: string, part: string) => text.endsWith(part),
    },
    IO: {
      puts: (...args) => {
        if (args.length === 1) context.print(`${toChars(args[0])}\n`);
        return atom("ok");
      },
      write: (...args) => {
        if (args.length === 1) context.print(toChars(args[0]));
        return atom("ok");
      },
      inspect: (value, options: [string, string][] = []) => {
        const label = options.find(([key]) => key === "label")?.[1];
        context.print(`${label === undefined ? "" : `${label}: `}${inspect(value)}\n`);
        return value;
      },
    },
    Function: { identity: same },
    Exception: {
      message: (error: Error) => error.message,
    },
    Time: {
      utc_now: () => time("T", now().slice(11)),
      "new!": (h: number, m: number, s: number) =>
        time("T", [h, m, s].map((n) => String(n).padStart(2, "0")).join(":")),
      "from_iso8601!": (text: string) => time("T", text),
      to_string: (value) => String(value),
    },
    Date: {
      utc_today: () => time("D", now().slice(0, 10)),
      "new!": (year: number, month: number, day: number) =>
        new Temporal.PlainDate(year, month, day),
      to_string: (value) => String(value),
    },
    DateTime: { utc_now: () => time("U", `${now()}Z`) },
    System: {
      monotonic_time: () => Math.round(performance.now()),
      system_time: () => Date.now(),
      os_time: () => Date.now(),
    },
    ":erlang": {
      ...kernel,
      "+": operator("+")!,
      "-": operator("-")!,
      "*": operator("*")!,
      "/": operator("/")!,
      "==": operator("==")!,
      "=:=": operator("==")!,
      exit: (...args) =>
        args.length === 1 ? kernel.exit!(args[0]) : context.remote("Process", "exit")(...args),
      error: (reason) => {
        const tag = Array.isArray(reason) ? reason[0] : reason;
        throw new ElixirError(
          exceptionOf(String(tag)) ?? "ErlangError",
          `Erlang error: ${inspect(reason)}`,
          { original: reason },
        );
      },
      phash2: (_term, range = 2 ** 27) => 0 % range,
      ...Object.fromEntries(
        Object.entries(ERLANG).map(([name, [module, function_, order = []]]) => [
          name,
          (...args: unknown[]) =>
            context.remote(module, function_)(
              ...args.map((arg, i) => i in order ? args[order[i]!] : arg),
            ),
        ]),
      ),
      monitor: (_type, item) => context.remote("Process", "monitor")(item),
      atom_to_binary: toText,
      integer_to_binary: (n: number) => String(n),
      tuple_to_list: (x: unknown[]) => list([...x]),
      list_to_tuple: (x: unknown[]) => tuple(...x),
      monotonic_time: () => Math.round(performance.now()),
    },
    ":lists": {
      reverse: enumerable.reverse!,
      sum: enumerable.sum!,
      sort: (items) => sorted(items),
      seq: (from: number, to: number) => list([...new Range(from, to, 1)]),
      map: (f: F, items) => mapped(items, f),
      foreach: (f: F, items) => enumerable.each!(items, f),
      foldl: (f: F, start, items: unknown[]) => reduce(items, start, f),
      member: (item, items) => enumerable["member?"]!(items, item),
    },
    ":math": Object.fromEntries(
      (["sqrt", "pow", "sin", "cos", "log", "exp"] as const).map((name) => [name, Math[name] as F]),
    ),
  };
  return { kernel, modules };

  function mapped(items: unknown, f: F): unknown {
    return go(function* () {
      const results: unknown[] = [];
      for (const item of toList(items)) results.push(yield f(item));
      return list(results);
    });
  }

  function raised(what: unknown, more: unknown): unknown {
    if (what instanceof Error) return what;
    if (what instanceof ModuleRef) {
      const message = typeof more === "string"
        ? more
        : Array.isArray(more)
        ? toText(more.find(([key]) => key === "message")?.[1])
        : MESSAGES[what.name] ?? "";
      return what.name === "RuntimeError"
        ? new Error(message)
        : new ElixirError(what.name, message);
    }
    return new Error(toText(what));
  }
}

/** Runs a generator that yields what may be promises. */
function go(steps: () => Go): unknown {
  return drive(steps());
}

function number(value: unknown): number {
  if (typeof value !== "number") {
    throw new ElixirError("ArithmeticError", "bad argument in arithmetic expression");
  }
  return value;
}

function nonZero(value: unknown): number {
  if (number(value) === 0) {
    throw new ElixirError("ArithmeticError", "bad argument in arithmetic expression");
  }
  return value as number;
}

/** Finds a function of a port by its Elixir name: `start_link` is `startLink` there. */
export function portFunction(functions: Functions, name: string): AnyFunction | undefined {
  for (const spelling of [name, camel(name)]) {
    if (Object.hasOwn(functions, spelling) && typeof functions[spelling] === "function") {
      return functions[spelling];
    }
  }
  return undefined;
}

/** A keyword list as an object of options: `[max_restarts: 1]` is `{ maxRestarts: 1 }`. */
export function options(value: unknown): unknown {
  if (!Array.isArray(value) || value.length === 0) return value;
  const pairs = value.every((item) =>
    Array.isArray(item) && item.length === 2 && typeof item[0] === "string"
  );
  if (!pairs) return value;
  return Object.fromEntries(
    (value as [string, unknown][]).map(([key, item]) => [
      camel(key),
      key === "timeout" && item === "infinity" ? Infinity : item,
    ]),
  );
}
