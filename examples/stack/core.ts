/**
 * The stack's core: a list whose head is the top.
 *
 * @module
 */

export type Stack = readonly unknown[];

function create(list: Stack = []): Stack {
  return list;
}
export { create as new };

export const push = (stack: Stack, item: unknown): Stack => [item, ...stack];

/** The top and the rest; of an empty stack, nothing and nothing. */
export function pop([top, ...rest]: Stack): readonly [top: unknown, rest: Stack] {
  return [top, rest];
}
