/**
 * A cluster beside a test: real Erlang and Elixir nodes, and denotp nodes in processes of their own, all
 * of which evaluate what they are asked to.
 *
 * ```ts ignore
 * clusterTest("Node.ping() answers pong", "erl", async (cluster) => {
 *   const erl = await cluster.erl("e");
 *   await Node.start("d@127.0.0.1", { cookie: cluster.cookie, epmd: cluster.epmd });
 *   assertEquals(await erl.eval("net_adm:ping('d@127.0.0.1')"), "pong");
 * });
 * ```
 *
 * The cluster has an EPMD of its own on loopback. Every node ends when its input closes, when the cluster
 * is disposed of, or when it takes too long; so a test that fails or is killed leaves nothing behind.
 *
 * @module
 */

import { tcp } from "../../lib/node/distribution/tcp.ts";
import { EpmdServer } from "../../lib/node/distribution/epmd_server.ts";

/** Whether there is an Erlang on this machine, and the tests may run it. */
export const hasErl: boolean = await canRun("erl", ["-noshell", "-eval", "halt()."]);
/** Whether there is an Elixir on this machine, and the tests may run it. */
export const hasElixir: boolean = await canRun("elixir", ["--version"]);

const HOST = "127.0.0.1";
const COOKIE = "c";
/** A node that runs for longer is killed, and its waiters are rejected. */
const TIME_LIMIT_MS = 60_000;
/** Keeps a node to itself: it listens on loopback, and starts no EPMD. */
const LOOPBACK = ["-start_epmd", "false", "-kernel", "inet_dist_use_interface", "{127,0,0,1}"];
/** What stands before an answer, on a line of its own. */
const FRAME = "\u0001";

/**
 * Reads lines `language text`, the text in base64, and writes lines `FRAME ok|error text`. All runs in
 * one process, which keeps its variables and its mail.
 */
const DRIVER = String.raw`
  Print = fun(Tag, Text) ->
    io:put_chars([10, 1, Tag, 32, base64:encode(unicode:characters_to_binary(Text)), 10])
  end,
  Evaluate = fun
    ("erl", Code, Variables) ->
      {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(Code) ++ "."),
      {ok, Expressions} = erl_parse:parse_exprs(Tokens),
      {value, Value, More} = erl_eval:exprs(Expressions, Variables),
      {io_lib:format("~0tp", [Value]), More};
    ("elixir", Code, Variables) ->
      {Value, More} = 'Elixir.Code':eval_string(Code, Variables),
      {'Elixir.Kernel':inspect(Value, [{limit, infinity}, {printable_limit, infinity}]), More}
  end,
  Loop = fun(Again, Variables) ->
    case io:get_line("") of
      eof -> halt();
      Line ->
        [Language, Text] = string:lexemes(string:trim(unicode:characters_to_list(Line)), " "),
        Again(Again, try Evaluate(Language, base64:decode(Text), Variables) of
          {Value, More} -> Print("ok", Value), More
        catch
          Class:Reason -> Print("error", io_lib:format("~p:~0tp", [Class, Reason])), Variables
        end)
    end
  end,
  process_flag(trap_exit, true),
  Print("ok", "ready"),
  Loop(Loop, []).
`;

/** Makes Elixir run the driver. */
const ELIXIR_DRIVER = `
  {:ok, tokens, _} = System.fetch_env!("DENOTP_DRIVER") |> String.to_charlist() |> :erl_scan.string()
  {:ok, expressions} = :erl_parse.parse_exprs(tokens)
  :erl_eval.exprs(expressions, [])
`;

/** What a node is asked to do has failed there: its message is that of the other node. */
export class EvalError extends Error {
  /** The name of the class. */
  override readonly name = "EvalError";
}

/** A node in a process of its own. */
export class RunningNode implements AsyncDisposable {
  /** `name@127.0.0.1`. */
  readonly node: string;
  readonly #language: string;
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  readonly #killer: ReturnType<typeof setTimeout>;
  /** Who waits for answers, in the order they have asked. */
  readonly #waiting: PromiseWithResolvers<string>[] = [];
  readonly #printed: string[] = [];
  #printedMore = Promise.withResolvers<void>();
  #isOver = false;

  private constructor(node: string, language: string, command: string, options: CommandOptions) {
    this.node = node;
    this.#language = language;
    this.#process = new Deno.Command(command, {
      ...options,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#reading = this.#read();
    this.#killer = setTimeout(() => this.#signal("SIGKILL"), TIME_LIMIT_MS);
  }

  /** Not for tests: use {@linkcode Cluster}. Resolves when the node runs. */
  static async start(
    node: string,
    language: string,
    command: string,
    options: CommandOptions,
  ): Promise<RunningNode> {
    const made = new RunningNode(node, language, command, options);
    await made.#answer();
    return made;
  }

  /** Whatever it has printed, logs too, line by line; not what went to its standard error. */
  get printed(): readonly string[] {
    return this.#printed;
  }

  /** Resolves when it has printed that many lines. */
  async hasPrintedLines(count: number): Promise<void> {
    while (this.#printed.length < count) {
      if (this.#isOver) throw this.#ended();
      await this.#printedMore.promise;
    }
  }

  /** Resolves with the first line it has printed that holds `text`, when there is one. */
  async hasPrinted(text: string): Promise<string> {
    for (;;) {
      const line = this.#printed.find((each) => each.includes(text));
      if (line !== undefined) return line;
      if (this.#isOver) throw new Error(`${this.node} has ended, and never printed "${text}"`);
      await this.#printedMore.promise;
    }
  }

  /**
   * Evaluates expressions in the node's language, separated as usual there, and resolves with the value
   * of the last, printed (`~0p` in Erlang, `inspect` elsewhere). Variables stay, and so does the
   * process, which traps exits: it is always the same one. One after another.
   *
   * @throws {EvalError} If that fails there: `error:badarg`, `exit:{noproc,…}` and so on.
   */
  async eval(code: string): Promise<string> {
    return await this.#ask(this.#language, code);
  }

  /** As {@linkcode eval}, in Erlang, on any BEAM. Both languages share their variables. */
  async erl(code: string): Promise<string> {
    return await this.#ask("erl", code);
  }

  /** Kills the node, as `kill -9` does. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    await this.#process.status;
  }

  /** Asks the program to end, as Ctrl+C does. */
  interrupt(): void {
    this.#signal("SIGINT");
  }

  /** Stops the node where it is: it answers nothing any more, and its connections stay open. */
  pause(): void {
    this.#signal("SIGSTOP");
  }

  /** Makes a paused node go on. */
  resume(): void {
    this.#signal("SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#killer);
    await this.kill();
    await this.#input.close().catch(() => {});
    await this.#reading;
  }

  async #ask(language: string, code: string): Promise<string> {
    const answer = this.#answer();
    const line = new TextEncoder().encode(`${language} ${toBase64(code)}\n`);
    await this.#input.write(line).catch(() => {});
    return await answer;
  }

  #answer(): Promise<string> {
    if (this.#isOver) return Promise.reject(this.#ended());
    const waiting = Promise.withResolvers<string>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const part of this.#process.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + part).split("\n");
      rest = lines.pop()!;
      for (const line of lines) this.#take(line);
    }
    this.#isOver = true;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#ended());
    this.#printedMore.resolve();
  }

  #ended(): Error {
    return new Error(`${this.node} has ended, having printed: ${this.#printed.join("\n")}`);
  }

  #take(line: string): void {
    if (line.startsWith(FRAME)) {
      const [tag, value = ""] = line.slice(FRAME.length).split(" ");
      const waiting = this.#waiting.shift()!;
      if (tag === "ok") waiting.resolve(fromBase64(value));
      else waiting.reject(new EvalError(fromBase64(value)));
    } else if (line !== "") {
      this.#printed.push(line);
      this.#printedMore.resolve();
      this.#printedMore = Promise.withResolvers();
    }
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#process.kill(signal);
    } catch {
      // It has ended.
    }
  }
}

type CommandOptions = Pick<Deno.CommandOptions, "args" | "env">;

/** Nodes that find each other, and no others. */
export class Cluster implements AsyncDisposable {
  /** The secret of all its nodes. */
  readonly cookie = COOKIE;
  readonly #epmd = new EpmdServer();
  readonly #nodes: RunningNode[] = [];

  private constructor() {}

  /** Starts an empty one. */
  static async start(): Promise<Cluster> {
    const cluster = new Cluster();
    await cluster.#epmd.start(tcp, { host: HOST, port: 0 });
    return cluster;
  }

  /** Where its EPMD is: the option `epmd` of a node that runs in the test itself. */
  get epmd(): { readonly host: string; readonly port: number } {
    return { host: HOST, port: this.#epmd.port };
  }

  /**
   * Starts an Erlang node `name@127.0.0.1`. `args` are further ones of `erl`, for example
   * `["-hidden"]` or `["-kernel", "net_ticktime", "8"]`.
   */
  async erl(name: string, args: readonly string[] = []): Promise<RunningNode> {
    const node = `${name}@${HOST}`;
    const own = ["-noshell", "-name", node, "-setcookie", COOKIE, ...LOOPBACK, ...args];
    return await this.#start(node, "erl", "erl", { args: [...own, "-eval", DRIVER] });
  }

  /** Starts an Elixir node `name@127.0.0.1`. `args` are further ones of `erl`. */
  async elixir(name: string, args: readonly string[] = []): Promise<RunningNode> {
    const node = `${name}@${HOST}`;
    const erl = [...LOOPBACK, ...args].join(" ");
    return await this.#start(node, "elixir", "elixir", {
      args: ["--name", node, "--cookie", COOKIE, "--erl", erl, "-e", ELIXIR_DRIVER],
      env: { DENOTP_DRIVER: DRIVER },
    });
  }

  /**
   * Starts a denotp node `name@127.0.0.1` from `tests/node/programs/<program>.ts`, by default the shell:
   * it evaluates TypeScript's statements in which everything of `mod.ts` and `lib/node/mod.ts` is at
   * hand; the value of a `return` is the answer. `more` are further arguments of the program.
   */
  async denotp(
    name: string,
    program = "shell",
    more: readonly string[] = [],
  ): Promise<RunningNode> {
    const node = `${name}@${HOST}`;
    const url = new URL(`./programs/${program}.ts`, import.meta.url);
    const args = ["run", "--no-prompt", `--allow-net=${HOST}`, url.pathname];
    args.push(node, COOKIE, String(this.#epmd.port), ...more);
    return await this.#start(node, "ts", "deno", { args });
  }

  /** Kills all its nodes. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#nodes.map((node) => node[Symbol.asyncDispose]()));
    await this.#epmd.close();
  }

  async #start(
    node: string,
    language: string,
    command: string,
    { args, env }: CommandOptions,
  ): Promise<RunningNode> {
    const port = { ERL_EPMD_PORT: String(this.#epmd.port), ERL_EPMD_ADDRESS: HOST };
    const options = { args, env: { ...env, ...port } } as CommandOptions;
    const started = await RunningNode.start(node, language, command, options);
    this.#nodes.push(started);
    return started;
  }
}

/**
 * A test that needs a cluster, which it is given. Where what it `needs` is missing on this machine, it is
 * ignored, and its title says why.
 */
export function clusterTest(
  title: string,
  needs: "erl" | "elixir" | "deno",
  test: (cluster: Cluster) => Promise<void>,
): void {
  const isThere = needs === "erl" ? hasErl : needs === "elixir" ? hasElixir : true;
  Deno.test({
    name: isThere ? title : `${title} (no ${needs} here)`,
    ignore: !isThere,
    fn: async () => {
      await using cluster = await Cluster.start();
      await test(cluster);
    },
  });
}

async function canRun(command: string, args: string[]): Promise<boolean> {
  try {
    const found = new Deno.Command(command, { args, stdout: "null", stderr: "null" });
    return (await found.output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) {
      return false;
    }
    throw error;
  }
}

function toBase64(text: string): string {
  return new TextEncoder().encode(text).toBase64();
}

function fromBase64(text: string): string {
  return new TextDecoder().decode(Uint8Array.fromBase64(text));
}
