/**
 * The tests of restarts once more, with children that hold resources: what a supervisor does is the same when the
 * exit of a child passes through the state *exiting*.
 *
 * @module
 */

import { HOLDINGS } from "./fixtures/holding.ts";
import { holdInEach } from "./fixtures/worker.ts";

const { test } = Deno;

/** Tests in which the exit of a child must be completed when it is killed, and those that count messages. */
const EXCEPT = [
  "DynamicSupervisor counts a child that is being restarted in maxChildren",
  "DynamicSupervisor can be told to terminate a child that is being restarted",
  "DynamicSupervisor obeys a stop while it tries to restart a child",
  "Supervisor starts, restarts and stops 10,000 children",
  "DynamicSupervisor starts, restarts and stops 5,000 children",
];

for (const holding of HOLDINGS) {
  const register = (name: string, body: () => Promise<void>) => {
    if (EXCEPT.some((each) => name.startsWith(each))) return;
    test(`${name}, each child holding a resource that is ${holding}`, async () => {
      holdInEach(holding);
      try {
        await body();
      } finally {
        holdInEach(undefined);
      }
    });
  };
  Object.defineProperty(Deno, "test", { value: register, configurable: true });
  try {
    for (const suite of ["supervisor", "dynamic_supervisor"]) {
      await import(`./${suite}_restart_test.ts?${holding}`);
    }
  } finally {
    Object.defineProperty(Deno, "test", { value: test, configurable: true });
  }
}
