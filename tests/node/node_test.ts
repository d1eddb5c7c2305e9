import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  flush,
  GenServer,
  MatchError,
  on,
  type Pid,
  Process,
  receive,
  self,
  send,
  spawn,
  unwrap,
} from "../../mod.ts";
import { allProcesses } from "../../lib/kernel/process.ts";
import { EpmdClient } from "../../lib/node/distribution/epmd.ts";
import { tcp } from "../../lib/node/distribution/tcp.ts";
import { Node } from "../../lib/node/mod.ts";
import { assertSilence, collectReports, inProcess, settled } from "../helpers.ts";
import { type Cluster, clusterTest, type RunningNode } from "./beam.ts";
import { asNode, THIS_NODE } from "./this_node.ts";

const HOST = "127.0.0.1";
/** What a node needs that has no peers. */
const ALONE = { cookie: "c", resolve: () => undefined } as const;

/** Options of a program: with `resolve`, nothing is registered or looked up. */
const PORTLESS = { cookie: "c", resolve: 1 };

/** A test whose body runs in a process, and of which no node is left. */
function nodeTest(title: string, body: () => Promise<void>): void {
  Deno.test(title, () =>
    inProcess(async () => {
      try {
        await body();
      } finally {
        await Node.stop();
      }
    }));
}

/** A test whose body runs in a process of the node {@linkcode THIS_NODE}, in a cluster. */
function memberTest(title: string, body: (cluster: Cluster) => Promise<void>): void {
  clusterTest(title, "deno", (cluster) => asNode(cluster, () => body(cluster)));
}

function freePort(): number {
  using listener = Deno.listen({ hostname: HOST, port: 0 });
  return listener.addr.port;
}

function processesHere(): Set<Pid> {
  return new Set([...allProcesses()].map(({ pid }) => pid));
}

/** All that a start may leave behind, for comparison. */
async function traces(): Promise<unknown> {
  await settled();
  const names = Process.registered().map(String).sort();
  return [Node.self(), Node.isAlive(), Node.list("known"), names, processesHere()];
}

// --- Without a node -----------------------------------------------------------------------------

nodeTest("Node is nonode@nohost as long as it has not started", async () => {
  assertEquals(Node.self(), "nonode@nohost");
  assertEquals(Node.isAlive(), false);
  assertEquals(Node.list(), []);
  assertEquals(Node.list("connected"), []);
  assertEquals(Node.list("this"), ["nonode@nohost"]);
  assertEquals(Node.list(["known", "this"]), ["nonode@nohost"]);
  assertEquals(Node.getCookie(), "nocookie");
  assertEquals(await Node.connect(THIS_NODE), "ignored");
  assertEquals(await Node.connect("nonode@nohost"), "ignored");
  assertEquals(Node.disconnect(THIS_NODE), "ignored");
  assertEquals(await Node.ping(THIS_NODE), "pang");
  assertEquals(await Node.ping("nonode@nohost"), "pang");
  assertEquals(await Node.stop(), ["error", "not_found"]);
  assertThrows(() => Node.monitor(THIS_NODE, true), TypeError, "notalive");
  assertThrows(() => Node.setCookie("c"), TypeError, "not a node");
});

nodeTest("Node.list() names the kinds there are when it is asked for another", async () => {
  const unknown = "all" as Node.NodeKind;
  assertThrows(() => Node.list(unknown), TypeError, "visible, hidden, connected, this, known");
  unwrap(await Node.start(THIS_NODE, ALONE));
  assertThrows(() => Node.list(["this", unknown]), TypeError, '"all"');
});

// --- Start --------------------------------------------------------------------------------------

nodeTest("Node.start() refuses a second node, and names the supervisor of the first", async () => {
  const pid = unwrap(await Node.start(THIS_NODE, ALONE));
  assertEquals(await Node.start("other@127.0.0.1", ALONE), ["error", ["already_started", pid]]);
  assertEquals(Node.self(), THIS_NODE);
  assert(Process.isAlive(pid));
});

nodeTest("Node.start() lets one of two that come at once win", async () => {
  const [first, second] = await Promise.all([
    Node.start(THIS_NODE, ALONE),
    Node.start("other@127.0.0.1", ALONE),
  ]);
  assertEquals(second, ["error", ["already_started", unwrap(first)]]);
  assertEquals(Node.self(), THIS_NODE);
});

nodeTest("Node.stop() waits for a start that is under way", async () => {
  const [started, stopped] = await Promise.all([Node.start(THIS_NODE, ALONE), Node.stop()]);
  assertEquals([started[0], stopped, Node.isAlive()], ["ok", "ok", false]);
});

memberTest(
  "Node.start() says duplicate_name when EPMD has such a node",
  async ({ cookie, epmd }) => {
    await Node.stop();
    const before = await traces();
    const other = await new EpmdClient(tcp, epmd.port)
      .register({ name: "d", port: 1, isHidden: false }, HOST);
    using reports = collectReports();
    assertEquals(await Node.start(THIS_NODE, { cookie, epmd }), ["error", "duplicate_name"]);
    assertEquals(reports.logged.length, 1);
    assertEquals(await traces(), before);
    other.close();
  },
);

nodeTest("Node.start() resolves with epmd_unreachable when EPMD does not run", async () => {
  const before = await traces();
  using reports = collectReports();
  const epmd = { port: freePort() };
  assertEquals(await Node.start(THIS_NODE, { cookie: "c", epmd }), ["error", "epmd_unreachable"]);
  assertEquals(reports.logged.map(({ level }) => level), ["error"]);
  assertEquals(await traces(), before);
});

nodeTest("Node.start() says epmd_protocol when something else is there", async () => {
  const before = await traces();
  using listener = Deno.listen({ hostname: HOST, port: 0 });
  const answered = listener.accept().then(async (connection) => {
    await connection.write(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n"));
    return connection;
  });
  using reports = collectReports();
  const epmd = { port: listener.addr.port };
  assertEquals(await Node.start(THIS_NODE, { cookie: "c", epmd }), ["error", "epmd_protocol"]);
  assertEquals(reports.logged.length, 1);
  assertEquals(await traces(), before);
  (await answered).close();
});

nodeTest("Node.start() says eaddrinuse when the port is taken", async () => {
  const before = await traces();
  using listener = Deno.listen({ hostname: HOST, port: 0 });
  using reports = collectReports();
  const listen = { port: listener.addr.port };
  assertEquals(await Node.start(THIS_NODE, { ...ALONE, listen }), ["error", "eaddrinuse"]);
  assertEquals(reports.logged.length, 1);
  assertEquals(await traces(), before);
});

nodeTest("Node.start() throws when the name is not valid, and changes nothing", async () => {
  const before = await traces();
  const names = ["d", "d@", "@h", "d@h@h", "", "d@h h", `${"d".repeat(255)}@h`, "dä@h", "d\n@h"];
  for (const name of names) {
    await assertRejects(() => Node.start(name, ALONE), RangeError, "name@host", name);
  }
  assertEquals(await traces(), before);
});

nodeTest("Node.start() throws when the cookie is not valid, and changes nothing", async () => {
  const before = await traces();
  for (const cookie of ["", "ö", "a\nb"]) {
    const start = () => Node.start(THIS_NODE, { ...ALONE, cookie });
    await assertRejects(start, RangeError, "Cannot use the cookie in the option cookie");
  }
  const { resolve } = ALONE;
  const start = () => Node.start(THIS_NODE, { resolve });
  await assertRejects(start, RangeError, "Cannot find the cookie");
  assertEquals(await traces(), before);
});

nodeTest(
  "Node.start() throws when a name that it needs is taken, and changes nothing",
  async () => {
    for (const name of ["net_kernel", "rex", "logger_proxy"]) {
      Process.register(self(), name);
      using _reports = collectReports();
      const before = await traces();
      await assertRejects(() => Node.start(THIS_NODE, ALONE), MatchError);
      assertEquals(await traces(), before);
      Process.unregister(name);
    }
  },
);

// --- Stop ---------------------------------------------------------------------------------------

nodeTest("Node.stop() releases everything, after which a node can be started again", async () => {
  const before = await traces();
  for (const name of [THIS_NODE, "other@127.0.0.1"]) {
    const pid = unwrap(await Node.start(name, ALONE));
    assertEquals([Node.self(), Node.isAlive(), Node.list("this")], [name, true, [name]]);
    assert(Process.whereis("net_kernel") !== undefined);
    assertEquals(await Node.stop(), "ok");
    assertEquals(Process.isAlive(pid), false);
    assertEquals(await traces(), before);
  }
});

memberTest("Node.stop() gives its name back to EPMD, and its port to the host", async (cluster) => {
  await Node.stop();
  const listen = { port: freePort() };
  for (let times = 0; times < 2; times++) {
    unwrap(await Node.start(THIS_NODE, { cookie: cluster.cookie, epmd: cluster.epmd, listen }));
    await Node.stop();
  }
  const client = new EpmdClient(tcp, cluster.epmd.port);
  await until(async () => await client.lookup("d", HOST) === undefined);
});

memberTest("Node.stop() fails links, monitors and calls with noconnection", async (cluster) => {
  const other = await cluster.denotp("x");
  await other.eval(`Process.register(self(), "shell")`);
  Process.flag("trap_exit", true);
  const there = await pidOf(other);
  Process.link(there);
  const refs = [Process.monitor(there), Process.monitor(["shell", other.node] as const)];
  const call = assertRejects(() => GenServer.call(["shell", other.node], "q", Infinity));
  Node.monitor(other.node, true);
  assertEquals(await Node.stop(), "ok");
  const got = [await receive(), await receive(), await receive(), await receive()];
  assertEquals(
    new Set(got),
    new Set([
      ["EXIT", there, "noconnection"],
      ["DOWN", refs[0], "process", there, "noconnection"],
      ["DOWN", refs[1], "process", ["shell", other.node], "noconnection"],
      ["nodedown", other.node],
    ]),
  );
  const reason = (await call as unknown as { reason: readonly unknown[] }).reason;
  assertEquals(reason[0], ["nodedown", other.node]);
  await assertSilence();
});

nodeTest("Node stops when the supervisor of its services is terminated", async () => {
  const before = await traces();
  const pid = unwrap(await Node.start(THIS_NODE, ALONE));
  using _reports = collectReports();
  Node.monitorNodes(true);
  Process.exit(pid, "kill");
  assertEquals(await receive(), ["nodedown", THIS_NODE]);
  assertEquals(Node.isAlive(), false);
  Node.monitorNodes(false);
  await until(async () => JSON.stringify(await traces()) === JSON.stringify(before));
  unwrap(await Node.start(THIS_NODE, ALONE));
});

memberTest(
  "Node.start() makes a new life, in which pids of the earlier one are dead",
  async (cluster) => {
    const { cookie, epmd } = cluster;
    const other = await cluster.denotp("x");
    await other.eval(`
    globalThis.echo = spawn(async () => {
      for (;;) await receive(on(["echo", _, _], ([, from, what]) => void send(from, ["back", what])));
    });
    Process.register(echo, "echo");
    globalThis.keeper = unwrap(await GenServer.start({
      init: () => ok(null),
      handleCall: (request, from, state) =>
        request[0] === "keep" ? reply("kept", request[1]) : reply(state, state),
    }, null, { name: "keeper" }));`);
    const own = spawn(async () => void await receive());
    assertEquals(await GenServer.call(["keeper", other.node], ["keep", own]), "kept");
    await Node.stop();
    unwrap(await Node.start(THIS_NODE, { cookie, epmd }));
    // The pid that the other node has kept is of no process now; those that it is sent now are of live ones.
    const kept = await GenServer.call(["keeper", other.node], ["what"]) as Pid;
    assert(kept !== own);
    const ref = Process.monitor(kept);
    assertEquals(await receive(), ["DOWN", ref, "process", kept, "noproc"]);
    send(kept, "ignored");
    send(["echo", other.node], ["echo", self(), own]);
    assertEquals(await receive(), ["back", own]);
    assert(Process.isAlive(own));
    Process.exit(own, "kill");
  },
);

// --- Others -------------------------------------------------------------------------------------

memberTest("Node.list() tells the kinds of nodes apart", async (cluster) => {
  const [x, y] = [await cluster.denotp("x"), "y@127.0.0.1"];
  assertEquals(await Node.connect(x.node), true);
  assertEquals(Node.list(), [x.node]);
  assertEquals(Node.list("connected"), [x.node]);
  assertEquals(Node.list("hidden"), []);
  assertEquals(Node.list("this"), [THIS_NODE]);
  assertEquals(Node.list("known").sort(), [THIS_NODE, x.node]);
  assertEquals(Node.list(["this", "visible", "connected"]).sort(), [THIS_NODE, x.node]);
  send(["nobody", y], "hello");
  assertEquals(Node.list("known").sort(), [THIS_NODE, x.node, y], "one that is being connected to");
  Node.monitor(y, true);
  assertEquals(await receive(), ["nodedown", y]);
  assertEquals(Node.list("known").sort(), [THIS_NODE, x.node]);
});

memberTest(
  "Node.connect() is true for the node itself, and false when there is no node",
  async (cluster) => {
    assertEquals(await Node.connect(THIS_NODE), true);
    assertEquals(Node.disconnect(THIS_NODE), false);
    assertEquals(await Node.ping(THIS_NODE), "pong");
    for (const nobody of ["y@127.0.0.1", "y@short", "no name", ""]) {
      assertEquals(await Node.connect(nobody), false, nobody);
      assertEquals(await Node.ping(nobody), "pang", nobody);
      assertEquals(Node.disconnect(nobody), false, nobody);
    }
    const { node } = await cluster.denotp("x");
    assertEquals(await Promise.all([Node.connect(node), Node.connect(node)]), [true, true]);
    assertEquals(await Node.connect(node), true);
    assertEquals([Node.disconnect(node), Node.disconnect(node)], [true, false]);
    assertEquals(Node.list(), []);
    assertEquals(await Node.ping(node), "pong", "connects again");
  },
);

memberTest("Node.monitor() tells of a node that cannot be reached, once for each", async () => {
  const nobody = "y@127.0.0.1";
  assertEquals([Node.monitor(nobody, true), Node.monitor(nobody, true)], [true, true]);
  assertEquals([await receive(), await receive()], [["nodedown", nobody], ["nodedown", nobody]]);
  Node.monitor(nobody, true);
  Node.monitor(nobody, false);
  Node.monitor(nobody, false);
  assertEquals(await Node.ping(nobody), "pang");
  await assertSilence();
});

memberTest("Node.monitor() counts, and is over after one loss", async (cluster) => {
  const { node } = await cluster.denotp("x");
  for (let times = 0; times < 3; times++) Node.monitor(node, true);
  Node.monitor(node, false);
  assertEquals(await Node.connect(node), true);
  Node.disconnect(node);
  assertEquals([await receive(), await receive()], [["nodedown", node], ["nodedown", node]]);
  assertEquals(await Node.connect(node), true);
  Node.disconnect(node);
  Node.monitor(THIS_NODE, true);
  await assertSilence();
});

memberTest(
  "Node.monitorNodes() tells of nodes, and of this one, with what it is asked for",
  async (cluster) => {
    const { cookie, epmd } = cluster;
    const { node } = await cluster.denotp("x");
    Node.monitorNodes(true);
    Node.monitorNodes(true, { nodeType: "all", nodedownReason: true });
    Node.monitorNodes(true, { nodeType: "hidden" });
    await Node.connect(node);
    Node.disconnect(node);
    await Node.stop();
    unwrap(await Node.start("d2@127.0.0.1", { cookie, epmd, hidden: true }));
    const visible = { node_type: "visible" };
    const down = (nodedown_reason: string) => ({ ...visible, nodedown_reason });
    assertEquals(flush(), [
      ["nodeup", node],
      ["nodeup", node, visible],
      ["nodedown", node],
      ["nodedown", node, down("disconnect")],
      ["nodedown", THIS_NODE],
      ["nodedown", THIS_NODE, down("net_kernel_terminated")],
      ["nodeup", "d2@127.0.0.1", { node_type: "hidden" }],
      ["nodeup", "d2@127.0.0.1", { node_type: "hidden" }],
    ]);
    Node.monitorNodes(false);
    Node.monitorNodes(false, { nodeType: "all" });
    await Node.connect(node);
    assertEquals(flush(), [
      ["nodeup", node, { node_type: "hidden" }],
      ["nodeup", node, { node_type: "hidden" }],
    ]);
    Node.monitorNodes(false, { nodeType: "all", nodedownReason: true });
    Node.monitorNodes(false, { nodeType: "hidden" });
    Node.disconnect(node);
    await assertSilence();
  },
);

memberTest("Node.setCookie() is for all nodes, or for one of them", async (cluster) => {
  const { node } = await cluster.denotp("x");
  using reports = collectReports();
  assertEquals(Node.getCookie(), cluster.cookie);
  assertEquals(Node.setCookie("wrong", node), true);
  assertEquals([Node.getCookie(), Node.getCookie(node)], [cluster.cookie, "wrong"]);
  assertEquals(await Node.connect(node), false);
  assert(reports.logged.length > 0, "is logged");
  assertEquals(JSON.stringify(reports.logged).includes("wrong"), false, "and does not tell it");
  assertEquals(Node.setCookie("wrong"), true);
  assertEquals(Node.setCookie(cluster.cookie, node), true);
  assertEquals([Node.getCookie(), Node.getCookie("y@h")], ["wrong", "wrong"]);
  assertEquals(await Node.connect(node), true);
  Node.setCookie("wrong", node);
  assertEquals(await Node.ping(node), "pong", "connections that are up stay so");
  assertThrows(() => Node.setCookie(""), RangeError, "it is empty");
});

memberTest(
  "send() to a name on a node connects to it, and so do call, link and monitor",
  async (cluster) => {
    const other = await cluster.denotp("x");
    const { node } = other;
    await other.eval(`Process.flag("trap_exit", true)`);
    const there = await pidOf(other);
    const ways: Record<string, () => unknown> = {
      send: () => send(["shell", node], "hello"),
      call: () => GenServer.call(["net_kernel", node], ["is_auth", THIS_NODE]),
      monitor: () => Process.monitor(["shell", node] as const),
      link: () => Process.link(there),
      exit: () => Process.exit(there, "normal"),
    };
    Process.flag("trap_exit", true);
    Node.monitorNodes(true);
    for (const [way, go] of Object.entries(ways)) {
      Node.disconnect(node);
      flush();
      const result = go();
      assertEquals(await receive(on(["nodeup", node], ([what]) => what)), "nodeup", way);
      await result;
    }
    Node.monitorNodes(false);
  },
);

// --- How a node is found ------------------------------------------------------------------------

nodeTest("Node.start() finds others by the option resolve, without EPMD", async () => {
  await using other = await startProgram("x@127.0.0.1", {
    ...PORTLESS,
    listen: { port: freePort() },
  });
  const { listen: { port } } = other.options as { listen: { port: number } };
  const asked: string[] = [];
  const resolve = (node: string) => {
    asked.push(node);
    return Promise.resolve(node === "x@127.0.0.1" ? { host: HOST, port } : undefined);
  };
  unwrap(await Node.start(THIS_NODE, { cookie: "c", resolve, listen: false }));
  assertEquals(await GenServer.call(["echo", "x@127.0.0.1"], ["hi", 1]), ["hi", 1]);
  assertEquals(await Node.connect("y@127.0.0.1"), false);
  assertEquals(asked, ["x@127.0.0.1", "y@127.0.0.1"]);
});

nodeTest("Node.start() replies in EPMD's place when it is asked to serve", async () => {
  const epmd = { port: freePort(), serve: true };
  unwrap(await Node.start(THIS_NODE, { cookie: "c", epmd }));
  await using _other = await startProgram("x@127.0.0.1", { cookie: "c", epmd });
  assertEquals(await GenServer.call(["echo", "x@127.0.0.1"], "hi"), "hi");
  await Node.stop();
  const gone = () => new EpmdClient(tcp, epmd.port).lookup("d", HOST);
  await assertRejects(gone, Error, "Cannot");
});

nodeTest("Node.start() uses the EPMD that is there when it is asked to serve", async () => {
  const epmd = { port: freePort(), serve: true };
  await using _other = await startProgram("x@127.0.0.1", { cookie: "c", epmd });
  unwrap(await Node.start(THIS_NODE, { cookie: "c", epmd }));
  assertEquals(await Node.ping("x@127.0.0.1"), "pong");
});

Deno.test("Node.start() warns when it listens on all interfaces without TLS", async () => {
  const listen = { hostname: "0.0.0.0" };
  await using program = await startProgram("x@127.0.0.1", { ...PORTLESS, listen });
  assertEquals(program.said.result, "ok");
  const [line, ...more] = program.said.log;
  assert(line?.startsWith("Listening on 0.0.0.0 without TLS"), line);
  assertEquals(more, []);
});

Deno.test("Node.start() throws when the permission to listen is missing", async () => {
  await using program = await startProgram("x@127.0.0.1", PORTLESS, { permissions: [] });
  assertEquals(program.said.result, "throws");
  assert(program.said.reason?.startsWith("NotCapable"), program.said.reason);
});

// --- The cookie ---------------------------------------------------------------------------------

Deno.test("Node.start() takes the cookie from RELEASE_COOKIE", async () => {
  const permissions = [`--allow-net=${HOST}`, "--allow-env=RELEASE_COOKIE"];
  const env = { RELEASE_COOKIE: "from the release" };
  await using program = await startProgram("x@127.0.0.1", { resolve: 1 }, { permissions, env });
  assertEquals([program.said.result, program.said.cookie], ["ok", "from the release"]);
});

Deno.test("Node.start() takes the cookie from .erlang.cookie, if it is the owner's only", async () => {
  for (const [mode, result] of [["400", "ok"], ["600", "ok"], ["644", "throws"]] as const) {
    await using home = await makeHome("from the file\n", mode);
    const file = `${home.path}/.erlang.cookie`;
    const permissions = [`--allow-net=${HOST}`, "--allow-env=HOME", `--allow-read=${file}`];
    const env = { HOME: home.path };
    await using program = await startProgram("x@127.0.0.1", { resolve: 1 }, { permissions, env });
    const { said } = program;
    assertEquals(said.result, result, said.reason);
    if (result === "ok") assertEquals(said.cookie, "from the file");
    else assert(said.reason?.includes(`found mode ${mode}`), said.reason);
  }
});

Deno.test("Node.start() says what to do when no cookie is found", async () => {
  const permissions = [`--allow-net=${HOST}`];
  await using program = await startProgram("x@127.0.0.1", { resolve: 1 }, { permissions });
  assertEquals(program.said.result, "throws");
  assert(program.said.reason?.includes("give the option cookie"), program.said.reason);
});

// --- Helpers ------------------------------------------------------------------------------------

/** What `programs/start.ts` says. */
interface Said {
  readonly result: string;
  readonly reason?: string;
  readonly cookie?: string;
  readonly log: readonly string[];
}

interface StartedProgram extends AsyncDisposable {
  readonly options: object;
  readonly said: Said;
}

/** Starts a node in a program of its own, which ends when it is disposed of. */
async function startProgram(
  name: string,
  options: object,
  { permissions = ["--allow-net"], env = {} }: {
    permissions?: readonly string[];
    env?: Record<string, string>;
  } = {},
): Promise<StartedProgram> {
  const { pathname } = new URL("./programs/start.ts", import.meta.url);
  const program = new Deno.Command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      ...permissions,
      pathname,
      name,
      JSON.stringify(options),
    ],
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
  }).spawn();
  const said = JSON.parse(await line(program)) as Said;
  return { options, said, [Symbol.asyncDispose]: () => ended(program) };
}

/** A home with a cookie in it, made by a program, as tests may not write. */
async function makeHome(cookie: string, mode: string): Promise<AsyncDisposable & { path: string }> {
  const { pathname } = new URL("./programs/home.ts", import.meta.url);
  const program = new Deno.Command("deno", {
    args: [
      "run",
      "--no-prompt",
      "--no-check",
      "--allow-read",
      "--allow-write",
      pathname,
      cookie,
      mode,
    ],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  return { path: await line(program), [Symbol.asyncDispose]: () => ended(program) };
}

/** The one line that a program prints. */
async function line(program: Deno.ChildProcess): Promise<string> {
  let text = "";
  for await (const part of program.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) break;
  }
  return text.trim();
}

async function ended(program: Deno.ChildProcess): Promise<void> {
  await program.stdin.close();
  await program.status;
}

/** The process of another node that evaluates what that is told. */
async function pidOf(other: RunningNode): Promise<Pid> {
  Process.register(self(), "asker");
  await other.eval(`send(["asker", "${THIS_NODE}"], self())`);
  const pid = await receive() as Pid;
  Process.unregister("asker");
  return pid;
}

/** Resolves when a condition holds that has no event. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!await isSo()) await settled();
}

Deno.test("Node.monitorNodes() refuses options that there are not", () => {
  const unknown: readonly (readonly [object, string])[] = [
    [{ nodeTypes: "all" }, 'unknown option "nodeTypes"; expected nodeType or nodedownReason'],
    [{ nodeType: "shy" }, 'found the nodeType "shy", expected visible, hidden or all'],
    [{ nodedownReason: 1 }, "found the nodedownReason 1, expected true or false"],
  ];
  for (const [options, message] of unknown) {
    assertThrows(() => Node.monitorNodes(true, options), TypeError, message);
  }
});
