import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  Agent,
  DynamicSupervisor,
  exit,
  flush,
  GenServer,
  Global,
  isPid,
  noreply,
  ok,
  type Pid,
  Process,
  receive,
  reply,
  spawn,
  Supervisor,
  Sys,
  Task,
  unwrap,
} from "../../mod.ts";
import { atom, Erpc, list, Node } from "../../lib/node/mod.ts";
import { assertSilence, collectReports, reasonOf } from "../helpers.ts";
import { clusterTest, type RunningNode } from "./beam.ts";
import { asNode, outcomeOf, THIS_NODE } from "./this_node.ts";

class Counter {
  static startLink = (count: number) => GenServer.startLink(Counter, count);
  static init = (count: number) => ok(count);
  static handleCall = (_request: "count", _from: GenServer.From, count: number) =>
    reply(count, count);
  static handleCast = (_request: "next", count: number) => noreply(count + 1);
}

/** Asks a node for one expression after another. */
async function assertOutcomes(
  node: RunningNode,
  rows: readonly (readonly [expression: string, outcome: string])[],
): Promise<void> {
  for (const [expression, outcome] of rows) {
    assertEquals(await outcomeOf(node, expression), outcome, expression);
  }
}

clusterTest(
  "Supervisor answers Elixir's Supervisor in its terms, and starts what is exported",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("e");
    await asNode(cluster, async () => {
      Node.exportFunctions("counters", { "start/1": Counter.startLink });
      const object = { start: () => Counter.startLink(2) };
      const supervisor = unwrap(
        await Supervisor.startLink([
          { id: "class", start: [Counter, "startLink", [1]] },
          { id: ["tuple", 1], start: [object, "start", []], restart: "temporary" },
        ], { strategy: "one_for_one", name: "sup" }),
      );
      await elixir.eval(`sup = {:sup, :"${THIS_NODE}"}`);
      await assertOutcomes(elixir, [
        [
          "for {id, pid, type, modules} <- Supervisor.which_children(sup), do: {id, is_pid(pid), type, modules}",
          "[{{:tuple, 1}, true, :worker, :dynamic}, {:class, true, :worker, [:Counter]}]",
        ],
        ["Supervisor.count_children(sup)", "%{active: 2, specs: 2, supervisors: 0, workers: 2}"],
        ["Supervisor.terminate_child(sup, :class)", ":ok"],
        ["Supervisor.terminate_child(sup, :nobody)", "{:error, :not_found}"],
        [
          "List.last(Supervisor.which_children(sup))",
          "{:class, :undefined, :worker, [:Counter]}",
        ],
        ["elem(Supervisor.restart_child(sup, :class), 0)", ":ok"],
        ["Supervisor.restart_child(sup, :class)", "{:error, :running}"],
        ["Supervisor.delete_child(sup, :class)", "{:error, :running}"],
        [
          "{:ok, child} = Supervisor.start_child(sup, %{id: :more, start: {:counters, :start, [5]}})\nGenServer.call(child, :count)",
          "5",
        ],
        [
          "Supervisor.start_child(sup, %{id: :more, start: {:counters, :start, [5]}}) == {:error, {:already_started, child}}",
          "true",
        ],
        [
          ":supervisor.get_childspec(sup, :more)",
          "{:ok, %{id: :more, modules: [:counters], restart: :permanent, shutdown: 5000, " +
          "significant: false, start: {:counters, :start, [5]}, type: :worker}}",
        ],
        ["Supervisor.terminate_child(sup, :more)", ":ok"],
        [
          "Supervisor.start_child(sup, %{id: :more, start: {:counters, :start, [5]}})",
          "{:error, :already_present}",
        ],
        ["Supervisor.delete_child(sup, :more)", ":ok"],
        [
          "elem(elem(Supervisor.start_child(sup, %{id: :x, start: {:erlang, :halt, [0]}}), 1), 0)",
          "{:EXIT, {:undef, [{:erlang, :halt, [0], []}]}}",
        ],
        ["Supervisor.start_child(sup, %{id: :x})", '{:error, "missing_start"}'],
        ["Supervisor.stop(sup)", ":ok"],
      ]);
      assert(!Process.isAlive(supervisor));
      Node.unexportFunctions("counters");
    });
  },
);

clusterTest(
  "DynamicSupervisor and Task.Supervisor answer Elixir's in their terms",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("e");
    await asNode(cluster, async () => {
      Node.exportFunctions("counters", {
        "start/1": Counter.startLink,
        add: (a: number, b: number) => a + b,
        leave: () => {
          throw exit("bye");
        },
      });
      await DynamicSupervisor.startLink({ name: "dynamic" });
      await Task.Supervisor.startLink({ name: "tasks", maxChildren: 1 });
      await elixir.eval(`
        Process.flag(:trap_exit, true)
        dynamic = {:dynamic, :"${THIS_NODE}"}
        tasks = {:tasks, :"${THIS_NODE}"}
      `);
      await assertOutcomes(elixir, [
        [
          "{:ok, child} = DynamicSupervisor.start_child(dynamic, %{id: :x, start: {:counters, :start, [5]}})\nGenServer.call(child, :count)",
          "5",
        ],
        [
          "DynamicSupervisor.which_children(dynamic) == [{:undefined, child, :worker, [:counters]}]",
          "true",
        ],
        [
          "DynamicSupervisor.count_children(dynamic)",
          "%{active: 1, specs: 1, supervisors: 0, workers: 1}",
        ],
        ["DynamicSupervisor.terminate_child(dynamic, child)", ":ok"],
        ["DynamicSupervisor.terminate_child(dynamic, child)", "{:error, :not_found}"],
        [
          "DynamicSupervisor.start_child(dynamic, %{id: :x, start: {:erlang, :halt, [0]}})",
          "{:error, {:undef, [{:erlang, :halt, [0], []}]}}",
        ],
        ["Task.Supervisor.async(tasks, :counters, :add, [1, 3]) |> Task.await()", "4"],
        ["receive do {:EXIT, _, reason} -> reason end", ":normal"],
        [
          "task = Task.Supervisor.async_nolink(tasks, :counters, :leave, [])\ncatch_exit = (try do Task.await(task) catch :exit, {why, _} -> why end)",
          ":bye",
        ],
        [
          "task = Task.Supervisor.async_nolink(tasks, :erlang, :halt, [0])\ntry do Task.await(task) catch :exit, {why, _} -> why end",
          "{:undef, [{:erlang, :halt, [0], []}]}",
        ],
        ["elem(Task.Supervisor.start_child(tasks, :counters, :add, [1, 3]), 0)", ":ok"],
      ]);
      Node.unexportFunctions("counters");
    });
  },
);

clusterTest(
  "Agent runs what is exported on its state for Elixir's Agent",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("e");
    await asNode(cluster, async () => {
      Process.flag("trap_exit", true);
      Node.exportFunctions("numbers", {
        add: (a: number, b: number) => a + b,
        "swap/2": (a: number, b: number) => [a, b],
      });
      const agent = unwrap(await Agent.startLink(() => 1, { name: "agent" }));
      await elixir.eval(`agent = {:agent, :"${THIS_NODE}"}`);
      await assertOutcomes(elixir, [
        ["Agent.get(agent, :numbers, :add, [1])", "2"],
        ["Agent.update(agent, :numbers, :add, [4])", ":ok"],
        ["Agent.cast(agent, :numbers, :add, [2])", ":ok"],
        ["Agent.get_and_update(agent, :numbers, :swap, [20])", "7"],
        ["Agent.get(agent, :numbers, :add, [0])", "20"],
        // What is not exported fails the call, and the agent goes on.
        ...["get", "update", "get_and_update"].map((operation) =>
          [
            `try do Agent.${operation}(agent, :numbers, :missing, [1]) catch :exit, ` +
            `{{why, [{m, f, args, _}]}, {GenServer, :call, _}} -> {why, m, f, length(args)} end`,
            "{:undef, :numbers, :missing, 2}",
          ] as const
        ),
        ["Agent.cast(agent, :numbers, :missing, [])", ":ok"],
        ["Agent.get(agent, :numbers, :add, [0])", "20"],
        [
          "receive do message -> message after 0 -> :silence end",
          ":silence",
        ],
        [
          "try do Agent.get(agent, fn x -> x end) catch :exit, {{why, _}, _} -> why end",
          ":badfun",
        ],
      ]);
      assert(!Process.isAlive(agent));
      Node.unexportFunctions("numbers");
    });
  },
);

clusterTest(
  "GenServer answers Erlang's sys and gen_server:stop in their terms",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("e");
    await asNode(cluster, async () => {
      Process.flag("trap_exit", true);
      const server = unwrap(await GenServer.startLink(Counter, 7, { name: "counter" }));
      const keepsFunctions = { init: () => ok({ run: () => {}, kept: new Counter(), nan: NaN }) };
      await GenServer.startLink(keepsFunctions, undefined, { name: "functions" });
      await elixir.eval(
        `counter = {:counter, :"${THIS_NODE}"}; functions = {:functions, :"${THIS_NODE}"}`,
      );
      await assertOutcomes(elixir, [
        [":sys.get_state(counter)", "7"],
        [":sys.suspend(counter)", ":ok"],
        ["elem(:sys.get_status(counter), 3) |> Enum.at(1)", ":suspended"],
        [":sys.resume(counter)", ":ok"],
        [
          "{:status, _, {:module, :gen_server}, [[], :running, _, [], [header: _, data: data, data: [{'State', 7}]]]} = :sys.get_status(counter)\ndata |> List.last()",
          "{'Module', :Counter}",
        ],
        [":sys.statistics(counter, true)", ":ok"],
        [":sys.log(counter, true)", ":ok"],
        ["GenServer.cast(counter, :next)\n:sys.get_state(counter)", "8"],
        ["{:ok, counts} = :sys.statistics(counter, :get)\ncounts[:messages_in]", "1"],
        ["{:ok, [event | _]} = :sys.log(counter, :get)\nevent", '{:in, {:"$gen_cast", "next"}}'],
        [":sys.statistics(counter, false)", ":ok"],
        [":sys.statistics(counter, :get)", "{:ok, :no_statistics}"],
        [":sys.no_debug(counter)", ":ok"],
        [":sys.get_state(functions)", '"#Module<>"'],
        ["elem(:sys.get_status(functions), 0)", ":status"],
        [
          "try do :sys.replace_state(counter, fn n -> n + 1 end) rescue e -> elem(e.original, 0) end",
          ":callback_failed",
        ],
        ["GenServer.stop(functions, :shutdown)", ":ok"],
        ["GenServer.stop(counter)", ":ok"],
        [
          "try do GenServer.stop(counter) catch :exit, {why, _} -> why end",
          ":noproc",
        ],
        ["Process.info(self(), :messages)", "{:messages, []}"],
      ]);
      assert(!Process.isAlive(server));
    });
  },
);

const ELIXIR_SERVERS = `
  defmodule Sums do
    def start(state), do: Agent.start_link(fn -> state end)
  end
  Process.flag(:trap_exit, true)
  one = %{id: :one, start: {Sums, :start, [1]}}
  {:ok, _} = Supervisor.start_link([one], strategy: :one_for_one, name: :sup)
  {:ok, _} = DynamicSupervisor.start_link(name: :dynamic)
  {:ok, _} = Agent.start_link(fn -> 7 end, name: :agent)
`;

clusterTest(
  "Supervisor and DynamicSupervisor speak to those of Elixir",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("e");
    await elixir.eval(ELIXIR_SERVERS);
    await asNode(cluster, async () => {
      const sup = ["sup", elixir.node] as const;
      const [[id, pid, type, modules] = []] = await Supervisor.whichChildren(sup);
      assertEquals([id, isPid(pid), type, modules], ["one", true, "worker", ["Elixir.Sums"]]);
      const counts = { specs: 1, active: 1, supervisors: 0, workers: 1 };
      assertEquals(await Supervisor.countChildren(sup), counts);
      assertEquals(await Supervisor.terminateChild(sup, "one"), "ok");
      assertEquals(await Supervisor.terminateChild(sup, "two"), ["error", "not_found"]);
      assertEquals((await Supervisor.restartChild(sup, "one"))[0], "ok");
      assertEquals(await Supervisor.restartChild(sup, "one"), ["error", "running"]);
      const spec = { id: "two", start: ["Elixir.Sums", "start", [2]] } as const;
      const two = unwrap(await Supervisor.startChild(sup, spec));
      assertEquals(await Sys.getState(two!), 2);
      assertEquals(await Supervisor.startChild(sup, spec), ["error", ["already_started", two!]]);
      assertEquals(await Supervisor.terminateChild(sup, "two"), "ok");
      assertEquals(await Supervisor.deleteChild(sup, "two"), "ok");

      const dynamic = ["dynamic", elixir.node] as const;
      const child = unwrap(await DynamicSupervisor.startChild(dynamic, spec));
      assertEquals(await DynamicSupervisor.whichChildren(dynamic), [
        [undefined, child!, "worker", ["Elixir.Sums"]],
      ]);
      assertEquals(await DynamicSupervisor.countChildren(dynamic), counts);
      assertEquals(await DynamicSupervisor.terminateChild(dynamic, child!), "ok");
      await elixir.eval(":global.register_name(:dynamic, Process.whereis(:dynamic))");
      await Global.sync();
      const again = unwrap(await DynamicSupervisor.startChild(["global", "dynamic"], spec));
      assertEquals(await DynamicSupervisor.terminateChild(["global", "dynamic"], again!), "ok");

      for (const start of [() => Counter.startLink(1), [Counter, "startLink", [1]] as const]) {
        for (const startChild of [Supervisor.startChild, DynamicSupervisor.startChild]) {
          await assertRejects(
            () => startChild(sup, { id: "x", start }),
            TypeError,
            "expected the start",
          );
        }
      }
      assertEquals(await Supervisor.stop(sup), "ok");
    });
  },
);

clusterTest(
  "Agent's functions take the name of a module of Elixir, a function and arguments",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("e");
    await asNode(cluster, async () => {
      await elixir.eval(`
        defmodule Sums do
          def add(state, n), do: state + n
          def swap(state, n), do: {state, n}
        end
        {:ok, _} = Agent.start(fn -> 1 end, name: :sums)`);
      const byName = ["sums", elixir.node] as const;
      const pid = await Erpc.call(elixir.node, "erlang", "whereis", [atom("sums")]) as Pid;
      for (const agent of [byName, pid]) {
        assertEquals(await Agent.update(agent, "Elixir.Sums", "add", [1]), "ok");
        assertEquals(Agent.cast(agent, "Elixir.Sums", "add", [2]), "ok");
        assertEquals(await Agent.get(agent, "Elixir.Sums", "add", [10]), 14);
        assertEquals(await Agent.getAndUpdate(agent, "Elixir.Sums", "swap", [1], 1000), 4);
      }
      // There, as in Elixir, it ends the agent.
      const [[why]] = await reasonOf(() => Agent.get(pid, "Elixir.Sums", "missing", [])) as [
        [unknown],
      ];
      assertEquals(why, "undef");
      assertEquals((await reasonOf(() => Agent.get(pid, "Elixir.Sums", "add", [1])))[0], "noproc");
    });
  },
);

clusterTest(
  "Sys, GenServer.stop() and Agent's calls work on servers of Elixir",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("e");
    await elixir.eval(ELIXIR_SERVERS);
    await asNode(cluster, async () => {
      const agent = ["agent", elixir.node] as const;
      assertEquals(await Sys.getState(agent), 7);
      assertEquals(await Sys.suspend(agent), "ok");
      assertEquals((await Sys.getStatus(agent)).status, "suspended");
      assertEquals(await Sys.resume(agent), "ok");
      assertEquals(await Sys.statistics(agent, true), "ok");
      assertEquals(await Sys.log(agent, ["keep", 2]), "ok");
      const call = ["get", ["Elixir.Integer", atom("to_string"), list([])]];
      assertEquals(await GenServer.call(agent, call), "7");
      const [, counts] = await Sys.statistics(agent, "get");
      assert(typeof counts === "object" && counts.messagesIn === 1);
      assertEquals((await Sys.log(agent, "get"))[1].length, 2);
      assertEquals(await Sys.noDebug(agent), "ok");
      assertEquals(await Sys.statistics(agent, "get"), ["ok", "no_statistics"]);
      for (
        const impossible of [
          () => Sys.replaceState(agent, (state) => state),
          () => Sys.install(agent, [(state) => state, 0]),
        ]
      ) await assertRejects(impossible, TypeError, "functions cannot be sent");

      assertEquals(await GenServer.stop(agent, ["shutdown", "bye"]), "ok");
      assertEquals(await reasonOf(() => GenServer.stop(agent)), [
        "noproc",
        ["GenServer", "stop", [agent, "normal", Infinity]],
      ]);
      await assertSilence();
      assertEquals(flush(), []);
    });
  },
);

clusterTest(
  "Supervisor and Sys speak to those of a denotp node as they do here",
  "deno",
  async (cluster) => {
    const other = await cluster.denotp("o");
    await other.eval(`
    const Counter = {
      init: (n) => ok(n),
      handleCall: (r, from, n) => reply(n, n),
      start: (n) => GenServer.startLink(Counter, n),
    };
    Node.exportFunctions("counters", { start: Counter.start });
    await Supervisor.startLink([{ id: "one", start: [Counter, "start", [1]] }], { strategy: "one_for_one", name: "sup" });
    await DynamicSupervisor.startLink({ name: "dynamic" });
  `);
    await asNode(cluster, async () => {
      const sup = ["sup", other.node] as const;
      const [[id, pid, type, modules] = []] = await Supervisor.whichChildren(sup);
      assertEquals([id, isPid(pid), type, modules], ["one", true, "worker", "dynamic"]);
      assertEquals((await Supervisor.countChildren(sup)).active, 1);
      assertEquals(await Supervisor.terminateChild(sup, "one"), "ok");
      assertEquals(await Supervisor.deleteChild(sup, "one"), "ok");
      assertEquals(await Supervisor.deleteChild(sup, "one"), ["error", "not_found"]);
      const spec = { id: "two", start: ["counters", "start", [2]] } as const;
      const two = unwrap(await Supervisor.startChild(sup, spec));
      assertEquals(await Sys.getState(two!), 2);
      const dynamic = ["dynamic", other.node] as const;
      const child = unwrap(await DynamicSupervisor.startChild(dynamic, spec));
      assertEquals(await GenServer.call(child!, "count"), 2);
      assertEquals(await DynamicSupervisor.whichChildren(dynamic), [
        [undefined, child!, "worker", ["counters"]],
      ]);
      const { status, behaviour } = await Sys.getStatus(child!);
      assertEquals([status, behaviour], ["running", "gen_server"]);
      assertEquals(await Sys.suspend(child!), "ok");
      assertEquals(await Sys.resume(child!), "ok");
      assertEquals(await GenServer.stop(child!, "shutdown"), "ok");
      assertEquals(await Supervisor.stop(sup), "ok");
    });
  },
);

clusterTest(
  "GenServer.call() that fails in a process tells Elixir so in the words of Elixir",
  "elixir",
  async (cluster) => {
    const elixir = await cluster.elixir("e");
    await asNode(cluster, async () => {
      using _reports = collectReports();
      const asks = spawn(async () => {
        await receive();
        await GenServer.call("nobody", ["get"], Infinity);
      });
      Process.register(asks, "asks");
      await elixir.eval(
        `ref = Process.monitor({:asks, :"${THIS_NODE}"})\nsend({:asks, :"${THIS_NODE}"}, :go)`,
      );
      assertEquals(
        await elixir.eval(
          "receive do {:DOWN, ^ref, _, _, reason} -> Exception.format_exit(reason) end",
        ),
        JSON.stringify(
          "exited in: GenServer.call(:nobody, {:get}, :infinity)\n" +
            "    ** (EXIT) no process: the process is not alive or there's no process currently " +
            "associated with the given name, possibly because its application isn't started",
        ),
      );
    });
  },
);
