/**
 * The messenger's server: it knows who is logged on, and passes messages on.
 *
 * It links to its clients and traps exits: whatever ends a client, a log-off, a crash, `kill -9` of its node,
 * is a message here, and the user is gone.
 *
 * @module
 */

import { on, type Pid, Process, receive, send, spawn } from "@denotp/otp";
import { atom } from "@denotp/otp/node";
import { word } from "../atoms.ts";
import * as Core from "./core.ts";
import { showUsers } from "./print.ts";

/** The name of the server on its node. */
export const MESSENGER = "messenger";

/**
 * Starts the server on this node.
 *
 * @throws {TypeError} If there is one here already.
 */
export const startServer = (): true => Process.register(spawn(server), MESSENGER);

async function server(): Promise<never> {
  Process.flag("trap_exit", true);
  for (let users: readonly Core.User[] = [];;) users = await serve(users);
}

const serve = (users: readonly Core.User[]): Promise<readonly Core.User[]> =>
  receive(
    { EXIT: (gone: Pid, _reason: unknown) => Core.logOff(users, gone) },
    on(isRequest, ([client, what, name, message]) => {
      if (word(what) === "logon") return logOn(users, client, String(word(name)));
      transfer(users, client, String(word(name)), message);
      console.log(`list is now: ${showUsers(users)}`);
      return users;
    }),
  );

type Request = readonly [client: Pid, what: unknown, name: unknown, message?: unknown];

/** `[client, "logon", name]` and `[client, "message-to", name, message]`, from whichever language. */
function isRequest(term: unknown): term is Request {
  if (!Array.isArray(term)) return false;
  const what = word(term[1]);
  return term.length === 3 && what === "logon" || term.length === 4 && what === "message-to";
}

function logOn(users: readonly Core.User[], client: Pid, name: string): readonly Core.User[] {
  const more = Core.logOn(users, client, name);
  if (more === undefined) {
    send(client, [MESSENGER, atom("stop"), atom("user-exists-at-other-node")]);
    return users;
  }
  send(client, [MESSENGER, atom("logged-on")]);
  Process.link(client);
  return more;
}

function transfer(users: readonly Core.User[], client: Pid, to: string, message: unknown): void {
  const from = Core.nameOf(users, client);
  if (from === undefined) {
    return void send(client, [MESSENGER, atom("stop"), atom("you-are-not-logged-on")]);
  }
  const receiver = Core.clientOf(users, to);
  if (receiver !== undefined) send(receiver, ["message-from", atom(from), message]);
  send(client, [MESSENGER, atom(receiver === undefined ? "receiver-not-found" : "sent")]);
}
