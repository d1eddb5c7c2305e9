/**
 * The code lock's API.
 *
 * @module
 */

import { GenStatem, type Pid, self } from "@denotp/otp";
import type { Button } from "./core.ts";
import * as Server from "./server.ts";

type Lock = Pid<typeof Server>;

/** Starts a lock whose door is the calling process. */
export const startLink = (code: readonly Button[], ms: number) =>
  Server.startLink(code, self(), ms);

export const press = (lock: Lock, button: Button) => GenStatem.cast(lock, button);
export const pressed = (lock: Lock) => GenStatem.call<readonly Button[]>(lock, "pressed");
