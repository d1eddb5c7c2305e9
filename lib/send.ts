/**
 * Send: the operation that every call, cast and signal of the behaviours is built on. `mod.ts` exports
 * it flat, {@linkcode Process} exports it as Elixir's `Process.send`.
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

/** Where a message can be sent: to a pid, to any name of a process, or to an alias. */
export type Destination = ServerRef | Ref;

/**
 * Sends `message` to `to`, and returns the message. It never waits. A message to a process that has
 * exited, or to `[name, node]`, is dropped silently; a name that is not registered is an error.
 *
 * The message is passed by reference, not copied: treat it as immutable. Messages from one process to
 * another arrive in the order in which they were sent.
 *
 * If the registry of a name is asynchronous, the result is a promise of the message, which is fulfilled
 * when the registry has sent it. The registry has 5000 milliseconds to do so.
 *
 * @throws {TypeError} If `to` is a local name that is not registered, or not a destination.
 * @throws {Exit} `["badarg", [key, message]]` if a `global` or `via` name is not registered;
 * `["timeout", ["NameRegistry", "send", [key, message]]]` if its registry does not answer.
 * @see Erlang `erlang:send/2`, the operator `!`
 *
 * @example Sending to oneself
 * ```ts
 * import { receive, self, send } from "@denotp/otp";
 * import { assertEquals } from "@std/assert";
 *
 * send(self(), ["hello", "world"]);
 * assertEquals(await receive(), ["hello", "world"]);
 * ```
 */
export function send<const Message>(to: Pid | Ref | string | symbol, message: Message): Message;
/** Sends to a name in a registry, which may be asynchronous. */
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
  else if (!isOnNode(to)) throw notRegistered(to, message);
  return message;
}

function sendByName(to: ServerRef, message: Term): Awaitable<Term> {
  const sent = sendThrough(selfIfKnown(), parseName(to), message);
  return sent === undefined ? message : sent.then(() => message);
}

function notRegistered(to: Term, message: Term): TypeError {
  return new TypeError(
    `Cannot send ${inspect(message)}: no process is registered as ${inspect(to)}`,
  );
}
