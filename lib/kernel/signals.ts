/**
 * Signals: messages, links, monitors, aliases and exits, by Erlang's rules.
 *
 * Within one runtime a signal arrives when it is sent. This implies Erlang's ordering guarantee (signals
 * between a pair of processes arrive in the order sent), and is stronger. The receiver handles it later,
 * in its own turn; only its termination takes effect at once.
 *
 * When a process exits, its names are released first, then its timers and pending calls are removed,
 * then links and monitors are notified: all in one synchronous step. A process that holds resources of the
 * host is exiting for a while, until these are disposed of (`resources.ts`); that step follows then.
 *
 * @module
 */

import { abandon, abandonCalls, failCalls } from "./calls.ts";
import {
  distribution,
  isElsewhere,
  type NameOnNode,
  RemotePid,
  RemoteRef,
} from "./distribution.ts";
import { reasonOf } from "./exit.ts";
import { enterContext } from "./host.ts";
import { PLAIN } from "./mailbox.ts";
import {
  DEAD,
  type ExitHook,
  EXITING,
  type Extras,
  leaveTable,
  OwnedTimer,
  type Process,
} from "./process.ts";
import { itemOf, sizeOf } from "./reader.ts";
import { report } from "./report.ts";
import { disposeAll } from "./resources.ts";
import { charge, contextOf, current, runAs, schedule } from "./scheduler.ts";
import { message, type Pid, Ref, type Term } from "./term.ts";

/** When an alias is deactivated. See `Process.alias` and `Process.monitor`. */
export type AliasMode = "explicit_unalias" | "reply" | "demonitor" | "reply_demonitor";

/** An active alias: a reference to which messages can be sent. */
export class Alias {
  /** Creates an alias of `process`, known by `ref`, that is deactivated as `mode` says. */
  constructor(readonly process: Process, readonly ref: Ref, readonly mode: AliasMode) {
    ref.alias = this;
    (process.more().aliases ??= new Set()).add(this);
  }

  /** Delivers a message that was sent to the alias. */
  receive(term: Term): void {
    if (this.mode === "reply" || this.mode === "reply_demonitor") this.deactivate();
    if (this.mode === "reply_demonitor") (this.ref.target as Monitor | null)?.remove();
    deliver(this.process, message(term));
  }

  /** Deactivates the alias. */
  deactivate(): void {
    this.ref.alias = null;
    this.process.extras?.aliases?.delete(this);
  }
}

/** A holder of monitors: a process, or all processes of another node. */
export interface Holder {
  /** The first of a list. */
  monitors: Monitor | null;
}

/** A target of monitors: a process, or all processes of another node. */
export interface Watched {
  /** The first of a list. */
  monitoredBy: Monitor | null;
}

/**
 * A monitor: an element of the list of its holder and of the list of its target. Kinds of monitors differ in
 * what holds them, and in how the holder is notified.
 */
export abstract class Monitor<By extends Holder = Holder> {
  heldPrevious: Monitor | null = null;
  heldNext: Monitor | null;
  targetPrevious: Monitor | null = null;
  targetNext: Monitor | null;

  /** Enters the monitor on both sides. `object` identifies the target in the `DOWN` message. */
  constructor(
    readonly ref: Ref,
    readonly holder: By,
    readonly target: Watched,
    readonly object: Pid | NameOnNode,
    readonly tag: Term,
  ) {
    ref.target = this;
    this.heldNext = holder.monitors;
    if (holder.monitors !== null) holder.monitors.heldPrevious = this;
    holder.monitors = this;
    this.targetNext = target.monitoredBy;
    if (target.monitoredBy !== null) target.monitoredBy.targetPrevious = this;
    target.monitoredBy = this;
  }

  /** Removes the monitor on both sides. */
  remove(): void {
    this.ref.target = null;
    if (this.heldPrevious !== null) this.heldPrevious.heldNext = this.heldNext;
    else this.holder.monitors = this.heldNext;
    if (this.heldNext !== null) this.heldNext.heldPrevious = this.heldPrevious;
    if (this.targetPrevious !== null) this.targetPrevious.targetNext = this.targetNext;
    else this.target.monitoredBy = this.targetNext;
    if (this.targetNext !== null) this.targetNext.targetPrevious = this.targetPrevious;
  }

  /** The process that is notified. */
  abstract get watcher(): Pid;

  /** Notifies the holder that the target has exited. Must be called after the monitor is removed. */
  abstract tell(reason: Term): void;
}

/** A monitor of one process of this node on another. */
export class LocalMonitor extends Monitor<Process> {
  get watcher(): Pid {
    return this.holder.pid;
  }

  tell(reason: Term): void {
    sendDown(this, reason);
  }
}

/** Sends the `DOWN` message of a monitor to the process that holds it. */
export function sendDown({ ref, holder, object, tag }: Monitor<Process>, reason: Term): void {
  endAliasOf(ref);
  deliver(holder, [tag, ref, "process", object, reason]);
}

// --- Messages -----------------------------------------------------------------------------------

/** Puts a message into the mailbox of `process`. */
export function deliver(process: Process, term: Term): void {
  process.push(PLAIN, term);
  schedule(process);
}

/** Sends to a process, if it is alive. */
export function sendToPid(pid: Pid, term: Term): void {
  const process = pid.process;
  if (process !== null) deliver(process, message(term));
  else if (pid instanceof RemotePid) distribution?.send(pid, term);
  else charge(current);
}

/** Sends to an alias, if it is active. */
export function sendToAlias(ref: Ref, term: Term): void {
  if (ref.alias !== null) (ref.alias as Alias).receive(term);
  else if (ref instanceof RemoteRef) distribution?.send(ref, term);
}

// --- Links --------------------------------------------------------------------------------------

/** Whether `process` is linked to `pid`. */
export function isLinked(process: Process, pid: Pid): boolean {
  const links = process.links;
  return links === pid || (links instanceof Set && links.has(pid));
}

/** The pids that `process` is linked to. */
export function linksOf(process: Process): Pid[] {
  const links = process.links;
  return links === null ? [] : links instanceof Set ? [...links] : [links];
}

/** Links `process` and `pid`. If there is no such process, `process` receives an exit signal `noproc`. */
export function link(process: Process, pid: Pid): void {
  if (pid === process.pid) return;
  const other = pid.process;
  if (other !== null) {
    addLink(process, pid);
    addLink(other, process.pid);
  } else if (!(pid instanceof RemotePid)) signalExit(process, pid, "noproc");
  else if (distribution === null) signalExit(process, pid, "noconnection");
  else if (!isLinked(process, pid)) {
    addLink(process, pid);
    distribution.link(process, pid);
  }
}

/** Removes the link between `process` and `pid`, if there is one. */
export function unlink(process: Process, pid: Pid): void {
  const wasLinked = removeLink(process, pid);
  if (pid.process !== null) removeLink(pid.process, process.pid);
  else if (wasLinked && pid instanceof RemotePid) distribution?.unlink(process, pid);
}

/** Adds a link at one end only; the other may be on another node. */
export function addLink(process: Process, pid: Pid): void {
  const links = process.links;
  if (links === null) process.links = pid;
  else if (links instanceof Set) links.add(pid);
  else if (links !== pid) process.links = new Set([links, pid]);
}

/** Removes a link at one end only; tells whether there was one. */
export function removeLink(process: Process, pid: Pid): boolean {
  const links = process.links;
  if (links === pid) {
    process.links = null;
    return true;
  }
  if (!(links instanceof Set) || !links.delete(pid)) return false;
  if (links.size === 0) process.links = null;
  return true;
}

// --- Monitors -----------------------------------------------------------------------------------

/**
 * Monitors `target` for `holder`; the `DOWN` message identifies it as `object`. If there is no such
 * process, the message is delivered at once.
 */
export function monitor(
  holder: Process,
  target: Process | null,
  object: Pid | NameOnNode,
  tag: Term = "DOWN",
  aliasMode?: Exclude<AliasMode, "reply">,
): Ref {
  const ref = new Ref();
  // Monitoring oneself is a no-op, as in Erlang: the reference is valid and never fires.
  if (target === holder) return ref;
  if (aliasMode !== undefined) new Alias(holder, ref, aliasMode);
  if (target !== null) {
    new LocalMonitor(ref, holder, target, object, tag);
  } else if (isElsewhere(object) && distribution !== null) {
    distribution.monitor(ref, holder, object, tag);
  } else {
    endAliasOf(ref);
    const reason = isElsewhere(object) ? "noconnection" : "noproc";
    deliver(holder, [tag, ref, "process", object, reason]);
  }
  return ref;
}

/** Removes the monitor `ref`; tells whether `process` held it. */
export function demonitor(process: Process, ref: Ref): boolean {
  const monitor = ref.target;
  if (!(monitor instanceof Monitor) || monitor.holder !== process) return false;
  monitor.remove();
  endAliasOf(ref);
  return true;
}

/** Removes the `DOWN` message of the monitor `ref` from the mailbox of `process`; tells whether there was one. */
export function flushDown(process: Process, ref: Ref): boolean {
  return process.remove((message) =>
    sizeOf(message) === 5 && itemOf(message, 1) === ref && itemOf(message, 2) === "process"
  );
}

/** Deactivates the alias that a monitor was created with, unless its mode is `explicit_unalias`. */
export function endAliasOf(ref: Ref): void {
  const alias = ref.alias as Alias | null;
  if (alias !== null && alias.mode !== "explicit_unalias") alias.deactivate();
}

// --- Exits --------------------------------------------------------------------------------------

/** Sends `to` the exit signal of `Process.exit(to, reason)`, if it is alive. */
export function exitSignal(from: Pid, to: Pid, reason: Term): void {
  const process = to.process;
  if (process === null) {
    if (to instanceof RemotePid) distribution?.exit(from, to, reason);
  } else if (reason === "kill") terminate(process, "killed");
  else if (process.trapsExits) deliver(process, message(["EXIT", from, reason]));
  else if (reason !== "normal" || from === to) terminate(process, reason);
}

/** Sends the exit signal of a link. Unlike in {@linkcode exitSignal}, `kill` can be trapped here. */
export function signalExit(to: Process, from: Pid, reason: Term): void {
  if (to.trapsExits) deliver(to, ["EXIT", from, reason]);
  else if (reason !== "normal") terminate(to, reason);
}

interface Death {
  readonly process: Process;
  readonly reason: Term;
}

/**
 * Exits that are yet to be processed, each by {@linkcode bury}. A queue instead of a recursion, as links
 * may form a chain of any length.
 */
const deaths: Death[] = [];
/** Number of those that have been processed since the queue was last empty. */
let buried = 0;
let burying = false;

let onEnded: (process: Process, reason: Term) => void = () => {};

/** Sets the function that is called first at every exit, before names, links and monitors. */
export function whenEnded(callback: (process: Process, reason: Term) => void): void {
  onEnded = callback;
}

/**
 * Terminates `process` with `reason`, at once; if it holds resources, the exit is completed when they are
 * disposed of. Has no effect if it has exited: the first reason counts.
 * Nothing that fails on the way is thrown here; it is reported.
 */
export function terminate(process: Process, reason: Term): void {
  if (!process.isDead) {
    deaths.push({ process, reason: message(reason) });
    process.flags |= DEAD;
    if (process.extras !== null && holdsResources(process.extras)) process.flags |= EXITING;
    else process.pid.process = null;
  }
  if (!burying) buryAll();
}

function buryAll(): void {
  burying = true;
  try {
    for (; buried < deaths.length; buried++) {
      const { process, reason } = deaths[buried]!;
      if ((process.flags & EXITING) !== 0) release(process, reason);
      else bury(process, reason);
    }
    deaths.length = buried = 0;
  } finally {
    burying = false;
    // Only a stack that is nearly exhausted leads here: the rest is done on another one.
    if (deaths.length > 0) queueMicrotask(buryAll);
  }
}

function holdsResources({ resources }: Extras): boolean {
  return resources !== null && resources.held.size > 0;
}

/** Ends all that a process does which holds resources, disposes of them, and then completes its exit. */
function release(process: Process, reason: Term): void {
  const { pid, extras } = process;
  process.clear();
  while (process.timers !== null) process.timers.cancel();
  // Those of the main process are rejected when its exit is completed.
  if (process.lineage !== null) abandonCalls(process);
  if (extras!.abort !== null) abort(process, extras!, reason);
  disposeAll(pid, extras!.resources!, () => {
    process.flags &= ~EXITING;
    pid.process = null;
    deaths.push({ process, reason });
    if (!burying) buryAll();
  });
}

/** Calls `callback` when the exit of `process`, which has exited, is completed: at once, if it is. */
export function whenCompleted(process: Process, callback: () => void): void {
  if ((process.flags & EXITING) === 0) callback();
  else onExit(process.pid, callback);
}

/**
 * Cleans up after a process that has exited, and notifies all that depend on it.
 *
 * A step that fails does not prevent the others. Each takes off its list what it handles, before it handles
 * it: if the stack is exhausted, the burial is resumed with what is left. It compares reasons and passes them
 * on, but does not look into them.
 */
function bury(process: Process, reason: Term): void {
  const { pid, extras, wait } = process;
  onEnded(process, reason);
  leaveTable(process);
  if (extras !== null) {
    if (extras.exitHooks !== null) runExitHooks(extras, pid, reason);
    if (extras.aliases !== null) { for (const { ref } of extras.aliases) ref.alias = null; }
  }
  while (process.timers !== null) process.timers.cancel();
  abandonCalls(process);
  if (wait !== null) abandon(process, wait.reject);
  failCalls(process, reason);
  const { links } = process;
  if (links instanceof Set) {
    for (const other of links) {
      links.delete(other);
      endLink(other, pid, reason);
    }
  }
  process.links = null;
  if (links !== null && !(links instanceof Set)) endLink(links, pid, reason);
  while (process.monitors !== null) process.monitors.remove();
  // Oldest first, as they were set.
  let oldest = process.monitoredBy;
  while (oldest?.targetNext) oldest = oldest.targetNext;
  for (let monitor = oldest; monitor !== null;) {
    const { targetPrevious } = monitor;
    monitor.remove();
    tellMonitor(monitor, pid, reason);
    monitor = targetPrevious;
  }
  process.clear();
  process.state = process.server = null;
  process.extras = null;
  if (extras !== null && extras.abort !== null) abort(process, extras, reason);
}

function tellMonitor(monitor: Monitor<Holder>, pid: Pid, reason: Term): void {
  try {
    monitor.tell(reason);
  } catch (thrown) {
    stepFailed("monitor", pid, thrown);
  }
}

function stepFailed(step: string, pid: Pid, thrown: unknown): void {
  report({ level: "error", kind: "exit_step", pid, reason: reasonOf(thrown), details: { step } });
}

/**
 * Aborts the work of a process outside of the runtime (`Process.signal`). Listeners are code of a process
 * that has exited: they are fenced, and what they throw terminates no process.
 */
function abort(process: Process, extras: Extras, reason: Term): void {
  const controller = extras.abort!;
  extras.abort = null;
  try {
    enterContext(contextOf(process), () => runAs(process, () => controller.abort(reason)));
  } catch (thrown) {
    stepFailed("signal", process.pid, thrown);
  }
}

function endLink(other: Pid, pid: Pid, reason: Term): void {
  const process = other.process;
  if (process !== null) {
    if (removeLink(process, pid)) signalExit(process, pid, reason);
  } else if (other instanceof RemotePid) breakLink(other, pid, reason);
}

function breakLink(other: RemotePid, pid: Pid, reason: Term): void {
  try {
    distribution?.linkBroke(pid, other, reason);
  } catch (thrown) {
    stepFailed("link", pid, thrown);
  }
}

function runExitHooks(extras: Extras, pid: Pid, reason: Term): void {
  const hooks = extras.exitHooks!;
  if (hooks instanceof Set) {
    for (const hook of hooks) {
      hooks.delete(hook);
      runExitHook(hook, pid, reason);
    }
  }
  extras.exitHooks = null;
  if (!(hooks instanceof Set)) runExitHook(hooks, pid, reason);
}

function runExitHook(hook: ExitHook, pid: Pid, reason: Term): void {
  try {
    hook(reason);
  } catch (error) {
    report({ level: "error", kind: "exit_hook", pid, reason: reasonOf(error) });
  }
}

/**
 * Calls `hook` with the reason when the process exits, before its links and monitors are notified; a
 * registry releases names so. Returns a function that removes the hook, or `undefined` if the process
 * has exited.
 */
export function onExit(pid: Pid, hook: ExitHook): (() => void) | undefined {
  const process = pid.process;
  if (process === null) {
    return pid instanceof RemotePid ? distribution?.onExit(pid, hook) : undefined;
  }
  const extras = process.more();
  const hooks = extras.exitHooks;
  // Mostly there is just one, which then needs no set.
  if (hooks === null) extras.exitHooks = hook;
  else if (hooks instanceof Set) hooks.add(hook);
  else extras.exitHooks = new Set([hooks, hook]);
  return () => {
    if (extras.exitHooks === hook) extras.exitHooks = null;
    else if (extras.exitHooks instanceof Set) extras.exitHooks.delete(hook);
  };
}

// --- Timers -------------------------------------------------------------------------------------

/** The timer that a reference stands for, while it is pending. */
export function timerOf(ref: Ref): OwnedTimer | undefined {
  return ref.target instanceof OwnedTimer ? ref.target : undefined;
}
