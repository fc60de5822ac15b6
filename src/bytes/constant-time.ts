// Compares secrets without telling by the time it takes how much of them is right. Knows not what they are.

/**
 * Whether both have the same bytes. The time depends on the length of `given` alone: neither on where the two differ nor on
 * how long `secret` is.
 */
export function equalInConstantTime(secret: Uint8Array, given: Uint8Array): boolean {
  let difference = secret.length ^ given.length;
  // What lies behind the end of the secret counts as zero, and the lengths differ then.
  for (let i = 0; i < given.length; i++) difference |= (secret[i] ?? 0) ^ given[i]!;
  return difference === 0;
}
