import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Output, printable, styled } from '#dist/cli/terminal.js';

const output = (hasColors: boolean): Output => ({ isTerminal: true, hasColors, write: () => {} });

suite('text for a terminal', () => {
  test('has a style only where there are colours', () => {
    assert.equal(styled(output(true), 'red', 'no'), '\x1b[31mno\x1b[39m');
    assert.equal(styled(output(false), 'red', 'no'), 'no');
  });

  test('from a stranger cannot move the cursor or turn the direction', () => {
    assert.equal(printable('a\x1b[2Jb\n\x9b\u202e\u2028'), 'a\\x1b[2Jb\\x0a\\x9b\\u{202e}\\u{2028}');
    assert.equal(printable('grüße 👋'), 'grüße 👋');
  });
});
