// User names and passwords as options give them. Knows not how they are asked for.

/** One pair of user name and password, or any number of pairs. */
export type CredentialPairs =
  | readonly [username: string, password: string]
  | Iterable<readonly [username: string, password: string]>;

/**
 * The passwords by user name.
 * @throws {TypeError} these are no pairs of strings.
 */
export function passwordsOf(credentials: unknown): Map<string, string> {
  const passwords = new Map<string, string>();
  for (const pair of isPair(credentials) ? [credentials] : listOf(credentials)) {
    if (!isPair(pair)) throw new TypeError('invalid credentials argument: expected pairs of user name and password');
    passwords.set(pair[0], pair[1]);
  }
  return passwords;
}

const isPair = (value: unknown): value is readonly [string, string] =>
  Array.isArray(value) && value.length === 2 && typeof value[0] === 'string' && typeof value[1] === 'string';

function listOf(value: unknown): Iterable<unknown> {
  if (typeof value === 'object' && value !== null && Symbol.iterator in value) return value as Iterable<unknown>;
  throw new TypeError('invalid credentials argument: expected a pair of user name and password, or several');
}
