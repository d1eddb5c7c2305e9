import { assert, assertEquals, assertRejects } from "@std/assert";
import { GenServer, MatchError, type Pid, Process, self, spawn } from "../../mod.ts";
import { callService } from "../../lib/node/services/call_service.ts";
import { exitOf, inProcess, settled } from "../helpers.ts";

const NAMES = ["logger_proxy", "net_kernel", "rex"];

function peerOf(): never {
  throw new Error("no test connects");
}

Deno.test("callService() runs from start() to stop(), whichever process starts it", () =>
  inProcess(async () => {
    const outside = Process.groupLeader();
    const exact = new Set<Pid>();
    const service = callService({ peerOf, speakExactly: (pid) => void exact.add(pid) });
    await exitOf(spawn(() => service.start()));
    const before = NAMES.map((name) => Process.whereis(name));
    assert(before.every((pid) => pid !== undefined));
    const [proxy, kernel] = before as [Pid, Pid];
    assertEquals(exact, new Set([Process.groupLeader(), kernel, proxy]));
    assertEquals(await GenServer.call("net_kernel", ["is_auth", "e@h"]), "yes");
    await service.stop();
    assertEquals(NAMES.map((name) => Process.whereis(name)), [undefined, undefined, undefined]);
    assertEquals(Process.groupLeader(), outside);
    await service.stop();
  }));

Deno.test("callService() restarts a service that was terminated", () =>
  inProcess(async () => {
    const exact = new Set<Pid>();
    const service = callService({ peerOf, speakExactly: (pid) => void exact.add(pid) });
    await service.start();
    const leader = Process.groupLeader();
    for (const pid of [leader, Process.whereis("rex")!]) {
      Process.exit(pid, "kill");
      await exitOf(pid);
    }
    await settled();
    assert(Process.isAlive(Process.groupLeader()) && Process.groupLeader() !== leader);
    assert(exact.has(Process.groupLeader()));
    assert(Process.whereis("rex") !== undefined);
    await service.stop();
  }));

Deno.test("callService().start() rejects when one of the names is taken, and leaves nothing behind", () =>
  inProcess(async () => {
    Process.register(self(), "rex");
    const service = callService({ peerOf, speakExactly: () => {} });
    await assertRejects(() => service.start(), MatchError, "already_started");
    assertEquals(Process.whereis("net_kernel"), undefined);
    await service.stop();
    assertEquals(Process.whereis("rex"), self());
  }));
