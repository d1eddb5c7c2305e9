/**
 * Lists of children: `[Module, argument]`, modules and child specifications.
 *
 * @module
 */

import { Agent, type ChildSpec, DynamicSupervisor, GenServer, Supervisor } from "@denotp/otp";
import { Counter, Stack } from "./modules.ts";

const strategy = "one_for_one";
const spec: ChildSpec = { id: "counter", start: [Counter, "startLink", [1]] };

// --- Supervisor.startLink()

Supervisor.startLink([[Counter, 1], spec], { strategy });
//! Type 'string' is not assignable to type 'number'.
Supervisor.startLink([[Counter, "1"], spec], { strategy });

Supervisor.startLink([[Counter, 1], [Agent, () => 1]], { strategy });
//! Type 'number' is not assignable to type '() => unknown'.
Supervisor.startLink([[Counter, 1], [Agent, 1]], { strategy });

Supervisor.startLink([[DynamicSupervisor, { name: "carts" }]], { strategy });
//! Object literal may only specify known properties, and 'nmae' does not exist in type 'readonly [] | (InitOptions & StartOptions)'.
Supervisor.startLink([[DynamicSupervisor, { nmae: "carts" }]], { strategy });

Supervisor.startLink([DynamicSupervisor, Stack], { strategy });
//! Type 'typeof Counter' is not assignable to type '"childSpec takes an argument: write [module, argument]"'.
Supervisor.startLink([DynamicSupervisor, Counter], { strategy });

Supervisor.startLink([{ ...spec, restart: "transient" }], { strategy });
//! Object literal may only specify known properties, but 'restrat' does not exist in type 'ChildSpec'. Did you mean to write 'restart'?
Supervisor.startLink([{ ...spec, restrat: "transient" }], { strategy });

Supervisor.startLink([spec], { strategy });
//! Type 'number' is not assignable to type 'ChildSpec | ChildModule | readonly [module: ChildModule, argument: any]'.
Supervisor.startLink([5], { strategy });

// --- Supervisor.init()

Supervisor.init([[Stack, ["a"]], [Counter, 1]], { strategy });
//! Type 'string' is not assignable to type 'string[]'.
Supervisor.init([[Stack, "a"], [Counter, 1]], { strategy });

Supervisor.init([[Counter, 1], [Stack, ["a"]]], { strategy });
//! Type 'number' is not assignable to type 'string[]'.
Supervisor.init([[Counter, 1], [Stack, 1]], { strategy });

Supervisor.init([{ ...spec, shutdown: 500 }], { strategy });
//! Type '"500"' is not assignable to type 'Shutdown | undefined'.
Supervisor.init([{ ...spec, shutdown: "500" }], { strategy });

// --- Supervisor.startChild(), Supervisor.childSpec()

Supervisor.startChild("root", [Counter, 1]);
//! Type 'number[]' is not assignable to type 'number'.
Supervisor.startChild("root", [Counter, [1]]);

Supervisor.childSpec([Counter, 1], { id: "other" });
//! Type 'undefined' is not assignable to type 'number'.
Supervisor.childSpec([Counter, undefined], { id: "other" });

Supervisor.childSpec(Stack, { restart: "temporary" });
//! Type '"temporray"' is not assignable to type 'Restart | undefined'. Did you mean '"temporary"'?
Supervisor.childSpec(Stack, { restart: "temporray" });

// --- DynamicSupervisor.startChild()

DynamicSupervisor.startChild("carts", [Agent, () => ["tea"]]);
//! Type 'string[]' is not assignable to type '() => unknown'.
//!   Type 'string[]' provides no match for the signature '(): unknown'.
DynamicSupervisor.startChild("carts", [Agent, ["tea"]]);

DynamicSupervisor.startChild("carts", spec);
//! Argument of type '{ start: StartFunction; }' is not assignable to parameter of type 'ChildSpec | ChildModule | readonly [module: ChildModule, argument: any]'.
//!   Property 'id' is missing in type '{ start: StartFunction; }' but required in type 'ChildSpec'.
//!   'id' is declared here.
DynamicSupervisor.startChild("carts", { start: spec.start });

DynamicSupervisor.startChild("carts", [Counter, 1]);
//! Argument of type 'typeof Counter' is not assignable to parameter of type '"childSpec takes an argument: write [module, argument]"'.
DynamicSupervisor.startChild("carts", Counter);

// --- GenServer.childSpec()

GenServer.childSpec(Counter, 1);
//! Argument of type 'string' is not assignable to parameter of type 'number'.
GenServer.childSpec(Counter, "1");

GenServer.childSpec(Stack, ["a"]);
//! Type 'number' is not assignable to type 'string'.
GenServer.childSpec(Stack, [1]);

GenServer.childSpec(Stack, ["a"], { id: "other" });
//! Object literal may only specify known properties, and 'di' does not exist in type 'Partial<ChildSpec>'.
GenServer.childSpec(Stack, ["a"], { di: "other" });
