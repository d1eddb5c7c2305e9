/**
 * A node in a program of its own, that a test talks to. See `../programs/control.ts`.
 *
 * @module
 */

import * as Otp from "../../../mod.ts";
import { control } from "../programs/control.ts";
import { startNode } from "./node.ts";

const [node, cookie, port] = Deno.args as [string, string, string];
const running = await startNode({ node, cookie, epmd: { host: "127.0.0.1", port: Number(port) } });
Otp.Logger.setHandler(() => {});
await control({ ...Otp, node: running });
