// Knows how to ask a regular expression of the user about a whole value. Knows not what the value means.

/**
 * Whether the expression matches all of the text, as if it stood between `^` and `$`. A rule that lets
 * `https://example.com` in must not let `https://example.com.evil.test` in. Leaves `lastIndex` alone.
 */
export function matchesWhole(expression: RegExp, text: string): boolean {
  const flags = expression.flags.replace(/[gy]/g, '');
  return new RegExp(`^(?:${expression.source})$`, flags).test(text);
}
