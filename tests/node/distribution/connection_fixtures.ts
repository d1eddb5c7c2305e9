/**
 * What tests of connections have in common: identities, streams in memory, and a listener that records
 * what comes.
 *
 * @module
 */

import { Pid, Ref } from "../../../lib/kernel/term.ts";
import type { Control } from "../../../lib/node/control.ts";
import { DEFAULT_LIMITS, type Mapping, type MappingKind } from "../../../lib/node/etf/mapping.ts";
import type { Identities, PidIdentity, RefIdentity } from "../../../lib/node/identity.ts";
import { Port } from "../../../lib/node/terms.ts";
import type { ConnectionEvents } from "../../../lib/node/distribution/connection.ts";
import type { ByteStream } from "../../../lib/node/distribution/handshake.ts";

/** Pids and references by their identities. */
class Interned implements Identities {
  readonly #objects = new Map<string, Pid | Ref | Port>();
  readonly #identities = new Map<Pid | Ref, PidIdentity | RefIdentity>();

  pid(identity: PidIdentity): Pid {
    return this.#intern(identity, () => new Pid(null));
  }

  ref(identity: RefIdentity): Ref {
    return this.#intern(identity, () => new Ref());
  }

  port(node: string, id: bigint, creation: number): Port {
    return new Port(node, id, creation);
  }

  identityOfPid(pid: Pid): PidIdentity {
    return this.#identities.get(pid) as PidIdentity;
  }

  identityOfRef(ref: Ref): RefIdentity {
    return this.#identities.get(ref) as RefIdentity;
  }

  #intern<T extends Pid | Ref>(identity: PidIdentity | RefIdentity, make: () => T): T {
    const key = JSON.stringify(identity);
    if (!this.#objects.has(key)) {
      const made = make();
      this.#objects.set(key, made);
      this.#identities.set(made, { ...identity });
    }
    return this.#objects.get(key) as T;
  }
}

/** The identities of all tests: what one side sends is the same object at the other. */
export const identities: Identities = new Interned();

/** A mapping of the given kind. */
export function mappingOf(kind: MappingKind): Mapping {
  return { kind, identities, limits: DEFAULT_LIMITS };
}

/** The pid with this number on the node `a@h`. */
export function pid(id: number, node = "a@h"): Pid {
  return identities.pid({ node, id, serial: 0, creation: 7 });
}

/** The reference with this number on the node `a@h`. */
export function ref(id: number): Ref {
  return identities.ref({ node: "a@h", creation: 7, words: [id, 2, 3] });
}

/** Bytes from hexadecimal digits and, in quotes, text. Other characters only separate them. */
export function hex(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const [part] of text.matchAll(/"[^"]*"|[0-9a-f]{2}/g)) {
    if (part.startsWith('"')) bytes.push(...new TextEncoder().encode(part.slice(1, -1)));
    else bytes.push(parseInt(part, 16));
  }
  return new Uint8Array(bytes);
}

/** The bytes of several parts. */
export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A frame of some bytes. */
export function framed(...parts: readonly Uint8Array[]): Uint8Array {
  const body = joined(...parts);
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, body.length);
  return joined(length, body);
}

/** One end of a stream in memory. */
export class MemoryStream implements ByteStream {
  #incoming: Uint8Array[] = [];
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;
  #isStalled = false;
  isClosed = false;
  /** The most bytes that one write takes, and one read gives. */
  mostBytes = Infinity;
  /** What each write has taken. */
  readonly written: Uint8Array[] = [];
  /** The number of reads. */
  reads = 0;
  /** Where what is written goes. */
  other: MemoryStream | undefined;

  async read(into: Uint8Array): Promise<number | null> {
    this.reads++;
    while (this.#incoming.length === 0) {
      if (this.isClosed) return null;
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    const [chunk] = this.#incoming;
    const count = Math.min(chunk!.length, into.length, this.mostBytes);
    into.set(chunk!.subarray(0, count));
    if (count === chunk!.length) this.#incoming.shift();
    else this.#incoming[0] = chunk!.subarray(count);
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    while (this.#isStalled && !this.isClosed) {
      await new Promise<void>((resolve) => this.#wakeWriter = resolve);
    }
    if (this.isClosed) throw new Error("closed");
    const taken = bytes.slice(0, this.mostBytes);
    this.written.push(taken);
    this.other?.receive(taken);
    return taken.length;
  }

  closeWrite(): Promise<void> {
    this.other?.end();
    return Promise.resolve();
  }

  close(): void {
    this.end();
    this.other?.end();
  }

  /** Lets these bytes come in. */
  receive(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#incoming.push(bytes.slice());
    this.#wakeReader?.();
  }

  /** No more bytes will come. */
  end(): void {
    this.isClosed = true;
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }

  /** Takes nothing more, until `stall(false)`. */
  stall(on: boolean): void {
    this.#isStalled = on;
    if (!on) this.#wakeWriter?.();
  }

  /** Everything that was written. */
  get output(): Uint8Array {
    return joined(...this.written);
  }
}

/** Two streams, of which each reads what the other writes. */
export function streamPair(): readonly [MemoryStream, MemoryStream] {
  const pair = [new MemoryStream(), new MemoryStream()] as const;
  pair[0].other = pair[1];
  pair[1].other = pair[0];
  return pair;
}

/** Takes down what comes through a connection. */
export class Recorder implements ConnectionEvents {
  /** The signals so far. */
  readonly signals: Control[] = [];
  /** The reasons so far; there must never be more than one. */
  readonly downs: string[] = [];
  /** Asks for a pause, if it returns a promise. */
  onSignal: (control: Control) => void | Promise<void> = () => {};
  #wake: (() => void)[] = [];

  signal = (control: Control): void | Promise<void> => {
    this.signals.push(control);
    this.#wakeAll();
    return this.onSignal(control);
  };

  down = (reason: string): void => {
    this.downs.push(reason);
    this.#wakeAll();
  };

  /** Resolves when there are `count` signals. */
  async got(count: number): Promise<readonly Control[]> {
    while (this.signals.length < count) await this.#change();
    return this.signals;
  }

  /** Resolves with the reason when the connection is down. */
  async ended(): Promise<string> {
    while (this.downs.length === 0) await this.#change();
    return this.downs[0]!;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #wakeAll(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}
