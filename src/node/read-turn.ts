// How long one connection may be read before the others have their turn. Knows no socket and no handle.

/**
 * libuv reads a connection up to 32 times in a row, 64 KiB each, as long as there is more. What is done with the bytes happens
 * in between, and nothing else does: a peer that sends what costs 1 µs a byte held the event loop for 2 s, ten of them for 20.
 */
const MAX_TURN_MS = 1;

/**
 * When so many have had a long turn within one of the event loop, the others have to do with one read each: a fresh client
 * waits for all of them several times until it is served. With 20 that flood us with pings 40 ms instead of 170.
 */
const LONG_TURNS = 4;

/** No turn has begun. */
export const NO_TURN = -1;

/** How many have given way in this turn of the event loop. */
let givenWay = 0;

/** When the turn began, as a number to keep until it is over. */
export const turnBegun = (before: number): number => (before === NO_TURN ? Math.floor(performance.now()) : before);

/** Whether a turn that began then has been long enough. */
export const isTurnOver = (began: number): boolean =>
  givenWay >= LONG_TURNS || performance.now() - began >= MAX_TURN_MS;

/** Calls back when all others have had their turn. */
export function giveWay<T>(goOn: (value: T) => void, value: T): void {
  givenWay += 1;
  setImmediate(onOthersDone, goOn, value);
}

function onOthersDone<T>(goOn: (value: T) => void, value: T): void {
  givenWay -= 1;
  goOn(value);
}
