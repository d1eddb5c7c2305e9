/**
 * The other side: a BEAM that does the same work, started once, asked again and again.
 *
 * Needs `--allow-run=elixir`.
 *
 * @module
 */

import { Program } from "./program.ts";

const SCRIPT = new URL("beam.exs", import.meta.url).pathname;

/** A BEAM that waits for work. Close it with `await using`. */
export class Beam extends Program {
  /** How many schedulers it has. */
  readonly schedulers: number;

  /** Starts one. */
  constructor(schedulers: number) {
    super("elixir", { args: ["--erl", `+S ${schedulers}:${schedulers}`, SCRIPT] });
    this.schedulers = schedulers;
  }

  /** Has it do a piece of work, and resolves with nanoseconds (or bytes) per operation. */
  measure(name: string, operations: number): Promise<number> {
    return this.ask(`${name} ${operations}`);
  }
}

/** What the BEAM here is, `"Elixir 1.14.0 on OTP 25"`; `undefined` if there is none. */
export async function beamVersion(): Promise<string | undefined> {
  try {
    const version = 'IO.write("Elixir #{System.version()} on OTP #{System.otp_release()}")';
    const { stdout } = await new Deno.Command("elixir", { args: ["-e", version] }).output();
    return new TextDecoder().decode(stdout);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable) return;
    throw error;
  }
}
