/**
 * A cluster of three Erlang and two denotp nodes in which names and groups come and go, and nodes as well. When
 * all is at rest, every node must know the same.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { type Cluster, clusterTest, type RunningNode } from "./beam.ts";

const SEEDS = [1, 2];
const STEPS = 40;
const NAMES = ["n1", "n2", "n3", "n4"];
/** How long it may take until all is at rest, in milliseconds. */
const REST_LIMIT_MS = 20_000;

/** What can be done on a node, in its language. */
interface Language {
  readonly begin: string;
  register(name: string): string;
  unregister(name: string): string;
  kill(name: string): string;
  readonly join: string;
  readonly leave: string;
  connect(node: string): string;
  /** `name=node`, for each name whose process is not known to have ended, and `node` for each member. */
  readonly knows: string;
  /** The names that processes of this node have, and that are alive. */
  readonly lives: string;
}

const ERLANG: Language = {
  begin: `pg:start_link(), Idle = fun() -> receive stop -> ok end end,
    Joined = fun(Pairs) -> lists:flatten(lists:join(" ", lists:sort(Pairs))) end`,
  register: (name) => `global:register_name(${name}, spawn(Idle))`,
  unregister: (name) => `global:unregister_name(${name})`,
  kill: (name) =>
    `(fun() -> case global:whereis_name(${name}) of undefined -> none; P -> exit(P, kill) end end)()`,
  join: "pg:join(group, spawn(Idle))",
  leave:
    `(fun() -> case pg:get_local_members(group) of [P | _] -> pg:leave(group, P); [] -> none end end)()`,
  connect: (node) => `net_kernel:connect_node('${node}')`,
  knows: `Joined([atom_to_list(N) ++ "=" ++ atom_to_list(node(global:whereis_name(N)))
    || N <- global:registered_names()] ++ [atom_to_list(node(P)) || P <- pg:get_members(group)])`,
  lives: `Joined([atom_to_list(N) || N <- global:registered_names(),
    node(global:whereis_name(N)) =:= node(), is_process_alive(global:whereis_name(N))])`,
};

const TYPESCRIPT: Language = {
  begin: `
    await Pg.start();
    globalThis.idle = () => spawn(async () => void await receive(on("never", () => {})));`,
  register: (name) => `return await Global.registerName("${name}", idle())`,
  unregister: (name) => `return await Global.unregisterName("${name}")`,
  kill: (name) => `
    const pid = Global.whereisName("${name}");
    return pid === undefined ? "none" : Process.exit(pid, "kill")`,
  join: `return await Pg.join("group", idle())`,
  leave: `
    const [pid] = Pg.getLocalMembers("group");
    return pid === undefined ? "none" : await Pg.leave("group", pid)`,
  connect: (node) => `return await Node.connect("${node}")`,
  knows: `return [
    ...Global.registeredNames().map((name) => name + "=" + Global.whereisName(name).node),
    ...Pg.getMembers("group").map((pid) => pid.node),
  ].sort().join(" ")`,
  lives: `return Global.registeredNames().filter((name) => {
    const pid = Global.whereisName(name);
    return pid.node === Node.self() && Process.isAlive(pid);
  }).sort().join(" ")`,
};

/** A node of either kind. */
interface Member {
  readonly node: RunningNode;
  readonly language: Language;
}

/** Numbers from 0 on, below a limit: the same ones for the same seed. */
function random(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return Math.floor((state / 2 ** 31) * limit);
  };
}

class Everybody {
  readonly #cluster: Cluster;
  readonly #below: (limit: number) => number;
  #members: Member[] = [];
  #started = 0;

  constructor(cluster: Cluster, seed: number) {
    this.#cluster = cluster;
    this.#below = random(seed);
  }

  async start(isErlang: boolean): Promise<void> {
    const name = `${"mkrcx"[this.#started % 5]}${++this.#started}`;
    const node = await (isErlang ? this.#cluster.erl(name) : this.#cluster.denotp(name));
    const language = isErlang ? ERLANG : TYPESCRIPT;
    await node.eval(language.begin);
    for (const other of this.#members) await node.eval(language.connect(other.node.node));
    this.#members.push({ node, language });
  }

  async step(): Promise<void> {
    const member = this.#members[this.#below(this.#members.length)]!;
    const { node, language } = member;
    const name = NAMES[this.#below(NAMES.length)]!;
    const deeds = [
      language.register(name),
      language.register(name),
      language.unregister(name),
      language.kill(name),
      language.join,
      language.leave,
    ];
    const deed = this.#below(deeds.length * 2);
    if (deed < deeds.length * 2 - 1) await node.eval(deeds[deed % deeds.length]!);
    else {
      await node.kill();
      this.#members = this.#members.filter((each) => each !== member);
      await this.start(language === ERLANG);
    }
  }

  /** Resolves with what all nodes know when that is the same, and every name has a process. */
  async rest(): Promise<string> {
    const deadline = Date.now() + REST_LIMIT_MS;
    for (;;) {
      const known = await this.#ask((language) => language.knows);
      const lives = (await this.#ask((language) => language.lives)).flatMap((names) =>
        names === "" ? [] : names.split(" ")
      );
      const names = known[0]!.split(" ").flatMap((each) => /^(\w+)=/.exec(each)?.[1] ?? []);
      const areSame = known.every((each) => each === known[0]);
      if (areSame && String(lives.sort()) === String(names.sort())) return known[0]!;
      if (Date.now() > deadline) {
        throw new Error(`They never agree: ${known.join(" | ")}; alive: ${lives}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  #ask(question: (language: Language) => string): Promise<string[]> {
    return Promise.all(
      this.#members.map(async ({ node, language }) =>
        (await node.eval(question(language)).catch(() => "busy")).replaceAll('"', "").replace(
          "[]",
          "",
        )
      ),
    );
  }
}

for (const seed of SEEDS) {
  clusterTest(
    `Global and Pg are the same on three Erlang and two denotp nodes that come and go, seed ${seed}`,
    "erl",
    async (cluster) => {
      const everybody = new Everybody(cluster, seed);
      for (const isErlang of [true, false, true, false, true]) await everybody.start(isErlang);
      for (let round = 0; round < 2; round++) {
        for (let step = 0; step < STEPS / 2; step++) await everybody.step();
        const known = await everybody.rest();
        assertEquals(known.split(" ").length > 1, true, "there is nothing to agree on");
      }
    },
  );
}
