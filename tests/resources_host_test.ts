/**
 * `Process.use` and `Process.defer` with resources of the host: servers, sockets, files, programs.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  _,
  GenServer,
  noreply,
  ok,
  on,
  type Pid,
  Process,
  receive,
  spawn,
  Supervisor,
  unwrap,
} from "../mod.ts";
import { collectReports, inProcess, settled } from "./helpers.ts";

/** A port that is free at the moment. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Starts a supervised server of `init`, known as `name`, in a process that traps exits. */
async function supervised(name: string, init: () => unknown): Promise<Pid> {
  Process.flag("trap_exit", true);
  const module = {
    init: () => ok(init()),
    handleInfo: (_message: unknown, state: unknown) => noreply(state),
  };
  const start = () => GenServer.startLink(module, undefined, { name });
  const options = { strategy: "one_for_one", maxRestarts: 5 } as const;
  return unwrap(await Supervisor.startLink([{ id: name, start }], options));
}

/** Kills a process, and resolves with its successor of the same name. */
async function kill(name: string): Promise<Pid> {
  const pid = Process.whereis(name)!;
  const ref = Process.monitor(pid);
  Process.exit(pid, "kill");
  await receive(on(["DOWN", ref, "process", pid, "killed"], () => {}));
  await settled();
  const successor = Process.whereis(name);
  assert(successor !== undefined && Process.isAlive(successor), `no ${name} after the kill`);
  return successor;
}

/** Sends the request that is never answered. Not by `fetch`, which asks again when it is cut off. */
async function ask(port: number): Promise<Deno.Conn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode("GET /hangs HTTP/1.1\r\nHost: here\r\n\r\n"));
  return connection;
}

Deno.test("a supervised HTTP server that is killed while requests run is back at once", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const port = freePort();
    let running = 0;
    const supervisor = await supervised("web", () => {
      const signal = Process.signal();
      const server = Deno.serve(
        { port, hostname: "127.0.0.1", signal, onListen: () => {} },
        ({ url }) => {
          running++;
          // A handler that never ends.
          return url.endsWith("/hangs") ? new Promise<Response>(() => {}) : new Response("hello");
        },
      );
      Process.defer(() => server.finished);
      return server;
    });
    const get = (path: string) =>
      fetch(`http://127.0.0.1:${port}/${path}`).then((answer) => answer.text(), () => "cut off");
    for (let kills = 0; kills < 3; kills++) {
      assertEquals(await get("quick"), "hello");
      const before = running;
      const hanging = await Promise.all([1, 2, 3].map(() => ask(port)));
      while (running < before + 3) await new Promise((resolve) => setTimeout(resolve, 1));
      await kill("web");
      for (const connection of hanging) {
        assertEquals(await connection.read(new Uint8Array(1)).catch(() => null), null);
        connection.close();
      }
    }
    assertEquals(await get("quick"), "hello");
    await Supervisor.stop(supervisor);
    assertEquals(await get("quick"), "cut off");
    assertEquals(reports.all.filter(({ kind }) => kind === "resource"), []);
  });
});

Deno.test("a supervised TCP server that is killed can listen at the same port again", async () => {
  using reports = collectReports();
  await inProcess(async () => {
    const port = freePort();
    const supervisor = await supervised("listener", () => {
      const listener = Process.use(Deno.listen({ hostname: "127.0.0.1", port }));
      const parent = Process.self();
      // Each connection belongs to a process of its own, which goes with the server.
      spawn(async () => {
        for await (const connection of listener) {
          spawn(async () => {
            Process.link(parent);
            Process.use(connection);
            await connection.write(new TextEncoder().encode("hello"));
            await Process.sleep(Infinity);
          });
        }
      });
      return listener;
    });
    for (let kills = 0; kills < 3; kills++) {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const buffer = new Uint8Array(5);
      assertEquals(await connection.read(buffer), 5);
      await kill("listener");
      assertEquals(await connection.read(buffer), null);
    }
    await Supervisor.stop(supervisor);
    await settled();
    assertEquals(reports.logged, []);
  });
});

Deno.test("a program that a process has started ends before the exit of the process is completed", async () => {
  await inProcess(async () => {
    let program: Deno.ChildProcess | undefined;
    let status: Deno.CommandStatus | undefined;
    const pid = spawn(async () => {
      program = Process.use(
        new Deno.Command("deno", {
          args: ["eval", "console.log('ready'); setInterval(() => {}, 1000)"],
          stdin: "null",
          stdout: "piped",
          stderr: "null",
        }).spawn(),
      );
      Process.flag("dispose_timeout", 60_000);
      program.status.then((ended) => status = ended);
      await Process.sleep(Infinity);
    });
    await settled();
    const reader = program!.stdout.getReader();
    await reader.read();
    const ref = Process.monitor(pid);
    Process.exit(pid, "kill");
    assertEquals(status, undefined);
    await receive(on(["DOWN", ref, _, pid, "killed"], () => {}));
    assertEquals(status?.signal, "SIGTERM");
    while (!(await reader.read()).done);
  });
});

/** Runs the program `fixtures/resources.ts`, and sends it SIGTERM when it is ready. */
async function run(
  ...args: string[]
): Promise<{ readonly code: number; readonly lines: string[]; readonly stderr: string }> {
  const program = new URL("fixtures/resources.ts", import.meta.url);
  const child = new Deno.Command("deno", {
    args: ["run", "--quiet", "--allow-read", "--allow-write", program.href, ...args],
    cwd: new URL("..", import.meta.url),
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new Response(child.stderr).text();
  let text = "";
  for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (part.includes("ready")) child.kill("SIGTERM");
  }
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("[notice]"));
  return { code: (await child.status).code, lines, stderr: await stderr };
}

Deno.test("a supervised holder of a lock file that is killed has the lock again at once", async () => {
  const { code, lines, stderr } = await run("lock");
  assertEquals([code, stderr], [0, ""]);
  assertEquals(lines, Array(6).fill("locked"));
});

Deno.test("resources of the main process are disposed of when it is terminated, not when the program ends", async () => {
  const terminated = await run("main");
  assertEquals([terminated.code, terminated.lines], [1, ["main closed"]]);
  assertStringIncludes(terminated.stderr, "boom");
  assertEquals(await run("end"), { code: 0, lines: [], stderr: "" });
});

Deno.test("Application.run() waits for the resources of all processes when SIGTERM comes", async () => {
  const { code, lines } = await run("application");
  assertEquals([code, lines], [0, ["ready", "shop closed", "database closed"]]);
});
