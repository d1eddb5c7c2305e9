/**
 * What characters have learnt, in a table that belongs to its creator: no crash of a character takes
 * it along.
 *
 * @module
 */

import { Ets } from "@denotp/otp";

type Row = readonly [name: string, says: string];

const TABLE = "super_duper_saved";

const create = () => Ets.new(TABLE, { namedTable: true, protection: "public" });
export { create as new };

export const isThere = () => Ets.whereis(TABLE) !== undefined;

export const put = (name: string, says: string) => Ets.insert<Row>(TABLE, [name, says]);

export function get(name: string, otherwise: string): string {
  const [row] = Ets.lookup<Row>(TABLE, name);
  return row === undefined ? otherwise : row[1];
}

const remove = (name: string) => Ets.delete(TABLE, name);
export { remove as delete };
