/**
 * The egg timer's core, with durations in hours, minutes and seconds.
 *
 * @module
 */

import type { Ref } from "@denotp/otp";
import { type Alarm as PlainAlarm, remaining } from "../egg_timer/alarm.ts";

export { defaultFn, new, remaining, trigger } from "../egg_timer/alarm.ts";

/** An alarm, and the timer that will set it off. */
export interface Alarm extends PlainAlarm {
  readonly ref?: Ref;
}

export type Hms = readonly [hours: number, minutes: number, seconds: number];

export const status = (alarm: Alarm) =>
  [alarm.name, hms(Math.floor(alarm.duration / 1000)), hms(remaining(alarm))] as const;

export const hms = (seconds: number): Hms => [
  Math.trunc(seconds / 3600),
  Math.trunc(seconds % 3600 / 60),
  seconds % 60,
];
