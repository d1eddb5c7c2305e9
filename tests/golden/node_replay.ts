/**
 * Replaying the part of a transcript that happens on one of several nodes: the steps of its clients, and what is
 * printed and reported on it.
 *
 * @module
 */

import { Job, serve } from "./client.ts";
import { type FoundEvent, type Outcome, StepComparison } from "./compare.ts";
import { bind, Env, evaluate, type World } from "./eval.ts";
import type { Difference } from "./exceptions.ts";
import { host } from "./otp.ts";
import { expressionOf, toNode } from "./op.ts";
import { atom } from "../../lib/node/terms.ts";
import type { System } from "./system.ts";
import type { Expectation, ExpectedEvent, Step } from "./transcript.ts";
import type { Vocabulary } from "./values.ts";
import { makeWorld } from "./world.ts";

/** What a node without an outcome or events of its own has seen. */
const NOTHING = { before: [], after: [], exits: [], clientExits: [] } as const;

/** One node. Standard output (`console.log`) and error reports are captured from its making on. */
export class NodeReplay {
  readonly #world: World;
  readonly #comparison: StepComparison;
  readonly #client = host.spawn(() => serve(host));
  readonly #events: FoundEvent[] = [];
  readonly #exits: { pid: unknown; reason: unknown }[] = [];
  #happened = Promise.withResolvers<void>();
  #env = new Env();

  /** For a system whose modules are at hand here. */
  constructor(system: System) {
    const send = (to: unknown, message: unknown) => host.send(to, withAtoms(message, world));
    const print = (text: string) => this.#event({ print: text });
    const world = makeWorld(system, { ...host, send }, print);
    this.#world = world;
    this.#comparison = new StepComparison(world, world.vocabulary);
    host.captureReports((log) => this.#event({ log }));
    console.log = (...items: unknown[]) => this.#event({ print: `${items.join(" ")}\n` });
  }

  /** Runs a step in the client of this node. */
  async run({ do: { op, text, bind: pattern }, expect }: Step): Promise<Difference[]> {
    const { return: value, raise, exits = [] } = expect;
    const node = expressionOf(op, text, pattern !== undefined);
    const outcome = await this.#inClient(() => evaluate(node, this.#env, this.#world));
    if (pattern !== undefined && outcome.kind === "value") {
      this.#env = bind(toNode(pattern), outcome.value, this.#env, this.#world) ?? this.#env;
    }
    while (this.#exits.length < exits.length) await this.#happened.promise;
    return this.#differences({
      ...("return" in expect ? { return: value! } : {}),
      ...(raise === undefined ? {} : { raise }),
      exits,
    }, { ...NOTHING, outcome, exits: this.#exits.splice(0) });
  }

  /** From here on the exit of a process that a variable is bound to is taken down. */
  async watch(variable: string): Promise<void> {
    const outcome = await this.#inClient(() =>
      evaluate(toNode({ var: variable }), this.#env, this.#world)
    );
    const pid = outcome.kind === "value" ? outcome.value : undefined;
    await host.whenDown(pid, (reason) => {
      this.#exits.push({ pid, reason });
      this.#wake();
    });
  }

  /** Waits for as many events as are expected, and compares them in their order. */
  async hear(events: readonly ExpectedEvent[]): Promise<Difference[]> {
    while (this.#events.length < events.length) await this.#happened.promise;
    const after = this.#events.splice(0, events.length);
    return this.#differences({ after: events }, { ...NOTHING, outcome: { kind: "none" }, after });
  }

  /** The number of events that were not requested. */
  get unheard(): number {
    return this.#events.length;
  }

  #differences(
    expected: Expectation,
    found: Parameters<StepComparison["differences"]>[1],
  ): Difference[] {
    return this.#comparison.differences(expected, found);
  }

  #inClient(work: () => unknown): Promise<Outcome> {
    return new Promise((resolve) => host.send(this.#client, new Job(work, resolve)));
  }

  #event(event: FoundEvent): void {
    this.#events.push(event);
    this.#wake();
  }

  #wake(): void {
    this.#happened.resolve();
    this.#happened = Promise.withResolvers();
  }
}

/** A message whose atoms are atoms to an Elixir node, wherever they stand. */
function withAtoms(message: unknown, { vocabulary }: { readonly vocabulary: Vocabulary }): unknown {
  if (typeof message === "string") return vocabulary.isAtom(message) ? atom(message) : message;
  return Array.isArray(message) ? message.map((item) => withAtoms(item, { vocabulary })) : message;
}
