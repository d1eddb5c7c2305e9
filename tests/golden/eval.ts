/**
 * Runs the expressions of a step.
 *
 * An expression gives its value at once if nothing in it has to wait, and a promise if something does:
 * so a function written in a step (`fn acc, x -> acc + x end`) serves a port that calls it and goes on.
 * Inside, the evaluator is one generator that yields the promises it meets; {@linkcode drive} runs it.
 *
 * @module
 */

import type { Clause, Node, SectionName, Sections } from "./ast.ts";
import { standsFor } from "./errors.ts";
import { type Bindings, match, type PatternContext } from "./pattern.ts";
import {
  compare,
  ElixirError,
  entriesOf,
  equal,
  fieldOf,
  hasField,
  isMap,
  isNil,
  isPromise,
  ModuleRef,
  Range,
  truthy,
  type Vocabulary,
} from "./values.ts";

// deno-lint-ignore no-explicit-any -- functions of ports and of the library take whatever a step gives them
export type AnyFunction = (...args: any[]) => unknown;

/** What the evaluator asks of the system that a transcript drives. */
export interface World {
  readonly vocabulary: Vocabulary;
  /** A function called without a module, or `undefined` if there is none of that name. */
  local(name: string): AnyFunction | undefined;
  /** A function of a module; `module` is as written, `:timer` for Erlang's. Fails if there is none. */
  remote(module: string, name: string): AnyFunction;
  /** A module as a value. */
  module(name: string): ModuleRef;
  /** A value as a port or the runtime is to see it: modules in it become what they stand for. */
  outgoing(value: unknown): unknown;
  /** Makes the value of a sigil other than `~w` and `~s`. */
  sigil(letter: string, text: string): unknown;
  /** Makes a map. */
  map(pairs: readonly (readonly [unknown, unknown])[]): unknown;
  /** Makes a struct. */
  struct(name: string, fields: Readonly<Record<string, unknown>>): unknown;
  /** Waits until `accepts` takes a message, at most `timeout` ms. Resolves with whether one was taken. */
  receive(
    accepts: (message: unknown) => boolean,
    timeout: number | undefined,
  ): PromiseLike<boolean>;
  /** The reason of an exit, if `thrown` is one. */
  exitReason(thrown: unknown): { reason: unknown } | undefined;
  /** Makes what is thrown to exit with a reason. */
  exit(reason: unknown): unknown;
}

/** Names in sight. Binding makes a new one, so that functions keep what they saw. */
export class Env {
  readonly #vars: ReadonlyMap<string, unknown>;
  readonly #outer: Env | undefined;

  constructor(vars: ReadonlyMap<string, unknown> = new Map(), outer?: Env) {
    this.#vars = vars;
    this.#outer = outer;
  }

  with(bindings: ReadonlyMap<string, unknown>): Env {
    return bindings.size === 0 ? this : new Env(bindings, this);
  }

  has(name: string): boolean {
    return this.#vars.has(name) || (this.#outer?.has(name) ?? false);
  }

  get(name: string): unknown {
    return this.#vars.has(name) ? this.#vars.get(name) : this.#outer?.get(name);
  }
}

/** The environment of a run of expressions: `x = 1` is seen by those that follow. */
interface Scope {
  env: Env;
  /** The arguments of the `&` that encloses the expression. */
  readonly captured?: readonly unknown[];
}

type Steps = Generator<unknown, unknown, unknown>;

/** A name, a call or a form that the evaluator cannot make sense of: a fault of the step or of the runner. */
export class EvaluationFailure extends Error {
  override name = "EvaluationFailure";
}

/** Evaluates an expression. The value is a promise only if something in it has to wait. */
export function evaluate(node: Node, env: Env, world: World): unknown {
  return drive(new Evaluator(world).run(node, { env }));
}

/** Matches a value against a pattern; `undefined` if it does not match. */
export function bind(pattern: Node, value: unknown, env: Env, world: World): Env | undefined {
  return new Evaluator(world).bind(pattern, value, env);
}

/** Runs a generator to its end, waiting where it yields a promise. */
export function drive(steps: Steps): unknown {
  let step = steps.next();
  while (!step.done) {
    if (isPromise(step.value)) return resume(steps, step.value);
    step = steps.next(step.value);
  }
  return step.value;
}

async function resume(steps: Steps, first: PromiseLike<unknown>): Promise<unknown> {
  let waiting: unknown = first;
  for (;;) {
    let value: unknown;
    let failed = false;
    try {
      value = await waiting;
    } catch (thrown) {
      value = thrown;
      failed = true;
    }
    const step = failed ? steps.throw(value) : steps.next(value);
    if (step.done) return step.value;
    waiting = step.value;
  }
}

class Evaluator {
  readonly #world: World;
  readonly #words: Vocabulary;

  constructor(world: World) {
    this.#world = world;
    this.#words = world.vocabulary;
  }

  *run(node: Node, scope: Scope): Steps {
    switch (node.t) {
      case "number":
      case "bool":
        return node.value;
      case "nil":
        return null;
      case "string":
        return this.#words.string(node.value);
      case "atom":
        return this.#words.atom(node.value);
      case "charlist":
        return this.#words.list(Array.from(node.value, (c) => c.codePointAt(0)!));
      case "alias":
        return this.#world.module(node.name);
      case "interpolation": {
        let text = "";
        for (const part of node.parts) text += toChars(yield* this.run(part, scope));
        return text;
      }
      case "var":
        if (scope.env.has(node.name)) return scope.env.get(node.name);
        if (this.#world.local(node.name) !== undefined) return yield* this.#local(node.name, []);
        throw new EvaluationFailure(`undefined variable or function ${node.name}`);
      case "list": {
        const items = yield* this.#each(node.items, scope);
        const tail = node.tail === undefined ? [] : yield* this.run(node.tail, scope);
        if (!Array.isArray(tail)) throw new EvaluationFailure("improper lists are not supported");
        return this.#words.list([...items, ...tail]);
      }
      case "tuple":
        return this.#words.tuple(yield* this.#each(node.items, scope));
      case "map":
        return yield* this.#map(node, scope);
      case "struct": {
        const fields: Record<string, unknown> = {};
        for (const [key, value] of yield* this.#pairs(node.pairs, scope)) {
          fields[String(key)] = value;
        }
        return this.#world.struct(node.name, fields);
      }
      case "sigil":
        return this.#sigil(node, toText(yield* this.run(node.text, scope)));
      case "call":
        return yield* this.#call(node, scope);
      case "dot":
        return yield* this.#dot(node, scope);
      case "apply": {
        const f = yield* this.run(node.target, scope);
        return yield* this.#apply(f, yield* this.#each(node.args, scope));
      }
      case "index": {
        const target = yield* this.run(node.target, scope);
        return access(target, yield* this.run(node.key, scope));
      }
      case "fn":
        return this.#function(node.clauses, scope.env);
      case "capture":
        return this.#capture(node.body, scope);
      case "captureArg":
        return scope.captured?.[node.n - 1];
      case "unary":
        return unary(node.op, yield* this.run(node.arg, scope));
      case "binary":
        return yield* this.#binary(node, scope);
      case "match": {
        const value = yield* this.run(node.value, scope);
        const env = this.bind(node.pattern, value, scope.env);
        if (env === undefined) {
          throw new ElixirError(
            "MatchError",
            `no match of right hand side value: ${toText(value)}`,
            { term: value },
          );
        }
        scope.env = env;
        return value;
      }
      case "block": {
        let value: unknown = null;
        for (const item of node.items) value = yield* this.run(item, scope);
        return value;
      }
      case "clauses":
      case "pin":
      case "placeholder":
      case "etc":
        throw new EvaluationFailure(`misplaced ${node.t}`);
    }
  }

  bind(pattern: Node, value: unknown, env: Env): Env | undefined {
    const bindings: Bindings = new Map();
    return match(pattern, value, bindings, this.#patterns(env)) ? env.with(bindings) : undefined;
  }

  #patterns(env: Env): PatternContext {
    return { vocabulary: this.#words, value: (node) => this.#now(node, env) };
  }

  /** The value of something that cannot wait: a guard, a key of a pattern. */
  #now(node: Node, env: Env): unknown {
    const value = drive(this.run(node, { env }));
    if (isPromise(value)) throw new EvaluationFailure("patterns and guards cannot wait");
    return value;
  }

  *#each(nodes: readonly Node[], scope: Scope): Generator<unknown, unknown[], unknown> {
    const values: unknown[] = [];
    for (const node of nodes) values.push(yield* this.run(node, scope));
    return values;
  }

  *#pairs(
    pairs: readonly (readonly [Node, Node])[],
    scope: Scope,
  ): Generator<unknown, [unknown, unknown][], unknown> {
    const values: [unknown, unknown][] = [];
    for (const [key, value] of pairs) {
      values.push([yield* this.run(key, scope), yield* this.run(value, scope)]);
    }
    return values;
  }

  *#map(node: Extract<Node, { t: "map" }>, scope: Scope): Steps {
    if (node.base === undefined) {
      return this.#words.map(this.#world.map(yield* this.#pairs(node.pairs, scope)));
    }
    const base = yield* this.run(node.base, scope);
    const pairs = yield* this.#pairs(node.pairs, scope);
    const missing = pairs.find(([key]) => !hasField(base, key));
    if (missing) {
      throw new ElixirError("KeyError", `key ${toText(missing[0])} not found`, {
        key: missing[0],
        term: base,
      });
    }
    return withFields(base, pairs);
  }

  #sigil(node: Extract<Node, { t: "sigil" }>, text: string): unknown {
    switch (node.letter) {
      case "w":
      case "W": {
        const words = text.split(/\s+/).filter((word) => word !== "");
        return this.#words.list(
          words.map((word) =>
            node.modifiers === "a" ? this.#words.atom(word) : this.#words.string(word)
          ),
        );
      }
      case "s":
      case "S":
        return this.#words.string(text);
      case "c":
      case "C":
        return this.#words.list(Array.from(text, (c) => c.codePointAt(0)!));
      case "r":
      case "R":
        return new RegExp(text, node.modifiers.replace(/[^imsu]/g, ""));
      default:
        return this.#world.sigil(node.letter, text);
    }
  }

  *#call(node: Extract<Node, { t: "call" }>, scope: Scope): Steps {
    const [args, sections] = splitSections(node.args, node.sections);
    switch (node.name) {
      case "receive":
        return yield* this.#receive(sections, scope);
      case "case":
        return yield* this.#case(yield* this.run(args[0]!, scope), sections, scope);
      case "if":
      case "unless": {
        const holds = truthy(yield* this.run(args[0]!, scope)) === (node.name === "if");
        const chosen = holds ? sections.do : sections.else;
        return chosen === undefined ? null : yield* this.run(chosen, { ...scope });
      }
      case "cond":
        return yield* this.#cond(sections, scope);
      case "for":
        return yield* this.#for(args, sections, scope);
      case "with":
        return yield* this.#with(args, sections, scope);
      case "try":
        return yield* this.#try(sections, scope);
      case "match?": {
        const [pattern, guard] = splitGuard(args[0]!);
        const value = yield* this.run(args[1]!, scope);
        return this.#choose(
          [{ patterns: [pattern], body: { t: "nil" }, ...(guard && { guard }) }],
          [value],
          scope.env,
        ) !== undefined;
      }
      case "^":
        return yield* this.run(args[0]!, scope);
      case "fn":
      case "->":
        throw new EvaluationFailure(`misplaced ${node.name}`);
    }
    if (!node.parens && args.length === 0 && scope.env.has(node.name)) {
      return scope.env.get(node.name);
    }
    return yield* this.#local(node.name, yield* this.#each(node.args, scope));
  }

  *#dot(node: Extract<Node, { t: "dot" }>, scope: Scope): Steps {
    if (node.target.t === "alias") {
      return yield* this.#remote(node.target.name, node.name, yield* this.#each(node.args, scope));
    }
    if (node.target.t === "atom") {
      return yield* this.#remote(
        `:${node.target.value}`,
        node.name,
        yield* this.#each(node.args, scope),
      );
    }
    const target = yield* this.run(node.target, scope);
    if (target instanceof ModuleRef) {
      return yield* this.#remote(target.name, node.name, yield* this.#each(node.args, scope));
    }
    if (node.parens) throw new EvaluationFailure(`${node.name}() of something that is no module`);
    if (
      isNil(target) || typeof target !== "object" ||
      (this.#words.isWrittenMap(target) && !hasField(target, node.name))
    ) {
      throw new ElixirError("KeyError", `key :${node.name} not found`, {
        key: node.name,
        term: target,
      });
    }
    return fieldOf(target, node.name) ?? null;
  }

  *#local(name: string, args: readonly unknown[]): Steps {
    const f = this.#world.local(name);
    if (f === undefined) throw new EvaluationFailure(`undefined function ${name}/${args.length}`);
    return yield* this.#invoke(f, args);
  }

  *#remote(module: string, name: string, args: readonly unknown[]): Steps {
    return yield* this.#invoke(this.#world.remote(module, name), args);
  }

  *#invoke(f: AnyFunction, args: readonly unknown[]): Steps {
    const result = f(...args);
    return isPromise(result) ? yield result : result;
  }

  *#apply(f: unknown, args: readonly unknown[]): Steps {
    if (typeof f !== "function") {
      throw new ElixirError("BadFunctionError", `expected a function, got: ${toText(f)}`);
    }
    return yield* this.#invoke(f as AnyFunction, args.map((arg) => this.#world.outgoing(arg)));
  }

  #function(clauses: readonly Clause[], env: Env): AnyFunction {
    const arity = clauses[0]?.patterns.length ?? 0;
    return withArity(arity, (...args) => {
      if (args.length < arity) {
        throw new ElixirError(
          "BadArityError",
          `a function of ${arity} arguments was called with ${args.length}`,
        );
      }
      const chosen = this.#choose(clauses, args.slice(0, arity), env);
      if (chosen === undefined) {
        throw new ElixirError(
          "FunctionClauseError",
          `no function clause matching in anonymous fn/${arity}`,
        );
      }
      return this.#outgoing(drive(this.run(chosen.body, { env: chosen.env })));
    });
  }

  /** What a function written in a step answers to a port. */
  #outgoing(value: unknown): unknown {
    return isPromise(value)
      ? value.then((v) => this.#world.outgoing(v))
      : this.#world.outgoing(value);
  }

  #capture(body: Node, scope: Scope): unknown {
    if (body.t === "binary" && body.op === "/" && body.right.t === "number") {
      const { left, right: { value: arity } } = body;
      if (left.t === "var") {
        const f = this.#world.local(left.name) ?? operator(left.name);
        if (f === undefined) {
          throw new EvaluationFailure(`undefined function ${left.name}/${arity}`);
        }
        return withArity(arity, (...args) => f(...args.slice(0, arity)));
      }
      if (left.t === "dot" && (left.target.t === "alias" || left.target.t === "atom")) {
        const module = left.target.t === "alias" ? left.target.name : `:${left.target.value}`;
        const f = this.#world.remote(module, left.name);
        return withArity(arity, (...args) => f(...args.slice(0, arity)));
      }
    }
    const { env } = scope;
    return withArity(
      highestArg(body),
      (...args) => this.#outgoing(drive(this.run(body, { env, captured: args }))),
    );
  }

  *#binary(node: Extract<Node, { t: "binary" }>, scope: Scope): Steps {
    const { op, left, right } = node;
    if (op === "|>") return yield* this.run(pipe(left, right), scope);
    const a = yield* this.run(left, scope);
    switch (op) {
      case "&&":
      case "and":
        return truthy(a) ? yield* this.run(right, scope) : a;
      case "||":
      case "or":
        return truthy(a) ? a : yield* this.run(right, scope);
    }
    const b = yield* this.run(right, scope);
    const f = operator(op);
    if (f === undefined) throw new EvaluationFailure(`unknown operator ${op}`);
    const value = f(a, b);
    return Array.isArray(value) ? this.#words.list(value) : value;
  }

  *#receive(sections: Sections, scope: Scope): Steps {
    const clauses = clausesOf(sections.do);
    const timeout = clausesOf(sections.after)[0];
    const limit = timeout && (yield* this.run(timeout.patterns[0]!, scope));
    let chosen: { body: Node; env: Env } | undefined;
    const accepts = (message: unknown): boolean =>
      (chosen = this.#choose(clauses, [message], scope.env)) !== undefined;
    const taken = yield this.#world.receive(accepts, typeof limit === "number" ? limit : undefined);
    if (taken) return yield* this.run(chosen!.body, { env: chosen!.env });
    return yield* this.run(timeout!.body, { ...scope });
  }

  *#case(value: unknown, sections: Sections, scope: Scope): Steps {
    const chosen = this.#choose(clausesOf(sections.do), [value], scope.env);
    if (chosen === undefined) {
      throw new ElixirError("CaseClauseError", `no case clause matching: ${toText(value)}`, {
        term: value,
      });
    }
    return yield* this.run(chosen.body, { ...scope, env: chosen.env });
  }

  *#cond(sections: Sections, scope: Scope): Steps {
    for (const { patterns, body } of clausesOf(sections.do)) {
      const inner = { ...scope };
      if (truthy(yield* this.run(patterns[0]!, inner))) return yield* this.run(body, inner);
    }
    throw new ElixirError("CondClauseError", "no cond clause evaluated to a truthy value");
  }

  *#for(args: readonly Node[], sections: Sections, scope: Scope): Steps {
    const options = new Map<string, Node>();
    const parts = args.filter((arg) => {
      const pairs = keywordPairs(arg);
      pairs?.forEach(([key, value]) => options.set(key, value));
      return pairs === undefined;
    });
    const results: unknown[] = [];
    yield* this.#level(parts, sections.do!, results, { ...scope });
    const into = options.get("into");
    if (into === undefined) return this.#words.list(results);
    const start = yield* this.run(into, scope);
    if (Array.isArray(start)) return this.#words.list([...start, ...results]);
    return this.#world.map([...entriesOf(start), ...results as [unknown, unknown][]]);
  }

  /** One generator or filter of a `for`, and those after it. */
  *#level(
    parts: readonly Node[],
    body: Node,
    results: unknown[],
    scope: Scope,
  ): Generator<unknown, void, unknown> {
    const [part, ...rest] = parts;
    if (part === undefined) {
      results.push(yield* this.run(body, { ...scope }));
    } else if (part.t === "binary" && part.op === "<-") {
      const [pattern, guard] = splitGuard(part.left);
      for (const item of toList(yield* this.run(part.right, scope))) {
        const chosen = this.#choose([{ patterns: [pattern], body, ...(guard && { guard }) }], [
          item,
        ], scope.env);
        if (chosen !== undefined) {
          yield* this.#level(rest, body, results, { ...scope, env: chosen.env });
        }
      }
    } else if (truthy(yield* this.run(part, scope))) yield* this.#level(rest, body, results, scope);
  }

  *#with(args: readonly Node[], sections: Sections, scope: Scope): Steps {
    const inner = { ...scope };
    for (const arg of args) {
      if (arg.t !== "binary" || arg.op !== "<-") {
        yield* this.run(arg, inner);
        continue;
      }
      const value = yield* this.run(arg.right, inner);
      const [pattern, guard] = splitGuard(arg.left);
      const chosen = this.#choose([{ patterns: [pattern], body: arg, ...(guard && { guard }) }], [
        value,
      ], inner.env);
      if (chosen === undefined) {
        if (sections.else === undefined) return value;
        const other = this.#choose(clausesOf(sections.else), [value], scope.env);
        if (other === undefined) {
          throw new ElixirError("WithClauseError", `no with clause matching: ${toText(value)}`);
        }
        return yield* this.run(other.body, { ...scope, env: other.env });
      }
      inner.env = chosen.env;
    }
    return yield* this.run(sections.do!, inner);
  }

  *#try(sections: Sections, scope: Scope): Steps {
    try {
      let value: unknown;
      try {
        value = yield* this.run(sections.do!, { ...scope });
      } catch (thrown) {
        const handler = this.#handler(thrown, sections, scope.env);
        if (handler === undefined) throw thrown;
        return yield* this.run(handler.body, { ...scope, env: handler.env });
      }
      return sections.else === undefined
        ? value
        : yield* this.#case(value, { do: sections.else }, scope);
    } finally {
      if (sections.after !== undefined) yield* this.run(sections.after, { ...scope });
    }
  }

  #handler(thrown: unknown, sections: Sections, env: Env): { body: Node; env: Env } | undefined {
    if (thrown instanceof EvaluationFailure) return undefined;
    const exit = this.#world.exitReason(thrown);
    const [kind, value] = exit
      ? ["exit", exit.reason]
      : thrown instanceof Error
      ? ["error", thrown]
      : ["throw", thrown];
    if (kind === "error") {
      for (const { patterns: [pattern], body } of clausesOf(sections.rescue)) {
        const [variable, names] = rescued(pattern!);
        if (names !== undefined && !names.some((name) => standsFor(thrown, name))) continue;
        return {
          body,
          env: variable === undefined || variable === "_"
            ? env
            : env.with(new Map([[variable, thrown]])),
        };
      }
    }
    const clauses = clausesOf(sections.catch);
    return this.#choose(
      clauses.filter((clause) => clause.patterns.length === 2),
      [kind, value],
      env,
    ) ??
      (kind === "throw"
        ? this.#choose(clauses.filter((clause) => clause.patterns.length === 1), [value], env)
        : undefined);
  }

  /** The first clause whose patterns and guard take the values. */
  #choose(
    clauses: readonly Clause[],
    values: readonly unknown[],
    env: Env,
  ): { body: Node; env: Env } | undefined {
    for (const { patterns, guard, body } of clauses) {
      const bindings: Bindings = new Map();
      if (
        !patterns.every((pattern, i) => match(pattern, values[i], bindings, this.#patterns(env)))
      ) continue;
      const inner = env.with(bindings);
      if (guard === undefined || this.#holds(guard, inner)) return { body, env: inner };
    }
    return undefined;
  }

  #holds(guard: Node, env: Env): boolean {
    // guards joined by `when` are alternatives; one that fails with an error does not hold
    if (guard.t === "binary" && guard.op === "when") {
      return this.#holds(guard.left, env) || this.#holds(guard.right, env);
    }
    try {
      return this.#now(guard, env) === true;
    } catch (thrown) {
      if (thrown instanceof EvaluationFailure) throw thrown;
      return false;
    }
  }
}

function withArity(arity: number, f: AnyFunction): AnyFunction {
  return Object.defineProperty(f, "length", { value: arity });
}

function highestArg(node: unknown): number {
  if (typeof node !== "object" || node === null) return 0;
  if ((node as Node).t === "captureArg") return (node as { n: number }).n;
  return Math.max(0, ...Object.values(node).map(highestArg));
}

function pipe(left: Node, right: Node): Node {
  switch (right.t) {
    case "var":
      return { t: "call", name: right.name, args: [left], parens: true };
    case "call":
    case "dot":
      return { ...right, args: [left, ...right.args], parens: true };
    case "apply":
      return { ...right, args: [left, ...right.args] };
    default:
      throw new EvaluationFailure("cannot pipe into this");
  }
}

const SECTION_NAMES: readonly string[] = [
  "do",
  "else",
  "after",
  "rescue",
  "catch",
] satisfies SectionName[];

/** A keyword list written out, as names and nodes. */
function keywordPairs(node: Node | undefined): [string, Node][] | undefined {
  if (node?.t !== "list" || node.items.length === 0 || node.tail !== undefined) return undefined;
  const pairs = node.items.map((item): [string, Node] | undefined =>
    item.t === "tuple" && item.items.length === 2 && item.items[0]!.t === "atom"
      ? [item.items[0]!.value, item.items[1]!]
      : undefined
  );
  return pairs.every((pair) => pair !== undefined) ? pairs : undefined;
}

/** `if x, do: y` is `if x do y end`. */
function splitSections(args: readonly Node[], sections: Sections | undefined): [Node[], Sections] {
  if (sections !== undefined) return [[...args], sections];
  const pairs = keywordPairs(args.at(-1));
  if (!pairs?.some(([key]) => key === "do")) return [[...args], {}];
  const others = pairs.filter(([key]) => !SECTION_NAMES.includes(key));
  const rest = others.length === 0 ? [] : [
    {
      t: "list",
      items: others.map(([key, value]): Node => ({
        t: "tuple",
        items: [{ t: "atom", value: key }, value],
      })),
    } satisfies Node,
  ];
  return [
    [...args.slice(0, -1), ...rest],
    Object.fromEntries(pairs.filter(([key]) => SECTION_NAMES.includes(key))),
  ];
}

function splitGuard(node: Node): [pattern: Node, guard: Node | undefined] {
  return node.t === "binary" && node.op === "when" ? [node.left, node.right] : [node, undefined];
}

function clausesOf(node: Node | undefined): readonly Clause[] {
  return node?.t === "clauses" ? node.clauses : [];
}

/** The variable and the exceptions of a rescue clause. */
function rescued(pattern: Node): [variable: string | undefined, names: string[] | undefined] {
  if (pattern.t === "var") return [pattern.name, undefined];
  if (pattern.t === "binary" && pattern.op === "in") {
    return [pattern.left.t === "var" ? pattern.left.name : undefined, rescued(pattern.right)[1]];
  }
  const nodes = pattern.t === "list" ? pattern.items : [pattern];
  return [undefined, nodes.map((node) => node.t === "alias" ? node.name : "")];
}

/** The items of whatever can be enumerated. */
export function toList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  if (value instanceof Range || value instanceof Set) return [...value];
  if (isMap(value)) return entriesOf(value).sort(([a], [b]) => compare(a, b));
  throw new ElixirError(
    "Protocol.UndefinedError",
    `protocol Enumerable not implemented for ${toText(value)}`,
  );
}

/** A value inside a string. */
export function toText(value: unknown): string {
  if (isNil(value)) return "";
  if (value instanceof ModuleRef) return value.name;
  return typeof value === "symbol" ? value.description ?? "" : String(value);
}

/** `to_string/1`: a text, or an error for what has none. */
export function toChars(value: unknown): string {
  if (Array.isArray(value) && value.every((item) => isCharacter(item) || Array.isArray(item))) {
    return value.map((item) => isCharacter(item) ? character(item) : toChars(item)).join("");
  }
  if (typeof value === "object" && value !== null && !(value instanceof ModuleRef)) {
    const text = String(value);
    if (Array.isArray(value) || text.startsWith("[object") || /^(#|&|\w*Error)/.test(text)) {
      throw new ElixirError(
        "Protocol.UndefinedError",
        `protocol String.Chars not implemented for ${text}`,
      );
    }
  }
  return toText(value);
}

const isCharacter = (item: unknown): item is string | number =>
  typeof item === "string" || Number.isInteger(item);

const character = (item: string | number): string =>
  typeof item === "string" ? item : String.fromCodePoint(item);

/** `target[key]`. */
export function access(target: unknown, key: unknown): unknown {
  if (isNil(target)) return null;
  if (Array.isArray(target)) {
    return target.find((pair) => Array.isArray(pair) && pair[0] === key)?.[1] ?? null;
  }
  return fieldOf(target, key) ?? null;
}

function withFields(base: unknown, pairs: readonly [unknown, unknown][]): unknown {
  if (base instanceof Map) return new Map([...base, ...pairs]);
  const copy: Record<string, unknown> = Object.assign(
    Object.create(Object.getPrototypeOf(base)),
    base,
  );
  for (const [key, value] of pairs) copy[String(key)] = value;
  return copy;
}

function unary(op: string, value: unknown): unknown {
  switch (op) {
    case "not":
      if (typeof value !== "boolean") throw new ElixirError("ArgumentError", "not needs a boolean");
      return !value;
    case "!":
      return !truthy(value);
    default:
      return op === "-" ? -numeric(value) : numeric(value);
  }
}

function numeric(value: unknown): number {
  if (typeof value !== "number") {
    throw new ElixirError("ArithmeticError", "bad argument in arithmetic expression");
  }
  return value;
}

function nonZero(value: unknown): number {
  const n = numeric(value);
  if (n === 0) throw new ElixirError("ArithmeticError", "bad argument in arithmetic expression");
  return n;
}

/** The operators, as functions. */
export const OPERATORS: Readonly<Record<string, (a: unknown, b: unknown) => unknown>> = {
  "+": (a, b) => numeric(a) + numeric(b),
  "-": (a, b) => numeric(a) - numeric(b),
  "*": (a, b) => numeric(a) * numeric(b),
  "/": (a, b) => numeric(a) / nonZero(b),
  "**": (a, b) => numeric(a) ** numeric(b),
  "==": equal,
  "===": equal,
  "!=": (a, b) => !equal(a, b),
  "!==": (a, b) => !equal(a, b),
  "<": (a, b) => compare(a, b) < 0,
  ">": (a, b) => compare(a, b) > 0,
  "<=": (a, b) => compare(a, b) <= 0,
  ">=": (a, b) => compare(a, b) >= 0,
  "<>": (a, b) => {
    if (typeof a !== "string" || typeof b !== "string") {
      throw new ElixirError("ArgumentError", "expected binary argument in <> operator");
    }
    return a + b;
  },
  "++": (a, b) => [...asList(a), ...asList(b)],
  "--": (a, b) => {
    const left = [...asList(a)];
    for (const item of asList(b)) {
      const i = left.findIndex((other) => equal(item, other));
      if (i >= 0) left.splice(i, 1);
    }
    return left;
  },
  "..": (a, b) => new Range(numeric(a), numeric(b)),
  "//": (a, b) => a instanceof Range ? new Range(a.first, a.last, numeric(b)) : undefined,
  "in": (a, b) => b instanceof Range ? b.has(a) : toList(b).some((item) => equal(a, item)),
  "not in": (a, b) => !toList(b).some((item) => equal(a, item)),
  "=~": (a, b) => b instanceof RegExp ? b.test(String(a)) : String(a).includes(String(b)),
};

/** An operator as a function. */
export function operator(op: string): AnyFunction | undefined {
  return Object.hasOwn(OPERATORS, op) ? OPERATORS[op] : undefined;
}

function asList(value: unknown): unknown[] {
  if (!Array.isArray(value)) throw new ElixirError("ArgumentError", "argument error");
  return value;
}
