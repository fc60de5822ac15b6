// Knows how a reference becomes a URI of its own (RFC 3986 §5.2), as text. Knows no scheme, and checks nothing.

interface Parts {
  readonly scheme: string | null;
  readonly authority: string | null;
  readonly path: string;
  readonly query: string | null;
  readonly fragment: string | null;
}

/** RFC 3986 appendix B. What is missing differs from what is empty: `g?` has a query, `g` has none. */
const PARTS = /^(?:([^:/?#]+):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s;

/**
 * Resolves a reference, such as the value of a `Location` field, against an absolute base URI (RFC 3986 §5.2, strictly).
 * Both are texts and stay what they are where the rules leave them: nothing is decoded, encoded or written in lower case.
 */
export function resolveReference(base: string, reference: string): string {
  const from = split(base);
  const to = split(reference);
  if (to.scheme !== null) return join({ ...to, path: withoutDots(to.path) });
  const { scheme } = from;
  if (to.authority !== null) return join({ ...to, scheme, path: withoutDots(to.path) });
  const { authority } = from;
  if (to.path === '') return join({ ...to, scheme, authority, path: from.path, query: to.query ?? from.query });
  return join({
    ...to,
    scheme,
    authority,
    path: withoutDots(to.path.startsWith('/') ? to.path : merge(from, to.path)),
  });
}

function split(uri: string): Parts {
  const [, scheme = null, authority = null, path = '', query = null, fragment = null] = PARTS.exec(uri)!;
  return { scheme, authority, path, query, fragment };
}

/** Puts a relative path behind the last slash of the base's (§5.2.3). */
function merge({ authority, path }: Parts, relative: string): string {
  if (authority !== null && path === '') return `/${relative}`;
  return path.slice(0, path.lastIndexOf('/') + 1) + relative;
}

/** Follows `.` and `..` (§5.2.4). A path without a root has nowhere to go up to and stays as it is. */
function withoutDots(path: string): string {
  if (!path.startsWith('/')) return path;
  const segments = path.split('/').slice(1);
  const kept: string[] = [];
  for (const segment of segments) {
    if (segment === '..') kept.pop();
    else if (segment !== '.') kept.push(segment);
  }
  // What ends in a dot segment names a directory.
  const last = segments.at(-1);
  if (last === '.' || last === '..') kept.push('');
  return `/${kept.join('/')}`;
}

/** §5.3. */
function join({ scheme, authority, path, query, fragment }: Parts): string {
  let uri = scheme === null ? '' : `${scheme}:`;
  if (authority !== null) uri += `//${authority}`;
  uri += path;
  if (query !== null) uri += `?${query}`;
  return fragment === null ? uri : `${uri}#${fragment}`;
}
