/** `@std/async/retry`, from the same source published on npm. @module */

// @ts-types="./retry.d.ts"
export * from "npm:deno-std@1.4.0/async/retry.js";
