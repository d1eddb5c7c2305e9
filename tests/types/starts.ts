/**
 * Every start: its arguments and its options.
 *
 * @module
 */

import {
  Agent,
  DynamicSupervisor,
  GenServer,
  GenStatem,
  ok,
  PartitionSupervisor,
  Supervisor,
  TaskSupervisor,
} from "@denotp/otp";
import { Carts, Counter, Counters, Door, Stack } from "./modules.ts";

// --- GenServer.startLink()

GenServer.startLink(Counter, 1);
//! Argument of type 'string' is not assignable to parameter of type 'number'.
GenServer.startLink(Counter, "1");

GenServer.startLink(Counter, 1, {});
//! Expected 2-3 arguments, but got 1.
//!   Arguments for the rest parameter 'argumentAndOptions' were not provided.
GenServer.startLink(Counter);

GenServer.startLink(Stack, undefined, { name: "stack" });
//! Object literal may only specify known properties, and 'nmae' does not exist in type 'StartOptions'.
GenServer.startLink(Stack, undefined, { nmae: "stack" });

GenServer.startLink({ init: () => ok(0) });
//! Argument of type '{ init: () => number; }' is not assignable to parameter of type '"init returns something other than ok(state), stop(reason) or ignore"'.
GenServer.startLink({ init: () => 0 });

// --- GenServer.start()

GenServer.start(Stack, ["a"]);
//! Type 'number' is not assignable to type 'string'.
GenServer.start(Stack, ["a", 1]);

GenServer.start(Stack);
//! Argument of type '{ handleCast: (request: readonly ["add", number], count: number) => Noreply<number>; }' is not assignable to parameter of type 'Callbacks'.
//!   Property 'init' is missing in type '{ handleCast: (request: readonly ["add", number], count: number) => Noreply<number>; }' but required in type 'Callbacks'.
//!   'init' is declared here.
GenServer.start({ handleCast: Counter.handleCast });

GenServer.start(Counter, 1, { timeout: 500 });
//! Type 'string' is not assignable to type 'number'.
GenServer.start(Counter, 1, { timeout: "500" });

// --- GenServer.startMonitor()

GenServer.startMonitor(Counter, 1);
//! Argument of type '{ first: number; }' is not assignable to parameter of type 'number'.
GenServer.startMonitor(Counter, { first: 1 });

GenServer.startMonitor(Counter, 1, { name: ["global", 1] });
//! Type 'number' is not assignable to type 'Name | null | undefined'.
GenServer.startMonitor(Counter, 1, { name: 1 });

GenServer.startMonitor(Counter, 1, { hibernateAfter: 1 });
//! Argument of type '{ hibernateAfter: number; }' is not assignable to parameter of type 'number'.
GenServer.startMonitor(Counter, { hibernateAfter: 1 });

// --- GenStatem.startLink()

GenStatem.startLink(Door, 1234);
//! Argument of type 'string' is not assignable to parameter of type 'number'.
GenStatem.startLink(Door, "1234");

GenStatem.startLink(Door, 1234, {});
//! Expected 2-3 arguments, but got 1.
//!   Arguments for the rest parameter 'argumentAndOptions' were not provided.
GenStatem.startLink(Door);

GenStatem.startLink(Door, 1234, { name: "door" });
//! Object literal may only specify known properties, and 'nmae' does not exist in type 'StartOptions'.
GenStatem.startLink(Door, 1234, { nmae: "door" });

// --- GenStatem.start()

GenStatem.start(Door, 1234);
//! Argument of type 'undefined' is not assignable to parameter of type 'number'.
GenStatem.start(Door, undefined);

GenStatem.start({ callbackMode: () => "state_functions", init: () => GenStatem.ok("a", 1) });
//! Argument of type '{ callbackMode: () => string; init: () => readonly ["ok", "a"]; }' is not assignable to parameter of type '"init returns something other than ok(state, data), stop(reason) or ignore"'.
GenStatem.start({ callbackMode: () => "state_functions", init: () => ok("a") });

GenStatem.start(Door, 1234, { timeout: 500 });
//! Type '500' has no properties in common with type 'StartOptions'.
GenStatem.start(Door, 1234, 500);

// --- GenStatem.startMonitor()

GenStatem.startMonitor(Door, 1234);
//! Argument of type 'number[]' is not assignable to parameter of type 'number'.
GenStatem.startMonitor(Door, [1, 2, 3, 4]);

GenStatem.startMonitor(Door, 1234, { debug: ["trace"] });
//! Type '"tarce"' is not assignable to type 'DebugOption'. Did you mean '"trace"'?
GenStatem.startMonitor(Door, 1234, { debug: ["tarce"] });

GenStatem.startMonitor(Door, 0);
//! Argument of type 'typeof Counter' is not assignable to parameter of type 'Callbacks'.
//!   Property 'callbackMode' is missing in type 'typeof Counter' but required in type 'Callbacks'.
//!   'callbackMode' is declared here.
GenStatem.startMonitor(Counter, 0);

// --- Supervisor.startLink()

Supervisor.startLink([], { strategy: "one_for_one" });
//! Expected 2 arguments, but got 1.
//!   Arguments for the rest parameter 'argumentAndOptions' were not provided.
Supervisor.startLink([]);

Supervisor.startLink([], { strategy: "one_for_all" });
//! Type '"one_for_al"' is not assignable to type 'Strategy'. Did you mean '"one_for_all"'?
//!   The expected type comes from property 'strategy' which is declared here on type 'InitOptions & StartOptions'
Supervisor.startLink([], { strategy: "one_for_al" });

Supervisor.startLink([], { strategy: "one_for_all", name: "root" });
//! Object literal may only specify known properties, and 'nmae' does not exist in type 'InitOptions & StartOptions'.
Supervisor.startLink([], { strategy: "one_for_all", nmae: "root" });

Supervisor.startLink(Counters, [1, 2]);
//! Argument of type 'number' is not assignable to parameter of type 'number[]'.
Supervisor.startLink(Counters, 1);

Supervisor.startLink(Counters, [], { name: "counters" });
//! Object literal may only specify known properties, and 'strategy' does not exist in type 'StartOptions'.
Supervisor.startLink(Counters, [], { strategy: "one_for_all" });

// --- DynamicSupervisor.startLink()

DynamicSupervisor.startLink();
//! Argument of type '5' is not assignable to parameter of type '(InitOptions & StartOptions) | Module | undefined'.
DynamicSupervisor.startLink(5);

DynamicSupervisor.startLink({ name: "carts", maxChildren: 5 });
//! Object literal may only specify known properties, but 'maxChidlren' does not exist in type 'InitOptions & StartOptions'. Did you mean to write 'maxChildren'?
DynamicSupervisor.startLink({ name: "carts", maxChidlren: 5 });

DynamicSupervisor.startLink(Carts, 5);
//! Argument of type 'string' is not assignable to parameter of type 'number'.
DynamicSupervisor.startLink(Carts, "5");

DynamicSupervisor.startLink(Carts, 5, { name: "carts" });
//! Expected 2-3 arguments, but got 1.
//!   Arguments for the rest parameter 'argumentAndOptions' were not provided.
DynamicSupervisor.startLink(Carts);

// --- PartitionSupervisor.startLink()

PartitionSupervisor.startLink({ name: "counters", childSpec: [Counter, 1] });
//! Type 'string' is not assignable to type 'number'.
PartitionSupervisor.startLink({ name: "counters", childSpec: [Counter, "1"] });

PartitionSupervisor.startLink({ name: "agents", childSpec: [Agent, () => 1], partitions: 2 });
//! Type 'string' is not assignable to type 'number'.
//!   The expected type comes from property 'partitions' which is declared here on type 'StartOptions<readonly [typeof import("./agent.ts"), () => number]>'
PartitionSupervisor.startLink({ name: "agents", childSpec: [Agent, () => 1], partitions: "2" });

PartitionSupervisor.startLink({ name: "carts", childSpec: DynamicSupervisor });
//! Type '{ init: (limit: number) => readonly ["ok", flags: DynamicSupervisor.Flags]; }' is not assignable to type 'ChildSpec | ChildModule | readonly [module: ChildModule, argument: any]'.
//!   The expected type comes from property 'childSpec' which is declared here on type 'StartOptions<ChildSpec | ModuleSpec>'
PartitionSupervisor.startLink({ name: "carts", childSpec: Carts });

// --- TaskSupervisor.startLink()

TaskSupervisor.startLink({ name: "tasks" });
//! Object literal may only specify known properties, and 'nmae' does not exist in type 'StartOptions'.
TaskSupervisor.startLink({ nmae: "tasks" });

TaskSupervisor.startLink({ maxChildren: 5 });
//! Type 'string' is not assignable to type 'number'.
TaskSupervisor.startLink({ maxChildren: "5" });

TaskSupervisor.startLink({});
//! Type '"tasks"' has no properties in common with type 'StartOptions'.
TaskSupervisor.startLink("tasks");

// --- Agent.startLink()

Agent.startLink(() => 0);
//! Argument of type 'number' is not assignable to parameter of type '() => unknown'.
Agent.startLink(0);

Agent.startLink(() => 0, { name: "zero" });
//! Object literal may only specify known properties, and 'nmae' does not exist in type 'StartOptions'.
Agent.startLink(() => 0, { nmae: "zero" });

Agent.startLink(() => [] as string[]);
//! Expected 1-4 arguments, but got 0.
//!   An argument for 'fun' was not provided.
Agent.startLink();

// --- Agent.start()

Agent.start(() => 0);
//! Argument of type '(zero: number) => number' is not assignable to parameter of type '() => Awaitable<number>'.
//!   Target signature provides too few arguments. Expected 1 or more, but got 0.
Agent.start((zero: number) => zero);

Agent.start(() => 0, { timeout: 500 });
//! Type '500' has no properties in common with type 'StartOptions'.
Agent.start(() => 0, 500);

Agent.start(() => 0, { name: Symbol("zero") });
//! Type '"golbal"' is not assignable to type '"global" | "local"'. Did you mean '"global"'?
Agent.start(() => 0, { name: ["golbal", 0] });
