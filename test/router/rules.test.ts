// Which rule a path finds, and with which parameters. No sockets.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Converters, Router, type Rule, type RulePath, rule, urlPattern } from 'websockets-ts/router';
import { RuleTable } from '#dist/router/rule-table.js';

const noop = (): void => {};

/** A table of these paths, whose handlers are told apart by their path. */
function table(paths: readonly RulePath[], converters: Converters = {}): RuleTable {
  return new RuleTable(
    paths.map((path) => ({ path, handler: noop })),
    converters,
  );
}

/** What the path comes to: the rule and its parameters as text, `slash`, or null. */
function found(rules: RuleTable, path: string): string | null {
  const match = rules.match(path);
  if (match === null || match.kind === 'slash') return match?.kind ?? null;
  if (match.kind === 'redirect') return `-> ${match.to}`;
  const { path: rulePath } = match.rule;
  return `${typeof rulePath === 'string' ? rulePath : (rulePath as { pathname: string }).pathname} ${JSON.stringify(match.params)}`;
}

describe('parameters of a path', () => {
  const cases: readonly (readonly [path: string, request: string, params: Record<string, unknown> | null])[] = [
    ['/', '/', {}],
    ['/room', '/room', {}],
    ['/room', '/Room', null],
    ['/room', '/room/', null],
    ['/<name>', '/x', { name: 'x' }],
    ['/<name>', '/', null],
    ['/<name>', '/x/y', null],
    ['/<name>', '/%41%2F', { name: '%41%2F' }],
    ['/<string:name>', '/x', { name: 'x' }],
    ['/<string(length=2):code>', '/de', { code: 'de' }],
    ['/<string(length=2):code>', '/deu', null],
    ['/<string(length=2):code>', '/d', null],
    ['/<string(minlength=2):code>', '/d', null],
    ['/<string(minlength=2):code>', '/deutsch', { code: 'deutsch' }],
    ['/<string(maxlength=2):code>', '/deu', null],
    ['/<string(minlength=2, maxlength=3):code>', '/deu', { code: 'deu' }],
    ['/<int:n>', '/42', { n: 42 }],
    ['/<int:n>', '/007', { n: 7 }],
    ['/<int:n>', '/-1', null],
    ['/<int:n>', '/1.5', null],
    ['/<int:n>', '/x', null],
    ['/<int:n>', '/١', null],
    ['/<int:n>', '/9007199254740991', { n: 9007199254740991 }],
    ['/<int:n>', '/9007199254740992', null],
    ['/<int(signed=True):n>', '/-1', { n: -1 }],
    ['/<int(signed=true):n>', '/1', { n: 1 }],
    ['/<int(fixed_digits=3):n>', '/042', { n: 42 }],
    ['/<int(fixed_digits=3):n>', '/42', null],
    ['/<int(min=2,max=3):n>', '/2', { n: 2 }],
    ['/<int(min=2,max=3):n>', '/1', null],
    ['/<int(min=2,max=3):n>', '/4', null],
    ['/<float:x>', '/1.5', { x: 1.5 }],
    ['/<float:x>', '/15', null],
    ['/<float:x>', '/.5', null],
    ['/<float:x>', '/1.', null],
    ['/<float(signed=True, max=0.5):x>', '/-1.5', { x: -1.5 }],
    ['/<float:x>', `/${'9'.repeat(400)}.0`, null],
    ['/<path:rest>', '/a/b/c', { rest: 'a/b/c' }],
    ['/<path:rest>', '/a/', { rest: 'a/' }],
    ['/<path:rest>', '/', null],
    ['/<path:rest>', '//a', null],
    ['/<path:rest>/edit', '/a/b/edit', { rest: 'a/b' }],
    ['/<path:a>/x/<path:b>', '/1/x/2/x/3', { a: '1', b: '2/x/3' }],
    ['/<uuid:id>', '/123e4567-E89B-12d3-a456-426614174000', { id: '123e4567-E89B-12d3-a456-426614174000' }],
    ['/<uuid:id>', '/123e4567-e89b-12d3-a456-42661417400', null],
    ['/<any(a,b):l>', '/b', { l: 'b' }],
    ['/<any(a,b):l>', '/c', null],
    ['/<any(a,ab):l>', '/ab', { l: 'ab' }],
    [`/<any("x y", 'b', c):l>`, '/x y', { l: 'x y' }],
    ['/<any(a.b):l>', '/axb', null],
    ['/<a>-<b>', '/x-y-z', { a: 'x-y', b: 'z' }],
    ['/<int:id>-<slug>', '/12-a-b', { id: 12, slug: 'a-b' }],
    ['/v<int:major>.<int:minor>/<name>', '/v1.20/x', { major: 1, minor: 20, name: 'x' }],
    ['/a.c', '/abc', null],
    ['/room:1', '/room:1', {}],
    ['/<__proto__>', '/x', { ['__proto__']: 'x' }],
  ];
  for (const [path, request, params] of cases) {
    test(`${request.slice(0, 60)} ${params === null ? 'does not match' : 'matches'} ${path}`, () => {
      const match = table([path]).match(request);
      assert.deepEqual(match?.kind === 'handler' ? { ...match.params } : null, params && { ...params });
    });
  }

  test('of one name only are text, with the converter named or not', () => {
    assert.equal(found(table(['/<int>']), '/x'), '/<int> {"int":"x"}');
  });
});

describe('converters of the user', () => {
  const even = { regex: /\d+/, toValue: (text: string) => (Number(text) % 2 === 0 ? Number(text) : undefined) };
  const tail = { regex: /[a-z/]+/, acceptsSlashes: true };

  test('give values, and may refuse a text that their expression matches', () => {
    const rules = table(['/<even:n>', '/<name>'], { even });
    assert.equal(found(rules, '/12'), '/<even:n> {"n":12}');
    assert.equal(found(rules, '/13'), '/<name> {"name":"13"}');
    assert.equal(found(rules, '/x'), '/<name> {"name":"x"}');
  });

  test('match the whole text, and only once where a segment ends', () => {
    let runs = 0;
    class Counted extends RegExp {
      override test(text: string): boolean {
        runs += 1;
        return super.test(text);
      }
    }
    const rules = table(['/<lower:a>/x'], { lower: { regex: /a|ab/ } });
    assert.equal(found(rules, '/ab/x'), '/<lower:a>/x {"a":"ab"}');
    assert.equal(found(rules, '/abc/x'), null);
    assert.equal(new Counted('a').test('a') && runs, 1);
  });

  test('end where what follows can begin', () => {
    const rules = table(['/<lang:l>-<rest>'], { lang: { regex: /[a-z]{2}/ } });
    assert.equal(found(rules, '/en-a-b'), '/<lang:l>-<rest> {"l":"en","rest":"a-b"}');
    assert.equal(found(rules, '/eng-a'), null);
    assert.equal(
      found(table(['/<x:a><y:b>'], { x: { regex: /\w+/ }, y: { regex: /\d{2}/ } }), '/a123'),
      '/<x:a><y:b> {"a":"a1","b":"23"}',
    );
  });

  test('may take slashes', () => {
    assert.equal(found(table(['/f/<tail:p>'], { tail }), '/f/a/b'), '/f/<tail:p> {"p":"a/b"}');
    assert.equal(found(table(['/f/<tail:p>'], { tail: { regex: tail.regex } }), '/f/a/b'), null);
  });

  test('take the place of one of ours, and belong to one rule or to all', () => {
    assert.equal(found(table(['/<int:n>'], { int: { regex: /x/ } }), '/x'), '/<int:n> {"n":"x"}');
    const rules = new RuleTable([rule('/<even:n>', noop, { converters: { even } })], {});
    assert.equal(found(rules, '/4'), '/<even:n> {"n":4}');
  });

  test('with flags keep them, and none that carries a state from one path to the next', () => {
    const rules = table(['/<c:n>'], { c: { regex: /abc/gi } });
    for (let i = 0; i < 3; i++) assert.equal(found(rules, '/ABC'), '/<c:n> {"n":"ABC"}');
  });
});

describe('among several rules', () => {
  test('static text wins from segment to segment, whatever the order', () => {
    const paths = ['/<path:rest>', '/<a>/<b>', '/<a>/x', '/r/<b>', '/r/x', '/<int:n>', '/<name>', '/v<name>'];
    for (const order of [paths, paths.toReversed()]) {
      const rules = table(order);
      assert.equal(found(rules, '/r/x'), '/r/x {}');
      assert.equal(found(rules, '/r/y'), '/r/<b> {"b":"y"}');
      assert.equal(found(rules, '/q/x'), '/<a>/x {"a":"q"}');
      assert.equal(found(rules, '/q/y'), '/<a>/<b> {"a":"q","b":"y"}');
      assert.equal(found(rules, '/1'), '/<int:n> {"n":1}');
      assert.equal(found(rules, '/v1'), '/v<name> {"name":"1"}');
      assert.equal(found(rules, '/x'), '/<name> {"name":"x"}');
      assert.equal(found(rules, '/a/b/c'), '/<path:rest> {"rest":"a/b/c"}');
    }
  });

  test('equal ones are tried as they came', () => {
    assert.equal(found(table(['/<a>', '/<b>']), '/x'), '/<a> {"a":"x"}');
    assert.equal(found(table(['/<b>', '/<a>']), '/x'), '/<b> {"b":"x"}');
  });

  test('one that fails further on gives way', () => {
    assert.equal(found(table(['/a/<int:n>', '/<x>/b']), '/a/b'), '/<x>/b {"x":"a"}');
  });

  test('those in the syntax of URLPattern take part', () => {
    const rules = table([urlPattern('/:a/:b'), urlPattern('/x/:b'), '/<a>/y', urlPattern('/x/z')]);
    assert.equal(found(rules, '/x/z'), '/x/z {}');
    assert.equal(found(rules, '/x/1'), '/x/:b {"b":"1"}');
    assert.equal(found(rules, '/1/y'), '/<a>/y {"a":"1"}');
    assert.equal(found(rules, '/1/2'), '/:a/:b {"a":"1","b":"2"}');
  });
});

describe('a rule that ends in a slash', () => {
  test('is where the path without it leads to', () => {
    const rules = table(['/room/', '/<a>/<b>/', '/files/<path:p>/']);
    assert.equal(found(rules, '/room'), 'slash');
    assert.equal(found(rules, '/room/'), '/room/ {}');
    assert.equal(found(rules, '/1/2'), 'slash');
    assert.equal(found(rules, '/1/2/'), '/<a>/<b>/ {"a":"1","b":"2"}');
    assert.equal(found(rules, '/files/x/y'), 'slash');
    assert.equal(found(rules, '/files/x/y/'), '/files/<path:p>/ {"p":"x/y"}');
  });

  test('gives way to one without, and wins over parameters', () => {
    assert.equal(found(table(['/room/', '/room', '/<name>']), '/room'), '/room {}');
    assert.equal(found(table(['/<name>', '/room/']), '/room'), 'slash');
    assert.equal(found(table(['/<path:p>/', '/<name>']), '/room'), '/<name> {"name":"room"}');
    assert.equal(found(table(['/<path:p>/', '/<name>']), '/room/1'), 'slash');
  });

  test('at the root redirects nothing', () => assert.equal(found(table(['/']), ''), null));
});

describe('defaults and redirects', () => {
  test('defaults are parameters beside those of the path, and instead of them', () => {
    const rules = new RuleTable([rule('/<a>', noop, { defaults: { a: 1, page: 2 } })], {});
    assert.equal(found(rules, '/x'), '/<a> {"a":1,"page":2}');
  });

  const redirect = (path: RulePath, redirectTo: string, defaults = {}): RuleTable =>
    new RuleTable([{ path, redirectTo, defaults }], {});

  test('a redirect puts the texts of parameters in their places', () => {
    assert.equal(found(redirect('/old/<int:n>/<path:p>', '/new/<p>?n=<n>'), '/old/007/a/%20'), '-> /new/a/%20?n=007');
    assert.equal(found(redirect('/<a>', 'wss://other.example/<a>'), '/x'), '-> wss://other.example/x');
    assert.equal(found(redirect('/<a>', '/<a>'), '/$&'), '-> /$&');
    assert.equal(found(redirect(urlPattern('/u/:id'), '/users/<id>'), '/u/1'), '-> /users/1');
    assert.equal(found(redirect('/x', '/<page>', { page: 'a/b' }), '/x'), '-> /a%2Fb');
  });
});

describe('a URLPattern of the runtime', () => {
  /** As much of one as is looked at. */
  const pattern = {
    protocol: '*',
    exec: ({ pathname }: { readonly pathname: string }) => {
      const groups = /^\/u\/(?<id>.*)$/.exec(pathname)?.groups;
      return groups === undefined ? null : { pathname: { groups: { ...groups } } };
    },
  };

  test('is asked with the path, after all other rules', () => {
    const rules = table([pattern, '/u/<int:n>']);
    assert.equal(rules.match('/x'), null);
    const match = rules.match('/u/x');
    assert.deepEqual(match?.kind === 'handler' && { ...match.params }, { id: 'x' });
    assert.equal(found(rules, '/u/1'), '/u/<int:n> {"n":1}');
  });

  test('may not ask for what no path has', () => {
    const elsewhere = { ...pattern, hostname: 'example.com' };
    assert.throws(() => table([elsewhere]), {
      name: 'TypeError',
      message: 'rule number 1: only the pathname of a URLPattern is matched, and its hostname is "example.com"',
    });
  });
});

describe('a rule that is wrong is named at once', () => {
  const handler = noop;
  const cases: readonly (readonly [rule: unknown, message: string | RegExp])[] = [
    [{ path: 'room', handler }, 'rule "room": a path begins with a slash'],
    [{ path: '/a?b', handler }, 'rule "/a?b": a path has neither a query nor a fragment'],
    [{ path: '/<1>', handler }, 'rule "/<1>": not a parameter: <1>'],
    [{ path: '/<a', handler }, 'rule "/<a": not a parameter: <a'],
    [{ path: '/<a>/<a>', handler }, 'rule "/<a>/<a>": <a> stands there twice'],
    [{ path: '/<toString:a>', handler }, 'rule "/<toString:a>": <toString:a>: there is no converter "toString"'],
    [{ path: '/<int(digits=1):a>', handler }, /unexpected argument digits$/],
    [{ path: '/<int(1):a>', handler }, /unexpected argument 1$/],
    [{ path: '/<int(min=x):a>', handler }, /min must be a number$/],
    [{ path: '/<int(signed=1):a>', handler }, /signed must be true or false$/],
    [{ path: '/<int(min=1,min=2):a>', handler }, /min is given twice$/],
    [{ path: '/<string(length=0):a>', handler }, /length must be a whole number between 1 and 1000$/],
    [{ path: '/<string(maxlength=100000):a>', handler }, /maxlength must be a whole number between 1 and 1000$/],
    [{ path: '/<string(min=):a>', handler }, /cannot read the arguments \(min=\)$/],
    [{ path: '/<any:a>', handler }, /any takes a list of texts$/],
    [{ path: `/<any('a/b'):a>`, handler }, /any takes no text with a slash$/],
    [{ path: '/<x:a>', handler, converters: { x: { regex: 'a' } } }, /the regex of a converter must be a RegExp$/],
    [
      { path: '/users/:id', handler },
      /a parameter is written <id>; for the syntax of URLPattern give urlPattern\(…\)$/,
    ],
    [{ path: 1, handler }, 'rule number 1: a path is a string, urlPattern(…) or a URLPattern'],
    [{ path: /x/, handler }, 'rule number 1: a path is a string, urlPattern(…) or a URLPattern'],
    [{ path: '/' }, 'rule "/": a rule has either a handler or redirectTo'],
    [{ path: '/', handler, redirectTo: '/x' }, 'rule "/": a rule has either a handler or redirectTo'],
    [{ path: '/', handler: 'x' }, 'rule "/": a handler is a function or an object of functions'],
    [{ path: '/', redirectTo: 'x' }, /redirectTo is a path, or a ws: or wss: URI without parameters before its path$/],
    [{ path: '/<a>', redirectTo: 'ws://<a>/' }, /without parameters before its path$/],
    [{ path: '/', redirectTo: 'http://x/' }, /redirectTo is a path, or a ws: or wss: URI/],
    [{ path: '/', redirectTo: '/a\r\nb' }, /redirectTo has characters that a URI may not have$/],
    [{ path: '/<a>', redirectTo: '/<b>' }, 'rule "/<a>": redirectTo has <b>, and the path has not'],
    [null, 'rule number 1: a rule is an object'],
  ];
  for (const [bad, message] of cases) {
    test(JSON.stringify(bad), () => {
      assert.throws(() => new Router([bad as Rule]), { name: 'TypeError', message });
    });
  }

  test('and so are rules that are no list', () => {
    assert.throws(() => new Router({} as never), { name: 'TypeError', message: 'rules must be a list' });
  });

  test('and handlers of both kinds', () => {
    assert.throws(
      () =>
        new Router([
          { path: '/a', handler },
          { path: '/b', handler: {} },
        ]),
      {
        name: 'TypeError',
        message: 'either all rules of a router have functions as handlers, or all have direct handlers',
      },
    );
  });

  test('and a name of the server that is none', () => {
    assert.throws(() => new Router([], { serverName: 'ws://x/' }), {
      name: 'TypeError',
      message: 'serverName is not a host: ws://x/',
    });
  });
});
