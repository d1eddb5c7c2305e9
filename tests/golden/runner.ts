/**
 * Runs a transcript against the port of its system, step by step, as the recorder did on the BEAM.
 *
 * Steps are run by clients: processes that stand for users at a shell. A client keeps its links,
 * monitors, flags and mailbox from step to step; when it dies, its next step is run by a fresh one.
 * After each step the runner waits until nothing more happens for a while, and that time passes for
 * running timers as it did when the transcript was recorded. (Where no timer runs, nothing to wait for.)
 *
 * @module
 */

import { Job, serve } from "./client.ts";
import { type FoundEvent, type Observation, type Outcome, StepComparison } from "./compare.ts";
import { bind, Env, evaluate, type World } from "./eval.ts";
import { type Difference, exceptionFor, FLOATS } from "./exceptions.ts";
import type { Host } from "./host.ts";
import { expressionOf, toNode } from "./op.ts";
import type { System } from "./system.ts";
import { SHELL, type Step, type Transcript } from "./transcript.ts";
import { makeWorld } from "./world.ts";

/** A tick of the wait for quiet, in milliseconds: the recorder's. */
const SETTLE_TICK_MS = 10;
/** How many ticks in a row nothing may happen. */
const SETTLE_TICKS = 4;
/** How long a step may take, in milliseconds, before it counts as stuck. */
const STEP_LIMIT_MS = 20_000;

/** How a step went. */
export interface StepReport {
  readonly step: Step;
  /** What differs and is not accepted. */
  readonly differences: readonly Difference[];
  /** What differs and is accepted, with the reason. */
  readonly excepted: readonly (Difference & { readonly reason: string })[];
}

/** How a transcript went. */
export interface TranscriptReport {
  readonly name: string;
  readonly steps: readonly StepReport[];
  /** Whether every step went as recorded, accepted differences aside. */
  readonly same: boolean;
}

/** Options of {@linkcode runTranscript}. */
export interface RunOptions {
  /** How long a step may take, in milliseconds. Default the system's limit, else 20 s. */
  readonly stepLimit?: number;
  /** The tick of the wait for quiet after each step, in milliseconds. Default 10, the recorder's. */
  readonly settleTick?: number;
}

/** A process that runs steps, and what the runner knows of it. */
interface Client {
  readonly pid: unknown;
  died?: { readonly reason: unknown };
  whenDied?: () => void;
}

/**
 * Runs a transcript. Standard output (`console.log`) and error reports are captured meanwhile, so only
 * one can run at a time; every process that it leaves behind is ended.
 */
export async function runTranscript(
  transcript: Transcript,
  system: System,
  host: Host,
  options: RunOptions = {},
): Promise<TranscriptReport> {
  const session = new Session(transcript, system, host, options);
  const steps = await session.run();
  return {
    name: transcript.name,
    steps,
    same: steps.every(({ differences }) => differences.length === 0),
  };
}

class Session {
  readonly #transcript: Transcript;
  readonly #system: System;
  readonly #host: Host;
  readonly #limit: number;
  readonly #tick: number;
  readonly #world: World;
  readonly #comparison: StepComparison;
  readonly #clients = new Map<string, Client>();
  #env = new Env();
  /** How often something happened that is recorded. */
  #count = 0;
  #events: FoundEvent[] = [];
  #exits: { pid: unknown; reason: unknown }[] = [];

  constructor(transcript: Transcript, system: System, host: Host, options: RunOptions) {
    this.#transcript = transcript;
    this.#system = system;
    this.#host = host;
    this.#limit = options.stepLimit ?? system.stepLimit ?? STEP_LIMIT_MS;
    this.#tick = options.settleTick ?? SETTLE_TICK_MS;
    const world = makeWorld(system, host, (text) => this.#event({ print: text }));
    this.#world = world;
    this.#comparison = new StepComparison(world, world.vocabulary);
  }

  async run(): Promise<StepReport[]> {
    const before = new Set(this.#host.processes());
    const release = this.#capture();
    const reports: StepReport[] = [];
    try {
      for (const step of this.#transcript.steps) reports.push(await this.#step(step));
    } finally {
      for (const pid of this.#host.processes()) if (!before.has(pid)) this.#host.kill(pid);
      await pause(SETTLE_TICK_MS);
      release();
      await this.#system.end?.();
    }
    return reports;
  }

  #capture(): () => void {
    const releaseReports = this.#host.captureReports((log) => this.#event({ log }));
    const { log } = console;
    console.log = (...items: unknown[]) =>
      this.#event({
        print: items.map((item) => typeof item === "string" ? item : Deno.inspect(item)).join(" ") +
          "\n",
      });
    return () => {
      console.log = log;
      releaseReports();
    };
  }

  #event(event: FoundEvent): void {
    this.#count++;
    this.#events.push(event);
  }

  async #step(step: Step): Promise<StepReport> {
    const observation = await this.#observe(step);
    const found = this.#comparison.differences(step.expect, observation);
    const differences: Difference[] = [];
    const excepted: (Difference & { reason: string })[] = [];
    for (const difference of found) {
      const reason = exceptionFor(step, difference, this.#transcript.system);
      if (reason === undefined) differences.push(difference);
      else excepted.push({ ...difference, reason });
    }
    if (this.#comparison.takeFloats()) {
      excepted.push({ part: "step", expected: "16.0", found: "16", reason: FLOATS });
    }
    return { step, differences, excepted };
  }

  async #observe(step: Step): Promise<Observation> {
    const { fn, args } = topCall(step);
    const failed = (message: string): Observation => ({
      outcome: { kind: "failed", message },
      before: [],
      after: [],
      exits: [],
      clientExits: [],
    });
    try {
      switch (fn) {
        case "wait":
          await pause(Number(args[0]));
          return await this.#settled({ kind: "none" }, this.#events.splice(0));
        case "watch":
          return await this.#watch(step, args);
        case "node_start":
        case "node_kill":
          return failed("this runner has one node: see nodes_interop_test.ts");
      }
      return await this.#run(step);
    } catch (error) {
      // a step that cannot be read, or invalid data: the next steps may still tell something
      return failed(error instanceof Error ? error.message : String(error));
    }
  }

  /** Runs a step in its client, and looks at what comes of it. */
  async #run(step: Step): Promise<Observation> {
    const { op, text, bind: pattern } = step.do;
    const node = expressionOf(op, text, pattern !== undefined);
    const env = this.#env;
    const { outcome, split } = await this.#inClient(
      step.do.client ?? SHELL,
      () => evaluate(node, env, this.#world),
    );
    const before = this.#events.splice(0, split);
    if (pattern !== undefined && (outcome.kind === "value" || outcome.kind === "thrown")) {
      const value = outcome.kind === "value" ? outcome.value : undefined;
      this.#env = bind(toNode(pattern), value, this.#env, this.#world) ?? this.#env;
    }
    return await this.#settled(outcome, before);
  }

  /** From here on the exit of a process is reported. Nothing is waited for: what happens belongs to the next step. */
  async #watch(step: Step, args: readonly unknown[]): Promise<Observation> {
    const events = this.#events.splice(0);
    const { outcome } = await this.#inClient(
      step.do.client ?? SHELL,
      () => evaluate(toNode(args[0]), this.#env, this.#world),
    );
    this.#events.unshift(...events);
    if (outcome.kind === "value" && this.#host.isPid(outcome.value)) {
      const pid = outcome.value;
      await this.#host.whenDown(pid, (reason) => {
        this.#count++;
        this.#exits.push({ pid, reason });
      });
    }
    return { outcome, before: [], after: [], exits: [], clientExits: [] };
  }

  async #settled(outcome: Outcome, before: readonly FoundEvent[]): Promise<Observation> {
    await this.#settle();
    const clientExits: { client: string; reason: unknown }[] = [];
    for (const [client, { died }] of this.#clients) {
      if (died === undefined) continue;
      clientExits.push({ client, reason: died.reason });
      this.#clients.delete(client);
    }
    return {
      outcome,
      before,
      after: this.#events.splice(0),
      exits: this.#exits.splice(0),
      clientExits,
    };
  }

  /** Waits until nothing has happened for a while, or nothing can. */
  async #settle(): Promise<void> {
    await pause(0);
    // by the clock, for on a busy machine a tick may take two
    let [quietSince, count] = [performance.now(), this.#count];
    while (performance.now() - quietSince < SETTLE_TICKS * this.#tick && !this.#host.isIdle()) {
      await pause(this.#tick);
      const isQuiet = this.#count === count && this.#host.isAtRest();
      if (!isQuiet) [quietSince, count] = [performance.now(), this.#count];
    }
  }

  /** Has a client do something; `split` is how many of the events came before it was done. */
  async #inClient(name: string, work: () => unknown): Promise<{ outcome: Outcome; split: number }> {
    const client = await this.#client(name);
    const { promise, resolve } = Promise.withResolvers<{ outcome: Outcome; split: number }>();
    const done = (outcome: Outcome): void => resolve({ outcome, split: this.#events.length });
    client.whenDied = () => done({ kind: "died", reason: client.died!.reason });
    const limit = setTimeout(() => {
      done({ kind: "failed", message: `step stuck: no return within ${this.#limit / 1000} s` });
      this.#host.kill(client.pid);
    }, this.#limit);
    this.#host.send(client.pid, new Job(work, done));
    const result = await promise;
    clearTimeout(limit);
    delete client.whenDied;
    return result;
  }

  async #client(name: string): Promise<Client> {
    const known = this.#clients.get(name);
    if (known !== undefined && known.died === undefined) return known;
    const host = this.#host;
    const client: Client = { pid: host.spawn(() => serve(host)) };
    await host.whenDown(client.pid, (reason) => {
      client.died = { reason };
      client.whenDied?.();
    });
    this.#clients.set(name, client);
    return client;
  }
}

function topCall(step: Step): { fn?: string; args: readonly unknown[] } {
  const { op } = step.do;
  if (typeof op !== "object" || op === null || !("fn" in op)) return { args: [] };
  const { fn, args } = op as { fn: unknown; args?: unknown };
  return { ...(typeof fn === "string" && { fn }), args: Array.isArray(args) ? args : [] };
}

/** Lets time pass outside of every process. */
function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
