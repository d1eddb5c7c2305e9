/**
 * What the types of GenServer promise: requests and replies come from the callbacks, without an
 * annotation where they are used.
 *
 * Most of this is checked when it is compiled: `typed<T>()(value)` takes a value of exactly the type `T`,
 * and what follows a `ts-expect-error` must not compile. What must not compile is in functions that
 * nobody calls.
 *
 * @module
 */

import { assertEquals, assertStrictEquals } from "@std/assert";
import {
  GenServer,
  ignore,
  type Noreply,
  noreply,
  ok,
  type Pid,
  Process,
  type Reply,
  reply,
  self,
  stop,
  stopReply,
  Sys,
  unwrap,
} from "../mod.ts";
import { freshAtom, NAMINGS } from "./fixtures/naming.ts";
import * as SuperDuper from "./fixtures/super_duper.ts";
import { collectReports, exitOf, inProcess } from "./helpers.ts";

/** Whether two types are the same, `any` and `unknown` apart. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true
  : false;

/** Takes a value of exactly the type `T`, and returns it. */
function typed<T>() {
  return <U>(value: U, ..._same: Same<T, U> extends true ? [] : [never]): U => value;
}

/** What is in it is checked when it is compiled, and must not run. */
function compiles(_body: (...args: never[]) => unknown): void {}

type Call<M, Request> = GenServer.CallReply<M, Request>;

// --- A module that imports itself ---------------------------------------------------------------

Deno.test("a module that imports itself gives its API the types of its callbacks", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const name = freshAtom();
    const result = typed<GenServer.StartResult<typeof SuperDuper>>()(
      await SuperDuper.startLink(name),
    );
    const pid = typed<Pid<typeof SuperDuper>>()(unwrap(result));
    assertEquals(typed<string>()(await SuperDuper.say(pid)), `I am ${name}`);
    assertEquals(typed<number>()(await SuperDuper.length(name)), 2 * `I am ${name}`.length);
    assertEquals(typed<"ok">()(SuperDuper.teach(pid, "moo")), "ok");
    assertEquals(await SuperDuper.say(["global", name]).catch(() => "nobody"), "nobody");
    assertEquals(await SuperDuper.say(name), "moo");
    assertEquals(typed<string>()(await GenServer.call(pid, "say")), "moo");
    assertEquals(typed<number>()(await GenServer.call(pid, ["length", 3])), 9);
    Process.unlink(pid);
    const reason = exitOf(pid);
    SuperDuper.die(pid);
    assertEquals(await reason, "died");
    assertEquals(SuperDuper.childSpec(name).id, name);
  });

  compiles(async () => {
    const pid = unwrap(await SuperDuper.startLink("x"));
    // @ts-expect-error there is no such request
    GenServer.call(pid, "sya");
    // @ts-expect-error the times are a number
    GenServer.call(pid, ["length", "2"]);
    // @ts-expect-error what can be cast cannot be called
    GenServer.call(pid, "die");
    // @ts-expect-error what can be called cannot be cast
    GenServer.cast(pid, "say");
    // @ts-expect-error the name is a string
    SuperDuper.startLink(5);
    // @ts-expect-error so is the argument of init
    GenServer.startLink(SuperDuper, 5);
    // @ts-expect-error init takes an argument
    GenServer.startLink(SuperDuper);
    // @ts-expect-error a reply is not a number
    const says: number = await SuperDuper.say("x");
    return says;
  });
});

// --- Where the callbacks are --------------------------------------------------------------------

/** One clause, of several requests with one kind of reply. */
const Counter = {
  init: (count: number) => ok(count),
  handleCall: (request: "get" | readonly ["add", number], _from: GenServer.From, count: number) =>
    request === "get" ? reply(count, count) : reply(count + request[1], count + request[1]),
  handleCast: (_request: "reset" | readonly ["set", number], _count: number) => noreply(0),
};

/** A class whose static methods are the callbacks, one clause for each request. */
class Stack {
  static init(items: string[]) {
    return ok(items);
  }
  static handleCall(
    request: "pop",
    from: GenServer.From,
    items: string[],
  ): Reply<string | undefined, string[]>;
  static async handleCall(
    request: "size",
    from: GenServer.From,
    items: string[],
  ): Promise<Reply<number, string[]>>;
  static handleCall(request: "pop" | "size", _from: GenServer.From, items: string[]): unknown {
    if (request === "size") return Promise.resolve(reply(items.length, items));
    return reply(items[0], items.slice(1));
  }
}

/** Clauses in an object literal, as the type of a function. */
const Clock = {
  init: () => ok(0),
  handleCall:
    ((request: "now" | "zone", _from: GenServer.From, state: number) =>
      request === "now" ? reply(12, state) : Promise.resolve(reply("UTC", state))) as {
        (request: "now", from: GenServer.From, state: number): Reply<number, number>;
        (request: "zone", from: GenServer.From, state: number): Promise<Reply<string, number>>;
      },
};

Deno.test("a pid from a start knows what its module takes and replies: an object literal, a class, clauses in a type", async () => {
  await inProcess(async () => {
    const counter = unwrap(await GenServer.startLink(Counter, 1));
    assertEquals(typed<number>()(await GenServer.call(counter, ["add", 2])), 3);
    assertEquals(GenServer.cast(counter, ["set", 1]), "ok");

    const stack = unwrap(await GenServer.startLink(Stack, ["a"]));
    assertEquals(typed<string | undefined>()(await GenServer.call(stack, "pop")), "a");
    assertEquals(typed<number>()(await GenServer.call(stack, "size")), 0);

    const clock = unwrap(await GenServer.startLink(Clock));
    assertEquals(typed<number>()(await GenServer.call(clock, "now")), 12);
    assertEquals(typed<string>()(await GenServer.call(clock, "zone")), "UTC");
    const either = "now" as "now" | "zone";
    assertEquals(typed<number | string>()(await GenServer.call(clock, either)), 12);

    const [monitored] = unwrap(await GenServer.startMonitor(Clock));
    typed<Pid<typeof Clock>>()(monitored);
    await GenServer.stop(monitored);
  });

  compiles(async () => {
    const counter = unwrap(await GenServer.start(Counter, 1));
    // @ts-expect-error no such request
    GenServer.call(counter, "next");
    // @ts-expect-error no such cast
    GenServer.cast(counter, ["set", "x"]);
    // @ts-expect-error the argument of init is a number
    GenServer.start(Counter, "x");
    // @ts-expect-error no such option
    GenServer.start(Counter, 1, { nmae: "x" });
    const clock = unwrap(await GenServer.start(Clock));
    // @ts-expect-error no such request
    GenServer.call(clock, "date");
    // @ts-expect-error init takes no argument
    GenServer.start(Clock, 1);
  });
});

Deno.test("the requests and replies of a module have names of their own", () => {
  typed<"get" | readonly ["add", number]>()({} as GenServer.CallRequest<typeof Counter>);
  typed<"reset" | readonly ["set", number]>()({} as GenServer.CastRequest<typeof Counter>);
  typed<"pop" | "size">()({} as GenServer.CallRequest<typeof Stack>);
  typed<number>()({} as Call<typeof Stack, "size">);
  typed<number>()({} as GenServer.InitArgument<typeof Counter>);
  typed<void>()(undefined as GenServer.InitArgument<typeof Clock>);
  typed<"say" | readonly ["length", times: number]>()(
    {} as GenServer.CallRequest<typeof SuperDuper>,
  );
});

Deno.test("a module of many clauses keeps them all apart", () => {
  type Clause<Request, Value> = (
    request: Request,
    from: GenServer.From,
    state: null,
  ) => Reply<Value, null>;
  type Many = {
    init: () => ["ok", null];
    handleCall:
      & Clause<1, "a">
      & Clause<2, "b">
      & Clause<3, "c">
      & Clause<4, "d">
      & Clause<5, "e">
      & Clause<6, "f">
      & Clause<7, "g">
      & Clause<8, "h">
      & Clause<9, "i">
      & Clause<10, "j">
      & Clause<11, "k">
      & Clause<12, "l">;
  };
  typed<1 | 2 | 3 | 4 | 5 | 6 | 7 | 8 | 9 | 10 | 11 | 12>()({} as GenServer.CallRequest<Many>);
  typed<"a">()({} as Call<Many, 1>);
  typed<"g">()({} as Call<Many, 7>);
  typed<"l">()({} as Call<Many, 12>);
});

// --- What the replies are -----------------------------------------------------------------------

Deno.test("the reply to a call is that of reply and stopReply; noreply and stop give none", () => {
  const Server = {
    init: () => ok(0),
    handleCall: (request: number, _from: GenServer.From, state: number) => {
      switch (request) {
        case 0:
          return reply("reply", state);
        case 1:
          return reply(["extra", 1], state, 5000);
        case 2:
          return stopReply("normal", "stopReply", state);
        case 3:
          return noreply(state);
        default:
          return stop("normal", state);
      }
    },
  };
  typed<"reply" | "stopReply" | readonly ["extra", 1]>()({} as Call<typeof Server, number>);
});

Deno.test("a call that is only ever answered later is unknown, unless the callback says what it will be", () => {
  const Later = {
    init: () => ok(0),
    handleCall: (_request: "x", _from: GenServer.From, state: number) => noreply(state),
  };
  typed<unknown>()({} as Call<typeof Later, "x">);

  const Declared = {
    init: () => ok(0),
    handleCall: (
      _request: "x",
      _from: GenServer.From,
      state: number,
    ): Reply<string, number> | Noreply<number> => noreply(state),
  };
  typed<string>()({} as Call<typeof Declared, "x">);
});

Deno.test("replies that are promises, any or unknown stay what they are", () => {
  type With<Response> = { init: () => ["ok", 1]; handleCall: (request: "x") => Response };
  typed<Date>()({} as Call<With<Promise<Reply<Date, 1>>>, "x">);
  // deno-lint-ignore no-explicit-any -- that is the point
  typed<any>()({} as Call<With<any>, "x">);
  typed<unknown>()({} as Call<With<unknown>, "x">);
  typed<never[]>()({} as Call<With<Reply<never[], 1>>, "x">);
});

// --- init ---------------------------------------------------------------------------------------

Deno.test("a module whose init takes no argument, or need not be given one, is started without", async () => {
  await inProcess(async () => {
    const None = { init: () => ok("none") };
    const Optional = { init: (argument?: string) => ok(argument) };
    for (const start of [GenServer.start(None), GenServer.start(None, undefined, {})]) {
      assertEquals(await Sys.getState(unwrap(await start)), "none");
    }
    const pids = [
      unwrap(await GenServer.start(Optional, "given")),
      unwrap(await GenServer.start(Optional)),
      unwrap(await GenServer.startLink(Optional, undefined)),
    ];
    const states = await Promise.all(pids.map((pid) => Sys.getState(pid)));
    assertEquals(states, ["given", undefined, undefined]);
  });
});

Deno.test("modules of any shape are started, as long as their callbacks agree", () => {
  compiles(async () => {
    type State = { readonly items: readonly string[]; readonly mode: "idle" | "busy" };
    GenServer.start({
      init: () => ok<State>({ items: [], mode: "idle" }),
      handleCall: (
        _request: "go",
        _from: GenServer.From,
        state: State,
      ): Reply<number, State> | Noreply<State> => reply(1, { ...state, mode: "busy" }),
      handleInfo: (_message: unknown, state: State) => noreply<State>({ ...state, mode: "idle" }),
    });
    GenServer.start({
      init: () => ok(["a", 1]),
      handleCast: (n: number, [name]: readonly [string, number]) => noreply([name, n]),
    });
    GenServer.start({ init: () => ["ok", 1], handleCast: (_, state) => ["noreply", state] });
    GenServer.start({ init: () => ok(0), handleCall: () => reply(1, 0) });
    GenServer.start({
      init: (n: number) => n > 5 ? ignore : n < 0 ? stop("negative") : Promise.resolve(ok(n, 500)),
      handleInfo: (_: "timeout", n: number) => n > 0 ? noreply(n) : stop("normal", n),
    }, 4);
    async function startBox<T extends object>(value: T) {
      const Box = {
        init: (content: T) => ok(content),
        handleCall: (_: "get", _from: GenServer.From, content: T) => reply(content, content),
      };
      return unwrap(await GenServer.start(Box, value));
    }
    typed<{ a: number }>()(await GenServer.call(await startBox({ a: 1 }), "get"));
    // deno-lint-ignore no-explicit-any -- that is the point
    GenServer.start({} as any, 1, {});
  });
});

// --- What is not known --------------------------------------------------------------------------

Deno.test("a server that is known by a name only takes any request, and its replies are any", async () => {
  await inProcess(async () => {
    for (const fresh of Object.values(NAMINGS)) {
      const name = fresh();
      await GenServer.startLink(Counter, 5, { name });
      // deno-lint-ignore no-explicit-any -- that is the point
      const count: string = typed<any>()(await GenServer.call(name, "get"));
      assertEquals(count as unknown, 5);
      GenServer.cast(name, "reset");
    }
  });
});

Deno.test("a pid of which nothing is known passes for any server, as a name does", async () => {
  using _reports = collectReports();
  await inProcess(async () => {
    const plain: Pid = unwrap(await GenServer.start(SuperDuper, "plain"));
    assertEquals(await SuperDuper.say(plain), "I am plain");
    const alsoTyped: Pid<typeof SuperDuper> = plain;
    assertStrictEquals(alsoTyped, plain);
    await GenServer.stop(plain);
  });
  compiles(async () => {
    const counter = unwrap(await GenServer.start(Counter, 1));
    // @ts-expect-error a pid of another module does not
    SuperDuper.say(counter);
    GenServer.call(self(), "anything");
  });
});

Deno.test("a module of which only the contract is known takes anything", () => {
  // deno-lint-ignore no-explicit-any -- that is the point
  typed<any>()({} as Call<GenServer.Module, "x">);
  compiles(async (module: GenServer.Module = Counter) => {
    const pid = unwrap(await GenServer.start(module, "anything"));
    GenServer.call(pid, "anything");
    GenServer.cast(pid, "anything");
  });
});

Deno.test("a module without handleCall cannot be called, and one without handleCast not be cast to", () => {
  compiles(async () => {
    const pid = unwrap(await GenServer.start({ init: () => ok(0) }));
    // @ts-expect-error there is no handleCall
    GenServer.call(pid, "x");
    // @ts-expect-error there is no handleCast
    GenServer.cast(pid, "x");
    // @ts-expect-error there is no handleCall
    GenServer.sendRequest(pid, "x");
  });
});

// --- Requests that are answered later -----------------------------------------------------------

Deno.test("GenServer.sendRequest() keeps the type of the reply", async () => {
  await inProcess(async () => {
    const stack = unwrap(await GenServer.startLink(Stack, ["a"]));
    const id = typed<GenServer.RequestId<number>>()(GenServer.sendRequest(stack, "size"));
    const response = await GenServer.receiveResponse(id);
    typed<GenServer.Response<number> | "timeout">()(response);
    assertEquals(response, ["reply", 1]);

    const none = GenServer.reqidsNew<number, "label">();
    const requests = typed<GenServer.RequestIds<number | string | undefined, "label">>()(
      GenServer.sendRequest(stack, "pop", "label", none),
    );
    const answer = await GenServer.waitResponse(requests, 1000, true);
    assertEquals(answer.slice(0, 2), [["reply", "a"], "label"]);
  });
  compiles((stack: Pid<typeof Stack> = self()) => {
    // @ts-expect-error there is no such request
    GenServer.sendRequest(stack, "push");
  });
});

// --- Servers that are known by a name -----------------------------------------------------------

declare module "../mod.ts" {
  interface Names {
    "typed counter": typeof Counter;
  }
}

Deno.test("a name that Names declares has the requests and replies of its module", async () => {
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Counter, 1, { name: "typed counter" }));
    assertEquals(typed<number>()(await GenServer.call("typed counter", ["add", 2])), 3);
    assertEquals(GenServer.cast("typed counter", "reset"), "ok");
    const id = typed<GenServer.RequestId<number>>()(GenServer.sendRequest("typed counter", "get"));
    assertEquals(await GenServer.receiveResponse(id), ["reply", 0]);
    const found = await GenServer.whereis("typed counter");
    typed<Pid<typeof Counter> | readonly [string | symbol, string] | undefined>()(found);
    assertStrictEquals(found, pid);
  });
  compiles(() => {
    // @ts-expect-error no such request
    GenServer.call("typed counter", "next");
    // @ts-expect-error no such cast
    GenServer.cast("typed counter", ["set", "x"]);
    GenServer.cast("an untyped counter", ["set", "x"]);
  });
});

// --- Calls that are answered later --------------------------------------------------------------

Deno.test("a From carries the type of the reply, to the call and to reply()", async () => {
  type From = GenServer.From<string>;
  const Later = {
    init: () => ok<From[]>([]),
    handleCall: (_request: "wait", from: From, waiting: From[]) => noreply([...waiting, from]),
    handleCast: (reply: string, waiting: From[]) => {
      for (const from of waiting) GenServer.reply(from, reply);
      return noreply([]);
    },
  };
  await inProcess(async () => {
    const pid = unwrap(await GenServer.startLink(Later));
    const answer = GenServer.call(pid, "wait");
    GenServer.cast(pid, "now");
    assertEquals(typed<string>()(await answer), "now");
  });
  compiles((from: From, plain: GenServer.From) => {
    // @ts-expect-error a reply is a string
    GenServer.reply(from, 1);
    GenServer.reply(plain, 1);
    const [client] = from;
    typed<Pid>()(client);
  });
});

// --- Code that works with any module ------------------------------------------------------------

/** Starts any module: the types go through. */
async function startAny<M extends GenServer.Module>(
  module: GenServer.Consistent<M>,
  ...rest: GenServer.StartArguments<M>
): Promise<Pid<M>> {
  return unwrap(await GenServer.startLink(module, ...rest));
}

Deno.test("generic code keeps the types of the module that it is given", async () => {
  await inProcess(async () => {
    const counter = typed<Pid<typeof Counter>>()(await startAny(Counter, 1, { name: freshAtom() }));
    assertEquals(typed<number>()(await GenServer.call(counter, "get")), 1);
    assertStrictEquals(
      typed<Pid<typeof Counter> | readonly [string | symbol, string] | undefined>()(
        await GenServer.whereis(counter),
      ),
      counter,
    );
  });
  compiles(() => {
    // @ts-expect-error the argument of init is a number
    startAny(Counter, "x");
  });
});
