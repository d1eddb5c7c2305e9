/**
 * A node of a replay of a golden transcript: `replay.ts name@host cookie epmd-port system`.
 *
 * @module
 */

import { NodeReplay } from "../../golden/node_replay.ts";
import { systemOf } from "../../golden/systems.ts";
import { Node } from "../../../lib/node/mod.ts";
import { control } from "./control.ts";

const [name, cookie, port, system] = Deno.args as [string, string, string, string];
const started = await Node.start(name, { cookie, epmd: { port: Number(port) } });
if (started[0] !== "ok") throw new Error(`Cannot start ${name}: ${Deno.inspect(started)}`);
const replay = new NodeReplay((await systemOf({ system, name: system }))!);
await control({ replay });
