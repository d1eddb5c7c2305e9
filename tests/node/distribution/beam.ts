/**
 * Real Erlang nodes beside a test, with an EPMD of their own.
 *
 * @module
 */

import { hasErl } from "../etf/erl.ts";

export { hasErl };

/** Answers each line, an expression, with a line; ends with its input. */
const PROGRAM = `
  Loop = fun(Again) ->
    case io:get_line("") of
      eof -> halt();
      Line ->
        {ok, Tokens, _} = erl_scan:string(Line),
        {ok, Expressions} = erl_parse:parse_exprs(Tokens),
        {value, Value, _} = erl_eval:exprs(Expressions, []),
        io:format("~0p~n", [Value]),
        Again(Again)
    end
  end,
  logger:set_primary_config(level, none),
  io:format("ready~n"),
  Loop(Loop).
`;
const TIME_LIMIT_MS = 30_000;

/** A port without a listener. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A program beside the test that is killed at the end, or when it takes too long. */
class Program implements AsyncDisposable {
  readonly process: Deno.ChildProcess;
  readonly #killer: ReturnType<typeof setTimeout>;

  constructor(command: string, args: string[], epmdPort: number, stdin: "piped" | "null") {
    this.process = new Deno.Command(command, {
      args,
      env: { ERL_EPMD_PORT: String(epmdPort), ERL_EPMD_ADDRESS: "127.0.0.1" },
      stdin,
      stdout: stdin,
      stderr: "null",
    }).spawn();
    this.#killer = setTimeout(() => this.kill(), TIME_LIMIT_MS);
  }

  kill(): void {
    try {
      this.process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#killer);
    this.kill();
    await this.process.status;
  }
}

/** Erlang's EPMD on a port of its own, once it answers. */
export async function startEpmd(port: number): Promise<AsyncDisposable> {
  const program = new Program("epmd", [], port, "null");
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return program;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
  }
}

/** An Erlang node. */
export class Beam extends Program {
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;
  #read = "";

  private constructor(command: string, args: string[], epmdPort: number) {
    super(command, args, epmdPort, "piped");
    this.#input = this.process.stdin.getWriter();
    this.#output = this.process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Starts a node of this name with the cookie `c`, and waits until it runs. */
  static async start(node: string, epmdPort: number, args: string[] = []): Promise<Beam> {
    const own = ["-noshell", "-name", node, "-setcookie", "c"];
    const loopback = ["-kernel", "inet_dist_use_interface", "{127,0,0,1}"];
    const beam = new Beam("erl", [...own, ...loopback, ...args, "-eval", PROGRAM], epmdPort);
    await beam.#line();
    return beam;
  }

  /** Evaluates an Erlang expression, and resolves with its value as Erlang prints it. */
  async eval(expression: string): Promise<string> {
    await this.#input.write(new TextEncoder().encode(`${expression}\n`));
    return await this.#line();
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#read.indexOf("\n");
      if (end >= 0) {
        const line = this.#read.slice(0, end);
        this.#read = this.#read.slice(end + 1);
        return line;
      }
      const { value, done } = await this.#output.read();
      if (done) throw new Error("Erlang has ended");
      this.#read += value;
    }
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await super[Symbol.asyncDispose]();
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
  }
}
