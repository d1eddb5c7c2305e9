/**
 * The `from` of a call, and replying to it, for callers of this runtime and of other nodes.
 *
 * @module
 */

import { type From, PendingCall } from "./calls.ts";
import { aliasIn } from "./list.ts";
import { isA, itemOf, sizeOf } from "./reader.ts";
import { sendToAlias, sendToPid } from "./signals.ts";
import { isPid, type Term } from "./term.ts";

/** Whether a term is the `from` of a call. */
export function isFrom(term: unknown): term is From {
  return sizeOf(term) === 2 && isPid(itemOf(term, 0));
}

/**
 * Replies to a call: by its tag if the call was made in this runtime, otherwise by the message
 * `[tag, value]`.
 */
export function answer(from: From, value: Term): void {
  const tag = itemOf(from, 1);
  if (isA(tag, PendingCall)) return tag.reply(value);
  if (tag === null) return; // the caller does not expect a reply
  const alias = aliasIn(tag);
  if (alias !== undefined) sendToAlias(alias, [tag, value]);
  else sendToPid(from[0], [tag, value]);
}
