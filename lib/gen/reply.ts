/**
 * The `from` of a call, and how the call is answered by it, be it one of this runtime or of another node.
 *
 * @module
 */

import { type From, PendingCall } from "../kernel/calls.ts";
import { aliasIn } from "../kernel/list.ts";
import { sendToAlias, sendToPid } from "../kernel/signals.ts";
import { isPid, type Term } from "../kernel/term.ts";

/** Tells whether a term is the `from` of a call. */
export function isFrom(term: unknown): term is From {
  return Array.isArray(term) && term.length === 2 && isPid(term[0]);
}

/** Answers a call: by its tag if it is one of ours, else by the message `[tag, value]`. */
export function answer([client, tag]: From, value: Term): void {
  if (tag instanceof PendingCall) return tag.reply(value);
  if (tag === null) return; // does not want to know
  const alias = aliasIn(tag);
  if (alias !== undefined) sendToAlias(alias, [tag, value]);
  else sendToPid(client, [tag, value]);
}
