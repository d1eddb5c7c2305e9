/**
 * Signals between this node and others: those that the kernel sends to other nodes, and those that it receives.
 *
 * @module
 */

import type { CallKind } from "../kernel/calls.ts";
import {
  type Distribution,
  type NameOnNode,
  nodeOf,
  type RemotePid,
  type RemoteRef,
} from "../kernel/distribution.ts";
import { aliasIn } from "../kernel/list.ts";
import { localRegistry } from "../kernel/names.ts";
import { type ExitHook, HELD, type Process } from "../kernel/process.ts";
import { schedule } from "../kernel/scheduler.ts";
import { selfIfKnown } from "../kernel/self.ts";
import { deliver, exitSignal, sendToAlias, sendToPid } from "../kernel/signals.ts";
import { type Atom, isPid, type NodeName, Pid, Ref, type Term } from "../kernel/term.ts";
import type { Control } from "./control.ts";
import { endMonitor, HeldMonitor, IncomingMonitor, OutgoingMonitor, type Peer } from "./peer.ts";
import { understood } from "./protocols/interpreter.ts";
import { Answer, RemoteCall } from "./remote_call.ts";

/** A signal about spawning, which `calls/spawn_request.ts` handles. */
export type SpawnSignal = Extract<
  Control,
  readonly ["spawn_request" | "spawn_reply", ...unknown[]]
>;

/** Sends signals to other nodes, and handles those that come from them. */
export class Remote implements Distribution {
  readonly #peerOf: (node: NodeName) => Peer;
  readonly #fallbackSender: () => Pid;
  readonly #spawning: (peer: Peer, signal: SpawnSignal) => void;
  readonly #nodes: () => NodeName[];

  /**
   * `peerOf` returns the peer with a name, `fallbackSender` the pid to send from when no process is running,
   * `nodes` the nodes that are connected and not hidden.
   */
  constructor(
    { peerOf, fallbackSender, spawning, nodes }: {
      peerOf(node: NodeName): Peer;
      fallbackSender(): Pid;
      spawning(peer: Peer, signal: SpawnSignal): void;
      nodes(): NodeName[];
    },
  ) {
    this.#peerOf = peerOf;
    this.#fallbackSender = fallbackSender;
    this.#spawning = spawning;
    this.#nodes = nodes;
  }

  nodes(): NodeName[] {
    return this.#nodes();
  }

  // --- Out --------------------------------------------------------------------------------------

  send(to: RemotePid | RemoteRef | NameOnNode, message: Term): void {
    const peer = this.#peerOf(nodeOf(to));
    const process = selfIfKnown();
    const from = process?.pid ?? this.#fallbackSender();
    if (to instanceof Pid) peer.post(["send", from, to, message]);
    else if (to instanceof Ref) peer.post(["alias_send", from, to, message]);
    else peer.post(["reg_send", from, to[0], message]);
    if (process !== null && peer.isBusy) holdBack(process, peer);
  }

  call(
    caller: Process,
    to: RemotePid | NameOnNode,
    server: Term,
    request: Term,
    timeout: number,
    kind: CallKind,
  ): Promise<Term> {
    const peer = this.#peerOf(nodeOf(to));
    const call = new RemoteCall(caller, peer, to, server, request, timeout, kind);
    try {
      if (to instanceof Pid) peer.post(["send", caller.pid, to, call.message]);
      else peer.post(["reg_send", caller.pid, to[0], call.message]);
    } catch (thrown) {
      call.giveUp();
      throw thrown;
    }
    return call.promise;
  }

  exit(from: Pid, to: RemotePid, reason: Term): void {
    this.#peerOf(to.node).post(["exit2", from, to, reason]);
  }

  lead(pid: RemotePid, leader: Pid): void {
    this.#peerOf(pid.node).post(["group_leader", leader, pid]);
  }

  link(process: Process, pid: RemotePid): void {
    this.#peerOf(pid.node).link(process, pid);
  }

  unlink(process: Process, pid: RemotePid): void {
    this.#peerOf(pid.node).unlink(process, pid);
  }

  linkBroke(from: Pid, pid: RemotePid, reason: Term): void {
    this.#peerOf(pid.node).linkBroke(from, pid, reason);
  }

  monitor(ref: Ref, holder: Process, object: RemotePid | NameOnNode, tag: Term): void {
    const peer = this.#peerOf(nodeOf(object));
    new HeldMonitor(ref, holder, peer, holder.pid, object, tag);
  }

  onExit(pid: RemotePid, hook: ExitHook): () => void {
    const monitor = new Hook(this.#peerOf(pid.node), this.#fallbackSender(), pid, hook);
    return () => monitor.isOver || monitor.remove();
  }

  // --- In ---------------------------------------------------------------------------------------

  /** Handles a signal from a peer. */
  receive(peer: Peer, control: Control): void {
    switch (control[0]) {
      case "send":
        return take(control[2], control[3]);
      case "reg_send": {
        const pid = whereis(control[2]);
        if (pid !== undefined) sendToPid(pid, understood(pid, control[3]));
        return;
      }
      case "alias_send":
        if (control[2].alias !== null) sendToAlias(control[2], control[3]);
        return;
      case "link":
        return peer.linked(control[1] as RemotePid, control[2]);
      case "unlink":
        return peer.unlinked(control[1] as RemotePid, control[2]);
      case "unlink_id":
        return peer.unlinked(control[2] as RemotePid, control[3], control[1]);
      case "unlink_id_ack":
        return peer.unlinkAcknowledged(control[1], control[2] as RemotePid, control[3]);
      case "exit":
        return peer.exited(control[1] as RemotePid, control[2], control[3]);
      case "exit2":
        if (control[2].process !== null) exitSignal(control[1], control[2], control[3]);
        return;
      case "monitor_p": {
        const [, from, to, ref] = control;
        const pid = isPid(to) ? to : whereis(to);
        return peer.monitored(from as RemotePid, to, pid?.process ?? null, ref);
      }
      case "demonitor_p": {
        const monitor = control[3].target;
        if (monitor instanceof IncomingMonitor && monitor.holder === peer) monitor.remove();
        return;
      }
      case "monitor_p_exit": {
        const monitor = control[3].target;
        if (monitor instanceof OutgoingMonitor && monitor.target === peer) {
          endMonitor(monitor, control[4]);
        }
        return;
      }
      case "group_leader":
        if (control[2].process !== null) control[2].process.leader = control[1];
        return;
      default:
        return this.#spawning(peer, control);
    }
  }
}

/** Delivers a message to a pid. Older servers answer a call to the caller, and not to the alias in its tag. */
function take(pid: Pid, message: Term): void {
  const alias = Array.isArray(message) && message.length === 2
    ? aliasIn(message[0])?.alias
    : undefined;
  if (alias instanceof Answer) alias.receive(message);
  else if (pid.process !== null) deliver(pid.process, understood(pid, message));
}

function whereis(name: Atom): Pid | undefined {
  return localRegistry().whereisName(name);
}

/** Lets a process take no further message while a peer is busy. The current callback goes on. */
export function holdBack(process: Process, peer: Peer): void {
  if ((process.flags & HELD) !== 0) return;
  process.flags |= HELD;
  peer.drained().then(() => {
    process.flags &= ~HELD;
    schedule(process);
  });
}

/** Calls a function when a remote process exits: a monitor that no process holds. */
class Hook extends OutgoingMonitor {
  readonly #hook: ExitHook;

  constructor(peer: Peer, from: Pid, pid: RemotePid, hook: ExitHook) {
    super(new Ref(), { monitors: null }, peer, from, pid, "DOWN");
    this.#hook = hook;
  }

  tell(reason: Term): void {
    this.#hook(reason);
  }
}
