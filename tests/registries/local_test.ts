import { Exit, type Pid, Process, receive, self, send, spawn } from "@denotp/otp";
import { createLocalRegistry, testRegistry } from "@denotp/otp/registries";
import { assertEquals, assertThrows } from "@std/assert";
import { exitOf, inProcess } from "../helpers.ts";

testRegistry("the local registry", () => ({
  registry: createLocalRegistry(),
  structuredKeys: false,
}));

function sleeper(): Pid {
  return spawn(() => receive({ end: () => {} }));
}

async function end(pid: Pid): Promise<void> {
  const ended = exitOf(pid);
  Process.exit(pid, "kill");
  await ended;
}

Deno.test("the local registry gives a process one name at most, and knows it by its pid", () =>
  inProcess(async () => {
    const names = createLocalRegistry();
    const [first, second] = [sleeper(), sleeper()];
    const symbol = Symbol("second");
    assertEquals(names.registerName("first", first), "yes");
    assertEquals(names.registerName("another", first), "no");
    assertEquals(names.registerName(symbol, second), "yes");
    assertEquals([names.nameOf(first), names.nameOf(second)], ["first", symbol]);
    assertEquals(names.registered(), ["first", symbol]);
    names.unregisterName("first");
    assertEquals([names.nameOf(first), names.registered()], [undefined, [symbol]]);
    assertEquals(names.registerName("another", first), "yes");
    await end(first);
    assertEquals([names.nameOf(first), names.registered()], [undefined, [symbol]]);
    await end(second);
    assertEquals(names.registered(), []);
  }));

Deno.test("the local registry gives no name to a process that has exited", () =>
  inProcess(async () => {
    const names = createLocalRegistry();
    const pid = sleeper();
    await end(pid);
    assertEquals(names.registerName("name", pid), "no");
    assertEquals([names.whereisName("name"), names.registered()], [undefined, []]);
  }));

Deno.test("the local registry keeps the names of one registry from those of another", () =>
  inProcess(async () => {
    const [one, other] = [createLocalRegistry(), createLocalRegistry()];
    assertEquals(one.registerName("name", self()), "yes");
    assertEquals(other.whereisName("name"), undefined);
    assertEquals(other.registerName("name", self()), "yes");
    one.unregisterName("name");
    assertEquals(other.whereisName("name"), self());
    const failed = assertThrows(() => one.send("name", "hello"), Exit);
    assertEquals(failed.reason, ["badarg", ["name", "hello"]]);
    assertEquals(await send(["via", other, "name"], "hello"), "hello");
    assertEquals(await receive(), "hello");
  }));
