/**
 * The `from` of a call, and how the call is answered by it, be it one of this runtime or of another node.
 *
 * @module
 */

import { type From, PendingCall } from "../kernel/calls.ts";
import { aliasIn } from "../kernel/list.ts";
import { isA, itemOf, sizeOf } from "../kernel/reader.ts";
import { sendToAlias, sendToPid } from "../kernel/signals.ts";
import { isPid, type Term } from "../kernel/term.ts";

/** Tells whether a term is the `from` of a call. */
export function isFrom(term: unknown): term is From {
  return sizeOf(term) === 2 && isPid(itemOf(term, 0));
}

/** Answers a call: by its tag if it is one of ours, else by the message `[tag, value]`. */
export function answer(from: From, value: Term): void {
  const tag = itemOf(from, 1);
  if (isA(tag, PendingCall)) return tag.reply(value);
  if (tag === null) return; // does not want to know
  const alias = aliasIn(tag);
  if (alias !== undefined) sendToAlias(alias, [tag, value]);
  else sendToPid(from[0], [tag, value]);
}
