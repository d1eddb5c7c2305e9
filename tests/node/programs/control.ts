/**
 * What makes a program a node that a test can talk to: it evaluates what comes by its standard input, and
 * ends with it. See `RunningNode` in `../beam.ts`.
 *
 * @module
 */

const FRAME = "\u0001";

// deno-lint-ignore no-explicit-any
type Code = new (...args: string[]) => (...values: any[]) => Promise<unknown>;

/** The constructor of async functions, which has no name of its own. */
const AsyncFunction = Object.getPrototypeOf(async () => {}).constructor as Code;

/**
 * Evaluates the bodies of async functions until the input ends. In them the entries of `scope` are at
 * hand; `globalThis` keeps what is to be kept.
 */
export async function control(scope: Record<string, unknown>): Promise<void> {
  print("ok", "ready");
  for await (const line of lines()) {
    const [, code = ""] = line.split(" ");
    try {
      print("ok", inspect(await evaluate(fromBase64(code), scope)));
    } catch (error) {
      print("error", error instanceof Error ? `${error.name}: ${error.message}` : inspect(error));
    }
  }
  Deno.exit();
}

async function evaluate(code: string, scope: Record<string, unknown>): Promise<unknown> {
  const names = Object.keys(scope);
  const run = new AsyncFunction(...names, code);
  return await run(...names.map((name) => scope[name]));
}

async function* lines(): AsyncGenerator<string> {
  let rest = "";
  for await (const part of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    const read = (rest + part).split("\n");
    rest = read.pop()!;
    yield* read;
  }
}

function inspect(value: unknown): string {
  const all = { depth: Infinity, iterableLimit: Infinity, strAbbreviateSize: Infinity };
  return Deno.inspect(value, { ...all, breakLength: Infinity, compact: true, sorted: true });
}

function print(tag: "ok" | "error", text: string): void {
  const value = new TextEncoder().encode(text).toBase64();
  Deno.stdout.writeSync(new TextEncoder().encode(`\n${FRAME}${tag} ${value}\n`));
}

function fromBase64(text: string): string {
  return new TextDecoder().decode(Uint8Array.fromBase64(text));
}
