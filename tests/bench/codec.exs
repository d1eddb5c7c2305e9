# The terms of codec_program.ts, encoded and decoded by the BEAM. Answers lines "encode|decode term operations"
# with nanoseconds per operation, until there are no more.
#
# Run: echo "encode record 10000" | elixir tests/bench/codec.exs

defmodule Codec do
  def term("control"), do: {22, self(), self()}
  def term("call"), do: {:"$gen_call", {self(), [:alias | make_ref()]}, {:get, "stack"}}

  def term("record") do
    %{
      id: 1_234_567,
      name: "Joe Armstrong",
      email: "joe@example.org",
      score: 97.25,
      tags: ["erlang", "otp"],
      active: true,
      manager: nil
    }
  end

  def term("integers"), do: Enum.map(0..999, &(&1 * 37))
  def term("rows"), do: Enum.map(0..99, &{:row, &1, "name #{&1}", &1 / 8})
  def term("text"), do: String.duplicate("På svenska. ", 800)

  def run("encode", name, n) do
    term = term(name)
    timed(n, fn -> encode(n, term, nil) end)
  end

  def run("decode", name, n) do
    bytes = :erlang.term_to_binary(term(name))
    timed(n, fn -> decode(n, bytes, nil) end)
  end

  # The last result is kept: without a use for it the compiler leaves the call out.
  defp encode(0, _term, last), do: last
  defp encode(n, term, _last), do: encode(n - 1, term, :erlang.term_to_binary(term))

  defp decode(0, _bytes, last), do: last
  defp decode(n, bytes, _last), do: decode(n - 1, bytes, :erlang.binary_to_term(bytes))

  defp timed(n, fun) do
    start = System.monotonic_time(:nanosecond)
    fun.()
    (System.monotonic_time(:nanosecond) - start) / n
  end

  def serve do
    with line when line != :eof <- IO.gets("") do
      [direction, name, n] = String.split(line)
      # In a process of its own: it finds no heap.
      task = Task.async(fn -> run(direction, name, String.to_integer(n)) end)
      task |> Task.await(:infinity) |> IO.puts()
      serve()
    end
  end
end

Codec.serve()
