/**
 * Tasks that Elixir nodes start under a local `Task.Supervisor`. They run exported functions.
 *
 * @module
 */

import { spawnCoroutine } from "../../kernel/coroutine.ts";
import { exit } from "../../kernel/exit.ts";
import { receiveMessage, TIMED_OUT } from "../../kernel/receive.ts";
import { self } from "../../kernel/self.ts";
import { link, monitor } from "../../kernel/signals.ts";
import { isPid, isReference, type Pid, type Ref, type Term } from "../../kernel/term.ts";
import { send } from "../../send.ts";
import { isDown } from "../../task/process.ts";
import { undef } from "../calls/execute.ts";
import { exported } from "../calls/exports.ts";
import { nameOf } from "./protocol.ts";

/** How long a task waits for its owner to send the function to run, in milliseconds. */
const ORDERS_TIMEOUT_MS = 5000;

/**
 * The request to the supervisor that starts a task. With `[owner, monitor]`, the owner sends the function to run
 * after it has linked and monitored the task; with `[owner, callers, call]`, the task is not awaited.
 */
export function startOfTask(args: Term, restart: Term, shutdown: Term): Term {
  const [origin, , call] = Array.isArray(args) ? args : [];
  const owner: Term = Array.isArray(origin) ? origin.at(-1) : undefined;
  if (!isPid(owner)) return undefined;
  const body = () => call === undefined ? obey(owner) : run(call);
  const start = () => startLinked(body);
  return ["start_child", {
    id: "undefined",
    start,
    restart: restart ?? "temporary",
    shutdown: shutdown ?? 5000,
  }];
}

function startLinked(body: () => unknown): readonly ["ok", Pid] {
  const { pid } = spawnCoroutine(self(), body);
  link(self(), pid);
  return ["ok", pid];
}

/** The message of the owner: `{Owner, Ref, ReplyTo, Callers, {Module, Function, Args}}`. */
type Orders = readonly [owner: Pid, ref: Ref, replyTo: Pid | Ref, callers: Term, call: Term];

async function obey(owner: Pid): Promise<void> {
  const process = self();
  const ref = monitor(process, owner.process, owner);
  const told = await receiveMessage(
    process,
    (message) => isOrders(message, owner) || isDown(message, ref),
    ORDERS_TIMEOUT_MS,
  );
  if (told === TIMED_OUT) throw exit("timeout");
  if (!isOrders(told, owner)) throw exit(["shutdown", (told as readonly Term[])[4]]);
  const value = await run(told[4]);
  send(told[2], [told[1], value]);
}

function isOrders(message: Term, owner: Pid): message is Orders {
  return Array.isArray(message) && message.length === 5 && message[0] === owner &&
    isReference(message[1]) && (isPid(message[2]) || isReference(message[2]));
}

/** Runs `{Module, Function, Args}`. */
async function run(call: Term): Promise<Term> {
  const [module, name, args] = Array.isArray(call) ? call : [];
  const given = Array.isArray(args) ? Array.from(args as readonly Term[]) : [];
  const fun = exported(nameOf(module), nameOf(name), given);
  return fun === undefined ? undef(nameOf(module), nameOf(name), given) : await fun(...given);
}
