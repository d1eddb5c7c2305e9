/**
 * A program that executes commands: one line in, one number out, until its input is closed.
 *
 * Needs `--allow-run` of the command.
 *
 * @module
 */

/** Such a program, running. Close it with `await using`. */
export class Program implements AsyncDisposable {
  readonly #command: string;
  readonly #process: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  readonly #replies: ReadableStreamDefaultReader<string>;
  #read = "";

  /** Starts it. */
  constructor(command: string, options: Pick<Deno.CommandOptions, "args" | "env" | "cwd">) {
    this.#command = command;
    this.#process = new Deno.Command(command, { ...options, stdin: "piped", stdout: "piped" })
      .spawn();
    this.#requests = this.#process.stdin.getWriter();
    this.#replies = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Sends it a line, and resolves with its answer. */
  async ask(line: string): Promise<number> {
    await this.#requests.write(new TextEncoder().encode(`${line}\n`));
    const answer = await this.#line(line);
    const number = Number(answer);
    if (answer !== "" && Number.isFinite(number)) return number;
    throw new Error(`Cannot measure "${line}" with ${this.#command}: it answers "${answer}"`);
  }

  async #line(request: string): Promise<string> {
    while (!this.#read.includes("\n")) {
      const { value, done } = await this.#replies.read();
      if (done) throw new Error(`Cannot measure "${request}": ${this.#command} has ended`);
      this.#read += value;
    }
    const end = this.#read.indexOf("\n");
    const line = this.#read.slice(0, end);
    this.#read = this.#read.slice(end + 1);
    return line;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#requests.close().catch(() => {});
    await this.#replies.cancel();
    await this.#process.status;
  }
}

/** The other side, for such a program: answers each line of the input with a number. */
export async function answerLines(answer: (...words: string[]) => Promise<number>): Promise<void> {
  let rest = "";
  for await (const part of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + part).split("\n");
    rest = lines.pop()!;
    for (const line of lines) console.log(await answer(...line.split(" ")));
  }
}
