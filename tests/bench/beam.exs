# The work of the files in work/, as an Elixir programmer writes it. Reads lines "name operations" and
# answers each with nanoseconds (or bytes) per operation, until there are no more.
#
# Run: echo "call 200000" | elixir --erl "+S 1:1" tests/bench/beam.exs

defmodule Counter do
  use GenServer
  def init(count), do: {:ok, count}
  def handle_call(:get, _from, count), do: {:reply, count, count}
  def handle_cast(:increment, count), do: {:noreply, count + 1}
end

defmodule Idle do
  use GenServer
  def start_link(state), do: GenServer.start_link(__MODULE__, state)
  def init(state), do: {:ok, state}
end

defmodule Ring.Server do
  use GenServer
  def init(next), do: {:ok, next}
  def handle_cast(next, _state), do: {:noreply, next}

  def handle_info(token, next) do
    Ring.pass(token, next)
    {:noreply, next}
  end
end

defmodule Ring.Process do
  def hop(next) do
    receive do
      {_hops, _home} = token -> Ring.pass(token, next)
    end

    hop(next)
  end
end

defmodule Ring do
  @size 1000

  def pass({0, home}, _next), do: send(home, :home)
  def pass({hops, home}, next), do: send(next, {hops - 1, home})

  def servers do
    {:ok, first} = GenServer.start(Ring.Server, nil)

    ring =
      Enum.reduce(2..@size, [first], fn _, [next | _] = ring ->
        {:ok, pid} = GenServer.start(Ring.Server, next)
        [pid | ring]
      end)

    GenServer.cast(first, hd(ring))
    {first, ring}
  end

  def processes do
    first = spawn(fn -> receive do: ({:next, next} -> Ring.Process.hop(next)) end)

    ring =
      Enum.reduce(2..@size, [first], fn _, [next | _] = ring ->
        [spawn(Ring.Process, :hop, [next]) | ring]
      end)

    send(first, {:next, hd(ring)})
    {first, ring}
  end
end

defmodule Fragile do
  use GenServer
  def start_link(observer), do: GenServer.start_link(__MODULE__, observer)

  def init(observer) do
    send(observer, {:started, self()})
    {:ok, observer}
  end

  def handle_cast(:crash, _observer), do: raise("crash")
end

defmodule Busy do
  use GenServer

  def init(turns) do
    send(self(), :again)
    {:ok, turns}
  end

  def handle_info(:again, turns) do
    send(self(), :again)
    {:noreply, turns + 1}
  end
end

defmodule Bench do
  def timed(operations, fun) do
    start = System.monotonic_time(:nanosecond)
    fun.()
    (System.monotonic_time(:nanosecond) - start) / operations
  end

  def repeat(0, _fun), do: :ok

  def repeat(n, fun) do
    fun.()
    repeat(n - 1, fun)
  end

  def kill(pids), do: Enum.each(pids, &Process.exit(&1, :kill))
end

defmodule Work do
  import Bench

  # --- calls ---

  defp client(_server, 0, sum), do: sum
  defp client(server, n, sum), do: client(server, n - 1, sum + GenServer.call(server, :get))

  defp calls(server, n), do: timed(n, fn -> ^n = client(server, n, 0) end)

  defp calls_by(name, n) do
    {:ok, server} = GenServer.start(Counter, 1, name: name)
    time = calls(name, n)
    GenServer.stop(server)
    time
  end

  defp clients(count, n) do
    {:ok, server} = GenServer.start(Counter, 1)
    each = div(n + count - 1, count)
    parent = self()

    time =
      timed(each * count, fn ->
        for _ <- 1..count, do: spawn(fn -> send(parent, {:sum, client(server, each, 0)}) end)
        for _ <- 1..count, do: receive(do: ({:sum, ^each} -> :ok))
      end)

    kill([server])
    time
  end

  def run("call", n), do: run("call_from_process", n)

  def run("call_from_process", n) do
    {:ok, server} = GenServer.start(Counter, 1)
    time = calls(server, n)
    kill([server])
    time
  end

  def run("call_by_name", n), do: calls_by(:bench_counter, n)
  def run("call_by_global", n), do: calls_by({:global, :bench_counter}, n)

  def run("call_by_via", n) do
    {:ok, registry} = Registry.start_link(keys: :unique, name: BenchVia)
    time = calls_by({:via, Registry, {BenchVia, {:user, 7}}}, n)
    Supervisor.stop(registry)
    time
  end

  def run("clients", n), do: clients(100, n)

  # --- casts ---

  def run("cast", n) do
    {:ok, server} = GenServer.start(Counter, 0)

    time =
      timed(n, fn ->
        repeat(n, fn -> GenServer.cast(server, :increment) end)
        ^n = GenServer.call(server, :get, :infinity)
      end)

    kill([server])
    time
  end

  # --- rings ---

  def run("ring", n), do: round_trip(Ring.servers(), n)
  def run("ring_of_processes", n), do: round_trip(Ring.processes(), n)

  # --- starts ---

  def run("start", n) do
    start = System.monotonic_time(:nanosecond)
    pids = start_idle(n)
    time = (System.monotonic_time(:nanosecond) - start) / n
    kill(pids)
    time
  end

  def run("spawn", n) do
    parent = self()

    timed(n, fn ->
      repeat(n - 1, fn -> spawn(fn -> :ok end) end)
      spawn(fn -> send(parent, :done) end)
      receive do: (:done -> :ok)
    end)
  end

  def run("memory", n) do
    :erlang.garbage_collect()
    before = :erlang.memory(:processes)
    pids = start_idle(n)
    :erlang.garbage_collect()
    bytes = (:erlang.memory(:processes) - before) / n
    kill(pids)
    bytes
  end

  # --- restarts ---

  def run("restart_10", n), do: restarts(10, n, &GenServer.cast(&1, :crash))
  def run("restart_1000", n), do: restarts(1000, n, &GenServer.cast(&1, :crash))
  def run("restart_100000", n), do: restarts(100_000, n, &GenServer.cast(&1, :crash))
  def run("restart_killed", n), do: restarts(10, n, &Process.exit(&1, :kill))

  def run("restart_in_order", n) do
    children = for id <- 1..1000, do: Supervisor.child_spec({Idle, 0}, id: id)
    options = [strategy: :one_for_one, max_restarts: n]
    {:ok, supervisor} = Supervisor.start_link(children ++ [{Fragile, self()}], options)
    time = restarted(n, &GenServer.cast(&1, :crash))
    Supervisor.stop(supervisor)
    time
  end

  # --- children ---

  def run("start_child", n) do
    {:ok, supervisor} = DynamicSupervisor.start_link(strategy: :one_for_one)
    time = timed(n, fn -> start_children(supervisor, n) end)
    DynamicSupervisor.stop(supervisor)
    time
  end

  def run("terminate_child", n) do
    {:ok, supervisor} = DynamicSupervisor.start_link(strategy: :one_for_one)
    start_children(supervisor, n)
    pids = for {_, pid, _, _} <- DynamicSupervisor.which_children(supervisor), do: pid

    time =
      timed(n, fn -> Enum.each(pids, &DynamicSupervisor.terminate_child(supervisor, &1)) end)

    DynamicSupervisor.stop(supervisor)
    time
  end

  def run("stop_children", n) do
    {:ok, supervisor} = DynamicSupervisor.start_link(strategy: :one_for_one)
    start_children(supervisor, n)
    timed(n, fn -> DynamicSupervisor.stop(supervisor) end)
  end

  # --- timers ---

  def run("cancelled_timer", n) do
    timed(n, fn ->
      repeat(n, fn -> Process.cancel_timer(Process.send_after(self(), :late, 5000)) end)
    end)
  end

  def run("timer_under_load", n) do
    busy =
      for _ <- 1..100 do
        {:ok, pid} = GenServer.start(Busy, 0)
        pid
      end

    times =
      for _ <- 1..n do
        timed(1, fn ->
          Process.send_after(self(), :now, 10)
          receive do: (:now -> :ok)
        end)
      end

    kill(busy)
    Enum.max(times)
  end

  # --- tasks ---

  def run("task", n) do
    timed(n, fn -> repeat(n, fn -> 1 = Task.await(Task.async(fn -> 1 end)) end) end)
  end

  def run("agent_get", n) do
    {:ok, agent} = Agent.start(fn -> 1 end)
    time = timed(n, fn -> repeat(n, fn -> 1 = Agent.get(agent, & &1) end) end)
    Agent.stop(agent)
    time
  end

  def run("agent_update", n) do
    {:ok, agent} = Agent.start(fn -> 0 end)
    time = timed(n, fn -> repeat(n, fn -> Agent.update(agent, &(&1 + 1)) end) end)
    ^n = Agent.get(agent, & &1)
    Agent.stop(agent)
    time
  end

  # --- links ---

  def run("link", n) do
    with_server(n, fn server ->
      Process.link(server)
      Process.unlink(server)
    end)
  end

  def run("monitor", n) do
    with_server(n, &Process.demonitor(Process.monitor(&1), [:flush]))
  end

  def run("exit", n) do
    Process.flag(:trap_exit, true)

    timed(n, fn ->
      repeat(n, fn ->
        pid = spawn_link(fn -> :ok end)
        receive do: ({:EXIT, ^pid, :normal} -> :ok)
      end)
    end)
  end

  def run("down", n) do
    timed(n, fn ->
      repeat(n, fn ->
        {pid, ref} = spawn_monitor(fn -> :ok end)
        receive do: ({:DOWN, ^ref, :process, ^pid, _} -> :ok)
      end)
    end)
  end

  # --- names ---

  def run("register", n) do
    timed(n, fn ->
      repeat(n, fn ->
        Process.register(self(), :bench_me)
        Process.unregister(:bench_me)
      end)
    end)
  end

  def run("whereis", n), do: names(n, & &1, &Process.whereis/1)
  def run("whereis_global", n), do: names(n, &{:global, &1}, &:global.whereis_name/1)

  def run("registry_lookup", n) do
    {:ok, registry} = Registry.start_link(keys: :unique, name: BenchNames)
    names = names()
    for name <- names, do: Registry.register(BenchNames, name, 1)

    time =
      timed(n, fn ->
        cycle(n, names, names, fn name -> [{_, 1}] = Registry.lookup(BenchNames, name) end)
      end)

    for name <- names, do: Registry.unregister(BenchNames, name)
    Supervisor.stop(registry)
    time
  end

  # --- tables ---

  @table_size 100_000

  def run("ets_lookup", n), do: table(n, :set, &look_up/2)
  def run("ets_lookup_ordered", n), do: table(n, :ordered_set, &look_up/2)
  def run("ets_insert", n), do: table(n, :set, &:ets.insert(&1, {&2, 2}))
  def run("ets_insert_ordered", n), do: table(n, :ordered_set, &:ets.insert(&1, {&2, 2}))

  def run("ets_update_counter", n) do
    table = :ets.new(:bench, [])
    :ets.insert(table, {0, 0})
    timed(n, fn -> repeat(n, fn -> :ets.update_counter(table, 0, 1) end) end)
  end

  def run("ets_foldl", n) do
    table = table_of_ones(n)
    timed(n, fn -> ^n = :ets.foldl(fn {_, value}, sum -> sum + value end, 0, table) end)
  end

  def run("ets_match", n) do
    table = table_of_ones(n)
    timed(n, fn -> ^n = length(:ets.match(table, {:"$1", 1})) end)
  end

  # --- What they share ---

  defp round_trip({first, ring}, n) do
    time =
      timed(n, fn ->
        send(first, {n, self()})
        receive do: (:home -> :ok)
      end)

    kill(ring)
    time
  end

  defp start_idle(n) do
    for _ <- 1..n do
      {:ok, pid} = GenServer.start(Idle, 0)
      pid
    end
  end

  defp start_children(supervisor, n) do
    repeat(n, fn -> {:ok, _} = DynamicSupervisor.start_child(supervisor, {Idle, 0}) end)
  end

  defp restarts(siblings, n, crash) do
    options = [strategy: :one_for_one, max_restarts: n]
    {:ok, supervisor} = DynamicSupervisor.start_link(options)
    start_children(supervisor, siblings)
    {:ok, _} = DynamicSupervisor.start_child(supervisor, {Fragile, self()})
    time = restarted(n, crash)
    Process.unlink(supervisor)
    kill([supervisor])
    time
  end

  defp restarted(n, crash) do
    first = receive do: ({:started, pid} -> pid)
    timed(n, fn -> crash_again(n, first, crash) end)
  end

  defp crash_again(0, _child, _crash), do: :ok

  defp crash_again(n, child, crash) do
    crash.(child)
    receive do: ({:started, next} -> crash_again(n - 1, next, crash))
  end

  defp with_server(n, fun) do
    {:ok, server} = GenServer.start(Idle, 0)
    time = timed(n, fn -> repeat(n, fn -> fun.(server) end) end)
    kill([server])
    time
  end

  defp names, do: for(i <- 0..999, do: :"bench_#{i}")

  defp names(n, as, whereis) do
    names = names()

    pids =
      for name <- names do
        {:ok, pid} = GenServer.start(Idle, 0, name: as.(name))
        pid
      end

    time = timed(n, fn -> cycle(n, names, names, fn name -> true = is_pid(whereis.(name)) end) end)
    Enum.each(pids, &GenServer.stop/1)
    time
  end

  defp cycle(0, _rest, _all, _fun), do: :ok
  defp cycle(n, [], all, fun), do: cycle(n, all, all, fun)

  defp cycle(n, [head | rest], all, fun) do
    fun.(head)
    cycle(n - 1, rest, all, fun)
  end

  defp table(n, type, fun) do
    table = :ets.new(:bench, [type])
    for key <- 0..(@table_size - 1), do: :ets.insert(table, {key, 1})
    timed(n, fn -> table_loop(n, table, fun) end)
  end

  defp table_loop(0, _table, _fun), do: :ok

  defp table_loop(n, table, fun) do
    fun.(table, rem(n * 7919, @table_size))
    table_loop(n - 1, table, fun)
  end

  defp look_up(table, key), do: [{_, 1}] = :ets.lookup(table, key)

  defp table_of_ones(n) do
    table = :ets.new(:bench, [])
    for key <- 1..n, do: :ets.insert(table, {key, 1})
    table
  end
end

defmodule Command do
  def serve do
    case IO.gets("") do
      :eof ->
        :ok

      line ->
        [name, operations] = String.split(line)
        n = String.to_integer(operations)
        run(name, div(n + 9, 10))
        IO.puts(run(name, n))
        serve()
    end
  end

  # Each piece of work runs in a process of its own: it finds no heap, and leaves no tables or links.
  defp run(name, n) do
    {pid, ref} = spawn_monitor(fn -> exit({:shutdown, Work.run(name, n)}) end)

    receive do
      {:DOWN, ^ref, :process, ^pid, reason} ->
        {:shutdown, figure} = reason
        wait_for_ends(:erlang.system_info(:process_count))
        figure
    end
  end

  # As long as processes that were killed are still going.
  defp wait_for_ends(processes) do
    Process.sleep(5)
    left = :erlang.system_info(:process_count)
    if left < processes, do: wait_for_ends(left)
  end
end

:logger.set_primary_config(:level, :none)
Command.serve()
