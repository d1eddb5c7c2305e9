/**
 * The core of the messenger: who is logged on, and what becomes of what they say.
 *
 * @module
 */

import type { Pid } from "@denotp/otp";

/** A user who is logged on: the process of the client, and the name. The latest comes first in a list. */
export type User = readonly [pid: Pid, name: string];

/** Logs a user on; `undefined` if the name is taken, at whatever node. */
export function logOn(users: readonly User[], pid: Pid, name: string): User[] | undefined {
  return users.some(([, taken]) => taken === name) ? undefined : [[pid, name], ...users];
}

/** Logs a client off. Has no effect if it is not logged on. */
export function logOff(users: readonly User[], gone: Pid): User[] {
  return users.filter(([pid]) => pid !== gone);
}

/** The name of a client, if it is logged on. */
export function nameOf(users: readonly User[], client: Pid): string | undefined {
  return users.find(([pid]) => pid === client)?.[1];
}

/** The client of a name, if a user is logged on by it. */
export function clientOf(users: readonly User[], name: string): Pid | undefined {
  return users.find(([, each]) => each === name)?.[0];
}
