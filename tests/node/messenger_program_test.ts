import { assertEquals } from "@std/assert";
import { clusterTest } from "./beam.ts";

/** One of the messenger's programs, as a user runs it in a terminal. */
class Terminal implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(epmdPort: number, ...args: string[]) {
    const allowed = ["--allow-net=127.0.0.1", "--allow-env=ERL_EPMD_PORT"];
    const program = new URL("../../examples/messenger/node.ts", import.meta.url).pathname;
    this.#process = new Deno.Command("deno", {
      args: ["run", ...allowed, program, ...args],
      env: { ERL_EPMD_PORT: String(epmdPort) },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Resolves when so much has been printed, with all there is. */
  async prints(text: string): Promise<string> {
    while (!this.#text.includes(text)) {
      const { value, done } = await this.#output.read();
      if (done) throw new Error(`ended without "${text}", having printed: ${this.#text}`);
      this.#text += value;
    }
    return this.#text;
  }

  async types(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  /** Kills the program, as `kill -9` does. */
  async isKilled(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }

  /** Resolves with the status of the program, when it ends by itself. */
  async ends(): Promise<number> {
    return (await this.#process.status).code;
  }

  /** Ends the input, and resolves with the status of the program. */
  async leaves(): Promise<number> {
    await this.#input.close();
    return await this.ends();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#process.status;
    await this.#input.close().catch(() => {});
    await this.#output.cancel();
  }
}

clusterTest(
  "examples/messenger/node.ts passes on what users type, and logs off when the input is closed",
  "deno",
  async ({ epmd: { port } }) => {
    await using server = new Terminal(port, "messenger@127.0.0.1");
    await server.prints("the server runs at messenger@127.0.0.1");
    await using fred = new Terminal(port, "bilbo@127.0.0.1", "fred");
    await fred.prints("logged-on");
    await using james = new Terminal(port, "super@127.0.0.1", "james");
    await james.prints("logged-on");
    await james.types("fred hello to you");
    await james.prints("sent");
    assertEquals(
      await fred.prints("Message from"),
      'logged-on\nMessage from james: "hello to you"\n',
    );
    assertEquals(await fred.leaves(), 0);
    await james.types("fred gone?");
    await james.prints("receiver-not-found");
    assertEquals(await james.leaves(), 0);
  },
);

clusterTest(
  "examples/messenger/node.ts exits when the server is killed, and says why",
  "deno",
  async ({ epmd: { port } }) => {
    await using server = new Terminal(port, "messenger@127.0.0.1");
    await server.prints("the server runs at");
    await using james = new Terminal(port, "super@127.0.0.1", "james");
    await james.prints("logged-on");
    await server.isKilled();
    await james.prints("the client has ended: no connection");
    assertEquals(await james.ends(), 1);
  },
);
