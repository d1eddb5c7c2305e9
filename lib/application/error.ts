/**
 * Formats the reasons why an application did not start, or exited. Used by `../application.ts` and
 * `../logger.ts`.
 *
 * @module
 */

import { formatExit } from "../kernel/exit.ts";
import { formatModule } from "../kernel/module_name.ts";
import { guarded, inspect, inspectItems } from "../kernel/inspect.ts";
import { firstItemsOf, isArray, isTuple, itemOf, itemsOf } from "../kernel/reader.ts";
import type { Term } from "../kernel/term.ts";

const TEXTS: Readonly<Record<string, string>> = {
  already_loaded: "already loaded application",
  not_loaded: "not loaded application",
  already_started: "already started application",
  not_started: "not started application",
  bad_application: "bad application:",
  invalid_name: "invalid application name:",
  invalid_restart_type: "invalid application restart type:",
};

/**
 * Formats the reason of an error of this module, or of an application's exit.
 *
 * @see Elixir `Application.format_error/1`
 *
 * @example Formatting an error
 * ```ts
 * import { Application } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * const text = Application.formatError(["already_started", "shop"]);
 * assertEquals(text, "already started application shop");
 * ```
 */
export function formatError(reason: Term): string {
  const items = itemsOf(reason, 2);
  if (items === undefined) return formatExit(reason);
  const [what, which] = items;
  if (what === "no such file or directory") {
    return `could not find application file: ${typeof which === "string" ? which : inspect(which)}`;
  }
  if (what === "bad_return") {
    const [term, value] = firstItemsOf(which, 2);
    const callback = callbackIn(term);
    if (callback !== undefined) {
      return isTuple(value, "EXIT", 2)
        ? `exited in: ${formatCallback(callback)}\n    ** (EXIT) ${formatExit(itemOf(value, 1))}`
        : `${formatCallback(callback)} returned a bad value: ${inspect(value)}`;
    }
  }
  const callback = callbackIn(which);
  if (callback !== undefined) {
    return `${formatCallback(callback)} returned an error: ${inspect(what)}`;
  }
  const text = typeof what === "string" && Object.hasOwn(TEXTS, what) ? TEXTS[what] : undefined;
  if (text === undefined) return formatExit(reason);
  return `${text} ${typeof which === "string" ? which : guarded(() => inspectName(which))}`;
}

type Callback = readonly [module: object, name: string, args: readonly Term[]];

function inspectName(application: Term): string {
  const { name } = Object(application) as { name?: Term };
  return inspect(name ?? application);
}

function callbackIn(term: Term): Callback | undefined {
  const items = itemsOf(term, 3);
  if (items === undefined) return undefined;
  const [module, name, args] = items;
  return Object(module) === module && typeof name === "string" && isArray(args)
    ? [module as object, name, args]
    : undefined;
}

function formatCallback([module, name, args]: Callback): string {
  return `${formatModule(module)}.${name}(${inspectItems(args)})`;
}
