/**
 * One other node, as this one sees it: the channel to it, while there is one, and every link and monitor
 * between processes of the two.
 *
 * Whatever is said to a node that is not connected connects first; it waits here meanwhile, in order. If
 * the connection cannot be made or is lost, each link and monitor hears `noconnection`, once.
 *
 * @module
 */

import { RemotePid } from "../kernel/distribution.ts";
import type { Process } from "../kernel/process.ts";
import { reasonOf } from "../kernel/exit.ts";
import { report } from "../kernel/report.ts";
import {
  addLink,
  type Holder,
  Monitor,
  removeLink,
  sendDown,
  signalExit,
  type Watched,
} from "../kernel/signals.ts";
import type { Atom, NodeName, Pid, Ref, Term } from "../kernel/term.ts";
import type { Control } from "./control.ts";
import type { Channel } from "./transport.ts";

/** So many signals waiting for a connection make a peer busy, as bytes waiting to be written do later. */
const BUSY_SIGNALS = 1000;

/** A link between a process here and one of the peer, as this side sees it. */
interface Link {
  /** Whether there is a link; if not, the peer has yet to acknowledge that it was taken away. */
  isActive: boolean;
  /** Which unlink is to be acknowledged. */
  unlinkId: bigint;
}

/** See the module's document. */
export class Peer implements Holder, Watched {
  /** The name of the node. */
  readonly node: NodeName;
  /** What leads there, while it is connected. */
  channel: Channel | null = null;
  /** Monitors that its processes hold on ours. */
  monitors: Monitor | null = null;
  /** Monitors that our processes hold on its. */
  monitoredBy: Monitor | null = null;
  /** Signals that wait for the connection; `null` while none is being made. */
  #waiting: Control[] | null = null;
  #connected: PromiseWithResolvers<void> | null = null;
  /** By the pid of ours, then by that of the peer's. */
  readonly #links = new Map<Pid, Map<RemotePid, Link>>();
  #unlinks = 0n;
  readonly #connect: (node: NodeName) => void;

  /** A node that is not connected; `connect` sees to it that then {@linkcode up} or {@linkcode down} is called. */
  constructor(node: NodeName, connect: (node: NodeName) => void) {
    this.node = node;
    this.#connect = connect;
  }

  /** Whether nothing would be lost if this peer were forgotten. */
  get isIdle(): boolean {
    return this.channel === null && this.#waiting === null;
  }

  /** Whether whoever sends should wait for {@linkcode drained}. */
  get isBusy(): boolean {
    if (this.channel !== null) return this.channel.isBusy;
    return this.#waiting !== null && this.#waiting.length > BUSY_SIGNALS;
  }

  /** Resolves when the peer is no longer busy, or gone. */
  async drained(): Promise<void> {
    if (this.channel === null && this.#connected !== null) await this.#connected.promise;
    if (this.channel !== null) await this.channel.drained();
  }

  /**
   * Sends a signal, and connects before if need be.
   *
   * @throws {TypeError} If it holds what cannot be sent.
   */
  post(control: Control): void {
    if (this.channel !== null) return this.channel.send(control);
    if (this.#waiting === null) this.#begin();
    this.#waiting!.push(control);
  }

  /** Sends a signal that only matters if the node is connected, or is about to be. */
  answer(control: Control): void {
    if (this.channel !== null || this.#waiting !== null) this.#try(control);
  }

  #try(control: Control): void {
    try {
      this.post(control);
    } catch (thrown) {
      this.#unsent(control, thrown);
    }
  }

  /** A signal that cannot be sent, and nobody can be told so: the other side hears why instead. */
  #unsent(control: Control, thrown: unknown): void {
    const reason = reasonOf(thrown);
    report({ level: "error", kind: "message", reason, details: { node: this.node } });
    switch (control[0]) {
      case "exit":
        return this.answer(["exit", control[1], control[2], "badarg"]);
      case "monitor_p_exit":
        return this.answer(["monitor_p_exit", control[1], control[2], control[3], "badarg"]);
    }
  }

  #begin(): void {
    this.#waiting = [];
    this.#connected = Promise.withResolvers();
    this.#connect(this.node);
  }

  /** The node is connected: what has waited goes out. */
  up(channel: Channel): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    this.channel = channel;
    for (const control of waiting) this.#try(control);
    this.#settle();
  }

  /** The connection is lost, or could not be made: everybody who is concerned hears of it. */
  down(): void {
    this.channel = null;
    this.#waiting = null;
    this.#settle();
    while (this.monitors !== null) this.monitors.remove();
    const links = [...this.#links];
    this.#links.clear();
    for (const [{ process }, byPid] of links) {
      for (const [remote, { isActive }] of byPid) {
        if (!isActive || process === null || !removeLink(process, remote)) continue;
        signalExit(process, remote, "noconnection");
      }
    }
    // Oldest first, as they were set; those that are set meanwhile are about another connection.
    const held: Monitor[] = [];
    for (let each = this.monitoredBy; each !== null; each = each.targetNext) held.push(each);
    for (const monitor of held.reverse()) {
      if (monitor.ref.target !== monitor) continue;
      if (monitor instanceof OutgoingMonitor) endMonitor(monitor, "noconnection");
      else {
        monitor.remove();
        monitor.tell("noconnection");
      }
    }
  }

  #settle(): void {
    this.#connected?.resolve();
    this.#connected = null;
  }

  // --- Links: section 7 of the protocol ---------------------------------------------------------

  /** A process here, which has the link by now, links to one there. */
  link(process: Process, remote: RemotePid): void {
    const link = this.#link(process.pid, remote);
    if (link !== undefined) {
      link.isActive = true;
      link.unlinkId = 0n;
    } else this.#enter(process.pid, remote);
    this.post(["link", process.pid, remote]);
  }

  /** A process there links to one here. */
  linked(remote: RemotePid, pid: Pid): void {
    const { process } = pid;
    if (process === null) return this.answer(["exit", pid, remote, "noproc"]);
    if (this.#link(pid, remote) !== undefined) return;
    this.#enter(pid, remote);
    addLink(process, remote);
  }

  /** A process here, which has no link any more, unlinks from one there. */
  unlink(process: Process, remote: RemotePid): void {
    const link = this.#link(process.pid, remote);
    if (link === undefined || !link.isActive) return;
    link.isActive = false;
    link.unlinkId = ++this.#unlinks;
    this.post(["unlink_id", link.unlinkId, process.pid, remote]);
  }

  /** A process there unlinks from one here. That is acknowledged first, if it has a number. */
  unlinked(remote: RemotePid, pid: Pid, id?: bigint): void {
    if (id !== undefined) this.answer(["unlink_id_ack", id, pid, remote]);
    if (this.#link(pid, remote)?.isActive !== true) return;
    this.#forget(pid, remote);
    if (pid.process !== null) removeLink(pid.process, remote);
  }

  /** The peer has acknowledged an unlink. */
  unlinkAcknowledged(id: bigint, remote: RemotePid, pid: Pid): void {
    const link = this.#link(pid, remote);
    if (link !== undefined && !link.isActive && link.unlinkId === id) this.#forget(pid, remote);
  }

  /** A process there has ended that one here is linked to. */
  exited(remote: RemotePid, pid: Pid, reason: Term): void {
    const link = this.#link(pid, remote);
    this.#forget(pid, remote);
    if (pid.process === null) return;
    if (link?.isActive === true && removeLink(pid.process, remote)) {
      signalExit(pid.process, remote, reason);
    } // A link that this side has asked for and that the peer could not make.
  }

  /** A process here has ended that is linked to one there. */
  linkBroke(pid: Pid, remote: RemotePid, reason: Term): void {
    this.#forget(pid, remote);
    this.answer(["exit", pid, remote, reason]);
  }

  #link(pid: Pid, remote: RemotePid): Link | undefined {
    return this.#links.get(pid)?.get(remote);
  }

  #enter(pid: Pid, remote: RemotePid): void {
    let byPid = this.#links.get(pid);
    if (byPid === undefined) this.#links.set(pid, byPid = new Map());
    byPid.set(remote, { isActive: true, unlinkId: 0n });
  }

  #forget(pid: Pid, remote: RemotePid): void {
    const byPid = this.#links.get(pid);
    if (byPid?.delete(remote) && byPid.size === 0) this.#links.delete(pid);
  }

  // --- Monitors ---------------------------------------------------------------------------------

  /** A process there monitors one here, by its pid or by its name, whose process is `target` if there is one. */
  monitored(remote: RemotePid, named: Pid | Atom, target: Process | null, ref: Ref): void {
    if (target === null) this.answer(["monitor_p_exit", named, remote, ref, "noproc"]);
    else new IncomingMonitor(ref, this, target, named, remote);
  }

  /** How many links and monitors lead here: for tests of what is kept. */
  get sizes(): Readonly<Record<"links" | "monitors" | "monitoredBy", number>> {
    let links = 0;
    for (const byPid of this.#links.values()) links += byPid.size;
    let monitors = 0;
    for (let each = this.monitors; each !== null; each = each.heldNext) monitors++;
    let monitoredBy = 0;
    for (let each = this.monitoredBy; each !== null; each = each.targetNext) monitoredBy++;
    return { links, monitors, monitoredBy };
  }
}

/** The monitor of a process there on one here. */
export class IncomingMonitor extends Monitor<Peer> {
  readonly #named: Pid | Atom;
  readonly #watcher: RemotePid;

  /** `named` is what the peer has asked for, and what it will be told of. */
  constructor(ref: Ref, peer: Peer, target: Process, named: Pid | Atom, watcher: RemotePid) {
    super(ref, peer, target, target.pid, "DOWN");
    this.#named = named;
    this.#watcher = watcher;
  }

  get watcher(): Pid {
    return this.#watcher;
  }

  tell(reason: Term): void {
    this.holder.answer(["monitor_p_exit", this.#named, this.#watcher, this.ref, reason]);
  }
}

/** A monitor on a process there, whatever holds it here. */
export abstract class OutgoingMonitor<By extends Holder = Holder> extends Monitor<By> {
  readonly #peer: Peer;
  readonly #from: Pid;
  readonly #named: Pid | Atom;
  /** Whether there is nothing left to call off. */
  isOver = false;

  /** Sends the monitor to the peer, in the name of `from`, unless it `isThere` already. */
  constructor(
    ref: Ref,
    holder: By,
    peer: Peer,
    from: Pid,
    object: RemotePid | readonly [Atom, NodeName],
    tag: Term,
    isThere: boolean = false,
  ) {
    super(ref, holder, peer, object, tag);
    this.#peer = peer;
    this.#from = from;
    this.#named = object instanceof RemotePid ? object : object[0];
    if (!isThere) peer.post(["monitor_p", from, this.#named, ref]);
  }

  get watcher(): Pid {
    return this.#from;
  }

  override remove(): void {
    super.remove();
    if (this.isOver) return;
    this.isOver = true;
    this.#peer.answer(["demonitor_p", this.#from, this.#named, this.ref]);
  }
}

/** The monitor of a process here on one there. */
export class HeldMonitor extends OutgoingMonitor<Process> {
  tell(reason: Term): void {
    sendDown(this, reason);
  }
}

/** Ends a monitor on a process of another node: that has ended, or is out of reach. */
export function endMonitor(monitor: OutgoingMonitor, reason: Term): void {
  monitor.isOver = true;
  monitor.remove();
  monitor.tell(reason);
}

/** Who lived on this node in earlier lives of it: all of them have ended. */
export class EarlierLives extends Peer {
  /** For a node of this name. */
  constructor(node: NodeName) {
    super(node, () => {});
  }

  /** Nobody hears anything; who asks for a process learns, as from any other node, that there is none. */
  override post(control: Control): void {
    if (control[0] === "link") {
      queueMicrotask(() => this.exited(control[2] as RemotePid, control[1], "noproc"));
    } else if (control[0] === "monitor_p") {
      const { target } = control[3];
      queueMicrotask(() => {
        if (target instanceof OutgoingMonitor && !target.isOver) endMonitor(target, "noproc");
      });
    }
  }
}
