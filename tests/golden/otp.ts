/**
 * The library under test, as the runner uses it: the only file here that imports it.
 *
 * @module
 */

import { isAtRest } from "../../lib/kernel/scheduler.ts";
import { pendingTimers } from "../../lib/kernel/timers.ts";
import * as Otp from "../../mod.ts";
import type { AnyFunction } from "./eval.ts";
import type { Host } from "./host.ts";
import { type Functions, portFunction } from "./library.ts";
import type { FoundLog } from "./logs.ts";
import { fits, holds, type MatchSpec, selected } from "./match_spec.ts";
import { fromModule, type SystemModule } from "./system.ts";
import { camel } from "./values.ts";

const { Exit, Process } = Otp;

/** The modules of Elixir and Erlang, and what they are called in the library. */
const MODULES: Readonly<Record<string, string>> = {
  Process: "Process",
  GenServer: "GenServer",
  Supervisor: "Supervisor",
  DynamicSupervisor: "DynamicSupervisor",
  PartitionSupervisor: "PartitionSupervisor",
  Agent: "Agent",
  Task: "Task",
  "Task.Supervisor": "TaskSupervisor",
  Registry: "Registry",
  Application: "Application",
  Logger: "Logger",
  ":timer": "Timer",
  ":global": "Global",
  ":ets": "Ets",
  ":sys": "Sys",
  ":gen_server": "GenServer",
  ":supervisor": "Supervisor",
  ":application": "Application",
};

/** Functions that Elixir and the library name otherwise than by the rule (`alive?` is `isAlive`). */
const RENAMED: Readonly<Record<string, string>> = {
  "Process.spawn": "spawn",
  ":timer.start_timer": "startTimer",
};

/** Functions that answer `:ok` in Elixir and nothing here. */
const SILENT: readonly string[] = ["Process.sleep"];

/** Functions that take or answer something else in Elixir. */
const ADAPTED: Readonly<Record<string, (f: AnyFunction) => AnyFunction>> = {
  "Process.send": (f) => (to, message, ..._options) => (f(to, message), "ok"),
  "Process.spawn": (f) => (body, options) =>
    f(body, Object.fromEntries((options as string[]).map((name) => [name, true]))),
  // a table's options are atoms and pairs
  ":ets.new": (f) => (name, options) => f(name, tableOptions(options as unknown[])),
  ":ets.insert": (f) => (table, object) =>
    f(table, ...((object as unknown[]).every(Array.isArray) ? object as unknown[] : [object])),
  // patterns with :_ and :"$1", match specifications
  "Registry.match": (f) => (registry, key, pattern, guards = []) =>
    f(registry, key, guarded(pattern, guards)),
  "Registry.count_match": (f) => (registry, key, pattern, guards = []) =>
    f(registry, key, guarded(pattern, guards)),
  "Registry.unregister_match": (f) => (registry, key, pattern, guards = []) =>
    f(registry, key, guarded(pattern, guards)),
  "Registry.select": (f) => (registry, specs) =>
    f(registry, (specs as MatchSpec[]).map(functional)),
  "Registry.count_select": (f) => (registry, specs) =>
    f(registry, (specs as MatchSpec[]).map(functional)),
};

function tableOptions(options: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(options.map((option) => {
    if (Array.isArray(option)) return [camel(String(option[0])), option[1]];
    if (option === "named_table") return ["namedTable", true];
    const isType = ["set", "ordered_set", "bag", "duplicate_bag"].includes(String(option));
    return [isType ? "type" : "protection", option];
  }));
}

function guarded(pattern: unknown, guards: readonly unknown[]): (value: unknown) => boolean {
  return (value) => {
    const variables = new Map<string, unknown>();
    return fits(pattern, value, variables) && holds(guards, variables);
  };
}

function functional(spec: MatchSpec): unknown {
  const made = (...entry: unknown[]): [unknown] | undefined => selected(spec, entry);
  return [
    [Otp._, Otp._, Otp._],
    [(...entry: unknown[]) => made(...entry) !== undefined],
    (...entry: unknown[]) => made(...entry)![0],
  ];
}

/** Which argument of a function is a timeout. */
const TIMEOUTS: Readonly<Record<string, number>> = {
  "Process.sleep": 0,
  ":timer.sleep": 0,
  "GenServer.call": 2,
  "GenServer.stop": 2,
  ":gen_server.call": 2,
  "Supervisor.stop": 2,
  "DynamicSupervisor.stop": 2,
  "Agent.get": 2,
  "Agent.update": 2,
  "Agent.get_and_update": 2,
  "Agent.stop": 2,
  "Task.await": 1,
  "Task.yield": 1,
  "Task.shutdown": 1,
};

/** Which argument of a function is its options. */
const OPTIONS: Readonly<Record<string, number>> = {
  "GenServer.start": 2,
  "GenServer.start_link": 2,
  "Supervisor.start_link": 1,
  "Supervisor.child_spec": 1,
  "Supervisor.init": 1,
  "DynamicSupervisor.start_link": 0,
  "PartitionSupervisor.start_link": 0,
  "Agent.start": 1,
  "Agent.start_link": 1,
  "Registry.start_link": 0,
  "Task.Supervisor.start_link": 0,
  "Process.cancel_timer": 1,
  "Process.send_after": 3,
  "Process.read_timer": 1,
};

/** The library as a host. */
export const host: Host = {
  spawn: (body) => Otp.spawn(body),
  spawnLink: (body) => Otp.spawnLink(body),
  spawnMonitor: (body) => Otp.spawnMonitor(body),
  self: () => Otp.self(),
  send: (destination, message) => Otp.send(destination as Otp.Pid, message),
  flush: () => Otp.flush(),
  receive(accepts, timeout) {
    const wanted = Otp.on(accepts, () => true);
    return Promise.resolve(
      timeout === undefined
        ? Otp.receive(wanted)
        : Otp.receive(wanted, Otp.after(timeout, () => false)),
    );
  },
  exit: (reason) => Otp.exit(reason),
  exitReason: (thrown) => thrown instanceof Exit ? { reason: thrown.reason } : undefined,
  makeRef: () => Otp.makeRef(),
  isPid: Otp.isPid,
  isRef: Otp.isReference,
  isAlive: (pid) => Process.isAlive(pid as Otp.Pid),
  kill: (pid) => void Process.exit(pid as Otp.Pid, "kill"),
  processes: () => Process.list(),
  isAtRest,
  isIdle: () =>
    isAtRest() && pendingTimers() === 0 &&
    Process.list().every((pid) =>
      pid === Otp.self() || Process.info(pid, "status")?.[1] === "waiting"
    ),
  whenDown(pid, callback) {
    const { promise, resolve } = Promise.withResolvers<void>();
    Otp.spawn(async () => {
      const ref = Process.monitor(pid as Otp.Pid);
      resolve();
      const down = await Otp.receive(
        Otp.on(["DOWN", ref, Otp._, Otp._, Otp._], (message) => message),
      );
      callback(down[4]);
    });
    return promise;
  },
  captureReports(sink) {
    const previous = Otp.Logger.setHandler((report) => {
      const shown = report.level === "error" || report.kind === "unhandled_message";
      if (shown && report.sasl !== true) sink(foundLog(report));
    });
    return () => void Otp.Logger.setHandler(previous);
  },
  modules: modules(),
  options: OPTIONS,
  timeouts: TIMEOUTS,
};

/** An error report of the library in the terms of `logs.ts`. */
function foundLog(report: Otp.Logger.Report): FoundLog {
  const { kind, pid, name, reason, client, clientName } = report;
  return {
    kind: kind === "process"
      ? "process"
      : kind === "unhandled_message"
      ? "unhandled"
      : ["gen_server", "gen_statem", "task", "agent"].includes(kind)
      ? "server"
      : "other",
    pid,
    reason,
    ...(name !== undefined && { name }),
    ...("lastMessage" in report && { lastMessage: report.lastMessage }),
    ...("state" in report && { state: report.state }),
    ...(client !== undefined && { client: clientName ?? client }),
    text: Otp.Logger.format(report),
  };
}

/** Kills the calling process. */
export function killSelf(): true {
  return Process.exit(Otp.self(), "kill");
}

/** Whether an application has been started. */
export function runs(application: string): boolean {
  return Otp.Application.startedApplications().some(([name]) => name === application);
}

function modules(): Record<string, SystemModule> {
  const found: Record<string, SystemModule> = {};
  for (const [elixir, name] of Object.entries(MODULES)) {
    const namespace = (Otp as unknown as Record<string, object | undefined>)[name];
    if (namespace === undefined) continue;
    const functions = fromModule(namespace);
    found[elixir] = fromModule(namespace, adapted(elixir, functions));
  }
  return found;
}

/** The functions of a module that need their names or results changed. */
function adapted(module: string, functions: Functions): Functions {
  const changed: Record<string, AnyFunction> = {};
  for (const [full, name] of Object.entries(RENAMED)) {
    if (full.startsWith(`${module}.`) && functions[name]) {
      changed[full.slice(module.length + 1)] = functions[name];
    }
  }
  for (const [full, adapt] of Object.entries(ADAPTED)) {
    const name = full.slice(module.length + 1);
    const f = full.startsWith(`${module}.`)
      ? portFunction({ ...functions, ...changed }, name)
      : undefined;
    if (f !== undefined) changed[name] = adapt(f);
  }
  for (const full of SILENT) {
    const f = full.startsWith(`${module}.`)
      ? portFunction(functions, full.slice(module.length + 1))
      : undefined;
    if (f !== undefined) {
      changed[full.slice(module.length + 1)] = async (...args) => (await f(...args)) ?? "ok";
    }
  }
  return changed;
}
