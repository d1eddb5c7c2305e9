/**
 * Connects the kernel with the registries: installs the local registry and the global one. Every entry of
 * the package imports it; no other file of `lib` imports registries, except `lib/node`.
 *
 * @module
 */

import { checkOptions } from "./kernel/options.ts";
import * as Global from "../registries/global.ts";
import { createLocalRegistry } from "../registries/local.ts";
import { startNameServer } from "../registries/name_server.ts";
import * as Registry from "../registries/registry.ts";
import { install } from "./kernel/names.ts";
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
}

const OPTIONS = ["freezeMessages"] as const satisfies readonly (keyof RuntimeOptions)[];

/**
 * Sets options of the whole runtime. Options that are not given are unchanged.
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
}

export { Global, Registry };
