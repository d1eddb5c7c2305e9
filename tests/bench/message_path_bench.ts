/**
 * The message path, each group beside a baseline that no library can beat.
 *
 * Run: deno task bench
 *
 * Every iteration does {@linkcode OPERATIONS} operations, so a time in microseconds reads as
 * nanoseconds per operation. Compare ratios within one run: absolute times are this machine's today.
 *
 * @module
 */

import {
  GenServer,
  Global,
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
} from "@denotp/otp";

const OPERATIONS = 1000;
const CLIENTS = 100;
const RING = 1000;

const Counter = {
  init: (count: number) => ok(count),
  handleCall: (_request: "get", _from: GenServer.From, count: number) => reply(count, count),
  handleCast: (_request: "increment", count: number) => noreply(count + 1),
};

const counter = unwrap(await GenServer.start(Counter, 0, { name: "counter" }));
unwrap(await GenServer.start(Counter, 0, { name: ["global", "counter"] }));

// --- Calls --------------------------------------------------------------------------------------

let resolve: (value: number) => void;
const capture = (settle: (value: number) => void) => {
  resolve = settle;
};
const settle = () => resolve(1);

async function barePromises(): Promise<void> {
  for (let i = 0; i < OPERATIONS; i++) {
    const promise = new Promise(capture);
    queueMicrotask(settle);
    await promise;
  }
}

Deno.bench(
  "a bare promise settled by another microtask",
  { group: "call", baseline: true },
  barePromises,
);

Deno.bench("GenServer.call by pid", { group: "call" }, async () => {
  for (let i = 0; i < OPERATIONS; i++) await GenServer.call(counter, "get");
});

Deno.bench("GenServer.call by local name", { group: "call" }, async () => {
  for (let i = 0; i < OPERATIONS; i++) await GenServer.call("counter", "get");
});

Deno.bench("GenServer.call by global name", { group: "call" }, async () => {
  for (let i = 0; i < OPERATIONS; i++) await GenServer.call(["global", "counter"], "get");
});

Deno.bench("GenServer.call, 100 concurrent clients", { group: "call" }, async () => {
  await Promise.all(Array.from({ length: CLIENTS }, async () => {
    for (let i = 0; i < OPERATIONS / CLIENTS; i++) await GenServer.call(counter, "get");
  }));
});

Deno.bench("GenServer.call with setTimeout for the timeout (what a naive one costs)", {
  group: "call",
}, async () => {
  for (let i = 0; i < OPERATIONS; i++) {
    const timer = setTimeout(() => {}, 5000);
    await GenServer.call(counter, "get");
    clearTimeout(timer);
  }
});

// --- Casts --------------------------------------------------------------------------------------

const queue: string[] = [];

Deno.bench(
  "an array of as many strings, filled and read",
  { group: "cast", baseline: true },
  () => {
    for (let i = 0; i < OPERATIONS; i++) queue.push("increment");
    for (let i = 0; i < OPERATIONS; i++) queue[i]!.length;
    queue.length = 0;
  },
);

Deno.bench("GenServer.cast, then one call", { group: "cast" }, async () => {
  for (let i = 0; i < OPERATIONS; i++) GenServer.cast(counter, "increment");
  await GenServer.call(counter, "get");
});

Deno.bench("send to a server, then one call", { group: "cast" }, async () => {
  for (let i = 0; i < OPERATIONS; i++) send(counter, ["$gen_cast", "increment"]);
  await GenServer.call(counter, "get");
});

// --- Rings --------------------------------------------------------------------------------------

let arrived: () => void = () => {};

const Link = {
  init: (next: Pid | undefined) => ok(next),
  handleCast: (next: Pid, _state: unknown) => noreply(next),
  handleInfo: (hops: number, next: Pid) => {
    if (hops === 0) arrived();
    else send(next, hops - 1);
    return noreply(next);
  },
};

async function makeRing(): Promise<Pid> {
  const first = unwrap(await GenServer.start(Link, undefined));
  let last: Pid = first;
  for (let i = 1; i < RING; i++) last = unwrap(await GenServer.start(Link, last));
  send(first, ["$gen_cast", last]);
  return first;
}

function makeCoroutineRing(): Pid {
  const hop = async (next: Pid) => {
    for (;;) {
      const hops = await receive() as number;
      if (hops === 0) arrived();
      else send(next, hops - 1);
    }
  };
  const first = spawn(async () => await hop(await receive() as Pid));
  let last = first;
  for (let i = 1; i < RING; i++) {
    const next = last;
    last = spawn(() => hop(next));
  }
  send(first, last);
  return first;
}

const ring = await makeRing();
const coroutineRing = makeCoroutineRing();

function round(first: Pid): Promise<void> {
  return new Promise((done) => {
    arrived = done;
    send(first, OPERATIONS);
  });
}

Deno.bench(
  "a bare promise settled by another microtask",
  { group: "ring", baseline: true },
  barePromises,
);
Deno.bench("hops through a ring of 1000 servers", { group: "ring" }, async () => {
  await round(ring);
});
Deno.bench("hops through a ring of 1000 coroutines", { group: "ring" }, async () => {
  await round(coroutineRing);
});

// --- Starting -----------------------------------------------------------------------------------

const Idle = { init: (state: number) => ok(state) };

Deno.bench("a promise each", { group: "start", baseline: true }, async () => {
  for (let i = 0; i < OPERATIONS; i++) await Promise.resolve(i);
});

Deno.bench("GenServer.start, then kill", { group: "start" }, async () => {
  for (let i = 0; i < OPERATIONS; i++) {
    Process.exit(unwrap(await GenServer.start(Idle, i)), "kill");
  }
});

Deno.bench("spawn a coroutine that ends at once", { group: "start" }, async () => {
  const parent = self();
  for (let i = 0; i < OPERATIONS; i++) spawn(() => {});
  spawn(() => send(parent, "done"));
  await receive();
});

// --- Names --------------------------------------------------------------------------------------

const map = new Map(Array.from({ length: 100_000 }, (_, i) => [`name ${i}`, i]));

Deno.bench("Map.get among 100,000", { group: "names", baseline: true }, () => {
  for (let i = 0; i < OPERATIONS; i++) map.get(`name ${i}`);
});

Deno.bench("Process.whereis", { group: "names" }, () => {
  for (let i = 0; i < OPERATIONS; i++) Process.whereis("counter");
});

Deno.bench("Global.whereisName", { group: "names" }, () => {
  for (let i = 0; i < OPERATIONS; i++) Global.whereisName("counter");
});

Deno.bench("Process.register and unregister", { group: "names" }, () => {
  const me = self();
  for (let i = 0; i < OPERATIONS; i++) {
    Process.register(me, "bench");
    Process.unregister("bench");
  }
});

// --- Timers -------------------------------------------------------------------------------------

Deno.bench("setTimeout and clearTimeout", { group: "timers", baseline: true }, () => {
  for (let i = 0; i < OPERATIONS; i++) clearTimeout(setTimeout(() => {}, 5000));
});

Deno.bench("Process.sendAfter and cancelTimer", { group: "timers" }, () => {
  const me = self();
  for (let i = 0; i < OPERATIONS; i++) {
    Process.cancelTimer(Process.sendAfter(me, "late", 5000));
  }
});
