/**
 * The egg timer's core: what an alarm is.
 *
 * @module
 */

import { inspect, isAtom } from "@denotp/otp";

export interface Alarm {
  /** What it is known by. */
  readonly name: string;
  /** Milliseconds. */
  readonly duration: number;
  /** When it was set. */
  readonly time: Temporal.Instant;
  /** What to do when it goes off. */
  readonly f: () => unknown;
}

function create(name: string, duration: number, f: () => unknown = defaultFn): Alarm {
  if (isAtom(name) && Number.isInteger(duration) && typeof f === "function") {
    return { name, duration, time: Temporal.Now.instant(), f };
  }
  throw new TypeError(
    "Cannot make an alarm: expected an atom, whole milliseconds and a function, found " +
      [name, duration, f].map(inspect).join(", "),
  );
}
export { create as new };

/** Has an alarm go off, and waits until what it does is done. */
export async function trigger(alarm: Alarm): Promise<Alarm> {
  await alarm.f();
  return alarm;
}

export function defaultFn(): "ok" {
  console.log("Alarm triggered!");
  return "ok";
}

export const status = (alarm: Alarm) => [alarm.name, alarm.duration, remaining(alarm)] as const;

/** The seconds that are left, from one whole second to another. */
export function remaining(alarm: Alarm): number {
  const due = alarm.time.add({ milliseconds: alarm.duration });
  return seconds(due) - seconds(Temporal.Now.instant());
}

const seconds = (time: Temporal.Instant): number => Math.floor(time.epochMilliseconds / 1000);
