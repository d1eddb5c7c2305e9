/**
 * Process.groupLeader(): which process leads which. What it means between nodes is in
 * `node/group_leader_interop_test.ts`.
 *
 * @module
 */

import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  Agent,
  Application,
  type Pid,
  Process,
  receive,
  self,
  send,
  spawn,
  Supervisor,
  unwrap,
} from "../mod.ts";
import { exitOf, inProcess } from "./helpers.ts";

/** The group leader of a process that is spawned now. */
async function ofChild(): Promise<Pid> {
  const parent = self();
  spawn(() => void send(parent, Process.groupLeader()));
  return await receive() as Pid;
}

Deno.test("Process.groupLeader() is the main process in a program without applications", () => {
  const main = self();
  assertStrictEquals(Process.groupLeader(), main);
  return inProcess(async () => {
    assertStrictEquals(Process.groupLeader(), main);
    assertStrictEquals(await ofChild(), main);
  });
});

Deno.test("Process.groupLeader() is inherited at the spawn, as it is then", () =>
  inProcess(async () => {
    const before = Process.groupLeader();
    const parent = self();
    const child = spawn(async () => {
      for (;;) {
        await receive();
        send(parent, Process.groupLeader());
      }
    });
    const leader = spawn(() => receive());
    assertEquals(Process.groupLeader(parent, leader), true);
    assertStrictEquals(Process.groupLeader(), leader);
    assertStrictEquals(await ofChild(), leader);
    send(child, "which");
    assertStrictEquals(await receive(), before);

    Process.groupLeader(child, leader);
    send(child, "which");
    assertStrictEquals(await receive(), leader);

    const agent = unwrap(await Agent.startLink(() => Process.groupLeader()));
    assertStrictEquals(await Agent.get(agent, (leader) => leader), leader);

    Process.groupLeader(parent, before);
    assertStrictEquals(await ofChild(), before);
    assertStrictEquals(await Agent.get(agent, () => Process.groupLeader()), leader);

    // As on OTP 25, a leader that has ended stays one.
    Process.groupLeader(parent, leader);
    Process.exit(leader, "kill");
    assertStrictEquals(await ofChild(), leader);
  }));

Deno.test("Process.groupLeader() refuses what is no pid, and a process that has ended", () =>
  inProcess(async () => {
    const dead = spawn(() => {});
    await exitOf(dead);
    const before = Process.groupLeader();
    assertThrows(() => Process.groupLeader(self(), "x" as never), TypeError, "expected a pid");
    assertThrows(() => Process.groupLeader("x" as never, self()), TypeError, "expected a pid");
    assertThrows(() => Process.groupLeader(dead, self()), TypeError, "there is no such process");
    assertStrictEquals(Process.groupLeader(), before);
  }));

Deno.test("Process.groupLeader() of an application's process is its master, and tells the application", () =>
  inProcess(async () => {
    const outside = self();
    const Shop = {
      start: () => Supervisor.startLink([[Agent, () => self()]], { strategy: "one_for_one" }),
    };
    assertEquals(await Application.start({ name: "led_shop", mod: [Shop, []] }), "ok");
    const loner = spawn(() => receive());
    const shop = Process.list().filter((pid) => Application.getApplication(pid) === "led_shop");
    assertEquals(shop.length, 3);
    const [master, , agent] = shop as [Pid, Pid, Pid];
    assertStrictEquals(await Agent.get(agent, () => Process.groupLeader()), master);

    // As on OTP, a process belongs to the application that its group leader is the master of.
    assertEquals(Application.getApplication(loner), undefined);
    Process.groupLeader(loner, master);
    assertEquals(Application.getApplication(loner), "led_shop");
    Process.groupLeader(agent, outside);
    assertEquals(Application.getApplication(agent), undefined);
    assert(Process.isAlive(agent));
    await Application.stop("led_shop");
    Application.unload("led_shop");
    assertEquals(Application.getApplication(loner), undefined);
  }));
