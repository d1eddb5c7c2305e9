/**
 * The calculator's core: pure functions, from one accumulator to the next. No process in sight.
 *
 * @module
 */

/** What arithmetic without a result ends in, as on the BEAM; JavaScript would go on with `NaN` or a string. */
export class ArithmeticError extends Error {
  override readonly name = "ArithmeticError";

  constructor() {
    super("bad argument in arithmetic expression");
  }
}

/** Takes an accumulator and a number, and makes the next accumulator of them. */
export type Reducer = (acc: number, number: number) => number;

export const add: Reducer = checked((acc, number) => acc + number);
export const subtract: Reducer = checked((acc, number) => acc - number);
export const multiply: Reducer = checked((acc, number) => acc * number);
export const divide: Reducer = checked((acc, number) => acc / number);

export const inc = (acc: number): number => add(acc, 1);
export const dec = (acc: number): number => subtract(acc, 1);
export const negate = (acc: number): number => subtract(0, acc);

/** Reduces a list of items to one accumulator. */
export function fold<Item>(
  list: readonly Item[],
  acc: number,
  reduce: (acc: number, item: Item) => number,
): number {
  return list.reduce((acc, item) => reduce(acc, item), acc);
}

function checked(reduce: Reducer): Reducer {
  return (acc, number) => {
    const result = reduce(acc, number);
    if ([acc, number, result].every(Number.isFinite)) return result;
    throw new ArithmeticError();
  };
}
