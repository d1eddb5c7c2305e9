/**
 * Binding: functions that the host calls, such as HTTP handlers, event listeners and callbacks of host
 * timers, as code of a process.
 *
 * @module
 */

import { blame, capture, Context } from "./host.ts";
import { contextOf, runAs } from "./scheduler.ts";
import { fenced, self } from "./self.ts";

/**
 * Makes `body` code of the calling process, for every call: its `self()`, its fence, its asynchronous
 * context. What it throws goes to its caller, and ends the process if that is the host.
 */
export function bind<This, Args extends unknown[], Result>(
  body: (this: This, ...args: Args) => Result,
): (this: This, ...args: Args) => Result {
  const process = self();
  const isMain = process.lineage === null;
  // The main process has no context of its own: it is the script.
  const inContext = capture(isMain ? undefined : contextOf(process));
  const bound = function (this: This, ...args: Args) {
    try {
      if (process.isDead) throw fenced();
      return inContext(() => runAs(process, () => body.apply(this, args)));
    } catch (thrown) {
      // What the script itself throws is left to the host.
      if (!isMain || process.isDead) blame(thrown, process.context ?? new Context(process));
      throw thrown;
    }
  };
  // Deno's `serve` hands over the request only if the handler has a parameter.
  Object.defineProperty(bound, "length", { value: body.length });
  Object.defineProperty(bound, "name", { value: body.name });
  return bound;
}
