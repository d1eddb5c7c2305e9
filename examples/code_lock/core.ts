/**
 * The code lock's core: which buttons were pressed, and whether they are the code.
 *
 * @module
 */

export type Button = number;

export interface Lock {
  readonly code: readonly Button[];
  /** The buttons that were pressed last, as many as the code has. */
  readonly pressed: readonly Button[];
}

function create(code: readonly Button[]): Lock {
  return { code, pressed: [] };
}
export { create as new };

export const press = ({ code, pressed }: Lock, button: Button): Lock => ({
  code,
  pressed: [...pressed, button].slice(-code.length),
});

export const forget = ({ code }: Lock): Lock => create(code);

export const isOpen = ({ code, pressed }: Lock): boolean =>
  code.length === pressed.length && code.every((button, i) => button === pressed[i]);
