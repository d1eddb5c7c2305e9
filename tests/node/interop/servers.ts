/**
 * The same server and the same state machine twice, in Elixir and in TypeScript: what they are asked for tells them
 * how to behave.
 *
 * @module
 */

import {
  exit,
  GenServer,
  GenStatem,
  noreply,
  ok,
  Process,
  reply,
  self,
  spawn,
  stop,
  stopReply,
} from "../../../mod.ts";

/** Defines the modules `Server` and `Door` on an Elixir node, which then logs nothing any more. */
export const ELIXIR_SERVER = `
  Logger.configure(level: :none)
  defmodule Server do
    use GenServer
    def init(state), do: {:ok, state}
    def handle_call({:get}, _from, state), do: {:reply, state, state}
    def handle_call({:pid}, _from, state), do: {:reply, self(), state}
    def handle_call({:echo, term}, _from, state), do: {:reply, term, state}
    def handle_call({:swap, term}, _from, state), do: {:reply, state, term}
    def handle_call({:leave, reason}, _from, _state), do: exit(reason)
    def handle_call({:stop, reason}, _from, state), do: {:stop, reason, state}
    def handle_call({:last, reason}, _from, state), do: {:stop, reason, "last words", state}
    def handle_call({:raise, text}, _from, _state), do: raise(text)
    def handle_call({:kill}, _from, _state), do: Process.exit(self(), :kill)
    def handle_call({:keep}, from, _state), do: {:noreply, from}
    def handle_call({:delegate, term}, from, state) do
      spawn(fn -> GenServer.reply(from, term) end)
      {:noreply, state}
    end
    def handle_cast({:put, term}, _state), do: {:noreply, term}
    def handle_cast({:answer, term}, from) do
      GenServer.reply(from, term)
      {:noreply, nil}
    end
    def terminate(:slow, _state), do: Process.sleep(:infinity)
    def terminate(:other, _state), do: exit(:worse)
    def terminate(_reason, _state), do: :ok
  end

  defmodule Door do
    @behaviour :gen_statem
    def callback_mode(), do: :handle_event_function
    def init(code), do: {:ok, :locked, code}
    def handle_event({:call, from}, {:code}, state, code) do
      {:keep_state_and_data, [{:reply, from, {state, code}}]}
    end
    def handle_event({:call, from}, {:enter, code}, :locked, code) do
      {:next_state, :open, code, [{:reply, from, {:welcome}}]}
    end
    def handle_event({:call, _}, {:wait}, :locked, _), do: {:keep_state_and_data, [:postpone]}
    def handle_event({:call, from}, {:wait}, _, _) do
      {:keep_state_and_data, [{:reply, from, {:through}}]}
    end
    def handle_event({:call, _}, {:leave, reason}, _, _), do: exit(reason)
    def handle_event(:cast, {:lock, code}, _, _), do: {:next_state, :locked, code}
    def handle_event(_, _, _, _), do: :keep_state_and_data
    def terminate(:slow, _, _), do: Process.sleep(:infinity)
    def terminate(:other, _, _), do: exit(:worse)
    def terminate(_, _, _), do: :ok
  end
`;

type Request = readonly [operation: string, argument?: unknown];
type Answer = GenServer.CallResponse<unknown, unknown>;

/** The server of the same behaviour in TypeScript. */
export const Server = {
  init: (state: unknown) => ok(state),

  handleCall([operation, argument]: Request, from: GenServer.From, state: unknown): Answer {
    switch (operation) {
      case "get":
        return reply(state, state);
      case "pid":
        return reply(self(), state);
      case "echo":
        return reply(argument, state);
      case "swap":
        return reply(state, argument);
      case "leave":
        throw exit(argument);
      case "stop":
        return stop(argument, state);
      case "last":
        return stopReply(argument, "last words", state);
      case "raise":
        throw new Error(argument as string);
      case "kill":
        Process.exit(self(), "kill");
        return noreply(state);
      case "keep":
        return noreply(from);
      case "delegate":
        spawn(() => GenServer.reply(from, argument));
        return noreply(state);
      default:
        throw new TypeError(`Cannot ${operation}`);
    }
  },

  handleCast([operation, argument]: Request, state: unknown) {
    if (operation === "put") return noreply(argument);
    GenServer.reply(state as GenServer.From, argument);
    return noreply(null);
  },

  async terminate(reason: unknown): Promise<void> {
    if (reason === "slow") await Process.sleep(Infinity);
    if (reason === "other") throw exit("worse");
  },
};

/** The state machine of the same behaviour in TypeScript. */
export const Door = {
  callbackMode: () => "handle_event_function",
  init: (code: number) => GenStatem.ok("locked", code),

  handleEvent(
    type: GenStatem.EventType,
    content: Request,
    state: string,
    code: number,
  ): GenStatem.Result {
    const [operation, argument] = content;
    if (type === "cast") return GenStatem.nextState("locked", argument);
    if (!GenStatem.isCall(type)) return GenStatem.keepStateAndData();
    const [, from] = type;
    switch (operation) {
      case "code":
        return GenStatem.keepStateAndData(["reply", from, [state, code]]);
      case "enter":
        if (state !== "locked" || argument !== code) return GenStatem.keepStateAndData();
        return GenStatem.nextState("open", code, ["reply", from, ["welcome"]]);
      case "wait":
        if (state === "locked") return GenStatem.keepStateAndData("postpone");
        return GenStatem.keepStateAndData(["reply", from, ["through"]]);
      case "leave":
        throw exit(argument);
    }
    return GenStatem.keepStateAndData();
  },

  terminate: (reason: unknown): Promise<void> => Server.terminate(reason),
};
