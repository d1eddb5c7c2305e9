/** The functions of `@std/assert`, from the same source published on npm. @module */

// @ts-types="./mod.d.ts"
export * from "npm:deno-std@1.4.0/assert/mod.js";
