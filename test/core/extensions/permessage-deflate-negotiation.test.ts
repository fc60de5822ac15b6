// The negotiation of permessage-deflate: every configuration against everything a peer can say, by tables that are
// written from RFC 7692 §7.1 and say what comes out, not how.
import assert from 'node:assert/strict';
import { describe, suite, test } from 'node:test';
import {
  DuplicateParameter,
  InvalidParameterName,
  InvalidParameterValue,
  NegotiationError,
} from '#dist/core/exceptions/handshake-errors.js';
import type {
  ClientExtensionFactory,
  Extension,
  ExtensionParameter,
  ServerExtensionFactory,
} from '#dist/core/extension.js';
import type { PerMessageDeflate } from '#dist/core/extensions/permessage-deflate.js';
import {
  ClientPerMessageDeflateFactory,
  type ClientPerMessageDeflateOptions,
  enableClientPermessageDeflate,
  enableServerPermessageDeflate,
  ServerPerMessageDeflateFactory,
  type ServerPerMessageDeflateOptions,
} from '#dist/core/extensions/permessage-deflate-negotiation.js';
import { buildExtension, parseExtension } from '#dist/core/header-grammar.js';
import type { DeflateEngine, Deflator, Inflator } from '#dist/core/host.js';

/** Negotiating makes no context. */
const engine: DeflateEngine = {
  createDeflator: (): Deflator => assert.fail('a compressor was made'),
  createInflator: (): Inflator => assert.fail('a decompressor was made'),
};
const BITS = [8, 9, 10, 11, 12, 13, 14, 15] as const;
const BITS_OR_NULL = [null, ...BITS] as const;
const YES_OR_NO = [false, true] as const;
const TINY = 'cannot compress with a window of 8 bits';

type Result<Value> = Value | Failure;
/** The text of the error. */
type Failure = { readonly error: string };
const fail = (error: string): Failure => ({ error });
const isFailure = (result: unknown): result is Failure => typeof result === 'object' && result !== null;

suite('a client and the answer it gets', () => {
  /** What was requested, and the answer: yes or no. */
  const SERVER_NO_CONTEXT_TAKEOVER: Record<string, Result<boolean>> = {
    'no, no': false,
    'no, yes': true,
    'yes, no': fail('expected server_no_context_takeover'),
    'yes, yes': true,
  };
  const CLIENT_NO_CONTEXT_TAKEOVER: Record<string, boolean> = {
    'no, no': false,
    'no, yes': true,
    'yes, no': true,
    'yes, yes': true,
  };
  /** N is what was requested, M the answer. */
  const SERVER_MAX_WINDOW_BITS: Record<string, Result<'N' | 'M' | 15>> = {
    'null, null': 15,
    'null, M': 'M',
    'N, null': fail('expected server_max_window_bits'),
    'N, M <= N': 'M',
    'N, M > N': fail('unsupported server_max_window_bits'),
  };
  const CLIENT_MAX_WINDOW_BITS: Record<string, Result<'N' | 'M' | 15>> = {
    'null, null': 15,
    'null, M': fail('unexpected client_max_window_bits'),
    'true, null': 15,
    'true, M': 'M',
    'N, null': 'N',
    'N, M <= N': 'M',
    'N, M > N': fail('unsupported client_max_window_bits'),
  };

  test('every configuration and every answer', () => {
    let count = 0;
    for (const config of product({
      serverNoContextTakeover: YES_OR_NO,
      clientNoContextTakeover: YES_OR_NO,
      serverMaxWindowBits: BITS_OR_NULL,
      clientMaxWindowBits: [...BITS_OR_NULL, true] as const,
    })) {
      const factory = new ClientPerMessageDeflateFactory({ ...config, engine });
      for (const answer of ANSWERS) {
        const remoteNoContextTakeover =
          SERVER_NO_CONTEXT_TAKEOVER[yesNo(config.serverNoContextTakeover, answer.serverNoContextTakeover)]!;
        const localNoContextTakeover =
          CLIENT_NO_CONTEXT_TAKEOVER[yesNo(config.clientNoContextTakeover, answer.clientNoContextTakeover)]!;
        const remoteMaxWindowBits = look(
          SERVER_MAX_WINDOW_BITS,
          config.serverMaxWindowBits,
          answer.serverMaxWindowBits,
        );
        const localMaxWindowBits = look(CLIENT_MAX_WINDOW_BITS, config.clientMaxWindowBits, answer.clientMaxWindowBits);
        const expected = { remoteNoContextTakeover, localNoContextTakeover, remoteMaxWindowBits, localMaxWindowBits };
        const failure = Object.values(expected).find(isFailure) ?? (localMaxWindowBits === 8 ? fail(TINY) : null);

        const outcome = outcomeOf(() => settingsOf(factory.processResponseParams(answer.parameters, [])));
        assertSame(outcome, failure ?? expected, () => `${JSON.stringify(config)} answered ${show(answer.parameters)}`);
        count += 1;
      }
    }
    assert.equal(count, 360 * 324);
  });

  test('a second answer is refused', () => {
    const factory = new ClientPerMessageDeflateFactory({ engine });
    const first = factory.processResponseParams([], []);
    assert.throws(() => factory.processResponseParams([], [first]), {
      name: 'NegotiationError',
      message: 'received duplicate permessage-deflate',
    });
  });

  test('other extensions that were accepted do not matter', () => {
    const other: Extension = { name: 'x-other', decode: (frame) => frame, encode: (frame) => frame };
    assert(new ClientPerMessageDeflateFactory({ engine }).processResponseParams([], [other]));
  });

  for (const [options, offer] of [
    [{}, 'permessage-deflate; client_max_window_bits'],
    [{ clientMaxWindowBits: null }, 'permessage-deflate'],
    [{ clientMaxWindowBits: 10 }, 'permessage-deflate; client_max_window_bits=10'],
    [{ serverMaxWindowBits: 8, clientMaxWindowBits: null }, 'permessage-deflate; server_max_window_bits=8'],
    [
      { serverNoContextTakeover: true, clientNoContextTakeover: true, serverMaxWindowBits: 9, clientMaxWindowBits: 15 },
      'permessage-deflate; server_no_context_takeover; client_no_context_takeover; server_max_window_bits=9; client_max_window_bits=15',
    ],
  ] as const) {
    test(`${JSON.stringify(options)} offers ${offer}`, () => {
      const factory = new ClientPerMessageDeflateFactory({ ...options, engine });
      assert.equal(buildExtension([[factory.name, factory.getRequestParams()]]), offer);
    });
  }
});

suite('a server and the offers it gets', () => {
  /** What was configured, and the offer: yes or no. */
  const NO_CONTEXT_TAKEOVER: Record<string, boolean> = {
    'no, no': false,
    'no, yes': true,
    'yes, no': true,
    'yes, yes': true,
  };
  /** N is what was configured, M the offer; null is an answer that does not speak of it. */
  const SERVER_MAX_WINDOW_BITS: Record<string, 'N' | 'M' | null> = {
    'null, null': null,
    'null, M': 'M',
    'N, null': 'N',
    'N, M <= N': 'M',
    'N, M > N': 'N',
  };
  const CLIENT_MAX_WINDOW_BITS: Record<string, 'N' | 'M' | null> = {
    'null, null': null,
    'null, bare': null,
    'null, M': 'M',
    'N, null': null,
    'N, bare': 'N',
    'N, M <= N': 'M',
    'N, M > N': 'N',
  };

  test('every configuration and every offer', () => {
    let count = 0;
    for (const config of product({
      serverNoContextTakeover: YES_OR_NO,
      clientNoContextTakeover: YES_OR_NO,
      serverMaxWindowBits: BITS_OR_NULL,
      clientMaxWindowBits: BITS_OR_NULL,
      requireClientMaxWindowBits: YES_OR_NO,
    })) {
      if (config.requireClientMaxWindowBits && config.clientMaxWindowBits === null) continue;
      const factory = new ServerPerMessageDeflateFactory({ ...config, engine });
      for (const offer of OFFERS) {
        const localNoContextTakeover =
          NO_CONTEXT_TAKEOVER[yesNo(config.serverNoContextTakeover, offer.serverNoContextTakeover)]!;
        const remoteNoContextTakeover =
          NO_CONTEXT_TAKEOVER[yesNo(config.clientNoContextTakeover, offer.clientNoContextTakeover)]!;
        const serverBits = look(SERVER_MAX_WINDOW_BITS, config.serverMaxWindowBits, offer.serverMaxWindowBits);
        const clientBits = look(CLIENT_MAX_WINDOW_BITS, config.clientMaxWindowBits, offer.clientMaxWindowBits);
        const isRequired = config.requireClientMaxWindowBits && offer.clientMaxWindowBits === null;
        const failure = isRequired ? fail('required client_max_window_bits') : serverBits === 8 ? fail(TINY) : null;
        const expected = {
          answer: parametersOf({
            serverNoContextTakeover: localNoContextTakeover,
            clientNoContextTakeover: remoteNoContextTakeover,
            serverMaxWindowBits: serverBits,
            clientMaxWindowBits: clientBits,
          }),
          remoteNoContextTakeover,
          localNoContextTakeover,
          remoteMaxWindowBits: clientBits ?? 15,
          localMaxWindowBits: serverBits ?? 15,
        };

        const outcome = outcomeOf(() => {
          const [answer, extension] = factory.processRequestParams(offer.parameters, []);
          return { answer, ...settingsOf(extension) };
        });
        assertSame(outcome, failure ?? expected, () => `${JSON.stringify(config)} offered ${show(offer.parameters)}`);
        count += 1;
      }
    }
    assert.equal(count, 4 * 9 * (9 + 8) * 360);
  });

  test('only one offer is accepted', () => {
    const factory = new ServerPerMessageDeflateFactory({ engine });
    const [, first] = factory.processRequestParams([], []);
    assert.throws(() => factory.processRequestParams([], [first]), {
      name: 'NegotiationError',
      message: 'skipped duplicate permessage-deflate',
    });
  });

  for (const [offers, answer] of [
    ['permessage-deflate', 'permessage-deflate; server_max_window_bits=12'],
    [
      'permessage-deflate; client_max_window_bits',
      'permessage-deflate; server_max_window_bits=12; client_max_window_bits=12',
    ],
    [
      'permessage-deflate; client_max_window_bits=9; server_max_window_bits=10',
      'permessage-deflate; server_max_window_bits=10; client_max_window_bits=9',
    ],
    ['permessage-deflate; foo, permessage-deflate', 'permessage-deflate; server_max_window_bits=12'],
    [
      'permessage-deflate; server_max_window_bits=8, permessage-deflate',
      'permessage-deflate; server_max_window_bits=12',
    ],
    ['permessage-deflate; server_max_window_bits=8', null],
  ] as const) {
    test(`by default, ${offers} is answered with ${answer ?? 'nothing'}`, () => {
      const [factory] = enableServerPermessageDeflate(null, { engine });
      let answered: string | null = null;
      for (const [name, parameters] of parseExtension(offers)) {
        const outcome = outcomeOf(() => factory!.processRequestParams(parameters, []));
        if (isFailure(outcome) && 'error' in outcome) continue;
        answered = buildExtension([[name, outcome[0]]]);
        break;
      }
      assert.equal(answered, answer);
    });
  }
});

suite('parameters of permessage-deflate', () => {
  const sides = {
    client: (parameters: readonly ExtensionParameter[]) =>
      new ClientPerMessageDeflateFactory({ engine }).processResponseParams(parameters, []),
    server: (parameters: readonly ExtensionParameter[]) =>
      new ServerPerMessageDeflateFactory({ engine }).processRequestParams(parameters, []),
  };

  for (const [side, process] of Object.entries(sides)) {
    describe(`as a ${side} reads them`, () => {
      for (const name of ['server_no_context_takeover', 'client_no_context_takeover']) {
        test(`${name} has no value and stands there once`, () => {
          assert(process([[name, null]]));
          for (const value of ['', 'true', '15']) {
            assert.throws(() => process([[name, value]]), new InvalidParameterValue(name, value));
          }
          assert.throws(() => process(written(`${name}; ${name}`)), new DuplicateParameter(name));
        });
      }

      for (const name of ['server_max_window_bits', 'client_max_window_bits']) {
        test(`${name} is a number from 8 to 15 and stands there once`, () => {
          for (const value of ['9', '10', '11', '12', '13', '14', '15']) assert(process([[name, value]]));
          for (const value of [
            '',
            '7',
            '16',
            '08',
            '010',
            '0',
            '-9',
            '+9',
            ' 9',
            '9 ',
            '9.0',
            '1e1',
            'x',
            '٩',
            '9\n',
          ]) {
            assert.throws(() => process([[name, value]]), new InvalidParameterValue(name, value));
          }
          assert.throws(() => process(written(`${name}=9; ${name}=9`)), new DuplicateParameter(name));
          assert.throws(() => process(written(`${name}=9; ${name}=x`)), new DuplicateParameter(name));
        });
      }

      test('server_max_window_bits needs a value', () => {
        const name = 'server_max_window_bits';
        assert.throws(() => process([[name, null]]), new InvalidParameterValue(name, null));
      });

      test('other names are unknown, also those that differ in case', () => {
        for (const name of ['foo', '', 'Server_no_context_takeover', 'CLIENT_MAX_WINDOW_BITS']) {
          assert.throws(() => process([[name, null]]), new InvalidParameterName(name));
        }
      });

      test('the first problem is the one that is told', () => {
        assert.throws(() => process(written('foo; server_max_window_bits=99')), new InvalidParameterName('foo'));
        assert.throws(
          () => process(written('server_max_window_bits=99; foo')),
          new InvalidParameterValue('server_max_window_bits', '99'),
        );
      });
    });
  }

  test('client_max_window_bits may stand without a value in an offer, once, and not in an answer', () => {
    const bare: ExtensionParameter = ['client_max_window_bits', null];
    assert(sides.server([bare]));
    assert.throws(() => sides.server([bare, bare]), new DuplicateParameter('client_max_window_bits'));
    assert.throws(() => sides.client([bare]), new InvalidParameterValue('client_max_window_bits', null));
  });
});

suite('settings of permessage-deflate', () => {
  const client = (options: object) => () =>
    new ClientPerMessageDeflateFactory({ ...(options as ClientPerMessageDeflateOptions), engine });
  const server = (options: object) => () =>
    new ServerPerMessageDeflateFactory({ ...(options as ServerPerMessageDeflateOptions), engine });

  for (const [side, make] of Object.entries({ client, server })) {
    test(`windows of a ${side} are whole numbers from 8 to 15`, () => {
      for (const name of ['serverMaxWindowBits', 'clientMaxWindowBits']) {
        for (const bits of BITS_OR_NULL) assert(make({ [name]: bits })());
        for (const bits of [7, 16, 0, -9, 9.5, Number.NaN, '12']) {
          assert.throws(make({ [name]: bits }), { name: 'RangeError', message: `${name} must be between 8 and 15` });
        }
      }
    });

    test(`compressSettings of a ${side} are what zlib takes, without a window`, () => {
      assert(make({ compressSettings: { level: -1, memLevel: 1, strategy: 4 } })());
      assert(make({ compressSettings: { level: 9, memLevel: 9, strategy: 0 } })());
      const own = `${side}MaxWindowBits`;
      for (const [settings, message] of [
        [{ windowBits: 12 }, `compressSettings must not include windowBits, set ${own} instead`],
        [{ level: 10 }, 'compressSettings.level must be between -1 and 9'],
        [{ level: 1.5 }, 'compressSettings.level must be between -1 and 9'],
        [{ memLevel: 0 }, 'compressSettings.memLevel must be between 1 and 9'],
        [{ memLevel: 10 }, 'compressSettings.memLevel must be between 1 and 9'],
        [{ strategy: 5 }, 'compressSettings.strategy must be between 0 and 4'],
        [{ strategy: -1 }, 'compressSettings.strategy must be between 0 and 4'],
      ] as const) {
        assert.throws(make({ compressSettings: settings }), { name: 'RangeError', message });
      }
    });
  }

  test('a server cannot be told to choose its windows later', () => {
    assert.throws(server({ clientMaxWindowBits: true }), { name: 'RangeError' });
    assert.throws(server({ serverMaxWindowBits: true }), { name: 'RangeError' });
    assert.throws(client({ serverMaxWindowBits: true }), { name: 'RangeError' });
  });

  test('a server that requires client_max_window_bits says how many', () => {
    assert.throws(server({ requireClientMaxWindowBits: true }), {
      name: 'RangeError',
      message: "requireClientMaxWindowBits is enabled, but clientMaxWindowBits isn't configured",
    });
  });

  test('reach the extension', () => {
    const compressSettings = { level: 3, memLevel: 4 };
    assert.equal(client({ compressSettings })().processResponseParams([], []).compressSettings, compressSettings);
    assert.equal(server({ compressSettings })().processRequestParams([], [])[1].compressSettings, compressSettings);
  });
});

suite('permessage-deflate by default', () => {
  const other = { name: 'x-other' } as ClientExtensionFactory & ServerExtensionFactory;

  for (const [side, enable, Factory] of [
    ['client', enableClientPermessageDeflate, ClientPerMessageDeflateFactory],
    ['server', enableServerPermessageDeflate, ServerPerMessageDeflateFactory],
  ] as const) {
    test(`stands last on a ${side}'s list, and the list that was given is left alone`, () => {
      assert.equal(enable(null, { engine }).length, 1);
      const given = [other];
      const enabled = enable(given, { engine });
      assert.equal(enabled[0], other);
      assert(enabled[1] instanceof Factory);
      assert.equal(enabled.length, 2);
      assert.equal(given.length, 1);
    });

    test(`is not added to a ${side}'s list that has one, wherever it stands`, () => {
      const own = new Factory({ engine });
      for (const given of [[own], [own, other], [other, own]]) {
        assert.deepEqual(enable(given as never, { engine }), given);
      }
      const homemade = { name: 'permessage-deflate' };
      assert.deepEqual(enable([homemade] as never, { engine }), [homemade]);
    });
  }

  test('offers to be told the window, and compresses with little memory', () => {
    const [client] = enableClientPermessageDeflate(null, { engine });
    assert.deepEqual(client!.getRequestParams(), [['client_max_window_bits', null]]);
    const local = client!.processResponseParams([], []) as PerMessageDeflate;
    assert.deepEqual(local.compressSettings, { memLevel: 5 });
    const [server] = enableServerPermessageDeflate(null, { engine });
    const [, remote] = server!.processRequestParams([], []);
    assert.deepEqual((remote as PerMessageDeflate).compressSettings, { level: 3, memLevel: 5 });
  });

  test('both ends come to 12 bits', () => {
    const [client] = enableClientPermessageDeflate(null, { engine });
    const [server] = enableServerPermessageDeflate(null, { engine });
    const [answer, theirs] = server!.processRequestParams(client!.getRequestParams(), []);
    const ours = client!.processResponseParams(answer, []);
    const expected = {
      remoteNoContextTakeover: false,
      localNoContextTakeover: false,
      remoteMaxWindowBits: 12,
      localMaxWindowBits: 12,
    };
    assert.deepEqual(settingsOf(ours as PerMessageDeflate), expected);
    assert.deepEqual(settingsOf(theirs as PerMessageDeflate), expected);
  });
});

interface Said {
  readonly serverNoContextTakeover: boolean;
  readonly clientNoContextTakeover: boolean;
  readonly serverMaxWindowBits: number | null;
  /** True: without a value. */
  readonly clientMaxWindowBits: number | true | null;
}

/** Everything a server can answer. */
const ANSWERS = product({
  serverNoContextTakeover: YES_OR_NO,
  clientNoContextTakeover: YES_OR_NO,
  serverMaxWindowBits: BITS_OR_NULL,
  clientMaxWindowBits: BITS_OR_NULL,
}).map((said) => ({ ...said, parameters: parametersOf(said) }));

/** Everything a client can offer. */
const OFFERS = product({
  serverNoContextTakeover: YES_OR_NO,
  clientNoContextTakeover: YES_OR_NO,
  serverMaxWindowBits: BITS_OR_NULL,
  clientMaxWindowBits: [...BITS_OR_NULL, true] as const,
}).map((said) => ({ ...said, parameters: parametersOf(said) }));

function parametersOf(said: Said): ExtensionParameter[] {
  const { serverMaxWindowBits, clientMaxWindowBits } = said;
  const all: [ExtensionParameter, boolean][] = [
    [['server_no_context_takeover', null], said.serverNoContextTakeover],
    [['client_no_context_takeover', null], said.clientNoContextTakeover],
    [['server_max_window_bits', `${serverMaxWindowBits}`], serverMaxWindowBits !== null],
    [
      ['client_max_window_bits', clientMaxWindowBits === true ? null : `${clientMaxWindowBits}`],
      clientMaxWindowBits !== null,
    ],
  ];
  return all.filter(([, isSaid]) => isSaid).map(([parameter]) => parameter);
}

/** Parameters as they stand in a header. */
function written(parameters: string): readonly ExtensionParameter[] {
  return parseExtension(`permessage-deflate; ${parameters}`)[0]![1];
}

function yesNo(ours: boolean, theirs: boolean): string {
  return `${ours ? 'yes' : 'no'}, ${theirs ? 'yes' : 'no'}`;
}

/** Finds the row of a table of windows, and what its `N` or `M` stands for. */
function look<Value extends Failure | number | null>(
  table: Record<string, Value | 'N' | 'M'>,
  ours: number | true | null,
  theirs: number | true | null,
): Value | number {
  const N = typeof ours === 'number' ? 'N' : String(ours);
  const M = theirs === true ? 'bare' : theirs === null ? 'null' : 'M';
  const order = typeof ours === 'number' && typeof theirs === 'number' ? (theirs <= ours ? ' <= N' : ' > N') : '';
  const row = table[`${N}, ${M}${order}`];
  assert(row !== undefined, `no row for ${N}, ${M}${order}`);
  if (row === 'N') return ours as number;
  if (row === 'M') return theirs as number;
  return row;
}

/** All combinations of one value of each list. */
function product<const Lists extends Record<string, readonly unknown[]>>(
  lists: Lists,
): { [Name in keyof Lists]: Lists[Name][number] }[] {
  let rows: Record<string, unknown>[] = [{}];
  for (const [name, values] of Object.entries(lists)) {
    rows = rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value })));
  }
  return rows as { [Name in keyof Lists]: Lists[Name][number] }[];
}

function settingsOf(extension: PerMessageDeflate) {
  const { remoteNoContextTakeover, localNoContextTakeover, remoteMaxWindowBits, localMaxWindowBits } = extension;
  return { remoteNoContextTakeover, localNoContextTakeover, remoteMaxWindowBits, localMaxWindowBits };
}

function outcomeOf<Value>(call: () => Value): Value | Failure {
  try {
    return call();
  } catch (error) {
    if (error instanceof NegotiationError) return fail(error.message);
    throw error;
  }
}

/** `assert.deepEqual` for a quarter of a million small values. */
function assertSame(actual: unknown, expected: unknown, title: () => string): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) assert.deepEqual(actual, expected, title());
}

function show(parameters: readonly ExtensionParameter[]): string {
  return buildExtension([['permessage-deflate', parameters]]);
}
