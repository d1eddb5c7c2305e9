/**
 * All the work there is, in the order of the table.
 *
 * @module
 */

import type { Work } from "./work.ts";
import { baselines } from "./work/baselines.ts";
import { calling } from "./work/calls.ts";
import { casting } from "./work/casts.ts";
import { children } from "./work/children.ts";
import { links } from "./work/links.ts";
import { names } from "./work/names.ts";
import { restarting } from "./work/restarts.ts";
import { rings } from "./work/rings.ts";
import { starts } from "./work/starts.ts";
import { tables } from "./work/tables.ts";
import { tasks } from "./work/tasks.ts";
import { timers } from "./work/timers.ts";

/** The groups, each under the name of its file. */
export const GROUPS: ReadonlyMap<string, readonly Work[]> = new Map(Object.entries({
  baselines,
  calls: calling,
  casts: casting,
  rings,
  starts,
  restarts: restarting,
  children,
  timers,
  tasks,
  links,
  names,
  tables,
}));

/** All work, in order. */
export const WORKS: readonly Work[] = [...GROUPS.values()].flat();

/** Finds a piece of work. @throws {RangeError} If there is none of that name. */
export function workOf(name: string): Work {
  const work = WORKS.find((work) => work.name === name);
  if (work !== undefined) return work;
  throw new RangeError(
    `Cannot find work "${name}": there is ${WORKS.map(({ name }) => name).join(", ")}`,
  );
}
