/**
 * A node with the messenger of the examples: `messenger.ts name@host cookie epmd-port`.
 *
 * @module
 */

import * as Otp from "../../../mod.ts";
import * as Messenger from "../../../examples/messenger/messenger.ts";
import { Node } from "../../../lib/node/mod.ts";
import { control } from "./control.ts";

const [name, cookie, port] = Deno.args as [string, string, string];
const started = await Node.start(name, { cookie, epmd: { port: Number(port) } });
if (started[0] !== "ok") throw new Error(`Cannot start ${name}: ${Deno.inspect(started)}`);
await control({ ...Otp, Messenger });
