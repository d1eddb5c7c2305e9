import { assert, assertEquals } from "@std/assert";
import { Global, on, Pg, type Pid, Process, receive, send, spawn } from "../../mod.ts";
import { EpmdClient } from "../../lib/node/distribution/epmd.ts";
import { tcp } from "../../lib/node/distribution/tcp.ts";
import { Node } from "../../lib/node/mod.ts";
import { assertSilence, collectReports, inProcess } from "../helpers.ts";
import { clusterTest } from "./beam.ts";

const HOST = "127.0.0.1";
const TICK_TIME_MS = 1000;

/** What stands between two nodes: a network that can stop delivering, without notice. */
class Network implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: HOST, port: 0 });
  readonly #connections = new Set<Deno.Conn>();
  readonly #over: Promise<void>;
  #open = Promise.withResolvers<void>();

  /** Leads to a port. */
  constructor(port: number) {
    this.#open.resolve();
    this.#over = this.#serve(port);
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Carries nothing from here on. Connections stay. */
  part(): void {
    this.#open = Promise.withResolvers();
  }

  /** Carries what is said from here on, over new connections. */
  heal(): void {
    this.#close();
    this.#open.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.heal();
    await this.#over;
  }

  async #serve(port: number): Promise<void> {
    const pumps: Promise<void>[] = [];
    try {
      for (;;) {
        const here = await this.#listener.accept();
        const there = await Deno.connect({ hostname: HOST, port });
        this.#connections.add(here).add(there);
        pumps.push(this.#pump(here, there), this.#pump(there, here));
      }
    } catch {
      // The listener is closed.
    }
    await Promise.all(pumps);
  }

  async #pump(from: Deno.Conn, to: Deno.Conn): Promise<void> {
    const room = new Uint8Array(64 * 1024);
    try {
      for (;;) {
        const count = await from.read(room);
        await this.#open.promise;
        if (count === null) break;
        for (let at = 0; at < count;) at += await to.write(room.subarray(at, count));
      }
    } catch {
      // One of them is closed.
    }
    for (const connection of [from, to]) this.#end(connection);
  }

  #close(): void {
    for (const connection of this.#connections) this.#end(connection);
  }

  #end(connection: Deno.Conn): void {
    if (this.#connections.delete(connection)) connection.close();
  }
}

/** Resolves when something is so: there is no message that tells what other nodes know. */
async function until(what: string, isSo: () => unknown): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!await isSo()) {
    if (Date.now() > deadline) throw new Error(`Never so: ${what}`);
    await Process.sleep(20);
  }
}

const idle = (): Pid => spawn(async () => void await receive(on("never", () => {})));

clusterTest(
  "Node and Erlang agree on names and groups again when a partition has healed",
  "erl",
  (cluster) =>
    inProcess(async () => {
      using reports = collectReports();
      const { cookie, epmd } = cluster;
      const erl = await cluster.erl("e", ["-kernel", "net_ticktime", "1"]);
      await erl.eval(`pg:start_link(), net_kernel:monitor_nodes(true),
        Idle = fun() -> receive stop -> ok end end, register(there, spawn(Idle)),
        pg:join(group, whereis(there))`);
      const port = await new EpmdClient(tcp, epmd.port).lookup("e", HOST);
      await using network = new Network(port!);
      const resolve = () => ({ host: HOST, port: network.port });
      await Node.start("d@127.0.0.1", { cookie, resolve, tickTime: TICK_TIME_MS });
      try {
        Process.flag("trap_exit", true);
        Node.monitorNodes(true);
        await Pg.start();
        const mine = idle();
        await Pg.join("group", mine);
        assertEquals(await Node.connect(erl.node), true);
        await receive(on(["nodeup", erl.node], () => {}));
        await Global.sync();
        await until("both are members", () => Pg.getMembers("group").length === 2);
        const there = Pg.getMembers("group").find((pid) => pid !== mine)!;
        Process.link(there);
        const ref = Process.monitor(there);
        send(["there", erl.node], "not stop");

        network.part();
        const lost = [
          await receive(on(["EXIT", there, "noconnection"], ([tag]) => tag)),
          await receive(on(["DOWN", ref, "process", there, "noconnection"], ([tag]) => tag)),
          await receive(on(["nodedown", erl.node], ([tag]) => tag)),
        ];
        assertEquals(lost, ["EXIT", "DOWN", "nodedown"]);
        await erl.eval("receive {nodedown, 'd@127.0.0.1'} -> ok end");
        assertEquals(Pg.getMembers("group"), [mine]);
        assertEquals(await erl.eval("length(pg:get_members(group))"), "1");
        // Each side goes on by itself.
        const leader = idle();
        assertEquals(await Global.registerName("leader", leader), "yes");
        assertEquals(
          await erl.eval(`Leader = spawn(Idle), Ref = monitor(process, Leader),
            global:register_name(leader, Leader)`),
          "yes",
        );
        await assertSilence();

        network.heal();
        assertEquals(await Node.connect(erl.node), true);
        await until("one is left", async () => {
          const here = Process.isAlive(leader);
          const isThere = await erl.eval("is_process_alive(Leader)") === "true";
          return here !== isThere;
        });
        const winner = Process.isAlive(leader) ? "d@127.0.0.1" : erl.node;
        await until("both know it", async () =>
          Global.whereisName("leader")?.node === winner &&
          await erl.eval("catch node(global:whereis_name(leader))") === `'${winner}'`);
        await until("both are members again", async () =>
          Pg.getMembers("group").length === 2 &&
          await erl.eval("length(pg:get_members(group))") === "2");
        assert(Pg.getMembers("group").includes(there));
        assertEquals(
          reports.logged[0]!.reason,
          `Connection to ${erl.node} is closed: the node does not respond`,
        );
        await Global.unregisterName("leader");
      } finally {
        await Node.stop();
      }
    }),
);
