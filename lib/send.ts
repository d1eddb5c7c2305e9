/**
 * Sending: the one operation that everything else is made of.
 *
 * @module
 */

import { distribution, isElsewhere, isOnNode } from "./kernel/distribution.ts";
import { sendThrough } from "./kernel/lookup.ts";
import type { Awaitable } from "./kernel/awaitable.ts";
import { parseName, resolve, type ServerRef } from "./kernel/names.ts";
import { fence, selfIfKnown } from "./kernel/self.ts";
import { sendToAlias, sendToPid } from "./kernel/signals.ts";
import { inspect } from "./kernel/inspect.ts";
import { Pid, Ref, type Term } from "./kernel/term.ts";

/** Where a message can be sent: to a server by any name, or to an alias. */
export type Destination = ServerRef | Ref;

/**
 * Sends `message` and returns it. Never waits, and never fails because nobody is there, except
 * under a name (other than one on a node): then whoever sends is told.
 *
 * The message is passed by reference, and must not be changed afterwards. Messages from one process
 * to another arrive in the order in which they were sent.
 *
 * With a registry that answers with promises the result is a promise of the message, which settles
 * when the registry has sent it. The registry has 5000 ms for that.
 *
 * @throws {TypeError} If `to` is a local name that nobody has, or nothing that can be sent to.
 * @throws {Exit} `["badarg", [key, message]]` if nobody has a `global` or `via` name;
 * `["timeout", ["NameRegistry", "send", [key, message]]]` if its registry does not answer.
 * @see Erlang `erlang:send/2`, the operator `!`
 */
export function send<const Message>(to: Pid | Ref | string | symbol, message: Message): Message;
/** Sends to a name in a registry, which may answer later. */
export function send<const Message>(to: Destination, message: Message): Awaitable<Message>;
export function send(to: Destination, message: Term): Term {
  fence();
  if (to instanceof Pid) {
    sendToPid(to, message);
    return message;
  }
  if (to instanceof Ref) {
    sendToAlias(to, message);
    return message;
  }
  if (typeof to !== "string" && typeof to !== "symbol" && !isOnNode(to)) {
    return sendByName(to, message);
  }
  const pid = resolve(to) as Pid | undefined;
  if (pid !== undefined) sendToPid(pid, message);
  else if (isElsewhere(to)) distribution?.send(to, message);
  // Under the name of a node a message may get lost, even if that node is this one.
  else if (!isOnNode(to)) throw nobody(to, message);
  return message;
}

function sendByName(to: ServerRef, message: Term): Awaitable<Term> {
  const sent = sendThrough(selfIfKnown(), parseName(to), message);
  return sent === undefined ? message : sent.then(() => message);
}

function nobody(to: Term, message: Term): TypeError {
  return new TypeError(
    `Cannot send ${inspect(message)}: no process is registered as ${inspect(to)}`,
  );
}
