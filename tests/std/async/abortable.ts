/** `@std/async/abortable`, from the same source published on npm. @module */

// @ts-types="./abortable.d.ts"
export * from "npm:deno-std@1.4.0/async/abortable.js";
