// The signatures of @std/async/delay 1.x, which the npm package leaves out.

export interface DelayOptions {
  /** Ends the wait early: the promise rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Whether the timer keeps the program running. `true` where absent. */
  persistent?: boolean;
}

export function delay(ms: number, options?: DelayOptions): Promise<void>;
