import { assertEquals, assertRejects } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import { GenServer, Process, unwrap } from "../../mod.ts";
import * as NetKernel from "../../lib/node/services/net_kernel.ts";
import { inProcess, settled } from "../helpers.ts";

Deno.test("net_kernel replies yes to is_auth", () =>
  inProcess(async () => {
    const pid = unwrap(await GenServer.start(NetKernel, undefined, { name: "net_kernel" }));
    assertEquals(await GenServer.call("net_kernel", ["is_auth", "e@h"]), "yes");
    await GenServer.stop(pid);
  }));

Deno.test("net_kernel does not reply to unknown requests, and keeps running", async () => {
  using time = new FakeTime();
  await inProcess(async () => {
    const pid = unwrap(await GenServer.start(NetKernel));
    const unknown = [["is_auth"], "what", ["spawn", "m", "f", [], pid]];
    const calls = unknown.map((request) => assertRejects(() => GenServer.call(pid, request, 100)));
    GenServer.cast(pid, "what");
    Process.sendAfter(pid, "what", 0);
    await settled();
    time.tick(100);
    await Promise.all(calls);
    assertEquals(await GenServer.call(pid, ["is_auth", "e@h"]), "yes");
    await GenServer.stop(pid);
  });
});
