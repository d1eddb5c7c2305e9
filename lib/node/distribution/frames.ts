/**
 * Cuts what a stream brings into frames: four bytes of length, then as many bytes.
 *
 * There is one buffer, which the stream reads into and of which every frame is a view: nothing is
 * copied but the beginning of a frame whose end has no room behind it. The buffer grows with what has come,
 * not with what a length promises, and is small again once a large frame is done.
 *
 * @module
 */

const LENGTH_BYTES = 4;
const BUFFER_BYTES = 64 * 1024;
/** A larger buffer is given up as soon as it is empty: fragments fit into this one. */
const MOST_KEPT_BYTES = 256 * 1024;
/** There is always room for so many bytes, so that no read is for a few only. */
const LEAST_ROOM_BYTES = 16 * 1024;

/** A peer does not keep to the protocol, or to a limit. */
export class ProtocolError extends Error {
  /** The name of the class. */
  override readonly name = "ProtocolError";
}

/** What has been read and not yet been taken. */
export class FrameBuffer {
  readonly #limit: number;
  #bytes: Uint8Array = new Uint8Array(BUFFER_BYTES);
  /** What has been taken ends here. */
  #start = 0;
  /** What has been read ends here. */
  #end = 0;

  /** An empty buffer, for frames of up to `limit` bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Where the next bytes may be read into. Frames taken before are gone with that. */
  room(): Uint8Array {
    const rest = this.#end - this.#start;
    if (rest === 0) this.#start = this.#end = 0;
    const size = this.#bytes.length;
    if (size - this.#end < LEAST_ROOM_BYTES || (rest === 0 && size > MOST_KEPT_BYTES)) {
      this.#move(rest);
    }
    return this.#bytes.subarray(this.#end);
  }

  /** Says that so many bytes have been read into {@linkcode room}. */
  filled(count: number): void {
    this.#end += count;
  }

  /** Puts bytes in that were read elsewhere. */
  add(bytes: Uint8Array): void {
    for (let offset = 0; offset < bytes.length;) {
      const room = this.room();
      const part = bytes.subarray(offset, offset + room.length);
      room.set(part);
      this.filled(part.length);
      offset += part.length;
    }
  }

  /**
   * Takes the next frame, without its length; `null` if it is not there as a whole.
   *
   * @throws {ProtocolError} If the frame is longer than the limit.
   */
  next(): Uint8Array | null {
    const length = this.#nextLength();
    if (length > this.#limit) {
      throw new ProtocolError(
        `Cannot read a frame: it has ${length} bytes, and the limit is ${this.#limit}`,
      );
    }
    const start = this.#start + LENGTH_BYTES;
    if (length < 0 || this.#end - start < length) return null;
    this.#start = start + length;
    return this.#bytes.subarray(start, this.#start);
  }

  /** The length of the next frame; -1 if not even that is there. */
  #nextLength(): number {
    const start = this.#start;
    if (this.#end - start < LENGTH_BYTES) return -1;
    const bytes = this.#bytes;
    return ((bytes[start]! << 24) | (bytes[start + 1]! << 16) | (bytes[start + 2]! << 8) |
      bytes[start + 3]!) >>> 0;
  }

  /** Makes room behind the `rest`: in front of it if that is enough, in another buffer if not. */
  #move(rest: number): void {
    const whole = Math.max(rest, LENGTH_BYTES + this.#nextLength()) + LEAST_ROOM_BYTES;
    const size = Math.max(BUFFER_BYTES, Math.min(2 * rest, whole));
    if (size > this.#bytes.length || size < this.#bytes.length / 4) {
      const bytes = new Uint8Array(size);
      bytes.set(this.#bytes.subarray(this.#start, this.#end));
      this.#bytes = bytes;
    } else {
      this.#bytes.copyWithin(0, this.#start, this.#end);
    }
    this.#start = 0;
    this.#end = rest;
  }
}
