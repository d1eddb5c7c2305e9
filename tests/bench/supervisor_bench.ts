/**
 * Supervisors: starting, restarting and stopping children, with few and with many of them.
 *
 * Run: deno bench --allow-read=. tests/bench/supervisor_bench.ts
 *
 * Every iteration handles {@linkcode CHILDREN} children, so a time in milliseconds reads as microseconds per
 * child. What is to be flat is the time per child, whatever the number of its siblings.
 *
 * @module
 */

import {
  DynamicSupervisor,
  GenServer,
  noreply,
  ok,
  PartitionSupervisor,
  type Pid,
  Process,
  reply,
  self,
  Supervisor,
  unwrap,
} from "@denotp/otp";

const CHILDREN = 1000;

/** A child that ends at once when it is told to. */
const Plain = {
  startLink: () => GenServer.startLink(Plain, undefined),
  init: () => ok(0),
  handleCall: (_request: "get", _from: GenServer.From, state: number) => reply(state, state),
};

/** A child that has to be waited for when it is told to end. */
const Trapping = {
  startLink: () => GenServer.startLink(Trapping, undefined),
  init: () => {
    Process.flag("trap_exit", true);
    return ok(0);
  },
  handleInfo: (_message: unknown, state: number) => noreply(state),
};

const plain = { id: "plain", start: [Plain, "startLink", []] } as const;
const trapping = { id: "trapping", start: [Trapping, "startLink", []] } as const;

const dynamic = async () =>
  unwrap(await DynamicSupervisor.startLink({ maxRestarts: Number.MAX_SAFE_INTEGER }));
const ordinary = async () =>
  unwrap(
    await Supervisor.startLink([], {
      strategy: "one_for_one",
      maxRestarts: Number.MAX_SAFE_INTEGER,
    }),
  );

async function fill(supervisor: Pid, children: number, child: typeof plain | typeof trapping) {
  for (let i = 0; i < children; i++) await DynamicSupervisor.startChild(supervisor, child);
}

// --- Starting -----------------------------------------------------------------------------------

Deno.bench(
  "GenServer.start, without a supervisor",
  { group: "start", baseline: true },
  async (b) => {
    const pids: Pid[] = [];
    b.start();
    for (let i = 0; i < CHILDREN; i++) pids.push(unwrap(await GenServer.start(Plain, undefined)));
    b.end();
    for (const pid of pids) Process.exit(pid, "kill");
  },
);

for (const siblings of [0, 10_000, 100_000]) {
  const supervisor = await dynamic();
  await fill(supervisor, siblings, plain);
  Deno.bench(
    `DynamicSupervisor.startChild, ${siblings} siblings`,
    { group: "start" },
    async (b) => {
      const pids: Pid[] = [];
      b.start();
      for (let i = 0; i < CHILDREN; i++) {
        pids.push(unwrap(await DynamicSupervisor.startChild(supervisor, plain)));
      }
      b.end();
      for (const pid of pids) await DynamicSupervisor.terminateChild(supervisor, pid);
    },
  );
}

Deno.bench("Supervisor.startChild", { group: "start" }, async (b) => {
  const supervisor = await ordinary();
  b.start();
  for (let id = 0; id < CHILDREN; id++) await Supervisor.startChild(supervisor, { ...plain, id });
  b.end();
  await Supervisor.stop(supervisor);
});

// --- Restarting ---------------------------------------------------------------------------------

Deno.bench("GenServer.start, then kill", { group: "restart", baseline: true }, async () => {
  for (let i = 0; i < CHILDREN; i++) {
    Process.exit(unwrap(await GenServer.start(Plain, undefined)), "kill");
  }
});

for (const siblings of [10, 1000, 100_000]) {
  const supervisor = await dynamic();
  await fill(supervisor, siblings, plain);
  const restarted: { pid?: Pid } = {};
  const start = async () => {
    const started = await Plain.startLink();
    restarted.pid = unwrap(started);
    return started;
  };
  await DynamicSupervisor.startChild(supervisor, { id: "restarted", start });
  Deno.bench(
    `DynamicSupervisor restarts a child, ${siblings} siblings`,
    { group: "restart" },
    async () => {
      const nobody = self();
      for (let i = 0; i < CHILDREN; i++) {
        Process.exit(restarted.pid!, "kill");
        // A call that it answers when it is done with that.
        await DynamicSupervisor.terminateChild(supervisor, nobody);
      }
    },
  );
}

Deno.bench("Supervisor restarts a child", { group: "restart" }, async (b) => {
  const supervisor = await ordinary();
  const [, pid] = await Supervisor.startChild(supervisor, { ...plain, id: 1 });
  let child = pid as Pid;
  b.start();
  for (let i = 0; i < CHILDREN; i++) {
    Process.exit(child, "kill");
    child = (await Supervisor.whichChildren(supervisor))[0]![1] as Pid;
  }
  b.end();
  await Supervisor.stop(supervisor);
});

// --- Stopping -----------------------------------------------------------------------------------

Deno.bench("Process.exit", { group: "stop", baseline: true }, async (b) => {
  const pids: Pid[] = [];
  for (let i = 0; i < CHILDREN; i++) pids.push(unwrap(await GenServer.start(Plain, undefined)));
  b.start();
  for (const pid of pids) Process.exit(pid, "shutdown");
  b.end();
});

Deno.bench("DynamicSupervisor.terminateChild", { group: "stop" }, async (b) => {
  const supervisor = await dynamic();
  await fill(supervisor, CHILDREN, plain);
  const children = await DynamicSupervisor.whichChildren(supervisor);
  b.start();
  for (const [, pid] of children) await DynamicSupervisor.terminateChild(supervisor, pid as Pid);
  b.end();
  await DynamicSupervisor.stop(supervisor);
});

for (
  const [text, child] of [["children", plain], ["children that trap exits", trapping]] as const
) {
  Deno.bench(`DynamicSupervisor.stop, ${text}`, { group: "stop" }, async (b) => {
    const supervisor = await dynamic();
    await fill(supervisor, CHILDREN, child);
    b.start();
    await DynamicSupervisor.stop(supervisor);
    b.end();
  });
}

Deno.bench("Supervisor.stop, children", { group: "stop" }, async (b) => {
  const supervisor = await ordinary();
  for (let id = 0; id < CHILDREN; id++) await Supervisor.startChild(supervisor, { ...plain, id });
  b.start();
  await Supervisor.stop(supervisor);
  b.end();
});

// --- Partitions ---------------------------------------------------------------------------------

const server = unwrap(await GenServer.start(Plain, undefined, { name: "server" }));
const options = { name: "partitions", partitions: 8, childSpec: plain };
unwrap(await PartitionSupervisor.startLink(options));

Deno.bench("GenServer.call by pid", { group: "partitions", baseline: true }, async () => {
  for (let i = 0; i < CHILDREN; i++) await GenServer.call(server, "get");
});

for (
  const [text, key] of [
    ["an integer", (i: number) => i],
    ["a pid", () => server],
    ["a string", (i: number) => `user ${i}`],
    ["a tuple", (i: number) => ["user", i]],
  ] as const
) {
  Deno.bench(`GenServer.call of the partition of ${text}`, { group: "partitions" }, async () => {
    for (let i = 0; i < CHILDREN; i++) {
      await GenServer.call(["via", PartitionSupervisor, ["partitions", key(i)]], "get");
    }
  });
}
