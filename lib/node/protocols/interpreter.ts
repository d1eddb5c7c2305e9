/**
 * Translates requests of other nodes to OTP's own processes before they are delivered, and the replies before
 * they are sent back.
 *
 * @module
 */

import { answer, isFrom } from "../../kernel/reply.ts";
import { type From, PROTOCOL, type Protocol } from "../../kernel/calls.ts";
import { aliasIn, aliasTag } from "../../kernel/list.ts";
import type { Process } from "../../kernel/process.ts";
import { Alias } from "../../kernel/signals.ts";
import { inspect } from "../../kernel/inspect.ts";
import { isReference, type Pid, Ref, type Term } from "../../kernel/term.ts";
import { agent } from "./agent.ts";
import { IncomingMonitor } from "../peer.ts";
import { type Dialect, Failure } from "./protocol.ts";
import { dynamicSupervisor, supervisor } from "./supervisor.ts";
import { system } from "./system.ts";

const DIALECTS: Readonly<Record<Protocol, Dialect>> = {
  system,
  supervisor,
  dynamic_supervisor: dynamicSupervisor,
  agent,
};

/** The dialect of a protocol; `undefined` without a protocol. */
export function dialectOf(protocol: Protocol | undefined): Dialect | undefined {
  return protocol === undefined ? undefined : DIALECTS[protocol];
}

/** Translates a message of another node for the local process. */
export function understood({ process }: Pid, message: Term): Term {
  if (!Array.isArray(message) || process === null) return message;
  const [tag, from, request] = message;
  if (message.length === 2 && tag === "$gen_cast") {
    return [tag, spokenBy(process)?.asked(from) ?? from];
  }
  if (message.length !== 3 || !isFrom(from)) return message;
  if (tag !== "system" && tag !== "$gen_call") return message;
  const dialect = tag === "system" ? system : spokenBy(process);
  const asker = askerIn(from);
  if (dialect === undefined) return asker === from ? message : [tag, asker, request];
  const asked = dialect.asked(request);
  return [tag, new Interpreter(process, asker, asked, dialect).from, asked];
}

/** The `From` to reply to. The tags of `gen_server:multi_call` name a node, and are sent back unchanged. */
function askerIn(from: From): From {
  const [client, tag] = from;
  const isOfMany = Array.isArray(tag) && isReference(tag[0]) && typeof tag[1] === "string";
  return isOfMany ? [client, [tag[0], Symbol(tag[1])]] : from;
}

/** The dialect of the protocol of a server's calls. */
function spokenBy({ behaviour }: Process): Dialect | undefined {
  const { module } = behaviour as { module?: { readonly [PROTOCOL]?: Protocol } };
  return dialectOf(module?.[PROTOCOL]);
}

/** Translates the reply of a local process, and passes it on to the caller. */
class Interpreter extends Alias {
  readonly #asker: From;
  readonly #request: Term;
  readonly #dialect: Dialect;

  constructor(process: Process, asker: From, request: Term, dialect: Dialect) {
    super(process, new Ref(), "reply");
    this.#asker = asker;
    this.#request = request;
    this.#dialect = dialect;
  }

  /** The `From` that the process replies to. */
  get from(): From {
    return [this.#asker[0], aliasTag(this.ref)];
  }

  override receive(message: Term): void {
    this.deactivate();
    const [, given] = message as readonly Term[];
    if (given instanceof Failure) return fail(this.#asker, given.reason);
    try {
      answer(this.#asker, this.#dialect.answer(given, this.#request));
    } catch (error) {
      // Otherwise the process itself would exit.
      const found = error instanceof Error ? error.message : inspect(error);
      answer(this.#asker, ["error", ["badarg", found.slice(0, MOST_CHARACTERS)]]);
    }
  }
}

/** Fails a call: its monitor, which is known by the tag, tells the caller of an exit of the server. */
function fail([client, tag]: From, reason: Term): void {
  const ref = isReference(tag) ? tag : aliasIn(tag);
  const monitor = ref?.target;
  if (!(monitor instanceof IncomingMonitor) || monitor.watcher !== client) return;
  monitor.remove();
  monitor.tell(reason);
}

const MOST_CHARACTERS = 200;
