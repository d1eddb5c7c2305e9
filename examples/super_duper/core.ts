/**
 * The core of SuperDuper: who the heroes are, and what they say.
 *
 * @module
 */

import { noClause } from "../no_clause.ts";

export type Hero = "superdave" | "superman" | "supermario";

/** A character: its name, and its sentence. */
export type Info = readonly [name: string, says: string];

export function say(hero: Hero): string {
  switch (hero) {
    case "superdave":
      return "Next time you shoot a bullet at a metal object, watch the ricochet.";
    case "superman":
      return "It doesn't take X-Ray Vision to see you are up to no good.";
    case "supermario":
      return "Hoo hoo! Just what I needed!";
    default:
      throw noClause(hero);
  }
}

export const info = (hero: Hero): Info => [hero, say(hero)];
