// Paths against rules, in both syntaxes, held against regular expressions: what matches, which parameters come of it, and that
// long paths take a time that is linear.
import { RuleTable } from '../../dist/router/rule-table.js';
import { urlPattern } from '../../dist/router/url-pattern.js';
import { attempt, holds, inLinearTime, same } from '../engine/expect.js';
import { Input, latin1Text, seed } from '../engine/input.js';

/** What stands in a rule that has an expression of its user: those run as they are, up to a limit. */
const EXPRESSION = /<(?:letters|twice|rest):|\((?:\\d\+|ab\|a|\[\^!\]\*)\)/;
/** What the expressions can do in no time: that of the standard for `{:a}+` takes twice as long for each character. */
const COMPARED_RULE_LENGTH = 16;
const COMPARED_PATTERN_LENGTH = 9;
const MAX_LENGTH = 600;
/** Expressions of users take the cube of it. */
const MAX_EXPRESSION_LENGTH = 24;
const MAX_PARAMETERS = 4;
const ALPHABET = 'aab--/.1';
const TEXTS = ['/', 'a', '-', '/a', '.', 'ab', '1', '/b/', '!'];

const escaped = (text) => text.replaceAll(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
const asText = (text) => text;
const OWN = {
  letters: { regex: /[a-z]+/ },
  twice: { regex: /(?:\d\d)+/ },
  rest: { regex: /[^!]*/, acceptsSlashes: true },
};

/** Parameters of the rule syntax: how they are written, what they match, and what they become; undefined: nothing. */
const PARAMETERS = [
  ['', '([^/]+)', asText],
  ['int:', '([0-9]+)', (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : undefined)],
  ['int(fixed_digits=2, max=50):', '([0-9]{2})', (text) => (Number(text) <= 50 ? Number(text) : undefined)],
  ['int(signed=True):', '(-?[0-9]+)', (text) => (Number.isSafeInteger(Number(text)) ? Number(text) : undefined)],
  ['float:', '([0-9]+\\.[0-9]+)', (text) => (Number.isFinite(Number(text)) ? Number(text) : undefined)],
  ['string(minlength=2, maxlength=3):', '([^/]{2,3})', asText],
  ['string(length=1):', '([^/]{1})', asText],
  ['path:', '([^/][^]*?)', asText],
  ['any(a, ab, "a.b"):', '(a|ab|a\\.b)', asText],
  ['letters:', '([a-z]+)', asText],
  ['twice:', '((?:[0-9]{2})+)', asText],
  ['rest:', '([^!]*)', asText],
];

/** A rule that an input describes, and what it says in a regular expression. */
function ruleFrom(input) {
  let path = '/';
  let source = '/';
  const values = [];
  for (let count = input.byte() % 8; count > 0; count--) {
    const what = input.byte();
    if (what < 100 || values.length === MAX_PARAMETERS) {
      const text = TEXTS[what % TEXTS.length];
      path += text;
      source += escaped(text);
    } else {
      const [converter, part, toValue] = PARAMETERS[what % PARAMETERS.length];
      path += `<${converter}p${values.length}>`;
      source += part;
      values.push(toValue);
    }
  }
  return { path, source, names: values.map((_, i) => `p${i}`), values };
}

const MATCHERS = [
  ['', '[^\\/]+?'],
  ['(.*)', '.*'],
  ['(\\d+)', '\\d+'],
  ['(ab|a)', 'ab|a'],
  ['([^!]*)', '[^!]*'],
];
const MODIFIERS = ['', '', '?', '*', '+'];
const AFFIXES = ['', '', '/', '-', '/a', '.'];

/** As `ruleFrom` in the other syntax: its standard says how a regular expression is made of the parts. */
function patternFrom(input) {
  let path = '/';
  let source = '\\/';
  const names = [];
  for (let count = input.byte() % 6; count > 0; count--) {
    const what = input.byte();
    const modifier = input.pick(MODIFIERS);
    if (what < 90 || names.length === MAX_PARAMETERS) {
      const text = TEXTS[what % TEXTS.length];
      path += `{${text}}${modifier}`;
      source += modifier === '' ? escaped(text) : `(?:${escaped(text)})${modifier}`;
      continue;
    }
    const [written, matcher] = MATCHERS[what % MATCHERS.length];
    const [prefix, suffix] = [input.pick(AFFIXES), input.pick(AFFIXES)];
    const name = `p${names.length}`;
    names.push(name);
    // The suffix must not go on with the name.
    path += `{${prefix}:${name}${written}${suffix.replace(/^[a-z]/, '\\$&')}}${modifier}`;
    const [before, after] = [escaped(prefix), escaped(suffix)];
    const repeats = modifier === '*' || modifier === '+';
    if (before === '' && after === '') source += repeats ? `((?:${matcher})${modifier})` : `(${matcher})${modifier}`;
    else if (!repeats) source += `(?:${before}(${matcher})${after})${modifier}`;
    else {
      source += `(?:${before}((?:${matcher})(?:${after}${before}(?:${matcher}))*)${after})${modifier === '*' ? '?' : ''}`;
    }
  }
  return { path: urlPattern(path), source, names, values: names.map(() => asText) };
}

/** A path of few characters, so that it fits now and then; or what stands there. */
function pathFrom(input, maxLength) {
  const isPlain = input.bool();
  const repeats = input.pick([1, 1, 1, 5, 50]);
  const text = isPlain ? input.restText() : latin1Text(input.rest().map((byte) => ALPHABET.charCodeAt(byte % 8)));
  return `/${text.repeat(repeats)}`.slice(0, maxLength);
}

function expectedMatch({ source, names, values }, path) {
  const groups = new RegExp(`^${source}$`, 's').exec(path);
  if (groups === null) return null;
  const params = {};
  for (const [i, name] of names.entries()) {
    const text = groups[i + 1];
    const value = text === undefined ? undefined : values[i](text);
    if (value === undefined && text !== undefined) return null;
    if (value !== undefined) params[name] = value;
  }
  return params;
}

export const fuzz = inLinearTime((data) => {
  const input = new Input(data);
  const isRule = input.bool();
  const rule = isRule ? ruleFrom(input) : patternFrom(input);
  const hasExpression = EXPRESSION.test(rule.path.pathname ?? rule.path);
  const path = pathFrom(input, hasExpression ? MAX_EXPRESSION_LENGTH : MAX_LENGTH);
  const comparedLength = isRule ? COMPARED_RULE_LENGTH : COMPARED_PATTERN_LENGTH;
  const table = new RuleTable([{ path: rule.path, handler: () => {} }], OWN);
  const { value: match, error } = attempt(() => table.match(path), [RangeError]);
  if (error !== null) {
    holds(hasExpression, `without an expression of a user: ${error.message}`);
    holds(path.length > comparedLength, `${path} takes too long`);
    return;
  }
  const params = match?.kind === 'handler' ? definedOf(match.params) : null;
  for (const value of Object.values(params ?? {}))
    holds(String(value).length <= path.length, 'a parameter is too long');
  if (path.length > comparedLength) return;
  const expected = expectedMatch(rule, path);
  const shown = `${rule.path.pathname ?? rule.path} and ${path}`;
  same(params, expected, shown);
  if (!isRule || rule.path === '/' || !rule.path.endsWith('/'))
    same(match?.kind, expected === null ? undefined : 'handler', shown);
  else if (expected === null) {
    const shorter = new RegExp(`^${rule.source.replace(/\\?\/$/, '')}$`, 's');
    const wantsSlash = !path.endsWith('/') && shorter.test(path);
    same(match?.kind, wantsSlash ? 'slash' : undefined, `${shown}, with a slash behind it`);
  }
});

const definedOf = (params) => Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));

export const maxLength = 120;
export const words = ['/a', '-1', '1.1', 'a.b', '/b/', '!', '11', '/1'];
export const seeds = () => [
  ...PARAMETERS.flatMap((_, i) => {
    const what = 108 + i;
    return ['a', '11', '1.1', 'a.b', '-1', 'ab/1', 'aaa'].map((path) => seed([1, 1, what, 1, 0], path));
  }),
  seed(
    [1, 5, 108, 2, 108, 2, 108, 0, 3],
    [...'-a-'].map((c) => ALPHABET.indexOf(c)),
  ),
  seed([1, 3, 115, 0, 115, 0, 4], 'a/'),
  seed([1, 3, 109, 109, 110, 1, 0], '1111'),
  seed([1, 2, 1, 7, 1, 0], 'a/b'),
  ...MATCHERS.flatMap((_, i) =>
    [0, 2, 3, 4].flatMap((modifier) => [
      seed([0, 1, 90 + i, modifier, 0, 0, 1, 0], 'a'),
      seed([0, 1, 90 + i, modifier, 2, 3, 1, 0], '/1-/a-'),
    ]),
  ),
  seed([0, 3, 90, 3, 2, 0, 90, 3, 2, 0, 9, 0, 0, 4], '/a'),
];
