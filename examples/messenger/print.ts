/**
 * What the messenger prints: terms as the original does, which is written in a Lisp.
 *
 * @module
 */

import { inspect, isPid } from "@denotp/otp";
import type { User } from "./core.ts";

/** A text in quotes; anything else without. */
export const show = (term: unknown): string => isPid(term) ? showPid(term) : inspect(term);

/** The list of users: `(#(<0.7.0> fred) #(<0.5.0> james))`. */
export const showUsers = (users: readonly User[]): string =>
  `(${users.map(([pid, name]) => `#(${showPid(pid)} ${name})`).join(" ")})`;

const showPid = (pid: unknown): string => String(pid).replace("#PID", "");
