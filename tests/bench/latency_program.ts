/**
 * A program under load, for `latency.ts`: ten processes that never stop, and beside them a timer, calls to
 * an idle server, and an HTTP server.
 *
 * Usage: deno run --allow-net=127.0.0.1 tests/bench/latency_program.ts LOAD MS
 *
 * It prints the port as soon as it serves. `GET /` is answered at once, `GET /call` with the reply of a
 * server. After `MS` milliseconds it prints a {@linkcode Report} as JSON, and exits when its standard input
 * is closed.
 *
 * @module
 */

import {
  GenServer,
  noreply,
  ok,
  type Pid,
  Process,
  receive,
  reply,
  self,
  send,
  spawn,
  unwrap,
} from "../../mod.ts";

/** What goes on in the program. */
export type Load = keyof typeof LOADS;

/** What the program has seen itself. */
export interface Report {
  /** Milliseconds that timers of {@linkcode TIMER_MS} were late. */
  readonly timers: readonly number[];
  /** The same of the host's `setTimeout`. */
  readonly hostTimers: readonly number[];
  /** Milliseconds that calls to an idle server took, from a process that does nothing else. */
  readonly calls: readonly number[];
  /** Messages that were handled for the load, in a second. */
  readonly messagesPerSecond: number;
}

/** How long the timers are that are measured. */
export const TIMER_MS = 10;

const FLOODING = 10;

// --- Loads --------------------------------------------------------------------------------------

let handled = 0;

/** Casts to `next`, or else to itself, for ever. */
const Flooding = {
  init: () => ok(self()),
  handleCast(message: "go on" | Pid, next: Pid) {
    handled++;
    if (message !== "go on") return noreply(message);
    GenServer.cast(next, "go on");
    return noreply(next);
  },
};

/** Casts as much as it gets, and keeps a few hundred messages waiting. */
async function castToOneself(waiting: number) {
  for (let i = 0; i < FLOODING; i++) {
    const server = unwrap(await GenServer.start(Flooding));
    for (let message = 0; message < waiting; message++) GenServer.cast(server, "go on");
  }
}

async function castToEachOther() {
  const servers: Pid[] = [];
  for (let i = 0; i < FLOODING; i++) servers.push(unwrap(await GenServer.start(Flooding)));
  servers.forEach((server, i) => GenServer.cast(server, servers[(i + 1) % FLOODING]!));
  for (const server of servers) GenServer.cast(server, "go on");
}

function sendToOneself() {
  for (let i = 0; i < FLOODING; i++) {
    spawn(async () => {
      for (;;) {
        send(self(), "go on");
        await receive();
        handled++;
      }
    });
  }
}

/** Pairs of coroutines that hand one message to and fro. */
function sendToEachOther() {
  const echo = async () => {
    for (;;) {
      const from = await receive() as Pid;
      handled++;
      send(from, self());
    }
  };
  for (let i = 0; i < FLOODING; i += 2) send(spawn(echo), spawn(echo));
}

async function callForEver() {
  const server = unwrap(await GenServer.start(Idle));
  for (let i = 0; i < FLOODING; i++) {
    spawn(async () => {
      for (;;) {
        await GenServer.call(server, "get");
        handled++;
      }
    });
  }
}

/** Callbacks that wait for nothing, as `async` functions do. */
const FloodingAsync = {
  init: () => ok(self()),
  async handleCast(_message: "go on", me: Pid) {
    handled++;
    await undefined;
    GenServer.cast(me, "go on");
    return noreply(me);
  },
};

async function castAsync() {
  for (let i = 0; i < FLOODING; i++) {
    GenServer.cast(unwrap(await GenServer.start(FloodingAsync)), "go on");
  }
}

/** What may go on. */
export const LOADS = {
  "nothing": () => {},
  "servers that cast to themselves": () => castToOneself(1),
  "servers that cast to themselves, 1000 waiting": () => castToOneself(1000),
  "servers that cast to each other": castToEachOther,
  "servers with async callbacks": castAsync,
  "coroutines that send to themselves": sendToOneself,
  "coroutines that send to each other": sendToEachOther,
  "coroutines that call one server": callForEver,
} as const;

// --- What is measured ---------------------------------------------------------------------------

const Idle = {
  init: () => ok(0),
  handleCall: (_request: "get", _from: GenServer.From, count: number) => reply(count, count + 1),
};

async function watchTimers(late: number[]) {
  for (const me = self();;) {
    const start = performance.now();
    Process.sendAfter(me, "due", TIMER_MS);
    await receive();
    late.push(performance.now() - start - TIMER_MS);
  }
}

async function watchHostTimers(late: number[]) {
  for (;;) {
    const start = performance.now();
    await new Promise((resolve) => setTimeout(resolve, TIMER_MS));
    late.push(performance.now() - start - TIMER_MS);
  }
}

async function watchCalls(server: Pid<typeof Idle>, times: number[]) {
  for (;;) {
    await Process.sleep(1);
    const start = performance.now();
    await GenServer.call(server, "get");
    times.push(performance.now() - start);
  }
}

async function run(load: Load, ms: number) {
  const server = unwrap(await GenServer.start(Idle));
  const http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      if (!request.url.endsWith("/call")) return new Response("hello");
      return new Response(String(await GenServer.call(server, "get")));
    },
  );
  const report = { timers: [], hostTimers: [], calls: [] };
  await LOADS[load]();
  await Process.sleep(WARM_UP_MS);
  console.log(http.addr.port);
  handled = 0;
  spawn(() => watchTimers(report.timers));
  spawn(() => watchHostTimers(report.hostTimers));
  spawn(() => watchCalls(server, report.calls));
  const start = performance.now();
  await Process.sleep(ms);
  const messagesPerSecond = handled / (performance.now() - start) * 1000;
  console.log(JSON.stringify({ ...report, messagesPerSecond }));
  for await (const _ of Deno.stdin.readable);
  Deno.exit();
}

const WARM_UP_MS = 250;

if (import.meta.main) await run(Deno.args[0] as Load, Number(Deno.args[1]));
