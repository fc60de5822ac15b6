// Turns of the event loop: for what must happen soon, and never within the call that asks for it. Knows no time.

// Taken as this is loaded: test runners replace the global functions when they fake time.
const { setImmediate: immediate, setTimeout: timeout } = globalThis;

const schedule: <A>(callback: (argument: A) => void, argument: A) => unknown =
  typeof immediate === 'function' ? immediate : (callback, argument) => timeout(() => callback(argument), 0);

/** How many callbacks wait for their turn. */
let waiting = 0;

/** Calls back in a turn of its own: the promises that it settles are done before the next one. */
export function later(callback: () => void): void {
  waiting++;
  schedule(run, callback);
}

function run(callback: () => void): void {
  waiting--;
  callback();
}

/**
 * Settles when everything has happened that needs no time: what was written has been delivered, promises have settled. Waits
 * neither for timers nor for anything outside the process.
 */
export async function settled(): Promise<void> {
  do {
    await new Promise<void>((resolve) => {
      schedule(resolve, undefined);
    });
  } while (waiting > 0);
}
