import { assertEquals } from "@std/assert";
import { GenServer, type Pid, type Ref, send, unwrap } from "../../mod.ts";
import type { Control } from "../../lib/node/control.ts";
import * as LoggerProxy from "../../lib/node/services/logger_proxy.ts";
import { bin, list } from "../../lib/node/terms.ts";
import { type CollectedReports, collectReports, settled } from "../helpers.ts";
import { FakePeer } from "./fake_peer.ts";

/** Runs `body` with the proxy, and collects what is logged. */
function withProxy(body: (peer: FakePeer, proxy: Pid, reports: CollectedReports) => Promise<void>) {
  return FakePeer.run(async (peer) => {
    using reports = collectReports();
    const proxy = unwrap(await GenServer.start(LoggerProxy));
    await body(peer, proxy, reports);
    await GenServer.stop(proxy);
  });
}

/** Has the peer answer the request to format something; resolves with the event that was to be formatted. */
async function format(peer: FakePeer, proxy: Pid, value: unknown): Promise<Map<unknown, unknown>> {
  const [[, ref, , , , , args]] = await peer.hears() as [Control & readonly [unknown, Ref]] as [
    readonly [
      string,
      Ref,
      unknown,
      unknown,
      unknown,
      unknown,
      readonly [Ref, symbol, symbol, unknown[]],
    ],
  ];
  const [result, module, name, [event]] = args;
  assertEquals([module.description, name.description], ["logger_formatter", "format"]);
  const pid = peer.pid();
  peer.says("spawn_reply", ref, proxy, 2, pid);
  peer.says("monitor_p_exit", pid, proxy, ref, [result, ...value as unknown[]]);
  await settled();
  return event as Map<unknown, unknown>;
}

Deno.test("logger_proxy logs what a process elsewhere says, in the words of its node", () =>
  withProxy(async (peer, proxy, reports) => {
    const pid = peer.pid();
    const meta = new Map<unknown, unknown>([["pid", pid], ["time", 1]]);
    const rows = [
      [["error", list("~p"), list([1])], ["error", [list("~p"), list([1])]]],
      [["notice", new Map([["a", 1]])], ["notice", ["report", new Map([["a", 1]])]]],
      [["warning", list([["a", 1]])], ["warning", ["report", list([["a", 1]])]]],
      [["info", list([list("ab"), "c"])], ["info", ["string", list([list("ab"), "c"])]]],
      [["info", list()], ["info", ["string", list()]]],
      [["critical", list("text")], ["error", ["string", list("text")]]],
    ] as const;
    for (const [said, [level, msg]] of rows) {
      send(proxy, ["log", ...said, meta]);
      const event = await format(peer, proxy, ["return", list([list("snö"), bin("☃")])]);
      assertEquals(
        event,
        new Map<unknown, unknown>([["level", said[0]], ["msg", msg], ["meta", meta]]),
      );
      const { all } = reports;
      assertEquals(all.splice(0), [
        { level, kind: "message", pid, reason: "snö☃", details: { node: "e@h" } },
      ]);
    }
  }));

Deno.test("logger_proxy logs the terms themselves where they cannot be put into words", () =>
  withProxy(async (peer, proxy, reports) => {
    const meta = new Map([["pid", peer.pid()]]);
    const rows = [
      [[list("~p"), list([1])], "~p [1]"],
      [[list("text")], "text"],
      [[list([["a", 1]])], '[["a", 1]]'],
    ] as const;
    for (const [said, text] of rows) {
      send(proxy, ["log", "info", ...said, meta]);
      await format(peer, proxy, ["error", "badarg", list()]);
      assertEquals(reports.all.splice(0).map(({ reason }) => reason), [text]);
    }
  }));

Deno.test("logger_proxy ignores everything else, and lives on", () =>
  withProxy(async (peer, proxy, reports) => {
    for (
      const message of ["log", ["log"], ["log", "error", "text"], [
        "log",
        "error",
        "text",
        new Map(),
      ]]
    ) {
      send(proxy, message);
    }
    assertEquals(await peer.hears(), []);
    assertEquals(reports.all, []);
    send(proxy, ["log", "info", ["x"], new Map([["pid", peer.pid()]])]);
    await format(peer, proxy, ["return", list("x")]);
    assertEquals(reports.all.length, 1);
  }));
