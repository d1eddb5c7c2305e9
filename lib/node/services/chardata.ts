/**
 * What Erlang takes for text.
 *
 * @module
 */

import { ImproperList } from "../../kernel/list.ts";
import type { Term } from "../../kernel/term.ts";

/** Binaries: UTF-8, or what nodes of old have sent. */
const UTF8 = new TextDecoder("utf-8", { fatal: true });
const LATIN1 = new TextDecoder("latin1");

/** Stands for what is no code point. */
const REPLACEMENT = 0xfffd;

/** The text of code points, binaries and lists of those, of any depth. */
export function textOf(chars: Term): string {
  let text = "";
  const parts: Term[] = [chars];
  while (parts.length > 0) {
    const part = parts.pop();
    if (part instanceof ImproperList) parts.push(part.tail);
    const items = part instanceof ImproperList ? part.items : part;
    if (Array.isArray(items)) { for (let i = items.length; i-- > 0;) parts.push(items[i]); }
    else if (typeof part === "number") text += wordCodePoint(part);
    else if (part instanceof Uint8Array) text += wordBytes(part);
    else text += String(part);
  }
  return text;
}

function wordCodePoint(code: number): string {
  const isCodePoint = Number.isInteger(code) && code >= 0 && code <= 0x10ffff;
  return String.fromCodePoint(isCodePoint ? code : REPLACEMENT);
}

function wordBytes(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return LATIN1.decode(bytes);
  }
}
