import { assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { GenServer, type Pid, Process, receive, self, send, spawn, unwrap } from "../../../mod.ts";
import { list, Node } from "../../../lib/node/mod.ts";
import { assertSilence, collectReports, reasonOf } from "../../helpers.ts";
import { clusterTest } from "../beam.ts";
import { asNode, outcomeOf, THIS_NODE } from "../this_node.ts";
import { REMOTES, serverTest, startHere, withServer } from "./remotes.ts";
import { Server } from "./servers.ts";

const NOBODY = "nobody@127.0.0.1";
/** An answer that must not come in time: that nothing waits for it is part of what is tested. */
const SOON = 50;

/** What an expression of Elixir raises or exits with, or its value. */
const CAUGHT = `
  caught = fn body -> try do body.() catch kind, what -> {kind, what} end end
  srv = {:srv, :"${THIS_NODE}"}
`;

// --- From here ----------------------------------------------------------------------------------

serverTest(
  "GenServer.call(), cast() and reply() reach a server on a node of $node by name and by pid",
  async ({ server, start }) => {
    await start("one");
    assertEquals(await GenServer.call(server, ["get"]), "one");
    GenServer.cast(server, ["put", "two"]);
    assertEquals(await GenServer.call(server, ["get"]), "two"); // cast and call keep their order
    assertEquals(await GenServer.call(server, ["swap", "three"]), "two");
    assertEquals(
      await GenServer.call(server, ["delegate", "from another process"]),
      "from another process",
    );
    assertEquals(GenServer.whereis(server), server);

    const kept = GenServer.call(server, ["keep"]);
    GenServer.cast(server, ["answer", "later"]);
    assertEquals(await kept, "later");
    await assertSilence();
  },
);

serverTest(
  "GenServer.call() and cast() by the pid of a server on a node of $node",
  async (remote) => {
    const { server, start, peer } = remote;
    await start("one");
    const pid: Pid = await GenServer.call(server, ["pid"]);
    assertEquals(pid.node, peer.node);
    assertStrictEquals(await GenServer.call(server, ["pid"]), pid);
    GenServer.cast(pid, ["put", "two"]);
    assertEquals(await GenServer.call(pid, ["get"]), "two");
    assertStrictEquals(await GenServer.call(pid, ["echo", self()]), self());
    await assertSilence();
  },
);

serverTest(
  "GenServer.call() fails with the exact reason of a server on a node of $node that exits",
  async ({ server, start, word }) => {
    const rows: readonly (readonly [request: readonly unknown[], reason: unknown])[] = [
      [["leave", word("normal")], "normal"],
      [["leave", word("shutdown")], "shutdown"],
      [["leave", ["shutdown", "x"]], ["shutdown", "x"]],
      [["leave", ["oops", list([1, 2])]], ["oops", list([1, 2])]],
      [["leave", word("kill")], "kill"],
      [["stop", word("bye")], "bye"],
      [["kill"], "killed"],
    ];
    for (const [request, reason] of rows) {
      await start("state");
      const actual = await reasonOf(() => GenServer.call(server, request));
      assertEquals(actual, [reason, ["GenServer", "call", [server, request, 5000]]]);
    }
    await start("state");
    const last = await GenServer.call(server, ["last", word("shutdown")]);
    assertEquals(last, "last words");
    await assertSilence();
  },
);

clusterTest(
  "GenServer.call() fails with the error of a server on an Elixir node",
  "elixir",
  async (cluster) => {
    const { server, start } = await REMOTES.Elixir(cluster);
    await asNode(cluster, async () => {
      await start("state");
      const [why, call] = await reasonOf(() => GenServer.call(server, ["raise", "Boom"])) as [
        [Record<string, unknown>, unknown[][]],
        unknown,
      ];
      const struct = { __struct__: "Elixir.RuntimeError", __exception__: true, message: "Boom" };
      assertEquals(why[0], struct);
      assertEquals(why[1][0]!.slice(0, 3), ["Elixir.Server", "handle_call", 3]);
      assertEquals(call, ["GenServer", "call", [server, ["raise", "Boom"], 5000]]);
    });
  },
);

clusterTest(
  "GenServer.call() fails with the error of a server on a denotp node",
  "deno",
  async (cluster) => {
    const { server, start } = await REMOTES.denotp(cluster);
    await asNode(cluster, async () => {
      await start("state");
      const [why] = await reasonOf(() => GenServer.call(server, ["raise", "Boom"])) as [
        [Error, string],
      ];
      assertEquals([why[0] instanceof Error, why[0].message], [true, "Boom"]);
      assertMatch(why[1], /servers\.ts/);
    });
  },
);

serverTest(
  'GenServer.call() fails with "noproc" when the name is not registered on a node of $node',
  async ({ server, start, peer }) => {
    const call = (to: unknown, request: unknown) => ["GenServer", "call", [to, request, 5000]];
    assertEquals(await reasonOf(() => GenServer.call(server, ["get"])), [
      "noproc",
      call(server, ["get"]),
    ]);
    // The second time it is known, and is there no more.
    await start("state");
    await reasonOf(() => GenServer.call(server, ["kill"]));
    assertEquals(await reasonOf(() => GenServer.call(server, ["get"])), [
      "noproc",
      call(server, ["get"]),
    ]);
    assertEquals((await reasonOf(() => GenServer.call(["other", peer.node], 1)))[0], "noproc");
    await assertSilence();
  },
);

serverTest(
  'GenServer.call() fails with "noproc" or the reason when a process on a node of $node has died [GS-016]',
  async ({ server, start, peer }) => {
    await start("state");
    const pid: Pid = await GenServer.call(server, ["pid"]);
    assertEquals(pid.node, peer.node);
    assertEquals(await GenServer.call(pid, ["get"]), "state");
    const killed = reasonOf(() => GenServer.call(pid, ["kill"]));
    const waiting = reasonOf(() => GenServer.call(pid, ["get"]));
    assertEquals(await killed, ["killed", ["GenServer", "call", [pid, ["kill"], 5000]]]);
    // The call behind it was in the mailbox when it died, or came when it was dead.
    const [why, call] = await waiting;
    assertEquals([why === "killed" || why === "noproc", call], [true, [
      "GenServer",
      "call",
      [pid, ["get"], 5000],
    ]]);
    assertEquals(await reasonOf(() => GenServer.call(pid, ["get"])), [
      "noproc",
      ["GenServer", "call", [pid, ["get"], 5000]],
    ]);
    await peer.kill();
    assertEquals(await reasonOf(() => GenServer.call(pid, ["get"])), [["nodedown", peer.node], [
      "GenServer",
      "call",
      [pid, ["get"], 5000],
    ]]);
    await assertSilence();
  },
);

serverTest(
  "GenServer.call() fails with nodedown when a node of $node is killed, or was never there",
  async ({ server, start, peer }) => {
    await start("state");
    const waiting = [1, 2, 3].map(() => reasonOf(() => GenServer.call(server, ["keep"], Infinity)));
    await GenServer.call(server, ["get"]); // they are there
    await peer.kill();
    for (const reason of await Promise.all(waiting)) {
      assertEquals(reason, [["nodedown", peer.node], [
        "GenServer",
        "call",
        [server, ["keep"], Infinity],
      ]]);
    }
    const nobody = ["srv", NOBODY] as const;
    assertEquals(await reasonOf(() => GenServer.call(nobody, 1, 100)), [
      ["nodedown", NOBODY],
      ["GenServer", "call", [nobody, 1, 100]],
    ]);
    await assertSilence();
  },
);

serverTest(
  "GenServer.call() fails after its timeout, and the late reply of a node of $node does not arrive",
  async ({ server, start }) => {
    await start("state");
    const reason = await reasonOf(() => GenServer.call(server, ["keep"], SOON));
    assertEquals(reason, ["timeout", ["GenServer", "call", [server, ["keep"], SOON]]]);
    GenServer.cast(server, ["answer", "too late"]);
    // What is asked after the late reply was sent is answered after that.
    assertEquals(await GenServer.call(server, ["echo", "there"]), "there");
    await assertSilence();
  },
);

serverTest(
  "GenServer.sendRequest() and the functions that take its answer work with a node of $node",
  async ({ server, start, peer }) => {
    const { sendRequest, receiveResponse, waitResponse, checkResponse } = GenServer;
    await start("state");
    const first = await sendRequest(server, ["echo", 1]);
    const second = await sendRequest(server, ["echo", 2]);
    assertEquals(await receiveResponse(second), ["reply", 2]);
    assertEquals(await waitResponse(first), ["reply", 1]);

    const kept = await sendRequest(server, ["keep"]);
    assertEquals(await waitResponse(kept, SOON), "timeout");
    GenServer.cast(server, ["answer", "in the end"]);
    assertEquals(await waitResponse(kept), ["reply", "in the end"]);

    const given = await sendRequest(server, ["keep"]);
    assertEquals(await receiveResponse(given, SOON), "timeout");
    GenServer.cast(server, ["answer", "too late"]);

    const checked = await sendRequest(server, ["echo", "checked"]);
    assertEquals(checkResponse(await receive(), checked), ["reply", "checked"]);

    const dying = await sendRequest(server, ["kill"]);
    assertEquals(await receiveResponse(dying), ["error", ["killed", server]]);
    const none = await sendRequest(server, ["get"]);
    assertEquals(await receiveResponse(none), ["error", ["noproc", server]]);

    let requests = GenServer.reqidsNew<unknown, string>();
    await start("anew");
    requests = await sendRequest(server, ["keep"], "kept", requests);
    requests = await sendRequest(server, ["echo", 3], "echoed", requests);
    const answer = await receiveResponse(requests, Infinity, true);
    if (answer === "timeout" || answer === "no_request") throw new Error(answer);
    const [response, label, rest] = answer;
    assertEquals([response, label, GenServer.reqidsSize(rest)], [["reply", 3], "echoed", 1]);
    await peer.kill();
    const lost = await receiveResponse(rest, Infinity, true);
    assertEquals(lost.slice(0, 2), [["error", ["noconnection", server]], "kept"]);
    await assertSilence();
  },
);

serverTest(
  "GenServer.multiCall() and abcast() reach a node of $node and pass over those that are not there",
  async ({ server, start, peer }) => {
    await start("there");
    unwrap(await GenServer.startLink(Server, "here", { name: "srv" }));
    const nodes = [Node.self(), peer.node, NOBODY];
    assertEquals(await GenServer.multiCall("srv", ["get"], Infinity, nodes), [
      [[Node.self(), "here"], [peer.node, "there"]],
      [NOBODY],
    ]);
    assertEquals(GenServer.abcast("srv", ["put", "new"], nodes), "abcast");
    assertEquals(await GenServer.multiCall("srv", ["get"]), [
      [[Node.self(), "new"], [peer.node, "new"]],
      [],
    ]);
    assertEquals(GenServer.abcast("srv", ["put", "all"]), "abcast");
    assertEquals(await GenServer.call(server, ["get"]), "all");
    assertEquals(await GenServer.call("srv", ["get"]), "all");

    assertEquals(await GenServer.multiCall("srv", ["keep"], SOON), [[], [Node.self(), peer.node]]);
    GenServer.abcast("srv", ["answer", "too late"]);
    assertEquals(await GenServer.multiCall("none", ["get"]), [[], [Node.self(), peer.node]]);
    assertEquals((await GenServer.multiCall("srv", ["get"]))[1], []);
    await assertSilence();
  },
);

clusterTest(
  "GenServer.cast() returns at once when its node cannot be reached, or only later [GS-010]",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await erl.eval("register(srv, self())");
    await asNode(cluster, async () => {
      for (let i = 0; i < 3; i++) assertEquals(GenServer.cast(["srv", NOBODY], i), "ok");
      erl.pause(); // the connection to it is being made from now on
      for (let i = 0; i < 100; i++) assertEquals(GenServer.cast(["srv", erl.node], ["n", i]), "ok");
      // The process that casts goes on meanwhile, and so do all others.
      const test = self();
      spawn(() => send(test, "hello"));
      assertEquals(await receive(), "hello");
      assertEquals(Node.list(), []);
      erl.resume();
      const read = "[receive {'$gen_cast', {n, I}} -> I end || I <- lists:seq(0, 99)], true";
      assertEquals(await erl.eval(read), "true");
      await assertSilence();
    });
  },
);

clusterTest(
  "GenServer.call() by a global name fails with noproc when its node went down [GS-015]",
  "elixir",
  async (cluster) => {
    const [one, two] = await Promise.all([REMOTES.Elixir(cluster), cluster.denotp("t")]);
    await two.eval(`unwrap(await GenServer.start(Server, "t", { name: ["global", "deno"] }))`);
    await asNode(cluster, async () => {
      using _reports = collectReports(); // of the nodes that are killed, whichever tells first
      for (const node of [one.peer.node, two.node]) assertEquals(await Node.connect(node), true);
      await one.peer.eval(
        `{:ok, _} = GenServer.start(Server, "x", name: {:global, :elixir}); :global.sync()`,
      );
      const global = (name: string) => ["global", name] as const;
      await isGlobal("elixir", true);
      await isGlobal("deno", true);
      assertEquals(await GenServer.call(global("elixir"), ["get"]), "x");
      assertEquals(await GenServer.call(global("deno"), ["get"]), "t");
      for (const [peer, name] of [[one.peer, "elixir"], [two, "deno"]] as const) {
        Node.monitor(peer.node, true);
        await peer.kill();
        assertEquals(await receive(), ["nodedown", peer.node]);
        await isGlobal(name, false);
        assertEquals(await reasonOf(() => GenServer.call(global(name), ["get"])), [
          "noproc",
          ["GenServer", "call", [global(name), ["get"], 5000]],
        ]);
      }
      await assertSilence();
    });
  },
);

// --- From Elixir --------------------------------------------------------------------------------

clusterTest(
  "GenServer.call(), cast() and reply() of Elixir reach a server here by name and by pid",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("x");
    await asNode(cluster, () =>
      withServer(async () => {
        await elixir.eval(CAUGHT);
        const rows = [
          ["GenServer.call(srv, {:get})", '"start"'],
          ["GenServer.cast(srv, {:put, [1, %{a: 2.5}]})", ":ok"],
          ["GenServer.call(srv, {:get})", "[1, %{a: 2.5}]"],
          ['GenServer.call(srv, {:swap, "text"})', "[1, %{a: 2.5}]"],
          ['GenServer.call(srv, {:delegate, "by another"})', '"by another"'],
          [
            "task = Task.async(fn -> GenServer.call(srv, {:keep}) end); " +
            "Process.sleep(0); " +
            "Stream.repeatedly(fn -> GenServer.call(srv, {:get}) end) |> Enum.find(&is_tuple/1); " +
            'GenServer.cast(srv, {:answer, "later"}); Task.await(task) |> tap(fn _ -> receive do {:EXIT, _, :normal} -> :ok end end)',
            '"later"',
          ],
          [
            "pid = GenServer.call(srv, {:pid}); {node(pid) == elem(srv, 1), GenServer.call(pid, {:echo, 1})}",
            "{true, 1}",
          ],
          ["GenServer.cast(pid, {:put, nil}); GenServer.call(pid, {:get})", "nil"],
          [
            "GenServer.multi_call([node(:erlang.node() && pid)], :srv, {:echo, 2})",
            `{["${THIS_NODE}": 2], []}`,
          ],
          [
            `GenServer.multi_call([:"${THIS_NODE}"], :none, {:echo, 2})`,
            `{[], [:"${THIS_NODE}"]}`,
          ],
          [
            "GenServer.abcast(:srv, {:put, 5}); GenServer.call(srv, {:get})",
            "5",
          ],
        ] as const;
        for (const [code, expected] of rows) {
          assertEquals(await outcomeOf(elixir, code), expected, code);
        }
        assertEquals(await elixir.erl("receive X -> X after 0 -> none end"), "none");
      }));
  },
);

clusterTest(
  "GenServer.call() of Elixir fails with the exact reason of a server here that exits",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("x");
    await asNode(cluster, () =>
      withServer(async (reports) => {
        await elixir.eval(CAUGHT);
        const rows = [
          ["{:leave, :normal}", ":normal"],
          ["{:leave, :shutdown}", ":shutdown"],
          ['{:leave, {:shutdown, "x"}}', '{:shutdown, "x"}'],
          ["{:leave, {:oops, [1, 2]}}", "{:oops, [1, 2]}"],
          ["{:leave, :kill}", ":kill"],
          ["{:stop, :bye}", ":bye"],
          ["{:kill}", ":killed"],
        ] as const;
        for (const [request, reason] of rows) {
          assertEquals(
            await elixir.eval(`caught.(fn -> GenServer.call(srv, ${request}) end)`),
            `{:exit, {${reason}, {GenServer, :call, [{:srv, :"${THIS_NODE}"}, ${request}, 5000]}}}`,
          );
          await startHere("state");
        }
        const last = "GenServer.call(srv, {:last, :shutdown})";
        assertEquals(await elixir.eval(last), '"last words"');
        await startHere("state");
        const crash =
          "{:exit, {{%RuntimeError{message: message}, stack}, {GenServer, :call, _}}} = " +
          'caught.(fn -> GenServer.call(srv, {:raise, "Boom"}) end); {message, stack =~ "servers.ts"}';
        assertEquals(await elixir.eval(crash), '{"Boom", true}');
        const none = "caught.(fn -> GenServer.call(srv, {:get}) end) |> elem(1) |> elem(0)";
        assertEquals(await elixir.eval(none), ":noproc");
        assertEquals(await elixir.erl("receive X -> X after 0 -> none end"), "none");
        // Only the exit of the killed server is not reported, if it was abnormal.
        assertEquals(reports.logged.map(({ kind }) => kind), Array(4).fill("gen_server"));
      }));
  },
);

clusterTest(
  "GenServer.call() of Elixir times out, and the late reply from here does not arrive",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("x");
    await asNode(cluster, () =>
      withServer(async () => {
        await elixir.eval(CAUGHT);
        const late =
          `caught.(fn -> GenServer.call(srv, {:keep}, ${SOON}) end) |> elem(1) |> elem(0)`;
        assertEquals(await elixir.eval(late), ":timeout");
        await elixir.eval('GenServer.cast(srv, {:answer, "too late"})');
        assertEquals(await elixir.eval("GenServer.call(srv, {:echo, 1})"), "1");
        assertEquals(await elixir.erl("receive X -> X after 0 -> none end"), "none");
      }));
  },
);

clusterTest(
  "gen_server:send_request() and its kin work with a server here",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    await asNode(cluster, () =>
      withServer(async () => {
        await erl.eval(`S = {srv, '${THIS_NODE}'}`);
        const rows = [
          [
            "R1 = gen_server:send_request(S, {echo, 1}), gen_server:wait_response(R1, infinity)",
            "{reply,1}",
          ],
          ["R2 = gen_server:send_request(S, {keep}), gen_server:wait_response(R2, 20)", "timeout"],
          [
            "gen_server:cast(S, {answer, 2}), gen_server:receive_response(R2, infinity)",
            "{reply,2}",
          ],
          [
            "C0 = gen_server:reqids_new(), C1 = gen_server:send_request(S, {echo, 3}, a, C0), " +
            "{R3, a, C2} = gen_server:receive_response(C1, infinity, true), {R3, gen_server:reqids_size(C2)}",
            "{{reply,3},0}",
          ],
          [
            "R4 = gen_server:send_request(S, {kill}), gen_server:receive_response(R4, infinity)",
            `{error,{killed,{srv,'${THIS_NODE}'}}}`,
          ],
          [
            "R5 = gen_server:send_request(S, {get}), gen_server:receive_response(R5, infinity)",
            `{error,{noproc,{srv,'${THIS_NODE}'}}}`,
          ],
          ["receive X -> X after 0 -> none end", "none"],
        ] as const;
        for (const [code, expected] of rows) {
          assertEquals(await outcomeOf(erl, code), expected, code);
        }
      }));
  },
);

clusterTest(
  "gen_server:call() fails with nodedown when this node stops",
  "erl",
  async (cluster) => {
    const erl = await cluster.erl("e");
    let asked!: Promise<string>;
    unwrap(await GenServer.start(Server, "state", { name: "srv" }));
    await asNode(cluster, async () => {
      asked = erl.eval(`catch gen_server:call({srv, '${THIS_NODE}'}, {keep}, infinity)`);
      await keeps("srv");
    });
    const call = `{gen_server,call,[{srv,'${THIS_NODE}'},{keep},infinity]}`;
    assertEquals(await asked, `{'EXIT',{{nodedown,'${THIS_NODE}'},${call}}}`);
    await GenServer.stop("srv");
  },
);

// --- Helpers ------------------------------------------------------------------------------------

/** Waits until it is known here that a global name is taken, or that it is free. */
async function isGlobal(name: string, isTaken: boolean): Promise<void> {
  while ((await GenServer.whereis(["global", name]) !== undefined) !== isTaken) {
    await Process.sleep(1);
  }
}

/** Waits until a server has put the `from` of a call aside. */
async function keeps(server: string): Promise<void> {
  while (!Array.isArray(await GenServer.call(server, ["get"]))) await Process.sleep(1);
}
