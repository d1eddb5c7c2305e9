/**
 * Replays the transcripts of systems on several nodes: with denotp on all of them, and with Elixir on some, for
 * both halves of such a system must take the other for one of their own.
 *
 * No step waits for quiet here: each step waits for as many events as were recorded, node by node, and at the
 * end there must be no others.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Cluster, clusterTest } from "../node/beam.ts";
import type { Difference } from "./exceptions.ts";
import { type ExpectedEvent, parseTranscript, type Step } from "./transcript.ts";

/** Which client lives on which node: the scenarios' `place`. */
const PLACES: Readonly<Record<string, string>> = {
  server: "messenger",
  james: "super",
  fred: "bilbo",
  peter: "gollum",
  a: "a",
  b: "b",
};

/** The Elixir half of each system, and what its steps take for granted. */
const SOURCES: Readonly<Record<string, readonly string[]>> = {
  messenger_basic: ["messenger"],
  messenger_names: ["messenger"],
  super_duper_dist: ["super_duper_core", "super_duper_dist"],
};

/** A node of a replay. */
interface Player {
  run(step: Step): Promise<readonly Difference[]>;
  watch(variable: string): Promise<void>;
  hear(events: readonly ExpectedEvent[]): Promise<readonly Difference[]>;
  unheard(): Promise<number>;
}

/** A node of denotp, which does the comparing itself. */
async function denotpPlayer(cluster: Cluster, name: string, system: string): Promise<Player> {
  const node = await cluster.denotp(name, "replay", [system]);
  const ask = async (code: string) => {
    const answer = await node.eval(`return encodeURIComponent(JSON.stringify(${code} ?? null))`);
    return JSON.parse(decodeURIComponent(answer.slice(1, -1)));
  };
  return {
    run: (step) => ask(`await replay.run(${JSON.stringify(step)})`),
    watch: (variable) => ask(`await replay.watch(${JSON.stringify(variable)})`),
    hear: (events) => ask(`await replay.hear(${JSON.stringify(events)})`),
    unheard: () => ask("replay.unheard"),
  };
}

/** An Elixir node, of which is compared what it prints: its logger is silent. */
async function elixirPlayer(cluster: Cluster, name: string, system: string): Promise<Player> {
  const node = await cluster.elixir(name);
  await node.eval("Logger.remove_backend(:console)");
  for (const source of SOURCES[system]!) {
    await node.eval(here(await read(`${source}.ex`)));
  }
  let heard = node.printed.length;
  return {
    async run({ do: { text }, expect: { text: expected, raise, exits = [] } }) {
      const found = await node.eval(text).then(unnumbered, kindOfError);
      const differences = differing("return", raise?.kind ?? unnumbered(expected ?? ""), found);
      for (const exit of exits) {
        const reason = await node.eval("receive do {:DOWN, ^ref, _, _, reason} -> reason end");
        differences.push(...differing("exits", exit.text, reason));
      }
      return differences;
    },
    watch: async (variable) => void await node.eval(`ref = Process.monitor(${variable})`),
    async hear(events) {
      const prints = events.flatMap((event) => "print" in event ? [event.print] : []);
      await node.hasPrintedLines(heard + prints.length);
      const found = node.printed.slice(heard, heard += prints.length);
      return differing(
        "after",
        unnumbered(prints.join("")),
        unnumbered(found.map((line) => `${line}\n`).join("")),
      );
    },
    unheard: async () => {
      await node.eval(":ok");
      return node.printed.length - heard;
    },
  };
}

/** `"error"`, `"exit"` or `"throw"`: the kind of what an expression has raised. */
function kindOfError({ message }: Error): string {
  return message.slice(0, message.indexOf(":"));
}

function differing(part: Difference["part"], expected: string, found: string): Difference[] {
  return expected === found ? [] : [{ part, expected, found }];
}

/** A text in which all pids are the same. */
function unnumbered(text: string): string {
  return text.replace(/#PID<[\d.]+>|<[\w@.]*\d+\.\d+\.\d+>|<pid\d*>/g, "<pid>");
}

/** The recorder's nodes had short names. `quote` is how a text is quoted there. */
function here(text: string, quote = '"'): string {
  return text.replace(/:(\w+)@localhost/g, `:${quote}$1@127.0.0.1${quote}`)
    .replaceAll("@localhost", "@127.0.0.1");
}

function read(file: string): Promise<string> {
  return Deno.readTextFile(new URL(`nodes/${file}`, import.meta.url));
}

/** Replays a transcript, with Elixir on some nodes and denotp on the others. */
async function replay(cluster: Cluster, name: string, onElixir: readonly string[]): Promise<void> {
  const transcript = parseTranscript(here(await read(`${name}.jsonl`), '\\"'));
  const players = new Map<string, Player>();
  const differences: string[] = [];
  const note = (step: Step, found: readonly Difference[]) => {
    for (const { part, expected, found: instead } of found) {
      differences.push(
        `${step.n} ${step.do.text}: ${part}: expected ${expected}, found ${instead}`,
      );
    }
  };
  let last: Player | undefined;
  for (const step of transcript.steps) {
    const [, startedNode] = /^start node (\w+)$/.exec(step.do.text) ?? [];
    if (startedNode !== undefined) {
      const play = onElixir.includes(startedNode) ? elixirPlayer : denotpPlayer;
      players.set(startedNode, await play(cluster, startedNode, name));
      continue;
    }
    const [, watched] = /^watch\((\w+)\)$/.exec(step.do.text) ?? [];
    if (watched !== undefined) {
      await last!.watch(watched); // it was bound in the step before
      continue;
    }
    const place = PLACES[step.do.client!]!;
    last = players.get(place)!;
    note(step, await last.run(step));
    for (const [node, player] of players) {
      note(step, await player.hear(eventsOn(node, place, step)));
    }
  }
  for (const [node, player] of players) {
    if (await player.unheard() > 0) differences.push(`${node} has printed more than was recorded`);
  }
  assertEquals(differences, []);
}

/** What is recorded of a step on one node. A report names the node in what it calls the process. */
function eventsOn(node: string, place: string, { expect: { before, after } }: Step) {
  return [...before ?? [], ...after ?? []].filter((event) => {
    if ("print" in event) return (event.node ?? place) === node;
    return (/:"?(\w+)@/.exec(event.log)?.[1] ?? place) === node;
  });
}

const MESSENGER: readonly (readonly string[])[] = [[], ["messenger"], ["super", "gollum"]];
const COMBINATIONS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  messenger_basic: MESSENGER,
  messenger_names: MESSENGER,
  super_duper_dist: [[], ["a"], ["b"]],
};

for (const [name, combinations] of Object.entries(COMBINATIONS)) {
  for (const onElixir of combinations) {
    const needs = onElixir.length === 0 ? "deno" : "elixir";
    const where = onElixir.length === 0
      ? "denotp on all nodes"
      : `Elixir on ${onElixir.join(", ")}`;
    clusterTest(
      `golden nodes/${name}.jsonl: every step goes as it did on the BEAM, with ${where}`,
      needs,
      (cluster) => replay(cluster, name, onElixir),
    );
  }
}
