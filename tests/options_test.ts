/**
 * The options of every function of the library: an unknown one is refused by name.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  Agent,
  Application,
  configureRuntime,
  DynamicSupervisor,
  Ets,
  GenServer,
  GenStatem,
  Global,
  Logger,
  ok,
  PartitionSupervisor,
  Process,
  ProcLib,
  receive,
  Registry,
  self,
  spawn,
  Supervisor,
  Task,
} from "../mod.ts";
import { binaryToTerm, Node, termToBinary } from "../lib/node/mod.ts";
import { checkOptions } from "../lib/kernel/options.ts";
import { inProcess } from "./helpers.ts";

const Server = { init: () => ok(1) };
const Machine = {
  callbackMode: () => "handle_event_function",
  init: () => GenStatem.ok("a", 1),
  handleEvent: () => GenStatem.keepStateAndData(),
};
const ONE = { strategy: "one_for_one" } as const;
const CHILD = { id: "child", start: () => "ignore" } as const;

/** Calls with options that are otherwise right; the words of the error, and what it says to be accepted. */
const DOORS: readonly [
  name: string,
  call: (extra: object) => unknown,
  what: string,
  accepted: string,
][] = [
  [
    "GenServer.start()",
    (extra) => GenServer.start(Server, undefined, { ...extra }),
    "start a GenServer",
    "name, timeout, debug, spawnOpt or hibernateAfter",
  ],
  [
    "GenServer.startLink()",
    (extra) => GenServer.startLink(Server, undefined, { ...extra }),
    "start a GenServer",
    "name, timeout, debug, spawnOpt or hibernateAfter",
  ],
  [
    "GenServer.startMonitor()",
    (extra) => GenServer.startMonitor(Server, undefined, { ...extra }),
    "start a GenServer",
    "name, timeout, debug, spawnOpt or hibernateAfter",
  ],
  [
    "GenServer.start(), spawnOpt",
    (extra) => GenServer.start(Server, undefined, { spawnOpt: { ...extra } }),
    "start a process",
    "priority, fullsweep_after, min_heap_size, min_bin_vheap_size, max_heap_size, message_queue_data or async_dist",
  ],
  [
    "GenServer.enterLoop()",
    (extra) => GenServer.enterLoop(Server, { ...extra }, 1),
    "enter the loop",
    "debug or hibernateAfter",
  ],
  [
    "GenServer.childSpec()",
    (extra) => GenServer.childSpec(Server, 1, { ...extra }),
    "override a child specification",
    "id, start, restart, shutdown, type, modules or significant",
  ],
  [
    "GenStatem.start()",
    (extra) => GenStatem.start(Machine, undefined, { ...extra }),
    "start a GenStatem",
    "name, timeout, debug, spawnOpt or hibernateAfter",
  ],
  [
    "GenStatem.enterLoop()",
    (extra) => GenStatem.enterLoop(Machine, { ...extra }, 1, 2),
    "enter the loop",
    "debug or hibernateAfter",
  ],
  [
    "Agent.start()",
    (extra) => Agent.start(() => 1, { ...extra }),
    "start an agent",
    "name, timeout, debug, spawnOpt or hibernateAfter",
  ],
  [
    "Agent.startLink()",
    (extra) => Agent.startLink(() => 1, { ...extra }),
    "start an agent",
    "name, timeout, debug, spawnOpt or hibernateAfter",
  ],
  [
    "Agent.childSpec()",
    (extra) => Agent.childSpec(() => 1, { ...extra }),
    "override a child specification",
    "id, start, restart, shutdown, type, modules or significant",
  ],
  [
    "Supervisor.startLink()",
    (extra) => Supervisor.startLink([], { ...ONE, ...extra }),
    "supervise",
    "strategy, maxRestarts, maxSeconds, autoShutdown or name",
  ],
  [
    "Supervisor.startLink(module)",
    (extra) =>
      Supervisor.startLink({ init: () => Supervisor.init([], ONE) }, undefined, { ...extra }),
    "start a supervisor",
    "name",
  ],
  [
    "Supervisor.init()",
    (extra) => Supervisor.init([], { ...ONE, ...extra }),
    "supervise",
    "strategy, maxRestarts, maxSeconds or autoShutdown",
  ],
  [
    "Supervisor.startChild()",
    (extra) => Supervisor.startChild("supervisor", { ...CHILD, ...extra }),
    "take this child specification",
    "id, start, restart, shutdown, type, modules or significant",
  ],
  [
    "Supervisor.childSpec()",
    (extra) => Supervisor.childSpec(CHILD, { ...extra }),
    "override a child specification",
    "id, start, restart, shutdown, type, modules or significant",
  ],
  [
    "DynamicSupervisor.startLink()",
    (extra) => DynamicSupervisor.startLink({ ...extra }),
    "start a dynamic supervisor",
    "strategy, maxRestarts, maxSeconds, maxChildren, extraArguments, autoShutdown, name, timeout, debug, spawnOpt or hibernateAfter",
  ],
  [
    "DynamicSupervisor.startLink(module)",
    (extra) =>
      DynamicSupervisor.startLink({ init: () => DynamicSupervisor.init() }, undefined, {
        ...extra,
      }),
    "start a dynamic supervisor",
    "name, timeout, debug, spawnOpt or hibernateAfter",
  ],
  [
    "DynamicSupervisor.init()",
    (extra) => DynamicSupervisor.init({ ...extra }),
    "supervise",
    "strategy, maxRestarts, maxSeconds, maxChildren, extraArguments or autoShutdown",
  ],
  [
    "DynamicSupervisor.startChild()",
    (extra) => DynamicSupervisor.startChild("supervisor", { ...CHILD, ...extra }),
    "take this child specification",
    "id, start, restart, shutdown, type, modules or significant",
  ],
  [
    "PartitionSupervisor.startLink()",
    (extra) => PartitionSupervisor.startLink({ name: "partitions", childSpec: CHILD, ...extra }),
    "start a partition supervisor",
    "name, childSpec, partitions, withArguments, strategy, maxRestarts, maxSeconds or autoShutdown",
  ],
  [
    "Task.Supervisor.startLink()",
    (extra) => Task.Supervisor.startLink({ ...extra }),
    "start a task supervisor",
    "maxChildren, maxRestarts, maxSeconds, name, timeout, debug, spawnOpt or hibernateAfter",
  ],
  [
    "Task.Supervisor.async()",
    (extra) => Task.Supervisor.async("supervisor", () => 1, { ...extra }),
    "start a task",
    "shutdown",
  ],
  [
    "Task.Supervisor.asyncNolink()",
    (extra) => Task.Supervisor.asyncNolink("supervisor", () => 1, { ...extra }),
    "start a task",
    "shutdown",
  ],
  [
    "Task.Supervisor.startChild()",
    (extra) => Task.Supervisor.startChild("supervisor", () => 1, { ...extra }),
    "start a task",
    "restart or shutdown",
  ],
  [
    "Task.Supervisor.asyncStream()",
    (extra) => Task.Supervisor.asyncStream("supervisor", [], () => 1, { ...extra }),
    "make a stream of tasks",
    "maxConcurrency, ordered, timeout, onTimeout, zipInputOnExit or shutdown",
  ],
  [
    "Task.asyncStream()",
    (extra) => Task.asyncStream([], () => 1, { ...extra }),
    "make a stream of tasks",
    "maxConcurrency, ordered, timeout, onTimeout or zipInputOnExit",
  ],
  [
    "Task.yieldMany()",
    (extra) => Task.yieldMany([], { ...extra }),
    "wait for tasks",
    "timeout, limit or onTimeout",
  ],
  [
    "Task.childSpec()",
    (extra) => Task.childSpec(() => 1, { ...extra }),
    "override a child specification",
    "id, start, restart, shutdown, type, modules or significant",
  ],
  [
    "spawn()",
    (extra) => spawn(() => {}, { ...extra }),
    "spawn",
    "link, monitor, priority, fullsweep_after, min_heap_size, min_bin_vheap_size, max_heap_size, message_queue_data or async_dist",
  ],
  [
    "spawn(), monitor",
    (extra) => spawn(() => {}, { monitor: { ...extra } }),
    "spawn",
    "alias or tag",
  ],
  [
    "Process.monitor()",
    (extra) => Process.monitor(self(), { ...extra }),
    "monitor",
    "alias or tag",
  ],
  [
    "Process.sendAfter()",
    (extra) => Process.sendAfter(self(), 1, 1, { ...extra }),
    "start a timer",
    "abs",
  ],
  [
    "Process.startTimer()",
    (extra) => Process.startTimer(1, self(), 1, { ...extra }),
    "start a timer",
    "abs",
  ],
  [
    "Process.cancelTimer()",
    (extra) => Process.cancelTimer(Process.sendAfter(self(), 1, 0), { ...extra }),
    "cancel a timer",
    "async or info",
  ],
  [
    "Process.readTimer()",
    (extra) => Process.readTimer(Process.sendAfter(self(), 1, 0), { ...extra }),
    "read a timer",
    "async",
  ],
  [
    "ProcLib.spawnOpt()",
    (extra) => ProcLib.spawnOpt(() => {}, { ...extra }),
    "spawn",
    "link, monitor or priority",
  ],
  [
    "ProcLib.spawnOpt(), monitor",
    (extra) => ProcLib.spawnOpt(() => {}, { monitor: { ...extra } }),
    "spawn",
    "alias or tag",
  ],
  [
    "ProcLib.start()",
    (extra) => ProcLib.start(() => {}, { ...extra }),
    "start",
    "timeout, link or priority",
  ],
  [
    "Registry.startLink()",
    (extra) => Registry.startLink({ keys: "unique", name: "registry", ...extra }),
    "start a registry",
    "keys, name, partitions, listeners, meta or compressed",
  ],
  [
    "Registry.dispatch()",
    (extra) => Registry.dispatch("registry", 1, () => {}, { ...extra }),
    "dispatch",
    "parallel",
  ],
  [
    "Global.configure()",
    (extra) => Global.configure({ ...extra }),
    "configure global names",
    "multiNameAction",
  ],
  [
    "Ets.new()",
    (extra) => Ets.new("table", { ...extra }),
    "create a table",
    "type, protection, namedTable, keypos, heir, compressed, readConcurrency, writeConcurrency or decentralizedCounters",
  ],
  [
    "Ets.setopts()",
    (extra) => Ets.setopts(Ets.new("table"), { ...extra }),
    "set options of a table",
    "heir or protection",
  ],
  [
    "Application.putEnv()",
    (extra) => Application.putEnv("app", "key", 1, { ...extra }),
    "set a key of an environment",
    "persistent",
  ],
  [
    "Application.putAllEnv()",
    (extra) => Application.putAllEnv({}, { ...extra }),
    "set environments",
    "persistent",
  ],
  [
    "Application.run()",
    (extra) => Application.run({ name: "app" }, { ...extra }),
    "run an application",
    "type or shutdownTimeout",
  ],
  [
    "Logger.configure()",
    (extra) => Logger.configure({ ...extra }),
    "configure the logger",
    "level or handleSaslReports",
  ],
  [
    "configureRuntime()",
    (extra) => configureRuntime({ ...extra }),
    "configure the runtime",
    "freezeMessages",
  ],
  [
    "Node.start()",
    (extra) => Node.start("a@127.0.0.1", { ...extra }),
    "start a node",
    "cookie, cookies, hidden, listen, resolve, epmd, tls, allowedNodes, setupTime, mapping, tickTime, limits or preventOverlappingPartitions",
  ],
  [
    "Node.start(), listen",
    (extra) => Node.start("a@127.0.0.1", { listen: { ...extra } }),
    "listen for nodes",
    "port or hostname",
  ],
  [
    "Node.start(), epmd",
    (extra) => Node.start("a@127.0.0.1", { epmd: { ...extra } }),
    "use EPMD",
    "port, host or serve",
  ],
  [
    "Node.start(), tls",
    (extra) => Node.start("a@127.0.0.1", { tls: { cert: "", key: "", ca: "", ...extra } }),
    "use TLS",
    "cert, key or ca",
  ],
  [
    "Node.start(), limits",
    (extra) => Node.start("a@127.0.0.1", { limits: { ...extra } }),
    "limit connections",
    "frameBytes, messageBytes or openMessages",
  ],
  [
    "Node.monitorNodes()",
    (extra) => Node.monitorNodes(true, { ...extra }),
    "monitor nodes",
    "nodeType or nodedownReason",
  ],
  [
    "termToBinary()",
    (extra) => termToBinary(1, { ...extra }),
    "encode a term",
    "mapping, identities, limits or compressed",
  ],
  [
    "binaryToTerm()",
    (extra) => binaryToTerm(termToBinary(1), { ...extra }),
    "decode a term",
    "mapping, identities or limits",
  ],
  [
    "binaryToTerm(), limits",
    (extra) => binaryToTerm(termToBinary(1), { limits: { ...extra } }),
    "limit a term",
    "nesting, integerBytes or inflatedBytes",
  ],
];

for (const [name, call, what, accepted] of DOORS) {
  Deno.test(`${name} refuses an unknown option by name, and says what is accepted`, () =>
    inProcess(async () => {
      const before = Process.list().length;
      for (const option of ["nmae", "toString", "constructor"]) {
        await assertRejects(
          async () => await call({ [option]: 1 }),
          TypeError,
          `Cannot ${what}: unknown option ${JSON.stringify(option)}; expected ${accepted}`,
        );
      }
      assertEquals(Process.list().length, before, "nothing was started");
    }));
}

Deno.test("checkOptions() takes what is known, and what is undefined", () => {
  const known = ["name", "timeout"];
  for (
    const options of [
      {},
      { name: 1 },
      { name: undefined, nmae: undefined },
      Object.create(null),
      Object.assign(Object.create(null), { timeout: 1 }),
      Object.create({ name: 1 }),
      new Proxy({ name: 1 }, {}),
      { [Symbol("nmae")]: 1 },
      Object.defineProperty({}, "nmae", { value: 1, enumerable: false }),
    ]
  ) checkOptions("test", options, known);
});

Deno.test("checkOptions() refuses what is unknown, inherited or not, and what is no object", () => {
  const expected = 'Cannot test: unknown option "nmae"; expected name or timeout';
  for (
    const options of [
      { name: 1, nmae: 1 },
      { nmae: null },
      Object.assign(Object.create(null), { nmae: 1 }),
      Object.create({ nmae: 1 }),
      new Proxy({ nmae: 1 }, {}),
    ]
  ) assertThrows(() => checkOptions("test", options, ["name", "timeout"]), TypeError, expected);
  const own = JSON.parse('{ "__proto__": 1 }');
  assertThrows(
    () => checkOptions("test", own, ["name"]),
    TypeError,
    'option "__proto__"; expected name',
  );
  for (const options of [null, undefined, 1, "name", [], ["name"], () => {}]) {
    assertThrows(
      () => checkOptions("test", options, ["name"]),
      TypeError,
      "Cannot test: expected options",
    );
  }
});

Deno.test("checkOptions() throws what a getter or a proxy throws, and reads no known option", () => {
  const error = new Error("mine");
  const fail = () => {
    throw error;
  };
  const getter = (name: string) => Object.defineProperty({}, name, { get: fail, enumerable: true });
  checkOptions("test", getter("name"), ["name"]);
  for (const options of [getter("nmae"), new Proxy({}, { ownKeys: fail })]) {
    const thrown = assertThrows(() => checkOptions("test", options, ["name"]));
    assertStrictEquals(thrown, error);
  }
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  assertThrows(() => checkOptions("test", proxy, ["name"]), TypeError);
});

Deno.test("spawn() takes the options of a monitor, and refuses wrong values by name", () =>
  inProcess(async () => {
    const [pid, ref] = spawn(() => {}, { monitor: { tag: "GONE", alias: "demonitor" } });
    Process.send(ref as never, "by alias");
    const mail = [await receive(), await receive()];
    assertEquals(mail, ["by alias", ["GONE", ref, "process", pid, "normal"]]);
    const [other, otherRef] = ProcLib.spawnOpt(() => {}, { monitor: { tag: ["my", "tag"] } });
    assertEquals(await receive(), [["my", "tag"], otherRef, "process", other, "normal"]);
    const wrong: [options: object, expected: string][] = [
      [{ link: 1 }, "expected the option link to be a boolean, found 1"],
      [{ monitor: "yes" }, "expected the option monitor to be a boolean, or options of a monitor"],
      [{ monitor: null }, "expected the option monitor to be a boolean, or options of a monitor"],
    ];
    for (const [options, expected] of wrong) {
      assertThrows(() => spawn(() => {}, options), TypeError, `Cannot spawn: ${expected}`);
      assertThrows(
        () => ProcLib.spawnOpt(() => {}, options),
        TypeError,
        `Cannot spawn: ${expected}`,
      );
    }
    for (
      const [name, value] of [["min_heap_size", -1], ["message_queue_data", "on_disk"]] as const
    ) {
      assertThrows(() => spawn(() => {}, { [name]: value }), TypeError, `the option ${name}`);
      await assertRejects(
        () => GenServer.start(Server, undefined, { spawnOpt: { [name]: value } }),
        TypeError,
        `Cannot start a process: expected the option ${name}`,
      );
    }
    assert(Process.isAlive(self()));
  }));
