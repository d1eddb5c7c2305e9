/**
 * The other side: a BEAM that does the same work, started once, asked again and again.
 *
 * Needs `--allow-run=elixir`.
 *
 * @module
 */

const SCRIPT = new URL("beam.exs", import.meta.url).pathname;

/** A BEAM that waits for work on its standard input. Close it with `await using`. */
export class Beam implements AsyncDisposable {
  /** How many schedulers it has. */
  readonly schedulers: number;
  readonly #process: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  readonly #replies: ReadableStreamDefaultReader<string>;
  #read = "";

  /** Starts one. */
  constructor(schedulers: number) {
    this.schedulers = schedulers;
    this.#process = new Deno.Command("elixir", {
      args: ["--erl", `+S ${schedulers}:${schedulers}`, SCRIPT],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#requests = this.#process.stdin.getWriter();
    this.#replies = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Has it do a piece of work, and resolves with nanoseconds (or bytes) per operation. */
  async measure(name: string, operations: number): Promise<number> {
    await this.#requests.write(new TextEncoder().encode(`${name} ${operations}\n`));
    while (!this.#read.includes("\n")) {
      const { value, done } = await this.#replies.read();
      if (done) throw new Error(`Cannot measure "${name}" on the BEAM: it has ended`);
      this.#read += value;
    }
    const [line, ...rest] = this.#read.split("\n");
    this.#read = rest.join("\n");
    return Number(line);
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#requests.close();
    await this.#replies.cancel();
    await this.#process.status;
  }
}

/** What the BEAM here is, `"Elixir 1.14.0 on OTP 25"`; `undefined` if there is none. */
export async function beamVersion(): Promise<string | undefined> {
  try {
    const version = 'IO.write("Elixir #{System.version()} on OTP #{System.otp_release()}")';
    const { stdout } = await new Deno.Command("elixir", { args: ["-e", version] }).output();
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return;
    throw error;
  }
}
