/**
 * A denotp node that evaluates what a test tells it to: `shell.ts name@host cookie epmd-port`.
 *
 * @module
 */

import * as Otp from "../../../mod.ts";
import * as NodeModule from "../../../lib/node/mod.ts";
import * as Servers from "../interop/servers.ts";
import { control } from "./control.ts";

const [name, cookie, port] = Deno.args as [string, string, string];
const started = await NodeModule.Node.start(name, { cookie, epmd: { port: Number(port) } });
if (started[0] !== "ok") throw new Error(`Cannot start ${name}: ${Deno.inspect(started)}`);
await control({ ...Otp, ...NodeModule, ...Servers });
