// How long one connection may be read before the others have their turn. Knows no socket and no handle.

/**
 * libuv reads a connection up to 32 times in a row, 64 KiB each, as long as there is more. What is done with the bytes happens
 * in between, and nothing else does: a peer that sends what costs 1 µs a byte held the event loop for 2 s, ten of them for 20.
 */
const MAX_TURN_MS = 1;

/** No turn has begun. */
export const NO_TURN = -1;

/** When the turn began, as a number to keep until it is over. */
export const turnBegun = (before: number): number => (before === NO_TURN ? Math.floor(performance.now()) : before);

/** Whether a turn that began then has been long enough. */
export const isTurnOver = (began: number): boolean => performance.now() - began >= MAX_TURN_MS;
