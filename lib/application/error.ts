/**
 * Formats the reasons why an application did not start, or exited. Used by `../application.ts` and
 * `../logger.ts`.
 *
 * @module
 */

import { formatExit } from "../kernel/exit.ts";
import { formatModule } from "../kernel/module_name.ts";
import { inspect, type Term } from "../kernel/term.ts";

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
  if (!Array.isArray(reason) || reason.length !== 2) return formatExit(reason);
  const [what, which] = reason;
  if (what === "no such file or directory") return `could not find application file: ${which}`;
  if (what === "bad_return" && Array.isArray(which) && isCallback(which[0])) {
    const [callback, value] = which;
    return Array.isArray(value) && value[0] === "EXIT" && value.length === 2
      ? `exited in: ${formatCallback(callback)}\n    ** (EXIT) ${formatExit(value[1])}`
      : `${formatCallback(callback)} returned a bad value: ${inspect(value)}`;
  }
  if (isCallback(which)) return `${formatCallback(which)} returned an error: ${inspect(what)}`;
  const text = typeof what === "string" && Object.hasOwn(TEXTS, what) ? TEXTS[what] : undefined;
  if (text === undefined) return formatExit(reason);
  const { name } = (Object(which) ?? {}) as { name?: Term };
  return `${text} ${typeof which === "string" ? which : inspect(name ?? which)}`;
}

type Callback = readonly [module: object, name: string, args: readonly Term[]];

function isCallback(term: Term): term is Callback {
  return Array.isArray(term) && term.length === 3 && Object(term[0]) === term[0] &&
    typeof term[1] === "string" && Array.isArray(term[2]);
}

function formatCallback([module, name, args]: Callback): string {
  return `${formatModule(module)}.${name}(${args.map((each) => inspect(each)).join(", ")})`;
}
