/**
 * Converts Erlang's chardata to text.
 *
 * @module
 */

import { ImproperList } from "../../kernel/list.ts";
import { inspect } from "../../kernel/inspect.ts";
import type { Term } from "../../kernel/term.ts";

/** Decoders for binaries: UTF-8, or what older nodes send. */
const UTF8 = new TextDecoder("utf-8", { fatal: true });
const LATIN1 = new TextDecoder("latin1");

/** Stands for a number that is not a code point. */
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
    else if (typeof part === "number") text += characterOf(part);
    else if (part instanceof Uint8Array) text += decodeBytes(part);
    else text += typeof part === "string" ? part : inspect(part);
  }
  return text;
}

function characterOf(code: number): string {
  const isCodePoint = Number.isInteger(code) && code >= 0 && code <= 0x10ffff;
  return String.fromCodePoint(isCodePoint ? code : REPLACEMENT);
}

function decodeBytes(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    return LATIN1.decode(bytes);
  }
}
