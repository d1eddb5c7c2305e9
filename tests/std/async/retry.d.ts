// The signatures of @std/async/retry 1.x, which the npm package leaves out.

export class RetryError extends Error {
  constructor(cause: unknown, attempts: number);
}

export interface RetryOptions {
  /** How much longer each wait is than the one before. 2 where absent. */
  multiplier?: number;
  /** The longest wait, in milliseconds. 60000 where absent. */
  maxTimeout?: number;
  /** How often to try. 5 where absent. */
  maxAttempts?: number;
  /** The first wait, in milliseconds. 1000 where absent. */
  minTimeout?: number;
  /** How much of a wait is left to chance, 0 to 1. 1 where absent. */
  jitter?: number;
}

export function retry<T>(fn: (() => Promise<T>) | (() => T), options?: RetryOptions): Promise<T>;
