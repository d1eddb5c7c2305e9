import { assertEquals } from "@std/assert";
import { GenServer, GenStatem, type Pid, Process, receive, unwrap } from "../../../mod.ts";
import { assertSilence, collectReports, exitOf, reasonOf } from "../../helpers.ts";
import { clusterTest } from "../beam.ts";
import { asNode, outcomeOf, THIS_NODE } from "../this_node.ts";
import { serverTest, startHere, withServer } from "./remotes.ts";
import { Door } from "./servers.ts";

const NOBODY = "nobody@127.0.0.1";
const SOON = 50;

// --- GenServer ----------------------------------------------------------------------------------

serverTest(
  "GenServer.stop() terminates a server on a node of $node, which fails with nodedown when that is lost [GS-025]",
  async ({ server, start, peer }) => {
    const reasons = ["normal", "shutdown", "custom", ["shutdown", "why"], ["a", ["term", 1]]];
    for (const reason of reasons) {
      await start("state");
      const pid: Pid = await GenServer.call(server, ["pid"]);
      const ref = Process.monitor(pid);
      assertEquals(await GenServer.stop(server, reason), "ok");
      assertEquals(await receive(), ["DOWN", ref, "process", pid, reason]);
    }
    await start("state");
    const pid: Pid = await GenServer.call(server, ["pid"]);
    assertEquals(await GenServer.stop(pid), "ok");
    await assertSilence(); // the answer to the system message goes nowhere

    const stop = (to: unknown, reason: unknown = "normal", timeout: number = Infinity) => [
      "GenServer",
      "stop",
      [to, reason, timeout],
    ];
    for (const to of [server, pid]) {
      assertEquals(await reasonOf(() => GenServer.stop(to)), ["noproc", stop(to)]);
    }
    await start("state");
    const other = await reasonOf(() => GenServer.stop(server, "other"));
    assertEquals(other, ["worse", stop(server, "other")]);
    await start("state");
    const slow = await reasonOf(() => GenServer.stop(server, "slow", SOON));
    assertEquals(slow, ["timeout", stop(server, "slow", SOON)]);

    const stopping = reasonOf(() => GenServer.stop(server));
    await peer.kill();
    assertEquals(await stopping, [["nodedown", peer.node], stop(server)]);
    for (const to of [server, pid]) {
      assertEquals(await reasonOf(() => GenServer.stop(to)), [["nodedown", peer.node], stop(to)]);
    }
    const nobody = ["srv", NOBODY] as const;
    assertEquals(await reasonOf(() => GenServer.stop(nobody)), [
      ["nodedown", NOBODY],
      stop(nobody),
    ]);
    await assertSilence();
  },
);

clusterTest(
  "GenServer.stop() of Elixir terminates a server here, and fails with nodedown without a connection [GS-025]",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("x");
    const caught = (code: string) =>
      outcomeOf(elixir, `try do ${code} catch :exit, reason -> {:exit, reason} end`);
    const exit = (reason: string, args: string) =>
      `{:exit, {${reason}, {GenServer, :stop, [{:srv, :"${THIS_NODE}"}, ${args}]}}}`;
    await asNode(cluster, () =>
      withServer(async () => {
        await elixir.eval(`srv = {:srv, :"${THIS_NODE}"}`);
        for (
          const [said, reason] of [
            [":normal", "normal"],
            [":shutdown", "shutdown"],
            [":custom", "custom"],
            ['{:shutdown, "why"}', ["shutdown", "why"]],
          ] as const
        ) {
          const end = exitOf(Process.whereis("srv")!);
          assertEquals(await caught(`GenServer.stop(srv, ${said})`), ":ok");
          assertEquals(await end, reason);
          await startHere("state");
        }
        assertEquals(await caught("GenServer.stop(GenServer.call(srv, {:pid}))"), ":ok");
        assertEquals(await caught("GenServer.stop(srv)"), exit(":noproc", ":normal, :infinity"));
        await startHere("state");
        assertEquals(
          await caught("GenServer.stop(srv, :other)"),
          exit(":worse", ":other, :infinity"),
        );
        await startHere("state");
        assertEquals(
          await caught(`GenServer.stop(srv, :slow, ${SOON})`),
          exit(":timeout", `:slow, ${SOON}`),
        );
        assertEquals(await elixir.erl("receive X -> X after 0 -> none end"), "none");
      }));
    const lost = `{:nodedown, :"${THIS_NODE}"}`;
    const terminate = `{:sys, :terminate, [{:srv, :"${THIS_NODE}"}, :normal, :infinity]}`;
    assertEquals(
      await caught("GenServer.stop(srv)"),
      exit(`{${lost}, ${terminate}}`, ":normal, :infinity"),
    );
  },
);

// --- GenStatem ----------------------------------------------------------------------------------

const stopOf = (to: unknown, reason: unknown = "normal", timeout: number = Infinity) => [
  "gen_statem",
  "stop",
  [to, reason, timeout],
];

serverTest("GenStatem.call() and cast() reach a machine on a node of $node", async (remote) => {
  const { peer, startDoor, word } = remote;
  const door = ["door", peer.node] as const;
  await startDoor(42);
  assertEquals(await GenStatem.call(door, ["code"]), ["locked", 42]);
  const waiting = GenStatem.call(door, ["wait"]); // postponed until the door is open
  assertEquals(await GenStatem.call(door, ["enter", 42]), ["welcome"]);
  assertEquals(await waiting, ["through"]);
  GenStatem.cast(door, ["lock", 7]);
  assertEquals(await GenStatem.call(door, ["code"]), ["locked", 7]);

  const call = (request: unknown, timeout: number = Infinity) => [
    "gen_statem",
    "call",
    [door, request, timeout],
  ];
  const late = await reasonOf(() => GenStatem.call(door, ["wait"], SOON));
  assertEquals(late, ["timeout", call(["wait"], SOON)]);
  assertEquals(await GenStatem.call(door, ["enter", 7]), ["welcome"]); // and the late reply is dropped
  const bye = ["leave", word("bye")];
  assertEquals(await reasonOf(() => GenStatem.call(door, bye)), ["bye", call(bye)]);
  assertEquals(await reasonOf(() => GenStatem.call(door, ["code"])), ["noproc", call(["code"])]);
  await assertSilence();
});

serverTest(
  "GenStatem.stop() terminates a machine on a node of $node, which fails with nodedown when that is lost [SM-004]",
  async ({ peer, startDoor }) => {
    const door = ["door", peer.node] as const;
    for (const reason of ["normal", "shutdown", ["shutdown", "why"], "custom"]) {
      await startDoor(1);
      const ref = Process.monitor(door);
      assertEquals(await GenStatem.stop(door, reason), "ok");
      assertEquals(await receive(), ["DOWN", ref, "process", door, reason]);
    }
    assertEquals(await reasonOf(() => GenStatem.stop(door)), ["noproc", stopOf(door)]);
    await startDoor(1);
    assertEquals(await reasonOf(() => GenStatem.stop(door, "other")), [
      "worse",
      stopOf(door, "other"),
    ]);
    await startDoor(1);
    const slow = await reasonOf(() => GenStatem.stop(door, "slow", SOON));
    assertEquals(slow, ["timeout", stopOf(door, "slow", SOON)]);
    const lost = [["nodedown", peer.node], stopOf(door)];
    const stopping = reasonOf(() => GenStatem.stop(door));
    await peer.kill();
    assertEquals(await stopping, lost);
    assertEquals(await reasonOf(() => GenStatem.stop(door)), lost);
    await assertSilence();
  },
);

clusterTest(
  "gen_statem:call(), cast() and stop() reach a machine here, which fail with nodedown without a connection [SM-004]",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, async () => {
      using _reports = collectReports();
      const start = async () => unwrap(await GenStatem.start(Door, 42, { name: "door" }));
      await start();
      await erl.eval(`D = {door, '${THIS_NODE}'}`);
      const exit = (reason: string) => `** exit:${reason}`;
      const call = (request: string, timeout = "infinity") =>
        `{gen_statem,call,[{door,'${THIS_NODE}'},${request},${timeout}]}`;
      const rows = [
        ["gen_statem:call(D, {code})", "{locked,42}"],
        ["gen_statem:call(D, {enter, 42})", "{welcome}"],
        ["gen_statem:call(D, {wait})", "{through}"],
        ["gen_statem:cast(D, {lock, 7}), gen_statem:call(D, {code})", "{locked,7}"],
        [`gen_statem:call(D, {wait}, ${SOON})`, exit(`{timeout,${call("{wait}", String(SOON))}}`)],
        ["gen_statem:call(D, {enter, 7})", "{welcome}"],
        ["gen_statem:call(D, {leave, bye})", exit(`{bye,${call("{leave,bye}")}}`)],
        ["gen_statem:call(D, {code})", exit(`{noproc,${call("{code}")}}`)],
        ["gen_statem:stop(D)", exit("noproc")],
        ["receive X -> X after 0 -> none end", "none"],
      ] as const;
      for (const [code, expected] of rows) assertEquals(await outcomeOf(erl, code), expected, code);
      for (const reason of ["normal", "shutdown", "custom"]) {
        const end = exitOf(await start());
        assertEquals(await outcomeOf(erl, `gen_statem:stop(D, ${reason}, infinity)`), "ok");
        assertEquals(await end, reason);
      }
      await start();
      assertEquals(await outcomeOf(erl, "gen_statem:stop(D, other, infinity)"), exit("worse"));
      const last = await start();
      assertEquals(await outcomeOf(erl, `gen_statem:stop(D, slow, ${SOON})`), exit("timeout"));
      assertEquals(await erl.eval("receive X -> X after 0 -> none end"), "none");
      Process.exit(last, "kill");
    });
    const lost = `{nodedown,'${THIS_NODE}'}`;
    const terminate = `{sys,terminate,[{door,'${THIS_NODE}'},normal,infinity]}`;
    assertEquals(await outcomeOf(erl, "gen_statem:stop(D)"), `** exit:{${lost},${terminate}}`);
  },
);
