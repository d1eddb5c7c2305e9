# A node of the BEAM for nodes.ts, both a server and the clients of another node: nodes_program.ts in Elixir.
# Answers lines "work node operations size" with nanoseconds per operation, until there are no more.
#
# Run: echo "call a@127.0.0.1 1000 16" | elixir --name b@127.0.0.1 --cookie secret tests/bench/nodes.exs

defmodule Server do
  use GenServer
  def init(count), do: {:ok, count}
  def handle_call({:text, text}, _from, count), do: {:reply, text, count}
  def handle_call("get", _from, count), do: {:reply, count, 0}
  def handle_cast({:text, _text}, count), do: {:noreply, count + 1}
end

defmodule Work do
  @clients 100

  def run("call", node, n, text), do: call({:bench, node}, n, text)

  def run("clients", node, n, text) do
    parent = self()

    for _ <- 1..@clients do
      spawn(fn ->
        call({:bench, node}, div(n, @clients), text)
        send(parent, :done)
      end)
    end

    for _ <- 1..@clients, do: receive(do: (:done -> :ok))
  end

  def run("cast", node, n, text) do
    cast({:bench, node}, n, text)
    ^n = GenServer.call({:bench, node}, "get", :infinity)
  end

  defp call(_server, 0, _text), do: :ok

  defp call(server, n, text) do
    ^text = GenServer.call(server, {:text, text})
    call(server, n - 1, text)
  end

  defp cast(_server, 0, _text), do: :ok

  defp cast(server, n, text) do
    GenServer.cast(server, {:text, text})
    cast(server, n - 1, text)
  end
end

defmodule Command do
  def serve do
    case IO.gets("") do
      :eof -> System.halt()
      line -> line |> String.split() |> measure() |> IO.puts()
    end

    serve()
  end

  defp measure([work, node, operations, size]) do
    {node, n} = {String.to_atom(node), String.to_integer(operations)}
    text = String.duplicate("x", String.to_integer(size))
    start = System.monotonic_time(:nanosecond)
    Work.run(work, node, n, text)
    (System.monotonic_time(:nanosecond) - start) / n
  end
end

:logger.set_primary_config(:level, :none)
{:ok, _} = GenServer.start(Server, 0, name: :bench)
Command.serve()
