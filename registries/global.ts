import { createLocalRegistry } from "./local.ts";
const r = createLocalRegistry();
export const { registerName, unregisterName, whereisName, send } =
  r as never as import("../lib/kernel/names.ts").NameRegistry;
