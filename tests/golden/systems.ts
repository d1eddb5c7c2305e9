/**
 * The systems that transcripts drive, and where their ports are.
 *
 * @module
 */

import type { AnyFunction } from "./eval.ts";
import { options, portFunction } from "./library.ts";
import { mixProject } from "./mix.ts";
import { killSelf, runs } from "./otp.ts";
import { fromModule, type System, type SystemModule } from "./system.ts";
import type { Transcript } from "./transcript.ts";

/** Where the port of each Elixir module is. What is after an `@` tells the stages of a module apart. */
const PORTS: Readonly<Record<string, () => Promise<object>>> = {
  P: () => import("../../examples/primitives/problem.ts"),
  NameServer2: () => import("../../examples/name_server/name_server.ts"),
  "Calculator.Core": () => import("../../examples/calculator/core.ts"),
  "Calculator.Boundary": () => import("../../examples/calculator/boundary.ts"),
  Calculator: () => import("../../examples/calculator/calculator.ts"),
  "Calculator.Server": () => import("../../examples/calculator/server.ts"),
  "CalculatorCall.Server": () => import("../../examples/calculator/call_server.ts"),
  Slow: () => import("../../examples/backpressure/slow.ts"),
  "Stack.Core": () => import("../../examples/stack/core.ts"),
  "Stack.Server": () => import("../../examples/stack/server.ts"),
  Stack: () => import("../../examples/stack/stack.ts"),
  "Counter.Core": () => import("../../examples/counter/core.ts"),
  "Counter.Server": () => import("../../examples/counter/server.ts"),
  Counter: () => import("../../examples/counter/counter.ts"),
  "Clock.Core": () => import("../../examples/clock/core.ts"),
  "Clock.Server": () => import("../../examples/clock/server.ts"),
  Clock: () => import("../../examples/clock/clock.ts"),
  "EggTimer.Alarm": () => import("../../examples/egg_timer/alarm.ts"),
  "EggTimer.Server": () => import("../../examples/egg_timer/server.ts"),
  "EggTimerPrinted.Alarm": () => import("../../examples/egg_timer/printed_alarm.ts"),
  "EggTimer2.Alarm": () => import("../../examples/egg_timer2/alarm.ts"),
  "EggTimer2.Server": () => import("../../examples/egg_timer2/server.ts"),
  EggTimer2: () => import("../../examples/egg_timer2/egg_timer2.ts"),
  Responder: () => import("../../examples/response_tuples/responder.ts"),
  Bare: () => import("../../examples/response_tuples/bare.ts"),
  MyRegistry: () => import("../../examples/registries/my_registry.ts"),
  Saved: () => import("../../examples/super_duper/saved.ts"),
  Character: () => import("../../examples/registries/character.ts"),
  "EggTimer2.Application": () => import("../../examples/egg_timer2/application.ts"),
  "SuperDuper.Core": () => import("../../examples/super_duper/core.ts"),
  "SuperDuper.Server": () => import("../../examples/super_duper/server.ts"),
  "SuperDuper.Server@first": () => import("../../examples/super_duper/first_server.ts"),
  "SuperDuper.Application": () => import("../../examples/super_duper/application.ts"),
  "SuperDuper.Application@first": () => import("../../examples/super_duper/first_application.ts"),
  "SuperDuper.Application@growing": () =>
    import("../../examples/super_duper/growing_application.ts"),
  SuperDuper: () => import("../../examples/super_duper/super_duper.ts"),
  "SuperDuper@dynamic": () => import("../../examples/super_duper/dynamic.ts"),
  Project: () => import("../../examples/super_duper/project.ts"),
  "RPS.Core": () => import("../../examples/rock_paper_scissors/core.ts"),
  "RPS.Game": () => import("../../examples/rock_paper_scissors/game.ts"),
  "RPS.WaitingRoom": () => import("../../examples/rock_paper_scissors/waiting_room.ts"),
  RPS: () => import("../../examples/rock_paper_scissors/rps.ts"),
  ":messenger": () => import("../../examples/messenger/messenger.ts"),
  "SuperDuper@nodes": () => import("../../examples/super_duper_dist/super_duper.ts"),
  Node: () => import("../../lib/node/node.ts"),
  NodeRegistry: () => import("../../examples/super_duper_dist/node_registry.ts"),
  "Tree.Leaf": () => import("../../examples/supervision_tree/leaf.ts"),
  "Tree.Sup": () => import("../../examples/supervision_tree/sup.ts"),
};

/** Functions of ports with a keyword list for an argument or in one in Elixir, and an object of options here. */
const TAKES_OPTIONS: Readonly<Record<string, readonly string[]>> = {
  "EggTimer2.Server": ["start_link"],
  EggTimer2: ["start_link"],
  "SuperDuper.Application": ["start"],
  "Tree.Sup": ["start_link"],
};

const CALCULATOR = [
  "Calculator.Core",
  "Calculator.Boundary",
  "Calculator",
  "Calculator.Server",
  "CalculatorCall.Server",
];
const EGG_TIMER = ["EggTimer.Alarm", "EggTimer.Server", "EggTimerPrinted.Alarm"];
const EGG_TIMER_2 = ["EggTimer2.Alarm", "EggTimer2.Server", "EggTimer2"];
const SUPER_DUPER = ["SuperDuper.Core", "SuperDuper.Server", "SuperDuper.Application"];
const GROWING_SUPER_DUPER = [
  "SuperDuper.Core",
  "SuperDuper.Server",
  "SuperDuper.Application@growing",
];

/** What a system is made of. Short names lead to the first module in the list that ends so. */
interface Recipe extends Omit<System, "modules"> {
  readonly ports: readonly string[];
}

const SYSTEMS: Readonly<Record<string, Recipe>> = {
  nameserver2: { ports: ["NameServer2"] },
  calculator_core: { ports: CALCULATOR, imports: ["Calculator.Core"] },
  calculator_boundary: { ports: CALCULATOR, imports: ["Calculator.Boundary"] },
  calculator_api: { ports: CALCULATOR },
  calculator_server: { ports: CALCULATOR, aliases: { Server: "Calculator.Server" } },
  backpressure: { ports: ["Slow", ...CALCULATOR], aliases: { Server: "CalculatorCall.Server" } },
  stack_counter_clock: {
    ports: [
      "Stack.Core",
      "Stack.Server",
      "Stack",
      "Counter.Core",
      "Counter.Server",
      "Counter",
      "Clock.Core",
      "Clock.Server",
      "Clock",
    ],
  },
  egg_timer: { ports: [...EGG_TIMER, ...EGG_TIMER_2] },
  egg_timer_exercises: { ports: [...EGG_TIMER_2, ...EGG_TIMER] },
  egg_timer_stop: { ports: [...EGG_TIMER, ...EGG_TIMER_2] },
  primitives: { ports: ["P"] },
  timers: { ports: [] },
  response_tuples: { ports: ["Responder", "Bare"] },
  registries: { ports: ["MyRegistry", "Character"] },
  ets_state: {
    ports: ["Saved", "Character", "MyRegistry"],
    helpers: { exit_self: () => killSelf() },
  },
  egg_timer_supervised: { ports: [...EGG_TIMER, ...EGG_TIMER_2, "EggTimer2.Application"] },
  super_duper_application: {
    ports: ["SuperDuper.Core", "SuperDuper.Server@first", "SuperDuper.Application@first"],
  },
  super_duper_strategies: { ports: SUPER_DUPER },
  super_duper_restart_types: { ports: SUPER_DUPER },
  application: { ports: SUPER_DUPER, helpers: { spec, "running?": () => runs("super_duper") } },
  project_restart: { ports: ["Project", ...SUPER_DUPER] },
  super_duper_dynamic_static: { ports: ["SuperDuper", ...GROWING_SUPER_DUPER] },
  super_duper_dynamic_supervisor: { ports: ["SuperDuper@dynamic", ...GROWING_SUPER_DUPER] },
  rps: {
    ports: ["RPS.Core", "RPS.Game", "RPS.WaitingRoom", "RPS"],
    helpers: { exit_self: () => killSelf() },
  },
  supervision_tree: { ports: ["Tree.Leaf", "Tree.Sup"], helpers: { tree } },
  mix_project: { ports: [], ...mixProject },
  messenger: { ports: [":messenger"] },
  super_duper_dist: { ports: ["SuperDuper@nodes", "NodeRegistry", "Node"] },
};

/**
 * The port of the system that a transcript drives; `undefined` if there is none.
 *
 * A scenario that names no system of its own is known by its name, `stack_counter_clock_2` by the
 * longest name of a system that it begins with.
 */
export async function systemOf(
  { system, name }: Pick<Transcript, "system" | "name">,
): Promise<System | undefined> {
  const recipe = SYSTEMS[known(system) ?? known(name) ?? ""];
  if (recipe === undefined) return undefined;
  const { ports, ...rest } = recipe;
  const modules: Record<string, SystemModule> = {};
  for (const port of ports) {
    const [module] = port.split("@", 1);
    modules[module!] = adapted(module!, await PORTS[port]!());
  }
  return { ...rest, modules };
}

function known(name: string): string | undefined {
  return Object.keys(SYSTEMS)
    .filter((system) => name === system || name.startsWith(`${system}_`))
    .sort((a, b) => b.length - a.length)[0];
}

function adapted(port: string, namespace: object): SystemModule {
  const functions = fromModule(namespace);
  const changed: Record<string, AnyFunction> = {};
  for (const name of TAKES_OPTIONS[port] ?? []) {
    const f = portFunction(functions, name)!;
    changed[name] = (...args) => f(...args.map(deepOptions));
  }
  return fromModule(namespace, changed);
}

/** Makes objects of the keyword lists that a term is or has in it. */
function deepOptions(term: unknown): unknown {
  const converted = options(term);
  return Array.isArray(converted) ? converted.map(deepOptions) : converted;
}

/** What mix writes into `super_duper.app`: a helper of the script of `application`. */
async function spec(name: unknown): Promise<unknown> {
  const Application = await PORTS["SuperDuper.Application"]!();
  return {
    name,
    version: "0.1.0",
    applications: ["kernel", "stdlib", "elixir", "logger"],
    mod: [Application, []],
  };
}

/** The tree of the book's figure: a helper of the script of `supervision_tree`. */
async function tree(inner: unknown): Promise<unknown> {
  const [Leaf, Sup] = await Promise.all([PORTS["Tree.Leaf"]!(), PORTS["Tree.Sup"]!()]);
  const leaves = [[Leaf, "genserver2a"], [Leaf, "genserver2b"]];
  return [
    "supervisor1",
    [
      [Sup, ["supervisor2", leaves, options(inner)]],
      [Leaf, "genserver1a"],
      [Leaf, "genserver1b"],
    ],
    [],
  ];
}
