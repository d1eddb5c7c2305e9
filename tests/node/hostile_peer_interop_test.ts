/**
 * A peer that knows the cookie and takes part in `global` and `pg`, but sends messages of the wrong shape: this node
 * and an Erlang node beside it stay healthy.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { Global, Process, type Term, unwrap } from "../../mod.ts";
import { aliasIn, aliasTag } from "../../lib/kernel/list.ts";
import { Connection } from "../../lib/node/distribution/connection.ts";
import { EpmdClient } from "../../lib/node/distribution/epmd.ts";
import { PUBLISHED, SUPPORTED } from "../../lib/node/distribution/flags.ts";
import { dialScript, perform } from "../../lib/node/distribution/handshake.ts";
import { tcp } from "../../lib/node/distribution/tcp.ts";
import { Export, list, Node } from "../../lib/node/mod.ts";
import type { Control } from "../../lib/node/control.ts";
import * as Pg from "../../lib/pg.ts";
import { collectReports } from "../helpers.ts";
import { type Cluster, clusterTest } from "./beam.ts";
import { identities, mappingOf, pid } from "./distribution/connection_fixtures.ts";
import { type Lot, lotFrom, mutated } from "./mutation.ts";
import { asNode, THIS_NODE } from "./this_node.ts";

const HOST = "127.0.0.1";
const PEER = "f@127.0.0.1";
const SERVER = "global_name_server";
const METHOD = new Export("global", "random_exit_name", 3);
const ROUNDS = 40;
const LOCKER = pid(3, PEER);
const SCOPE = pid(4, PEER);
const refOf = (id: number) => identities.ref({ node: PEER, creation: 7, words: [id, 0, 0] });

/** A connection of the peer, and what this node has sent on it. */
class HostilePeer {
  readonly #connection: Connection;
  readonly #heard: Control[] = [];
  #wake = () => {};
  #isDown = false;
  #refs = 0;

  private constructor(...[stream, negotiated, leftover]: readonly [never, never, Uint8Array]) {
    const signal = (control: Control) => {
      this.#answerCall(control);
      this.#heard.push(control);
      this.#wake();
    };
    const down = () => {
      this.#isDown = true;
      this.#wake();
    };
    const options = { mapping: mappingOf("exact"), tickTime: Infinity };
    this.#connection = new Connection(stream, negotiated, options, { signal, down }, leftover);
  }

  static async connect(epmdPort: number): Promise<HostilePeer> {
    const port = (await new EpmdClient(tcp, epmdPort).lookup("d", HOST))!;
    const stream = await tcp.dial({ host: HOST, port }, HOST, new AbortController().signal);
    const self = { node: PEER, creation: 7, flags: SUPPORTED | PUBLISHED };
    const script = dialScript(self, THIS_NODE, "c");
    const { result, leftover } = await perform(stream, script, tcp.lengthBytes);
    return new HostilePeer(stream as never, result as never, leftover);
  }

  close(): void {
    this.#connection.close("over");
  }

  say(to: string, message: Term): void {
    try {
      this.#connection.send(["reg_send", LOCKER, to, message]);
    } catch {
      // A mutation that cannot be encoded is not sent.
    }
  }

  /** Grants every lock, so that sessions go on. */
  #answerCall(control: Control): void {
    if (control[0] !== "reg_send") return;
    const [tag, from] = control[3] as readonly Term[];
    if (tag !== "$gen_call") return;
    const [, callTag] = from as readonly Term[];
    this.#connection.send(["alias_send", LOCKER, aliasIn(callTag)!, [callTag, true]]);
  }

  /** Resolves with the first cast with this tag; `undefined` if the connection is down before. */
  async cast(tag: string): Promise<readonly Term[] | undefined> {
    for (;;) {
      for (const control of this.#heard) {
        const message = control[0] === "reg_send" ? control[3] as readonly Term[] : [];
        const said = message[0] === "$gen_cast" ? message[1] as readonly Term[] : [];
        if (said[0] === tag) return said;
      }
      if (this.#isDown) return undefined;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  /** Resolves when the name server has handled all messages so far, or the connection is down. */
  async handled(): Promise<void> {
    const alias = refOf(1000 + ++this.#refs);
    this.say(SERVER, ["$gen_call", [LOCKER, aliasTag(alias)], "get_known"]);
    const isAnswer = (control: Control) => control[0] === "alias_send" && control[2] === alias;
    while (!this.#isDown && !this.#heard.some(isAnswer)) {
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }
}

/** What a peer sends in a session whose tag this node has said, and besides. */
function messages(tag: Term): readonly (readonly [to: string, message: Term])[] {
  const entry = ["theirs", LOCKER, METHOD];
  const ops = list<Term>([["insert", entry], ["delete", "x"]]);
  const lock = list<Term>([["vsn", 8], ["lock", ["global", list([LOCKER])]]]);
  const from = [LOCKER, refOf(1)];
  const casts: readonly Term[] = [
    ["exchange", PEER, list([entry]), list(), tag],
    ["resolved", PEER, ops, list([["g@127.0.0.1", 8]]), "unused", list(), tag],
    ["new_nodes", PEER, ops, list(), list([["h@127.0.0.1", 8]]), lock],
    ["lock_set", LOCKER, true, list([PEER]), tag],
    ["in_sync", PEER, true],
  ];
  const calls: readonly Term[] = [
    ["set_lock", ["own", LOCKER]],
    ["register", "theirs", LOCKER, METHOD],
    ["register", ["also", 1], pid(1, THIS_NODE), METHOD],
    ["unregister", "theirs"],
    ["del_lock", ["own", LOCKER]],
  ];
  return [
    ...casts.map((message) => [SERVER, ["$gen_cast", message]] as const),
    ...calls.map((message) => [SERVER, ["$gen_call", from, message]] as const),
    [SERVER, ["cancel_connect", PEER, 5]],
    [SERVER, ["init_connect_ack", PEER, 5, tag]],
    ...[SERVER, "net_kernel", "rex", "pg"].map((to) =>
      [to, ["system", from, "get_state"]] as const
    ),
    ["rex", [LOCKER, ["call", "m", "f", list(), LOCKER]]],
    ["net_kernel", ["$gen_call", from, ["is_auth", PEER]]],
    ["pg", ["discover", SCOPE]],
    ["pg", ["$gen_cast", ["sync", SCOPE, list([["group", list([LOCKER])]])]]],
    ["pg", ["join", SCOPE, "group", list([LOCKER])]],
    ["pg", ["leave", SCOPE, LOCKER, list(["group"])]],
  ];
}

/** One connection: a session that begins as it should, and goes on with messages of which some are wrong. */
async function attack(epmdPort: number, lot: Lot): Promise<void> {
  const peer = await HostilePeer.connect(epmdPort);
  const begun = await peer.cast("init_connect");
  const [, tag] = begun?.[1] as readonly Term[] ?? [];
  const locker = ["locker", "no_longer_a_pid", list(), LOCKER];
  peer.say(SERVER, ["$gen_cast", ["init_connect", [8, 5], PEER, locker]]);
  peer.say(SERVER, ["init_connect_ack", PEER, tag, 5]);
  peer.say(SERVER, ["$gen_cast", ["lock_set", LOCKER, true, list(), tag]]);
  if (lot(2) === 0) await peer.cast("exchange");
  for (const [to, message] of messages(tag)) {
    // A scope ends of a request that it does not know, as on the BEAM.
    const wrong = lot(2) === 0 ? message : mutated(message, lot);
    const isCall = Array.isArray(wrong) && wrong[0] === "$gen_call";
    if (to !== "pg" || !isCall) peer.say(to, wrong);
  }
  await peer.handled();
  peer.close();
}

for (const seed of [1, 2]) {
  clusterTest(
    `Node and an Erlang node beside it survive a peer that sends wrong messages of global and pg, seed ${seed}`,
    "erl",
    async (cluster: Cluster) => {
      const erl = await cluster.erl("e");
      await erl.eval("{ok, _} = pg:start_link()");
      await asNode(cluster, async () => {
        using reports = collectReports();
        unwrap(await Pg.startLink());
        assertEquals(await Node.ping(erl.node), "pong");
        await Global.sync();
        const kept = [SERVER, "net_kernel", "rex", "logger_proxy", "pg"];
        const before = kept.map((name) => Process.whereis(name));
        const erlBefore = await erl.eval("{whereis(global_name_server), whereis(pg)}");
        const lot = lotFrom(seed);
        for (let round = 0; round < ROUNDS; round++) await attack(cluster.epmd.port, lot);

        assertEquals(kept.map((name) => Process.whereis(name)), before);
        const thrown = reports.logged.filter(({ reason }) =>
          /TypeError|failed:/.test(String(reason))
        );
        assertEquals(thrown.map(({ reason }) => reason), []);
        assertEquals(await erl.eval("{whereis(global_name_server), whereis(pg)}"), erlBefore);

        // An Erlang node that joins now is sent the names that were taken from the peer.
        const other = await cluster.erl("g");
        assertEquals(await Node.ping(other.node), "pong");
        assertEquals(await Node.ping(erl.node), "pong");
        await Global.sync();
        assertEquals(await other.eval("global:sync(), global:register_name(fresh, self())"), "yes");
        const found = `is_pid(global:whereis_name(fresh))`;
        assertEquals([await erl.eval(found), await other.eval(found)], ["true", "true"]);
        assert(Global.whereisName("fresh") !== undefined);
        assertEquals(await erl.eval("{whereis(global_name_server), whereis(pg)}"), erlBefore);
      });
    },
  );
}
