/**
 * A server with `init` and nothing else: what it does with calls, casts and messages is the default.
 *
 * @module
 */

import { ok } from "@denotp/otp";

export const init = (state: unknown) => ok(state);
