/**
 * Connects the kernel with the registries: installs the local registry and the global one. Every entry of
 * the package imports it; no other file of `lib` imports registries, except `lib/node`.
 *
 * @module
 */

import "./kernel/floor.ts"; // first: what it throws is the error on a host that is too old
import { checkOptions } from "./kernel/options.ts";
import * as Global from "../registries/global.ts";
import { createLocalRegistry } from "../registries/local.ts";
import { startNameServer } from "../registries/name_server.ts";
import * as Registry from "../registries/registry.ts";
import { install } from "./kernel/names.ts";
import { setTracking } from "./kernel/scheduler.ts";
import { setFreezing } from "./kernel/term.ts";

install({ local: createLocalRegistry(), global: Global });
startNameServer(Global);

/** Options of the whole runtime, for debugging. */
export interface RuntimeOptions {
  /**
   * Whether to freeze deeply what one process hands to another, so that a later change throws a `TypeError`
   * where it is made: messages, requests and replies, arguments of a start, exit reasons, objects in tables,
   * values in a registry. What is a part of a server's state is frozen, too, once it is handed out. Slow; meant
   * for tests. Default `false`.
   */
  readonly freezeMessages?: boolean;
  /**
   * Attributes promises that synchronous callbacks leave behind to their process: a rejection that
   * nothing handles then ends that process. Each turn then runs in an asynchronous context of its
   * process, which adds up to half a microsecond to each call; meant for tests and development. Default `false`.
   *
   * Without it, this holds for coroutines, `async` callbacks, functions bound with `Process.bind`, and the
   * promises and host timers that these start. A rejection that a *synchronous* callback leaves behind is then
   * reported (a report of the kind `"uncaught"`, without a pid), and exits neither a process nor the program. A
   * failed call of this library is known to belong to its caller, and exits that. A rejection left behind by the
   * first call of a callback that returns a promise but is not declared `async` is reported in the same way; from
   * the second call on, the callback counts as `async`.
   *
   * Uncaught errors from outside of all processes have the default effect of the host. On Deno this includes an
   * error thrown in a callback of a host timer, whatever started the timer: it ends the program unless the
   * callback is bound with `Process.bind`, or is `async`. On Node 22 it includes an error thrown in a callback of
   * `queueMicrotask`, and on Bun every rejection that nothing handles.
   */
  readonly trackPromises?: boolean;
}

const OPTIONS = [
  "freezeMessages",
  "trackPromises",
] as const satisfies readonly (keyof RuntimeOptions)[];

/**
 * Sets options of the whole runtime. Options that are not given are unchanged, and all can
 * be changed at any time.
 *
 * @example Finding a change of a sent message
 * ```ts
 * import { configureRuntime, self, send } from "@denotp/otp";
 * import { assertThrows } from "@std/assert";
 *
 * configureRuntime({ freezeMessages: true });
 * const items = send(self(), ["apple"] as string[]);
 * assertThrows(() => items.push("pear"), TypeError);
 * configureRuntime({ freezeMessages: false });
 * ```
 */
export function configureRuntime(options: RuntimeOptions): void {
  checkOptions("configure the runtime", options, OPTIONS);
  if (options.freezeMessages !== undefined) setFreezing(options.freezeMessages);
  if (options.trackPromises !== undefined) setTracking(options.trackPromises);
}

export { Global, Registry };
