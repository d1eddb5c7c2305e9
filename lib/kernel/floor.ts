/**
 * The oldest host that the library runs on: Node 22, and what is of its age. Imported first, so that an older
 * host gets this error instead of one from the middle of a program.
 *
 * @module
 */

// The feature of these versions that the library uses; Deno has it from 1.38, Bun from 1.1.
if (typeof Promise.withResolvers !== "function") {
  throw new TypeError(
    "Cannot import @denotp/otp: this host has no Promise.withResolvers. " +
      "Expected Deno 2, Node 22, Bun 1.1, or a later version",
  );
}
