/**
 * The clock's core: how a time reads.
 *
 * @module
 */

export const show = (time: Temporal.PlainTime): string => `The time is ${time}`;
