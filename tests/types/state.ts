/**
 * The state of a GenServer is one type across its callbacks, and they return responses.
 *
 * @module
 */

import { GenServer, noreply, ok, reply, stop, stopReply } from "@denotp/otp";
import * as Itself from "./state_of_itself.ts";

type From = GenServer.From;
const { start } = GenServer;

// --- init()

start({ init: () => ok(0), handleCast: (_: "x", n: number) => noreply(n) });
//! Argument of type '{ init: () => readonly ["ok", "0"]; handleCast: (_: "x", n: number) => Noreply<number>; }' is not assignable to parameter of type '"init returns a state that handleCast does not take"'.
start({ init: () => ok("0"), handleCast: (_: "x", n: number) => noreply(n) });

start({ init: () => Promise.resolve(ok(0)), handleInfo: (_: "x", n: number) => noreply(n) });
//! Argument of type '{ init: () => Promise<readonly ["ok", [number]]>; handleInfo: (_: "x", n: number) => Noreply<number>; }' is not assignable to parameter of type '"init returns a state that handleInfo does not take"'.
start({ init: () => Promise.resolve(ok([0])), handleInfo: (_: "x", n: number) => noreply(n) });

start({ init: () => ok(0), terminate: (_: unknown, n: number) => n });
//! Argument of type '{ init: () => Stop<0>; terminate: (_: unknown, n: number) => number; }' is not assignable to parameter of type '"init returns something other than ok(state), stop(reason) or ignore"'.
start({ init: () => stop("no", 0), terminate: (_: unknown, n: number) => n });

// --- handleCall()

start({ init: () => ok(0), handleCall: (_: "x", _from: From, n: number) => reply("a", n) });
//! Argument of type '{ init: () => readonly ["ok", 0]; handleCall: (_: "x", _from: From, n: string) => Reply<"a", string>; }' is not assignable to parameter of type '"init returns a state that handleCall does not take"'.
start({ init: () => ok(0), handleCall: (_: "x", _from: From, n: string) => reply("a", n) });

start({ init: () => ok(0), handleCall: (_: "x", _from: From, n: number) => noreply(n + 1) });
//! Argument of type '{ init: () => readonly ["ok", 0]; handleCall: (_: "x", _from: From, n: number) => Noreply<string>; }' is not assignable to parameter of type '"handleCall returns a state that it does not take"'.
start({ init: () => ok(0), handleCall: (_: "x", _from: From, n: number) => noreply(`${n}`) });

start({ init: () => ok(0), handleCall: (_: "x", _from: From, n: number) => stopReply("a", "b", n) });
//! Argument of type '{ init: () => readonly ["ok", 0]; handleCall: (_: "x", _from: From, n: number) => StopReply<number, "b">; }' is not assignable to parameter of type '"handleCall returns a state that it does not take"'.
start({ init: () => ok(0), handleCall: (_: "x", _from: From, n: number) => stopReply("a", n, "b") });

start({ init: () => ok(0), handleCall: (_: "x", _from: From, n: number) => reply(n, n) });
//! Argument of type '{ init: () => readonly ["ok", 0]; handleCall: (_: "x", n: number) => Reply<number, number>; }' is not assignable to parameter of type '"handleCall takes something other than a From between request and state"'.
start({ init: () => ok(0), handleCall: (_: "x", n: number) => reply(n, n) });

start({ init: () => ok(0), handleCall: (_: "x", _from: From, n: number) => reply(n, n) });
//! Argument of type '{ init: () => readonly ["ok", 0]; handleCall: (_: "x", _from: From, n: number) => number; }' is not assignable to parameter of type '"handleCall returns something other than reply(value, state), noreply(state), stop(reason, state) or stopReply(reason, value, state)"'.
start({ init: () => ok(0), handleCall: (_: "x", _from: From, n: number) => n });

// --- handleCast()

start({ init: () => ok(0), handleCast: (_: "x", n: number) => noreply(n) });
//! Argument of type '{ init: () => readonly ["ok", 0]; handleCast: (_: "x", n: string) => Noreply<string>; }' is not assignable to parameter of type '"init returns a state that handleCast does not take"'.
start({ init: () => ok(0), handleCast: (_: "x", n: string) => noreply(n) });

start({ init: () => ok(0), handleCast: async (_: "x", n: number) => noreply(await n) });
//! Argument of type '{ init: () => readonly ["ok", 0]; handleCast: (_: "x", n: number) => Promise<Noreply<[number]>>; }' is not assignable to parameter of type '"handleCast returns a state that it does not take"'.
start({ init: () => ok(0), handleCast: async (_: "x", n: number) => noreply([await n]) });

start({ init: () => ok(0), handleCast: (_: "x", n: number) => noreply(n) });
//! Argument of type '{ init: () => readonly ["ok", 0]; handleCast: (_: "x", n: number) => Reply<"a", number>; }' is not assignable to parameter of type '"handleCast returns something other than noreply(state) or stop(reason, state)"'.
start({ init: () => ok(0), handleCast: (_: "x", n: number) => reply("a", n) });

// --- handleInfo()

start({ init: () => ok(0), handleInfo: (_: "timeout", n: number) => noreply(n, 500) });
//! Argument of type '{ init: () => readonly ["ok", 0]; handleInfo: (_: "timeout", n: { n: number; }) => Noreply<{ n: number; }>; }' is not assignable to parameter of type '"init returns a state that handleInfo does not take"'.
start({ init: () => ok(0), handleInfo: (_: "timeout", n: { n: number }) => noreply(n, 500) });

start({ init: () => ok({ n: 0 }), handleInfo: (_: "x", s: { n: number }) => noreply({ n: s.n }) });
//! Argument of type '{ init: () => readonly ["ok", { n: number; }]; handleInfo: (_: "x", s: { n: number; }) => Noreply<{ m: number; }>; }' is not assignable to parameter of type '"handleInfo returns a state that it does not take"'.
start({ init: () => ok({ n: 0 }), handleInfo: (_: "x", s: { n: number }) => noreply({ m: s.n }) });

start({ init: () => ok(0), handleInfo: (_: "x", n: number) => n > 0 ? noreply(n) : stop("a", n) });
//! Argument of type '{ init: () => readonly ["ok", 0]; handleInfo: (_: "x", n: number) => Noreply<number> | undefined; }' is not assignable to parameter of type '"handleInfo returns something other than noreply(state) or stop(reason, state)"'.
start({ init: () => ok(0), handleInfo: (_: "x", n: number) => n > 0 ? noreply(n) : undefined });

// --- handleContinue()

start({ init: () => ok(0, ["continue", "x"]), handleContinue: (_: "x", n: number) => noreply(n) });
//! Argument of type '{ init: () => readonly ["ok", 0, Extra]; handleContinue: (_: "x", n: string) => Noreply<string>; }' is not assignable to parameter of type '"init returns a state that handleContinue does not take"'.
start({ init: () => ok(0, ["continue", "x"]), handleContinue: (_: "x", n: string) => noreply(n) });

start({ init: () => ok(0), handleContinue: (_: "x", n: number) => stop("normal", n) });
//! Argument of type '{ init: () => readonly ["ok", 0]; handleContinue: (_: "x", n: number) => Stop<string>; }' is not assignable to parameter of type '"handleContinue returns a state that it does not take"'.
start({ init: () => ok(0), handleContinue: (_: "x", n: number) => stop("normal", `${n}`) });

start({ init: () => ok(0), handleContinue: (_: "x", n: number) => stop("normal", n) });
//! Argument of type '{ init: () => readonly ["ok", 0]; handleContinue: (_: "x", _n: number) => readonly ["stop", unknown]; }' is not assignable to parameter of type '"handleContinue returns something other than noreply(state) or stop(reason, state)"'.
start({ init: () => ok(0), handleContinue: (_: "x", _n: number) => stop("normal") });

// --- terminate()

start({ init: () => ok(0), terminate: (_: unknown, n: number) => console.log(n) });
//! Argument of type '{ init: () => readonly ["ok", 0]; terminate: (_: unknown, n: string) => void; }' is not assignable to parameter of type '"init returns a state that terminate does not take"'.
start({ init: () => ok(0), terminate: (_: unknown, n: string) => console.log(n) });

start({ init: () => ok([1, 2]), terminate: (_: unknown, [n]: number[]) => n });
//! Argument of type '{ init: () => readonly ["ok", [number, number]]; terminate: (_: unknown, [n]: string[]) => string | undefined; }' is not assignable to parameter of type '"init returns a state that terminate does not take"'.
start({ init: () => ok([1, 2]), terminate: (_: unknown, [n]: string[]) => n });

start({
  init: () => ok<number | undefined>(0),
  terminate: (_: unknown, n: number | undefined) => n,
});
start({
  init: () => ok<number | undefined>(0),
  terminate: (_: unknown, n?: number) => n,
});
//! Argument of type '{ init: () => readonly ["ok", number | undefined]; terminate: (_: unknown, n: number) => number; }' is not assignable to parameter of type '"init returns a state that terminate does not take"'.
start({ init: () => ok<number | undefined>(0), terminate: (_: unknown, n: number) => n });

// --- Several callbacks

class Right {
  static init(n: number) {
    return ok(n);
  }
  static handleCall(_request: "x", _from: From, n: number) {
    return reply(n, n);
  }
  static handleCast(_request: "x", n: number) {
    return noreply(n);
  }
}
class Wrong {
  static init(n: number) {
    return ok(n);
  }
  static handleCall(_request: "x", _from: From, n: number) {
    return reply(n, n);
  }
  static handleCast(_request: "x", _n: unknown) {
    return noreply("none");
  }
}
const Adder = {
  init: (n: number) => ok(n),
  handleCast: (m: number, n: number) => noreply(m + n),
};

start(Right, 1);
//! Argument of type 'typeof Wrong' is not assignable to parameter of type '"handleCast returns a state that handleCall does not take"'.
start(Wrong, 1);

start({ ...Adder, init: () => ok(1) });
//! Argument of type '{ init: () => readonly ["ok", "1"]; handleCast: (m: number, n: number) => Noreply<number>; }' is not assignable to parameter of type '"init returns a state that handleCast does not take"'.
start({ ...Adder, init: () => ok("1") });

Itself.right();
//! Argument of type 'typeof import("./state_of_itself.ts")' is not assignable to parameter of type '"init returns a state that handleCast does not take"'.
GenServer.startLink(Itself, 1);

// --- GenServer.enterLoop()

GenServer.enterLoop(Right, {}, 5);
//! Argument of type 'string' is not assignable to parameter of type 'number'.
GenServer.enterLoop(Right, {}, "5");

GenServer.enterLoop(Right, { hibernateAfter: 5 }, 5);
//! Object literal may only specify known properties, and 'name' does not exist in type 'EnterLoopOptions'.
GenServer.enterLoop(Right, { name: "right" }, 5);

GenServer.enterLoop(Right, {}, 5, "right", 500);
//! Argument of type 'typeof Wrong' is not assignable to parameter of type '"handleCast returns a state that handleCall does not take"'.
GenServer.enterLoop(Wrong, {}, 5, "right", 500);
