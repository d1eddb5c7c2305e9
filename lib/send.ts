/**
 * Sending: the one operation that everything else is made of.
 *
 * @module
 */

import { inOrder, REGISTRY_TIMEOUT_MS } from "./kernel/lookup.ts";
import {
  type Awaitable,
  isOnNode,
  nodeName,
  parseName,
  resolve,
  type ServerRef,
} from "./kernel/names.ts";
import { fence, self } from "./kernel/self.ts";
import { sendToAlias, sendToPid } from "./kernel/signals.ts";
import { inspect, Pid, Ref, type Term } from "./kernel/term.ts";

/** Where a message can be sent: to a server by any name, or to an alias. */
export type Destination = ServerRef | Ref;

/**
 * Sends `message` and returns it. Never waits, and never fails because nobody is there, except
 * under a name: then whoever sends is told.
 *
 * The message is passed by reference, and must not be changed afterwards. Messages from one process
 * to another arrive in the order in which they were sent.
 *
 * With a registry that answers with promises the result is a promise of the message.
 *
 * @throws {TypeError} If `to` is a local name that nobody has, or nothing that can be sent to.
 * @throws {Exit} `["badarg", [key, message]]` if nobody has a `global` or `via` name.
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
  // A name on another node may be free: only that node knows.
  else if (!isOnNode(to) || to[1] === nodeName()) throw nobody(to, message);
  return message;
}

function sendByName(to: ServerRef, message: Term): Awaitable<Term> {
  const { registry, key } = parseName(to);
  const sent: unknown = registry.send(key, message);
  if (!(sent instanceof Promise)) return message;
  return inOrder(self(), registry, sent, REGISTRY_TIMEOUT_MS).then(() => message);
}

function nobody(to: Term, message: Term): TypeError {
  return new TypeError(
    `Cannot send ${inspect(message)}: no process is registered as ${inspect(to)}`,
  );
}
