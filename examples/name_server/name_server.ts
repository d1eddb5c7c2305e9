/**
 * A name server with transactions, after Armstrong's `server2`: a request that crashes leaves the state
 * as it was, and only its sender is notified.
 *
 * @module
 */

import { _, isPid, on, Process, receive, self, send, spawn } from "@denotp/otp";
import { inspect } from "../elixir.ts";
import { handleRequest, type Places, type Request } from "./core.ts";

/** Starts a name server that is known by `name`. */
export function start(name: string): "ok" {
  Process.register(spawn(() => loop(name, [])), name);
  return "ok";
}

/** Sends a request and waits for the response, or for the word that it crashed. */
export function rpc(name: string, request: Request): Promise<unknown> {
  send(name, [self(), request]);
  return receive({
    [name]: (response: unknown) => response,
    exception: (message: string) => message,
  });
}

async function loop(name: string, places: Places): Promise<never> {
  for (;;) {
    const [from, request] = await receive(on([isPid, _], (message) => message));
    try {
      const [response, next] = handleRequest(request as Request, places);
      send(from, [name, response]);
      places = next;
    } catch (error) {
      send(from, ["exception", inspect(error)]);
    }
  }
}
