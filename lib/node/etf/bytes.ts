/**
 * A writer and a reader of bytes: big-endian, with bounds checks; the writer grows as needed.
 *
 * @module
 */

/** A value cannot be sent. The message says which value, and where in the message it is. */
export class EncodeError extends TypeError {
  /** The name of the class. */
  override readonly name = "EncodeError";
}

/** Bytes are invalid, or exceed a limit. */
export class DecodeError extends Error {
  /** The name of the class. */
  override readonly name = "DecodeError";
  /** The offset of the byte, from 0. */
  readonly offset: number;

  /** Internal: created by `reader.error`. */
  constructor(message: string, offset: number) {
    super(`${message} at byte ${offset}`);
    this.offset = offset;
  }
}

const CHUNK_BYTES = 16 * 1024;
/** A larger buffer is not used again after its bytes were taken. */
const MOST_KEPT_BYTES = 256 * 1024;
const MOST_BYTES = 512 * 1024 * 1024;
/** Texts up to this length are written without `TextEncoder`, which has a higher cost for each call. */
const SHORT_TEXT = 40;

const encoder = new TextEncoder();
const NO_BYTES = new Uint8Array(0);

/** Collects bytes. */
export class Writer {
  #buffer: Uint8Array;
  #view: DataView;
  /** The position of the next byte. */
  #end = 0;
  /** A buffer that was taken and given back, to be used again. */
  #spare = NO_BYTES;

  /** Creates a writer with room for `size` bytes at first. */
  constructor(size = CHUNK_BYTES) {
    this.#buffer = new Uint8Array(size);
    this.#view = new DataView(this.#buffer.buffer);
  }

  /** Number of bytes written since the last {@linkcode take}. */
  get length(): number {
    return this.#end;
  }

  /** Writes one byte. */
  u8(value: number): void {
    if (this.#end === this.#buffer.length) this.#grow(1);
    this.#buffer[this.#end++] = value;
  }

  /** Writes 16 bits. */
  u16(value: number): void {
    const at = this.#room(2);
    this.#buffer[at] = value >>> 8;
    this.#buffer[at + 1] = value;
  }

  /** Writes 32 bits; a negative number as its two's complement. */
  u32(value: number): void {
    const at = this.#room(4);
    this.#buffer[at] = value >>> 24;
    this.#buffer[at + 1] = value >>> 16;
    this.#buffer[at + 2] = value >>> 8;
    this.#buffer[at + 3] = value;
  }

  /** Writes 64 bits. */
  u64(value: bigint | number): void {
    const at = this.#room(8); // which may change the view
    this.#view.setBigUint64(at, BigInt(value));
  }

  /** Writes a double. */
  f64(value: number): void {
    const at = this.#room(8);
    this.#view.setFloat64(at, value);
  }

  /** Writes a tag and one byte. */
  tagU8(tag: number, value: number): void {
    const at = this.#room(2);
    this.#buffer[at] = tag;
    this.#buffer[at + 1] = value;
  }

  /** Writes a tag and 32 bits. */
  tagU32(tag: number, value: number): void {
    const at = this.#room(5);
    this.#buffer[at] = tag;
    this.#buffer[at + 1] = value >>> 24;
    this.#buffer[at + 2] = value >>> 16;
    this.#buffer[at + 3] = value >>> 8;
    this.#buffer[at + 4] = value;
  }

  /** Writes a copy of some bytes. */
  bytes(bytes: Uint8Array): void {
    const at = this.#room(bytes.length);
    this.#buffer.set(bytes, at);
  }

  /** Writes a text in UTF-8; returns the number of bytes. Halves of surrogate pairs become U+FFFD. */
  utf8(text: string): number {
    const { length } = text;
    const at = this.#room(length);
    if (length <= SHORT_TEXT && this.#ascii(text, at)) return length;
    // Most texts have one byte for each character.
    const read = this.#encodeAt(at, text);
    if (read < length) this.#encodeAt(this.#room((length - read) * 3), text.slice(read));
    return this.#end - at;
  }

  /** Writes as much of a text as there is room for from `at` on; returns the number of characters. */
  #encodeAt(at: number, text: string): number {
    const { read, written } = encoder.encodeInto(text, this.#buffer.subarray(at, this.#end));
    this.#end = at + written;
    return read;
  }

  /** Writes 32 bits over those at `offset`, counted from the last {@linkcode take}. */
  setU32(offset: number, value: number): void {
    this.#view.setUint32(offset, value);
  }

  /** Writes one byte over that at `offset`, counted from the last {@linkcode take}. */
  setU8(offset: number, value: number): void {
    this.#buffer[offset] = value;
  }

  /** Discards all bytes from `length` on. */
  truncate(length: number): void {
    this.#end = length;
  }

  /** The bytes written so far, without taking them. Valid until the next write. */
  peek(): Uint8Array {
    return this.#buffer.subarray(0, this.#end);
  }

  /** Takes the bytes written so far, without a copy, and continues in another buffer. */
  take(): Uint8Array {
    const taken = this.peek();
    this.#use(this.#spare);
    this.#end = 0;
    this.#spare = NO_BYTES;
    return taken;
  }

  /** Gives bytes back that were taken and are no longer used, so that their buffer can be used again. */
  giveBack({ buffer }: Uint8Array): void {
    if (buffer.byteLength <= MOST_KEPT_BYTES) this.#spare = new Uint8Array(buffer as ArrayBuffer);
  }

  #ascii(text: string, at: number): boolean {
    const buffer = this.#buffer;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      buffer[at + i] = code;
    }
    return true;
  }

  /** Makes room for `size` bytes, and returns their position. */
  #room(size: number): number {
    if (this.#end + size > this.#buffer.length) this.#grow(size);
    const at = this.#end;
    this.#end += size;
    return at;
  }

  #grow(size: number): void {
    const needed = this.length + size;
    if (needed > MOST_BYTES) {
      throw new EncodeError(`Cannot encode: the message has more than ${MOST_BYTES} bytes`);
    }
    const grown = new Uint8Array(Math.max(needed * 2, this.#end === 0 ? CHUNK_BYTES : 0));
    grown.set(this.peek());
    this.#use(grown);
  }

  /** Continues in another buffer. */
  #use(buffer: Uint8Array): void {
    this.#buffer = buffer;
    this.#view = new DataView(buffer.buffer);
  }
}

/** Reads bytes, in order. Every read beyond the end throws a {@linkcode DecodeError}. */
export class Reader {
  /** The bytes to read. */
  readonly source: Uint8Array;
  /** The next byte. */
  offset = 0;
  /** Created on first use: most messages do not need it. */
  #lazyView: DataView | null = null;

  /** Reads `source` from its first byte on. */
  constructor(source: Uint8Array) {
    const { buffer, byteOffset, byteLength } = source;
    this.source = source.constructor === Uint8Array
      ? source
      : new Uint8Array(buffer, byteOffset, byteLength); // slice() of a Node.js Buffer does not copy
  }

  /** Number of bytes not read yet. */
  get remaining(): number {
    return this.source.length - this.offset;
  }

  /** Reads one byte. */
  u8(): number {
    const { offset } = this;
    if (offset >= this.source.length) throw this.#short(1);
    this.offset = offset + 1;
    return this.source[offset]!;
  }

  /** Reads 16 bits. */
  u16(): number {
    const at = this.skip(2);
    return (this.source[at]! << 8) | this.source[at + 1]!;
  }

  /** Reads 32 bits. */
  u32(): number {
    return this.i32() >>> 0;
  }

  /** Reads 32 bits, two's complement. */
  i32(): number {
    const at = this.skip(4);
    const { source } = this;
    return (source[at]! << 24) | (source[at + 1]! << 16) | (source[at + 2]! << 8) | source[at + 3]!;
  }

  /** Reads 64 bits. */
  u64(): bigint {
    return this.#view.getBigUint64(this.skip(8));
  }

  /** Reads a double. */
  f64(): number {
    return this.#view.getFloat64(this.skip(8));
  }

  /** Reads `length` bytes: a view, not a copy. */
  bytes(length: number): Uint8Array {
    const at = this.skip(length);
    return this.source.subarray(at, at + length);
  }

  /** Skips `size` bytes, and returns their offset. */
  skip(size: number): number {
    const { offset } = this;
    if (size > this.source.length - offset) throw this.#short(size);
    this.offset = offset + size;
    return offset;
  }

  /** Creates the error for the bytes at `offset`, by default the next one. */
  error(message: string, offset = this.offset): DecodeError {
    return new DecodeError(`Cannot decode: ${message}`, offset);
  }

  get #view(): DataView {
    const { buffer, byteOffset, byteLength } = this.source;
    return this.#lazyView ??= new DataView(buffer, byteOffset, byteLength);
  }

  #short(size: number): DecodeError {
    return this.error(`${size} bytes should follow, there are ${this.remaining}`);
  }
}
