// The signatures of @std/async/deadline 1.x, which the npm package leaves out.

export interface DeadlineOptions {
  /** Aborts the wait before the time is up. */
  signal?: AbortSignal;
}

export function deadline<T>(p: Promise<T>, ms: number, options?: DeadlineOptions): Promise<T>;
