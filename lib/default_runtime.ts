/**
 * Wires the kernel and the registries together: hands the kernel the registries of local and of global names.
 * Each entry of the package imports it. No other file of `lib` imports registries, but for `lib/node`.
 *
 * @module
 */

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
   * Freezes messages deeply when they are sent, and objects when they are put into a table, so that
   * one that is changed afterwards shows as a `TypeError` where that happens. Slow; meant for tests.
   * Default `false`.
   */
  readonly freezeMessages?: boolean;
}

/** Sets options of the whole runtime. */
export function configureRuntime(options: RuntimeOptions): void {
  if (options.freezeMessages !== undefined) setFreezing(options.freezeMessages);
}

export { Global, Registry };
