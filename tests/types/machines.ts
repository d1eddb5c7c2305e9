/**
 * State and data of a GenStatem are one type each across its callbacks, and they return results.
 *
 * @module
 */

import { GenStatem, ok } from "@denotp/otp";
import { Door } from "./modules.ts";

type Type = GenStatem.EventType;
const { keepState, keepStateAndData, nextState } = GenStatem;
const callbackMode = () => "handle_event_function";

// --- The functions for states

GenStatem.start(Door, 1234);
//! Argument of type '{ locked: (_: Type, _content: "x", code: string) => GenStatem.KeepState<string>; callbackMode: () => string; init: (code: number) => readonly ["ok", "locked", number] | readonly ["ok", "locked", number, GenStatem.Actions]; open: (_type: GenStatem.EventType, _content: unknown, code: number) => GenStatem.KeepState<......' is not assignable to parameter of type '"init returns data that locked does not take"'.
GenStatem.start({ ...Door, locked: (_: Type, _content: "x", code: string) => keepState(code) }, 1);

GenStatem.start({ ...Door, locked: (_: Type, _content: "x", code: number) => keepState(code) }, 1);
//! Argument of type '{ locked: (_: Type, _content: "x", code: number) => GenStatem.NextState<"open", [number]>; callbackMode: () => string; init: (code: number) => readonly ["ok", "locked", number] | readonly [...]; open: (_type: GenStatem.EventType, _content: unknown, code: number) => GenStatem.KeepState<...>; }' is not assignable to parameter of type '"locked returns data that it does not take" | "locked returns data that open does not take"'.
GenStatem.start({ ...Door, locked: (_: Type, _content: "x", code: number) => nextState("open", [code]) }, 1);

GenStatem.start({ ...Door, open: (_: Type, _content: "x", code: number) => keepState(code) }, 1);
//! Argument of type '{ open: (_: Type, _content: "x", code: number) => number; callbackMode: () => string; init: (code: number) => readonly ["ok", "locked", number] | readonly ["ok", "locked", number, GenStatem.Actions]; locked: (_type: GenStatem.EventType, _content: unknown, code: number) => GenStatem.NextState<...>; }' is not assignable to parameter of type '"open returns something other than a result"'.
GenStatem.start({ ...Door, open: (_: Type, _content: "x", code: number) => code }, 1);

GenStatem.start({ ...Door, terminate: (_: unknown, _state: string, code: number) => code }, 1);
//! Argument of type '{ terminate: (_: unknown, _state: string, code: string) => string; callbackMode: () => string; init: (code: number) => readonly ["ok", "locked", number] | readonly ["ok", "locked", number, GenStatem.Actions]; locked: (_type: GenStatem.EventType, _content: unknown, code: number) => GenStatem.NextState<...>; open: (_t...' is not assignable to parameter of type '"init returns data that terminate does not take"'.
GenStatem.start({ ...Door, terminate: (_: unknown, _state: string, code: string) => code }, 1);

// --- handleEvent()

const init = (state: "on" | "off") => GenStatem.ok(state, 0);

GenStatem.start({ callbackMode, init, handleEvent: (_: Type, _c: "x", _s: string, n: number) => keepState(n) }, "on");
//! Argument of type '{ callbackMode: () => string; init: (state: "on" | "off") => readonly ["ok", "on" | "off", 0] | readonly ["ok", "on" | "off", 0, GenStatem.Actions]; handleEvent: (_: Type, _c: "x", _s: string, n: string) => GenStatem.KeepState<...>; }' is not assignable to parameter of type '"init returns data that handleEvent does not take"'.
GenStatem.start({ callbackMode, init, handleEvent: (_: Type, _c: "x", _s: string, n: string) => keepState(n) }, "on");

GenStatem.start({ callbackMode, init, handleEvent: (_: Type, _c: "x", _s: "on" | "off") => keepStateAndData() }, "on");
//! Argument of type '{ callbackMode: () => string; init: (state: "on" | "off") => readonly ["ok", "on" | "off", 0] | readonly ["ok", "on" | "off", 0, GenStatem.Actions]; handleEvent: (_: Type, _c: "x", _s: "on") => GenStatem.KeepStateAndData; }' is not assignable to parameter of type '"init returns a state that handleEvent does not take"'.
GenStatem.start({ callbackMode, init, handleEvent: (_: Type, _c: "x", _s: "on") => keepStateAndData() }, "on");

GenStatem.start({ callbackMode, init, handleEvent: (_: Type, _c: "x", _s: "on" | "off", n: number) => nextState("off", n) }, "on");
//! Argument of type '{ callbackMode: () => string; init: (state: "on" | "off") => readonly ["ok", "on" | "off", 0] | readonly ["ok", "on" | "off", 0, GenStatem.Actions]; handleEvent: (_: Type, _c: "x", _s: "on" | "off", n: number) => GenStatem.NextState<...>; }' is not assignable to parameter of type '"handleEvent returns a state that it does not take"'.
GenStatem.start({ callbackMode, init, handleEvent: (_: Type, _c: "x", _s: "on" | "off", n: number) => nextState("of", n) }, "on");

GenStatem.start({ callbackMode, init, handleEvent: () => keepStateAndData() }, "on");
//! Argument of type '{ callbackMode: () => string; init: (state: "on" | "off") => readonly ["ok", "on" | "off", 0] | readonly ["ok", "on" | "off", 0, GenStatem.Actions]; handleEvent: () => readonly ["ok", 0]; }' is not assignable to parameter of type '"handleEvent returns something other than a result"'.
GenStatem.start({ callbackMode, init, handleEvent: () => ok(0) }, "on");
