/**
 * A node whose program has nothing more to do, `service.ts name@host cookie epmd-port`: it runs an application with
 * a server named `service` until a signal ends it, or, as `idle`, waits for nothing. The exported function
 * `program:stop/0` makes it a node no more. The last that the server says is long, and goes to `heir` on the node
 * that it is connected to.
 *
 * @module
 */

import { Application, GenServer, ok, Process, reply, send, Supervisor } from "../../../mod.ts";
import { Node } from "../../../lib/node/mod.ts";

/** More than the host takes at once. */
const BEQUEST_BYTES = 20_000_000;

const [name, cookie, port] = Deno.args as [string, string, string];
const Service = {
  startLink: () => GenServer.startLink(Service, undefined, { name: "service" }),
  init() {
    Process.flag("trap_exit", true);
    return ok(undefined);
  },
  handleCall: (request: unknown) => reply(request, undefined),
  terminate: () => void send(["heir", Node.list()[0]!], ["bequest", new Uint8Array(BEQUEST_BYTES)]),
};

Node.exportFunctions("program", { stop: () => void Node.stop() });
const started = await Node.start(name, { cookie, epmd: { port: Number(port) } });
if (started[0] !== "ok") throw new Error(`Cannot start ${name}: ${Deno.inspect(started)}`);

if (name.startsWith("idle@")) {
  ready();
} else {
  await Application.run({
    name: "service",
    mod: [{
      start: async () => {
        const child = { id: "service", start: [Service, "startLink", []] } as const;
        const result = await Supervisor.startLink([child], { strategy: "one_for_one" });
        ready();
        return result;
      },
    }, []],
  });
}

/** Tells the test that the node runs: see `RunningNode` in `../beam.ts`. */
function ready(): void {
  console.log(`\n\u0001ok ${new TextEncoder().encode("ready").toBase64()}`);
}
