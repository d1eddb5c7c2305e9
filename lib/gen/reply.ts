/**
 * The `from` of a call, and replying to it, for callers of this runtime and of other nodes.
 *
 * @module
 */

import { type From, PendingCall } from "../kernel/calls.ts";
import { aliasIn } from "../kernel/list.ts";
import { sendToAlias, sendToPid } from "../kernel/signals.ts";
import { isPid, type Term } from "../kernel/term.ts";

/** Whether a term is the `from` of a call. */
export function isFrom(term: unknown): term is From {
  return Array.isArray(term) && term.length === 2 && isPid(term[0]);
}

/**
 * Replies to a call: by its tag if the call was made in this runtime, otherwise by the message
 * `[tag, value]`.
 */
export function answer([client, tag]: From, value: Term): void {
  if (tag instanceof PendingCall) return tag.reply(value);
  if (tag === null) return; // the caller does not expect a reply
  const alias = aliasIn(tag);
  if (alias !== undefined) sendToAlias(alias, [tag, value]);
  else sendToPid(client, [tag, value]);
}
