/**
 * The alarm as the book prints it at first: it keeps the time of day, which no date goes with, and so
 * cannot tell what remains. In Elixir that shows when it runs. Here it takes an effort to get there.
 *
 * @module
 */

import { type Alarm, defaultFn } from "./alarm.ts";
export { defaultFn };

export type PrintedAlarm = Omit<Alarm, "time"> & { readonly time: Temporal.PlainTime };

function create(name: string, duration: number, f: () => unknown = defaultFn): PrintedAlarm {
  return { name, duration, time: Temporal.Now.plainTimeISO(), f };
}
export { create as new };

export function remaining(alarm: PrintedAlarm): number {
  const due = alarm.time.add({ milliseconds: alarm.duration });
  // @ts-expect-error from a moment to a time of day is no distance
  return due.since(Temporal.Now.instant()).total("seconds");
}
