/**
 * The state that this node keeps of one other node: the channel to it, while it is connected, and every link and
 * monitor between processes of the two.
 *
 * A signal to a node that is not connected starts a connection, and waits here meanwhile, in order. If the
 * connection cannot be made or is lost, each link and monitor gets `noconnection`, once.
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

/** A peer with more waiting signals than this is busy, as it is later with many bytes waiting to be written. */
const BUSY_SIGNALS = 1000;

/** A link between a process here and one of the peer, as this side sees it. */
interface Link {
  /** Whether the link is active; if not, the peer has yet to acknowledge the unlink. */
  isActive: boolean;
  /** The id of the unlink that is to be acknowledged. */
  unlinkId: bigint;
}

/** See the module's document. */
export class Peer implements Holder, Watched {
  /** The name of the node. */
  readonly node: NodeName;
  /** The channel to the node; `null` while it is not connected. */
  channel: Channel | null = null;
  /** Monitors that its processes hold on local ones. */
  monitors: Monitor | null = null;
  /** Monitors that local processes hold on its processes. */
  monitoredBy: Monitor | null = null;
  /** Signals that wait for the connection; `null` while none is being made. */
  #waiting: Control[] | null = null;
  #connected: PromiseWithResolvers<void> | null = null;
  /** By the pid of the local process, then by the pid of the peer's. */
  readonly #links = new Map<Pid, Map<RemotePid, Link>>();
  #unlinks = 0n;
  readonly #connect: (node: NodeName) => void;

  /** A node that is not connected. `connect` must lead to a call of {@linkcode up} or {@linkcode down}. */
  constructor(node: NodeName, connect: (node: NodeName) => void) {
    this.node = node;
    this.#connect = connect;
  }

  /** Whether this peer holds nothing and can be forgotten. */
  get isIdle(): boolean {
    return this.channel === null && this.#waiting === null;
  }

  /** Whether senders should wait for {@linkcode drained}. */
  get isBusy(): boolean {
    if (this.channel !== null) return this.channel.isBusy;
    return this.#waiting !== null && this.#waiting.length > BUSY_SIGNALS;
  }

  /** Resolves when the peer is no longer busy, or is down. */
  async drained(): Promise<void> {
    if (this.channel === null && this.#connected !== null) await this.#connected.promise;
    if (this.channel !== null) await this.channel.drained();
  }

  /**
   * Sends a signal. Connects first if necessary.
   *
   * @throws {TypeError} If it holds a value that cannot be sent.
   */
  post(control: Control): void {
    if (this.channel !== null) return this.channel.send(control);
    if (this.#waiting === null) this.#begin();
    this.#waiting!.push(control);
  }

  /** Sends a signal that only matters if the node is connected or connecting. */
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

  /** Logs a signal that could not be sent when its sender had gone on, and answers the peer in its place. */
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

  /** The node is connected: sends the waiting signals. */
  up(channel: Channel): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = null;
    this.channel = channel;
    for (const control of waiting) this.#try(control);
    this.#settle();
  }

  /** The connection is lost, or could not be made: notifies all links and monitors. */
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
    // Oldest first, in the order of their creation. Those created meanwhile belong to another connection.
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

  /** A local process, whose own side has the link by now, links to a remote one. */
  link(process: Process, remote: RemotePid): void {
    const link = this.#link(process.pid, remote);
    if (link !== undefined) {
      link.isActive = true;
      link.unlinkId = 0n;
    } else this.#enter(process.pid, remote);
    this.post(["link", process.pid, remote]);
  }

  /** A remote process links to a local one. */
  linked(remote: RemotePid, pid: Pid): void {
    const { process } = pid;
    if (process === null) return this.answer(["exit", pid, remote, "noproc"]);
    if (this.#link(pid, remote) !== undefined) return;
    this.#enter(pid, remote);
    addLink(process, remote);
  }

  /** A local process, whose own side has removed the link by now, unlinks from a remote one. */
  unlink(process: Process, remote: RemotePid): void {
    const link = this.#link(process.pid, remote);
    if (link === undefined || !link.isActive) return;
    link.isActive = false;
    link.unlinkId = ++this.#unlinks;
    this.post(["unlink_id", link.unlinkId, process.pid, remote]);
  }

  /** A remote process unlinks from a local one. An unlink with an id is acknowledged first. */
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

  /** A remote process that a local one is linked to has exited. */
  exited(remote: RemotePid, pid: Pid, reason: Term): void {
    const link = this.#link(pid, remote);
    this.#forget(pid, remote);
    if (pid.process === null) return;
    if (link?.isActive === true && removeLink(pid.process, remote)) {
      signalExit(pid.process, remote, reason);
    } // A link that this side has requested and the peer could not establish.
  }

  /** A local process that is linked to a remote one has exited. */
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

  /** A remote process monitors a local one, by pid or name; `target` is the process, `null` if there is none. */
  monitored(remote: RemotePid, named: Pid | Atom, target: Process | null, ref: Ref): void {
    if (target === null) this.answer(["monitor_p_exit", named, remote, ref, "noproc"]);
    else new IncomingMonitor(ref, this, target, named, remote);
  }

  /** The number of links and monitors, for tests of memory. */
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

/** The monitor of a remote process on a local one. */
export class IncomingMonitor extends Monitor<Peer> {
  readonly #named: Pid | Atom;
  readonly #watcher: RemotePid;

  /** `named` is the pid or name in the peer's request, and in the notification. */
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

/** A monitor on a remote process, for any holder of this node. */
export abstract class OutgoingMonitor<By extends Holder = Holder> extends Monitor<By> {
  readonly #peer: Peer;
  readonly #from: Pid;
  readonly #named: Pid | Atom;
  /** Whether the monitor has fired or was removed. */
  isOver = false;

  /** Sends the monitor to the peer as one of `from`, unless the peer has it already (`isThere`). */
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

/** The monitor of a local process on a remote one. */
export class HeldMonitor extends OutgoingMonitor<Process> {
  tell(reason: Term): void {
    sendDown(this, reason);
  }
}

/** Fires a monitor on a remote process that has exited, or whose node is lost. */
export function endMonitor(monitor: OutgoingMonitor, reason: Term): void {
  monitor.isOver = true;
  monitor.remove();
  monitor.tell(reason);
}

/** The peer for processes of earlier lives of this node, all of which have exited. */
export class EarlierLives extends Peer {
  /** Stands for the earlier lives of the node with this name. */
  constructor(node: NodeName) {
    super(node, () => {});
  }

  /** Drops signals; answers those about a process with `noproc`, as any other node does. */
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
