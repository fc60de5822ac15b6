// The tables of docs/howto/from-python.md: every name in them exists where they say.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { ClientConnection, Headers, Request, Response, ServerConnection } from 'websockets-ts';
import {
  BasicAuthWebSocketServerProtocol,
  connect,
  serve,
  WebSocketClientProtocol,
  WebSocketServerProtocol,
} from 'websockets-ts/compat';
import { ClientProtocol, parseUri, ServerProtocol } from 'websockets-ts/protocol';
import { Router } from 'websockets-ts/router';

const ROOT = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

type Row = Readonly<Record<string, string>>;

/** The rows of all tables that have these columns, by the heads of their columns. */
function rowsWith(...columns: readonly string[]): Row[] {
  const rows: Row[] = [];
  let heads: string[] = [];
  for (const line of read('docs/howto/from-python.md').split('\n')) {
    if (!line.startsWith('|')) {
      heads = [];
      continue;
    }
    const cells = line.split(/(?<!\\)\|/).slice(1, -1);
    const texts = cells.map((cell) => cell.trim());
    if (heads.length === 0) heads = texts;
    else if (!/^-+$/.test(texts[0]!))
      rows.push(Object.fromEntries(heads.map((head, index) => [head, texts[index] ?? ''])));
  }
  return rows.filter((row) => columns.every((column) => column in row));
}

/** What stands in a cell between backticks. */
const namesIn = (cell: string): string[] => Array.from(cell.matchAll(/`([^`]+)`/g), ([, name]) => name!);

/** What has no counterpart needs a reason. */
function checkMissing(row: Row, column: string): boolean {
  if (row[column] !== '–') return false;
  assert.notEqual(row['notes'], '', `${row['Python']}: no name and no reason`);
  return true;
}

/** The names of each entry, as test/public/names.txt has them. */
const entries = new Map(
  read('test/public/names.txt')
    .split(/\n(?=\S)/)
    .map((list) => list.trim().split(/\n\s+(?:type )?/))
    .map(([entry, ...names]) => [entry!, new Set(names)]),
);

describe('in docs/howto/from-python.md', () => {
  const named = rowsWith('Python', 'here', 'entry');
  test('every function and class is exported from the entry that is named', () => {
    assert.ok(named.length > 50, `${named.length} rows only`);
    for (const row of named) {
      if (checkMissing(row, 'here')) continue;
      const [entry, ...others] = namesIn(row['entry']!);
      const names = namesIn(row['here']!);
      assert.ok(
        entry !== undefined && others.length === 0 && names.length > 0,
        `${row['Python']}: no entry or no name`,
      );
      for (const name of names) {
        assert.ok(entries.get(entry)?.has(name), `${row['Python']}: there is no ${entry} ${name}`);
      }
    }
  });

  test('no exported error is missing', () => {
    const listed = new Set(named.flatMap((row) => namesIn(row['here']!)));
    const errors = [...entries.get('websockets-ts/exceptions')!].filter((name) => /^[A-Z][a-z]/.test(name));
    const ours = ['MultipleValuesError', 'Violation', 'HandshakeLimit', 'SecurityErrorOptions'];
    assert.deepEqual(
      errors.filter((name) => !listed.has(name) && !ours.includes(name)),
      [],
    );
  });

  test('every option is declared', () => {
    const declarations = readdirSync(new URL('dist/', ROOT), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.d.ts'))
      .map((name) => read(`dist/${name.replaceAll('\\', '/')}`))
      .join('\n');
    const rows = rowsWith('Python', 'option');
    assert.ok(rows.length > 10);
    for (const row of rows) {
      if (checkMissing(row, 'option')) continue;
      for (const name of namesIn(row['option']!)) {
        assert.match(
          declarations,
          new RegExp(`^\\s*readonly ${name}\\?:`, 'm'),
          `${row['Python']}: there is no ${name}`,
        );
      }
    }
  });

  describe('every member', () => {
    const objects: Record<string, object> = {
      ClientProtocol: new ClientProtocol('ws://localhost/'),
      ServerProtocol: new ServerProtocol(),
      Headers: new Headers(),
      Request: new Request('/'),
      Response: new Response(200, 'OK'),
      WebSocketURI: parseUri('ws://localhost/'),
      Router: new Router([]),
    };
    const stop: (() => Promise<void>)[] = [];

    before(async () => {
      const server = await serve(
        (connection) => {
          objects['BasicAuthWebSocketServerProtocol'] = connection;
          return connection.closed;
        },
        { host: '127.0.0.1', createProtocol: Open },
      );
      stop.push(() => server[Symbol.asyncDispose]());
      const client = await connect(`ws://127.0.0.1:${server.addresses[0]![1]}`);
      await client.ping().then(({ pong }) => pong);
      assert.ok(client instanceof WebSocketClientProtocol && client instanceof ClientConnection);
      const connection = objects['BasicAuthWebSocketServerProtocol'];
      assert.ok(connection instanceof WebSocketServerProtocol && connection instanceof ServerConnection);
      Object.assign(objects, { Server: server, WebSocketClientProtocol: client, WebSocketServerProtocol: connection });
      // What the legacy classes add is not asked of the others: these have the members of their own class and its bases.
      Object.assign(objects, {
        ClientConnection: ownOf(client, ClientConnection.prototype),
        ServerConnection: ownOf(connection, ServerConnection.prototype),
      });
    });
    after(() => Promise.all(stop.map((end) => end())));

    for (const row of rowsWith('Python', 'member', 'of')) {
      test(`${row['Python']} is there`, () => {
        if (checkMissing(row, 'member')) return;
        for (const owner of namesIn(row['of']!)) {
          const object = objects[owner];
          assert.ok(object !== undefined, `${row['Python']}: there is no ${owner} to ask`);
          for (const name of namesIn(row['member']!)) {
            const key = name.startsWith('Symbol.') ? Symbol[name.slice(7) as 'asyncIterator'] : name;
            assert.ok(key in object, `${row['Python']}: there is no ${owner}.${name}`);
          }
        }
      });
    }
  });
});

class Open extends BasicAuthWebSocketServerProtocol {
  override async processRequest(): Promise<null> {
    this.username = 'me'; // as authentication does
    return null;
  }
}

/** The fields of an object, and the members of a class above its own. */
const ownOf = (object: object, prototype: object): object =>
  Object.create(prototype, Object.getOwnPropertyDescriptors(object));
