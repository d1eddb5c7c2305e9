/**
 * The modules that the programs in this folder start. None of them has an error.
 *
 * @module
 */

import {
  type ChildSpec,
  DynamicSupervisor,
  GenServer,
  GenStatem,
  noreply,
  ok,
  type Reply,
  reply,
  Supervisor,
} from "@denotp/otp";

export class Counter {
  static startLink(first: number) {
    return GenServer.startLink(Counter, first);
  }
  static childSpec(first: number): ChildSpec {
    return GenServer.childSpec(Counter, first);
  }
  static init(first: number) {
    return ok(first);
  }
  static handleCall(_request: "next", _from: GenServer.From, count: number) {
    return reply(count, count + 1);
  }
  static handleCast(request: readonly ["add", number], count: number) {
    return noreply(count + request[1]);
  }
}

/** With one clause for each request, and an argument that may be left out. */
export class Stack {
  static startLink(items?: string[]): Promise<GenServer.StartResult<typeof Stack>> {
    return GenServer.startLink(Stack, items);
  }
  static childSpec(items: string[]): ChildSpec {
    return GenServer.childSpec(Stack, items);
  }
  static init(items: string[] = []) {
    return ok(items);
  }
  static handleCall(request: "pop", from: GenServer.From, items: string[]): Reply<string, string[]>;
  static handleCall(request: "size", from: GenServer.From, items: string[]): Reply<number, string[]>;
  static handleCall(request: "pop" | "size", _from: GenServer.From, items: string[]): unknown {
    return request === "pop" ? reply(items[0], items.slice(1)) : reply(items.length, items);
  }
  static async handleCast(request: readonly ["push", string], items: string[]) {
    await Promise.resolve();
    return noreply([request[1], ...items]);
  }
}

export const Door = {
  callbackMode: () => "state_functions",
  init: (code: number) => GenStatem.ok("locked", code),
  locked: (_type: GenStatem.EventType, _content: unknown, code: number) =>
    GenStatem.nextState("open", code),
  open: (_type: GenStatem.EventType, _content: unknown, code: number) => GenStatem.keepState(code),
};

/** A supervisor, and a dynamic one. */
export const Counters = {
  init: (firsts: number[]) =>
    Supervisor.init(firsts.map((first) => [Counter, first] as const), { strategy: "one_for_one" }),
};
export const Carts = {
  init: (limit: number) => DynamicSupervisor.init({ maxChildren: limit }),
};
