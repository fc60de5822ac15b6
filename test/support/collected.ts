// Whether an object is let go. Asks the garbage collector itself, so that no test has to guess from the size of the heap.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
/** Collects garbage now. */
export const collect = runInNewContext('gc') as () => void;

/** True as soon as nobody holds the object any more; false when it is still held after several collections. */
export async function isCollected(reference: WeakRef<object>): Promise<boolean> {
  for (let i = 0; i < 10; i++) {
    // What was made or looked at in this turn is kept until its end.
    await new Promise((resolve) => setImmediate(resolve));
    collect();
    if (reference.deref() === undefined) return true;
  }
  return false;
}
