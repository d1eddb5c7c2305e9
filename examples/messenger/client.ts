/**
 * The messenger's client: one process on each node on which a user is logged on.
 *
 * The server links to it. When the server's node is lost, that ends the client with `noconnection`; when the
 * server does not answer, the client gives up after five seconds.
 *
 * @module
 */

import { after, exit, type NodeName, receive, self, send } from "@denotp/otp";
import { atom } from "@denotp/otp/node";
import { word } from "../atoms.ts";
import { show } from "./print.ts";
import { MESSENGER } from "./server.ts";

const ANSWER_TIMEOUT_MS = 5000;

/** The life of a client: logs on, then passes on what its user and others say, until it is told to log off. */
export async function client(serverNode: NodeName, name: string): Promise<void> {
  const server = [MESSENGER, serverNode] as const;
  send(server, [self(), atom("logon"), atom(name)]);
  await answer();
  for (let isOn = true; isOn;) {
    isOn = await receive({
      logoff: () => false,
      "message-to": async (to: string, message: unknown) => {
        send(server, [self(), atom("message-to"), atom(to), message]);
        await answer();
        return true;
      },
      "message-from": (from: unknown, message: unknown) => {
        console.log(`Message from ${word(from)}: ${show(message)}`);
        return true;
      },
    });
  }
}

/** Prints the answer of the server, which may end the client. */
async function answer(): Promise<void> {
  await receive(
    {
      [MESSENGER]: (what: unknown, ...why: unknown[]) => {
        console.log(String(word(why.length === 0 ? what : why[0])));
        if (why.length > 0) throw exit("normal");
      },
    },
    after(ANSWER_TIMEOUT_MS, () => {
      console.log("No response from server");
      throw exit("timeout");
    }),
  );
}
