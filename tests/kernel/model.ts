/**
 * Erlang's rules for processes, links, monitors, aliases, exits, names and timers, as plainly as
 * they can be said: no mailbox is limited, no signal takes time, everything is looked up by
 * looking at everything. What the kernel does is compared with it.
 *
 * Processes, monitors, aliases and timers are known by the numbers in which they were made.
 *
 * @module
 */

/** An exit reason. */
export type Reason = string | readonly [string, ...unknown[]];

/** When an alias ends. */
export type AliasMode = "explicit_unalias" | "demonitor" | "reply_demonitor" | "reply";

/** The target of a message, monitor or timer. */
export type Target = { readonly pid: number } | { readonly name: string };

/**
 * A message, with the stream that it belongs to: what has come from one sender. Within a stream the
 * messages that are `ordered` come first, as they were sent; what tells of the sender's end follows,
 * in no certain order.
 */
export interface Message {
  readonly stream: string;
  readonly isOrdered: boolean;
  readonly term: readonly unknown[];
}

/** One process. */
export interface ModelProcess {
  readonly id: number;
  reason: Reason | undefined;
  isAlive: boolean;
  trapsExits: boolean;
  readonly links: Set<number>;
  name: string | undefined;
  mailbox: Message[];
}

interface ModelMonitor {
  readonly holder: number;
  readonly target: number;
  readonly object: unknown;
  readonly tag: string;
  isActive: boolean;
}

interface ModelAlias {
  readonly process: number;
  /** The monitor that it belongs to, if any. */
  readonly monitor: number | undefined;
  readonly mode: AliasMode;
  isActive: boolean;
}

interface ModelTimer {
  readonly due: number;
  readonly target: Target;
  readonly action: { readonly message: readonly unknown[] } | { readonly exit: Reason };
  isActive: boolean;
}

/** What is said of an operation that is an error of the one who asks for it. */
export const ERROR = "TypeError";
/** What is said of an operation of a process that has ended, maybe by that very operation. */
export const FENCED = "fenced";

/** How the end of a process is told in a term. */
export const pidOf = (id: number): string => `P${id}`;
/** How a monitor is told in a term. */
export const monitorOf = (id: number): string => `M${id}`;
/** How an alias is told in a term. */
export const aliasOf = (id: number): string => `A${id}`;
/** How a timer is told in a term. */
export const timerOf = (id: number): string => `T${id}`;
/** The process that sends the exit signals of timers. */
export const TIMER_SERVER = "TS";
/** The node in a `DOWN` message. */
export const NODE = "nonode@nohost";

/** The whole world. */
export class Model {
  readonly processes: ModelProcess[] = [];
  readonly monitors: ModelMonitor[] = [];
  readonly aliases: ModelAlias[] = [];
  readonly timers: ModelTimer[] = [];
  now = 0;

  /** The holder of `name`. */
  whereis(name: string): ModelProcess | undefined {
    return this.processes.find((process) => process.isAlive && process.name === name);
  }

  spawn(parent: number | undefined, isLinked: boolean, isMonitored: boolean): number {
    const id = this.processes.length;
    this.processes.push({
      id,
      reason: undefined,
      isAlive: true,
      trapsExits: false,
      links: new Set(),
      name: undefined,
      mailbox: [],
    });
    if (parent !== undefined && isLinked) this.link(parent, id);
    if (parent !== undefined && isMonitored) this.monitor(parent, { pid: id }, "DOWN", undefined);
    return id;
  }

  link(by: number, to: number): true | typeof ERROR {
    const [a, b] = [this.#process(by), this.#process(to)];
    if (a === b) return true;
    if (!b.isAlive && !a.trapsExits) return ERROR;
    if (b.isAlive) {
      a.links.add(to);
      b.links.add(by);
    } else {
      this.#deliver(a, pidOf(to), ["EXIT", pidOf(to), "noproc"], false);
    }
    return true;
  }

  unlink(by: number, from: number): true {
    this.#process(by).links.delete(from);
    this.#process(from).links.delete(by);
    return true;
  }

  monitor(by: number, target: Target, tag: string, mode: AliasMode | undefined): number {
    const id = this.monitors.length;
    const found = "pid" in target ? this.#process(target.pid) : this.whereis(target.name);
    const object = "pid" in target ? pidOf(target.pid) : [target.name, NODE];
    const isAlive = found?.isAlive === true;
    // Monitoring oneself is a no-op, without an alias.
    const isActive = isAlive && found.id !== by;
    this.monitors.push({ holder: by, target: found?.id ?? -1, object, tag, isActive });
    if (mode !== undefined) {
      this.aliases.push({ process: by, monitor: id, mode, isActive: isActive || !isAlive });
    }
    if (!isAlive) this.#down(id, "noproc");
    return id;
  }

  demonitor(by: number, id: number, flush: boolean): boolean | typeof ERROR {
    const monitor = this.monitors[id]!;
    if (monitor.isActive && monitor.holder !== by) return ERROR;
    const wasActive = monitor.isActive;
    if (wasActive) {
      monitor.isActive = false;
      this.#endAliasOf(id);
    }
    if (flush && !wasActive) {
      const process = this.#process(by);
      const at = process.mailbox.findIndex(({ term }) =>
        term.length === 5 && term[1] === monitorOf(id)
      );
      if (at >= 0) process.mailbox.splice(at, 1);
    }
    return wasActive;
  }

  alias(by: number, mode: AliasMode): number {
    this.aliases.push({ process: by, monitor: undefined, mode, isActive: true });
    return this.aliases.length - 1;
  }

  unalias(by: number, id: number): boolean {
    const alias = this.aliases[id]!;
    if (alias.process !== by || !alias.isActive) return false;
    alias.isActive = false;
    return true;
  }

  send(by: number, target: Target, term: readonly unknown[]): true | typeof ERROR {
    const receiver = "pid" in target ? this.#process(target.pid) : this.whereis(target.name);
    if (receiver === undefined) return ERROR;
    this.#deliver(receiver, pidOf(by), term);
    return true;
  }

  sendToAlias(by: number, id: number, term: readonly unknown[]): true {
    const alias = this.aliases[id]!;
    if (!alias.isActive) return true;
    if (alias.mode === "reply" || alias.mode === "reply_demonitor") alias.isActive = false;
    if (alias.mode === "reply_demonitor") this.monitors[alias.monitor!]!.isActive = false;
    this.#deliver(this.#process(alias.process), pidOf(by), term);
    return true;
  }

  exit(by: number, to: number, reason: Reason): true {
    this.#exitSignal(pidOf(by), this.#process(to), reason);
    return true;
  }

  /** The process ends by itself. */
  leave(id: number, reason: Reason): void {
    this.#end(this.#process(id), reason);
  }

  trap(by: number, value: boolean): boolean {
    const process = this.#process(by);
    const before = process.trapsExits;
    process.trapsExits = value;
    return before;
  }

  register(id: number, name: string): true | typeof ERROR {
    const process = this.#process(id);
    if (!process.isAlive || process.name !== undefined || this.whereis(name)) return ERROR;
    process.name = name;
    return true;
  }

  unregister(name: string): true | typeof ERROR {
    const process = this.whereis(name);
    if (process === undefined) return ERROR;
    process.name = undefined;
    return true;
  }

  /** Takes the first message of a stream that has the tag, if there is one. */
  receive(by: number, stream: string, tag: string): readonly unknown[] | undefined {
    const { mailbox } = this.#process(by);
    const at = mailbox.findIndex((each) => each.stream === stream && each.term[0] === tag);
    return at < 0 ? undefined : mailbox.splice(at, 1)[0]!.term;
  }

  flush(by: number): Message[] {
    return this.#process(by).mailbox.splice(0);
  }

  /** A time at which no timer is due yet, `delay` from now or a little later. */
  delayTo(delay: number): number {
    const isTaken = () => this.timers.some(({ due }) => due === this.now + delay);
    while (isTaken()) delay++;
    return delay;
  }

  startTimer(delay: number, target: Target, action: ModelTimer["action"]): number {
    const isActive = !("message" in action) || "name" in target ||
      this.#process(target.pid).isAlive;
    this.timers.push({ due: this.now + delay, target, action, isActive });
    return this.timers.length - 1;
  }

  readTimer(id: number): number | false {
    const { isActive, due } = this.timers[id]!;
    return isActive && due - this.now;
  }

  cancelTimer(id: number): number | false {
    const left = this.readTimer(id);
    this.timers[id]!.isActive = false;
    return left;
  }

  pass(ms: number): void {
    this.now += ms;
    const due = this.timers.filter((timer) => timer.due <= this.now);
    for (const timer of due.sort((a, b) => a.due - b.due)) {
      if (!timer.isActive) continue;
      timer.isActive = false;
      const { target, action } = timer;
      const process = "pid" in target ? this.#process(target.pid) : this.whereis(target.name);
      if (process === undefined || !process.isAlive) continue;
      if ("message" in action) this.#deliver(process, "timers", action.message);
      else this.#exitSignal(TIMER_SERVER, process, action.exit);
    }
  }

  /** The monitors that a process holds. */
  heldBy(id: number): ModelMonitor[] {
    return this.monitors.filter(({ isActive, holder }) => isActive && holder === id);
  }

  /** The monitors that are held on a process. */
  heldOn(id: number): ModelMonitor[] {
    return this.monitors.filter(({ isActive, target }) => isActive && target === id);
  }

  #process(id: number): ModelProcess {
    return this.processes[id]!;
  }

  #deliver(to: ModelProcess, stream: string, term: readonly unknown[], isOrdered = true): void {
    if (to.isAlive) to.mailbox.push({ stream, term, isOrdered });
  }

  #down(id: number, reason: Reason): void {
    const { holder, target, object, tag } = this.monitors[id]!;
    this.monitors[id]!.isActive = false;
    this.#endAliasOf(id);
    const term = [tag, monitorOf(id), "process", object, reason];
    this.#deliver(this.#process(holder), target < 0 ? "nobody" : pidOf(target), term, false);
  }

  #endAliasOf(monitor: number): void {
    for (const alias of this.aliases) {
      if (alias.monitor === monitor && alias.mode !== "explicit_unalias") alias.isActive = false;
    }
  }

  #exitSignal(from: string, to: ModelProcess, reason: Reason): void {
    if (!to.isAlive) return;
    if (reason === "kill") this.#end(to, "killed");
    else if (to.trapsExits) this.#deliver(to, from, ["EXIT", from, reason]);
    else if (reason !== "normal" || from === pidOf(to.id)) this.#end(to, reason);
  }

  #end(process: ModelProcess, reason: Reason): void {
    if (!process.isAlive) return;
    process.isAlive = false;
    process.reason = reason;
    process.name = undefined;
    process.mailbox = [];
    for (const timer of this.timers) {
      const isForIt = "message" in timer.action && "pid" in timer.target;
      if (isForIt && (timer.target as { pid: number }).pid === process.id) timer.isActive = false;
    }
    for (const alias of this.aliases) if (alias.process === process.id) alias.isActive = false;
    for (const monitor of this.monitors) {
      if (monitor.holder === process.id) monitor.isActive = false;
    }
    const links = [...process.links];
    process.links.clear();
    for (const id of links) this.#process(id).links.delete(process.id);
    for (const [id, monitor] of this.monitors.entries()) {
      if (monitor.isActive && monitor.target === process.id) this.#down(id, reason);
    }
    for (const id of links) {
      const other = this.#process(id);
      if (other.trapsExits) {
        this.#deliver(other, pidOf(process.id), ["EXIT", pidOf(process.id), reason], false);
      } else if (reason !== "normal") {
        this.#end(other, reason);
      }
    }
  }
}
