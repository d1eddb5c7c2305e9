/**
 * Splits a stream into frames: four bytes of length, then as many bytes.
 *
 * There is one buffer, which the stream reads into and of which every frame is a view: nothing is
 * copied but the beginning of a frame that does not fit into the rest of the buffer. The buffer grows with the
 * bytes that have arrived, not with the length that a frame announces, and is small again after a large frame.
 *
 * @module
 */

const LENGTH_BYTES = 4;
const BUFFER_BYTES = 64 * 1024;
/** A larger buffer is dropped as soon as it is empty: fragments fit into this one. */
const MOST_KEPT_BYTES = 256 * 1024;
/** The minimum room for a read, so that reads are not too small. */
const LEAST_ROOM_BYTES = 16 * 1024;

/** A peer has broken the protocol, or exceeded a limit. */
export class ProtocolError extends Error {
  /** The name of the class. */
  override readonly name = "ProtocolError";
}

/** The bytes that were read and not yet taken. */
export class FrameBuffer {
  readonly #limit: number;
  #bytes: Uint8Array = new Uint8Array(BUFFER_BYTES);
  /** The end of the bytes that were taken. */
  #start = 0;
  /** The end of the bytes that were read. */
  #end = 0;

  /** Creates an empty buffer, for frames of up to `limit` bytes. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** The place to read the next bytes into. Frames that were taken before are no longer valid. */
  room(): Uint8Array {
    const rest = this.#end - this.#start;
    if (rest === 0) this.#start = this.#end = 0;
    const size = this.#bytes.length;
    if (size - this.#end < LEAST_ROOM_BYTES || (rest === 0 && size > MOST_KEPT_BYTES)) {
      this.#move(rest);
    }
    return this.#bytes.subarray(this.#end);
  }

  /** Records the number of bytes that were read into {@linkcode room}. */
  filled(count: number): void {
    this.#end += count;
  }

  /** Adds bytes that were read elsewhere. */
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
   * Takes the next frame, without its length; `null` if it is not complete.
   *
   * @throws {ProtocolError} If the frame is longer than the limit.
   */
  next(): Uint8Array | null {
    const length = this.#nextLength();
    if (length > this.#limit) {
      throw new ProtocolError(
        `Cannot read a frame: found ${length} bytes, expected at most ${this.#limit}`,
      );
    }
    const start = this.#start + LENGTH_BYTES;
    if (length < 0 || this.#end - start < length) return null;
    this.#start = start + length;
    return this.#bytes.subarray(start, this.#start);
  }

  /** The length of the next frame; -1 if the length itself is not complete. */
  #nextLength(): number {
    const start = this.#start;
    if (this.#end - start < LENGTH_BYTES) return -1;
    const bytes = this.#bytes;
    return ((bytes[start]! << 24) | (bytes[start + 1]! << 16) | (bytes[start + 2]! << 8) |
      bytes[start + 3]!) >>> 0;
  }

  /** Makes room behind the `rest`: moves it to the front if that suffices, else to another buffer. */
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
