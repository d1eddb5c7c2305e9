/**
 * A host without a runtime, for tests of what needs no processes.
 *
 * @module
 */

import type { Host } from "./host.ts";

class StubPid {
  constructor(readonly n: number) {}
  toString(): string {
    return `#PID<0.${this.n}.0>`;
  }
}

class StubRef {
  constructor(readonly n: number) {}
  toString(): string {
    return `#Reference<0.0.0.${this.n}>`;
  }
}

class StubExit extends Error {
  constructor(readonly reason: unknown) {
    super("exit");
  }
}

/** Makes a pid that stands for nothing. */
export function stubPid(n: number): unknown {
  return new StubPid(n);
}

/** Makes a reference that stands for nothing. */
export function stubRef(n: number): unknown {
  return new StubRef(n);
}

/** Makes a host with one mailbox, in which `messages` wait. */
export function stubHost(messages: unknown[] = []): Host {
  const nothing = (): never => {
    throw new Error("the stub has no processes");
  };
  return {
    spawn: nothing,
    spawnLink: nothing,
    spawnMonitor: nothing,
    self: () => ME,
    send: (_destination, message) => message,
    flush: () => messages.splice(0),
    receive(accepts) {
      const at = messages.findIndex(accepts);
      if (at >= 0) messages.splice(at, 1);
      return Promise.resolve(at >= 0);
    },
    exit: (reason) => new StubExit(reason),
    exitReason: (thrown) => thrown instanceof StubExit ? { reason: thrown.reason } : undefined,
    makeRef: () => new StubRef(1),
    isPid: (value) => value instanceof StubPid,
    isRef: (value) => value instanceof StubRef,
    isAlive: () => true,
    kill: nothing,
    processes: () => [],
    isAtRest: () => true,
    isIdle: () => true,
    whenDown: nothing,
    captureReports: () => () => {},
    modules: {},
    options: {},
    timeouts: {},
  };
}

const ME = new StubPid(0);
