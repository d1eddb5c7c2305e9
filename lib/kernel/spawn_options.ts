/**
 * The options of a spawn, and of the monitor that may come with it.
 *
 * @module
 */

import { checkOptions } from "./options.ts";
import type { Process } from "./process.ts";
import { link as linkTo, monitor as monitorFor } from "./signals.ts";
import { inspect } from "./inspect.ts";
import type { Ref, Term } from "./term.ts";

/** The priorities of the BEAM's scheduler. They are stored and shown, but have no effect here. */
export type Priority = "low" | "normal" | "high" | "max";

/** Options of a monitor. */
export interface MonitorOptions {
  /**
   * Makes the reference also an alias of the calling process. `"explicit_unalias"`: until `Process.unalias`;
   * `"demonitor"`: until the monitor is removed or its message is sent; `"reply_demonitor"`: as
   * `"demonitor"`, and the first message sent to the alias removes both. Default: no alias.
   */
  readonly alias?: "explicit_unalias" | "demonitor" | "reply_demonitor" | undefined;
  /** The first element of the message, in place of `"DOWN"`. */
  readonly tag?: Term;
}

/** Options of the BEAM for new processes. They are stored, and have no effect here. */
export interface StoredOptions {
  /** Shown by `Process.info`. Default `"normal"`. */
  readonly priority?: Priority | undefined;
  /** Number of garbage collections. */
  readonly fullsweep_after?: number | undefined;
  /** In words. */
  readonly min_heap_size?: number | undefined;
  /** In words. */
  readonly min_bin_vheap_size?: number | undefined;
  /** In words, or an object with the BEAM's options of it. */
  readonly max_heap_size?: number | object | undefined;
  /** Where messages are stored. */
  readonly message_queue_data?: "on_heap" | "off_heap" | undefined;
  /** Whether signals to other nodes are buffered without limit. */
  readonly async_dist?: boolean | undefined;
}

/** How a new process is tied to the one that starts it. */
interface Ties {
  readonly link?: boolean | undefined;
  readonly monitor?: boolean | MonitorOptions | undefined;
}

const PRIORITIES = ["low", "normal", "high", "max"] as const satisfies readonly Priority[];

/** The check of the values of each {@linkcode StoredOptions}, and what it accepts. */
const STORED: { readonly [Name in keyof StoredOptions]-?: readonly [Check, accepted: string] } = {
  priority: [(value) => PRIORITIES.includes(value as Priority), PRIORITIES.join(", ")],
  fullsweep_after: [isSize, "an integer from 0"],
  min_heap_size: [isSize, "an integer from 0"],
  min_bin_vheap_size: [isSize, "an integer from 0"],
  max_heap_size: [
    (value) => isSize(value) || typeof value === "object" && value !== null,
    "an integer from 0, or an object",
  ],
  message_queue_data: [
    (value) => value === "on_heap" || value === "off_heap",
    '"on_heap" or "off_heap"',
  ],
  async_dist: [isBoolean, "a boolean"],
};

type Check = (value: Term) => boolean;

const STORED_NAMES: readonly string[] = Object.keys(STORED);
const SPAWN_NAMES: readonly string[] = ["link", "monitor", ...STORED_NAMES];
const MONITOR_NAMES = ["alias", "tag"] as const satisfies readonly (keyof MonitorOptions)[];
const MONITOR_ALIASES = ["explicit_unalias", "demonitor", "reply_demonitor"];

function isSize(value: Term): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isBoolean(value: Term): boolean {
  return typeof value === "boolean";
}

/** Tells whether the BEAM has an option of this name without effect here, and it can have this value. */
export function isStoredOption(name: string, value: Term): boolean {
  return STORED_NAMES.includes(name) && STORED[name as keyof StoredOptions][0](value);
}

/**
 * Checks the options of a spawn, `link` and `monitor` included.
 *
 * @param known Those that are accepted. Default: all.
 * @throws {TypeError} If one is unknown, or has a wrong value.
 */
export function checkSpawnOptions(
  what: string,
  options: StoredOptions & Ties,
  known: readonly string[] = SPAWN_NAMES,
): void {
  checkOptions(what, options, known);
  const { link, monitor } = options;
  if (link !== undefined && !isBoolean(link)) throw wrongOption(what, "link", "a boolean", link);
  if (typeof monitor === "object" && monitor !== null) checkMonitorOptions(what, monitor);
  else if (monitor !== undefined && !isBoolean(monitor)) {
    throw wrongOption(what, "monitor", "a boolean, or options of a monitor", monitor);
  }
  checkStored(what, options);
}

/** Checks the options that are stored without effect. @throws {TypeError} As {@linkcode checkSpawnOptions}. */
export function checkStoredOptions(what: string, options: StoredOptions): void {
  checkOptions(what, options, STORED_NAMES);
  checkStored(what, options);
}

function checkStored(what: string, options: StoredOptions): void {
  for (const name of STORED_NAMES as (keyof StoredOptions)[]) {
    const value = options[name];
    if (value === undefined) continue;
    if (name === "priority") assertPriority(value);
    const [isRight, accepted] = STORED[name];
    if (!isRight(value)) throw wrongOption(what, name, accepted, value);
  }
}

/** Checks the options of a monitor. @throws {TypeError} If one is unknown, or has a wrong value. */
export function checkMonitorOptions(what: string, options: MonitorOptions): void {
  checkOptions(what, options, MONITOR_NAMES);
  const { alias } = options;
  if (alias !== undefined) assertOneOf(alias, MONITOR_ALIASES, "monitor with this kind of alias");
}

/** Checks a priority. @throws {TypeError} If it is none. */
export function assertPriority(value: unknown): asserts value is Priority {
  assertOneOf(value, PRIORITIES, "give a process this priority");
}

/** Checks that a value is one of a few words. `what` is what is attempted with it. @throws {TypeError} If it is not. */
export function assertOneOf(value: unknown, accepted: readonly string[], what: string): void {
  if (accepted.includes(value as string)) return;
  throw new TypeError(
    `Cannot ${what}: expected one of ${accepted.join(", ")}, found ${inspect(value)}`,
  );
}

function wrongOption(what: string, name: string, expected: string, found: Term): TypeError {
  return new TypeError(
    `Cannot ${what}: expected the option ${name} to be ${expected}, found ${inspect(found)}`,
  );
}

/** The options to store, if there are any. */
export function storedOptions(options: StoredOptions): Readonly<Record<string, Term>> | null {
  const entries = STORED_NAMES.map((name) => [name, options[name as keyof StoredOptions]] as const)
    .filter(([, value]) => value !== undefined);
  return entries.length === 0 ? null : Object.fromEntries(entries);
}

/** Links and monitors a new process, as the options say. Returns the reference of the monitor, if there is one. */
export function tie(parent: Process, process: Process, { link, monitor }: Ties): Ref | undefined {
  if (link === true) linkTo(parent, process.pid);
  if (monitor === undefined || monitor === false) return undefined;
  const { alias, tag } = monitor === true ? {} as MonitorOptions : monitor;
  return monitorFor(parent, process, process.pid, tag, alias);
}
