/**
 * Links and monitors: making one and taking it back, and hearing of an end through it.
 *
 * @module
 */

import { _, GenServer, on, Process, receive, spawnLink, spawnMonitor, unwrap } from "@denotp/otp";
import { assertEquals } from "@std/assert";
import { Idle, kill, timed, timedSync, type Work } from "../work.ts";

async function exits(operations: number): Promise<number> {
  Process.flag("trap_exit", true);
  let heard = 0;
  const time = await timed(operations, async () => {
    for (let i = 0; i < operations; i++) {
      const pid = spawnLink(() => {});
      await receive(on(["EXIT", pid, "normal"], () => heard++));
    }
  });
  assertEquals(heard, operations);
  Process.flag("trap_exit", false);
  return time;
}

async function downs(operations: number): Promise<number> {
  let heard = 0;
  const time = await timed(operations, async () => {
    for (let i = 0; i < operations; i++) {
      const [pid, ref] = spawnMonitor(() => {});
      await receive(on(["DOWN", ref, "process", pid, _], () => heard++));
    }
  });
  assertEquals(heard, operations);
  return time;
}

const withServer =
  (repeat: (server: Awaited<ReturnType<typeof idle>>) => boolean) =>
  async (operations: number): Promise<number> => {
    const server = await idle();
    let done = 0;
    const time = await timedSync(operations, () => {
      for (let i = 0; i < operations; i++) if (repeat(server)) done++;
    });
    assertEquals(done, operations);
    kill([server]);
    return time;
  };

async function idle() {
  return unwrap(await GenServer.start(Idle, 0));
}

/** The group. */
export const links: readonly Work[] = [
  {
    name: "link",
    title: "`Process.link` and `unlink`",
    operations: 500_000,
    measure: withServer((server) => Process.link(server) && Process.unlink(server)),
    baseline: "map",
  },
  {
    name: "monitor",
    title: "`Process.monitor` and `demonitor`",
    operations: 500_000,
    measure: withServer((server) => Process.demonitor(Process.monitor(server), ["flush"])),
    baseline: "map",
  },
  {
    name: "exit",
    title: '`spawnLink`, and its `"EXIT"` message',
    operations: 50_000,
    measure: exits,
    baseline: "promise",
  },
  {
    name: "down",
    title: '`spawnMonitor`, and its `"DOWN"` message',
    operations: 50_000,
    measure: downs,
    baseline: "promise",
  },
];
