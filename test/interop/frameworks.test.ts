// WebSocket connections beside the routes of web frameworks: Express, Fastify and Hono, on one port with their pages.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { freePort, startDaemon } from '../support/daemon.ts';
import { readExamples } from '../support/readme.ts';
import {
  attach,
  type Connection,
  connect,
  type InvalidStatus,
  type Request,
  Response,
  type UpgradableServer,
  upgrade,
} from '../support/websockets.ts';

interface User {
  readonly name: string;
}

/** The sessions of a site, which its pages open and its connections ask for. */
class Sessions {
  readonly #users: Map<string, User> = new Map();

  /** Lets a user in, and gives the cookie. */
  open(name: string): string {
    const id = randomUUID();
    this.#users.set(id, { name });
    return `session=${id}; HttpOnly; SameSite=Strict`;
  }

  /** For `authenticate`: the user of the request's cookie. */
  readonly userOf = ({ headers }: Request): User | Response => {
    const [, id = ''] = /(?:^|; )session=([^;]+)/.exec(headers.get('Cookie') ?? '') ?? [];
    return this.#users.get(id) ?? new Response(401, 'Unauthorized');
  };
}

/** A site of the framework: `GET /` is its page, `POST /login` opens a session. */
interface Framework {
  readonly name: string;
  readonly start: (sessions: Sessions) => Promise<UpgradableServer>;
}

const FRAMEWORKS: readonly Framework[] = [
  {
    name: 'Express',
    start: async (sessions) => {
      const app = express();
      app.get('/', (_, response) => void response.send('home'));
      app.post('/login', (_, response) => void response.set('Set-Cookie', sessions.open('Ann')).send('welcome'));
      return createServer(app);
    },
  },
  {
    name: 'Fastify',
    start: async (sessions) => {
      const app = fastify();
      app.get('/', async () => 'home');
      app.post('/login', async (_, reply) => reply.header('Set-Cookie', sessions.open('Ann')).send('welcome'));
      await app.ready();
      return app.server;
    },
  },
  {
    name: 'Hono',
    start: async (sessions) => {
      const app = new Hono();
      app.get('/', (context) => context.text('home'));
      app.post('/login', (context) => context.text('welcome', 200, { 'Set-Cookie': sessions.open('Ann') }));
      return createAdaptorServer({ fetch: app.fetch });
    },
  },
];

interface Site extends AsyncDisposable {
  readonly http: UpgradableServer;
  readonly sessions: Sessions;
  readonly url: string;
  /** Headers of a client that has logged in. */
  readonly login: () => Promise<{ readonly Cookie: string }>;
}

async function siteOf(framework: Framework): Promise<Site> {
  const sessions = new Sessions();
  const http = await framework.start(sessions);
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const host = `127.0.0.1:${(http.address() as AddressInfo).port}`;
  return {
    http,
    sessions,
    url: `ws://${host}`,
    login: async () => {
      const response = await fetch(`http://${host}/login`, { method: 'POST' });
      assert.equal(await response.text(), 'welcome');
      return { Cookie: response.headers.get('Set-Cookie')?.split(';')[0] ?? '' };
    },
    [Symbol.asyncDispose]: async () => {
      if ('closeAllConnections' in http) http.closeAllConnections();
      http.close();
      await once(http, 'close');
    },
  };
}

const pageOf = async (url: string): Promise<string> => {
  const response = await fetch(url.replace(/^ws/, 'http'));
  return `${response.status} ${await response.text()}`;
};

/** `status body` of what a client is told that is not let in. */
async function refusalOf(connecting: PromiseLike<unknown>): Promise<string> {
  const error = await Promise.resolve(connecting).then(
    () => assert.fail('let in'),
    (error: InvalidStatus) => error,
  );
  return `${error.response.statusCode} ${Buffer.from(error.response.body)}`;
}

async function chat(connection: Connection, name: string): Promise<void> {
  for await (const message of connection) await connection.send(`${name}: ${message}`);
}

for (const framework of FRAMEWORKS) {
  suite(framework.name, () => {
    test('serves its pages, and attach the connections of its users', async () => {
      await using site = await siteOf(framework);
      await using server = await attach(site.http, (connection) => chat(connection, connection.data.name), {
        path: '/chat',
        authenticate: site.sessions.userOf,
      });
      const additionalHeaders = await site.login();
      await using client = await connect(`${site.url}/chat`, { additionalHeaders });
      for (const text of ['hello', 'x'.repeat(200_000)]) {
        await client.send(text);
        assert.equal(await client.recv(), `Ann: ${text}`);
      }
      assert.equal(server.connections.size, 1);
      assert.equal(await refusalOf(connect(`${site.url}/chat`)), '401 ');
      assert.equal(await pageOf(site.url), '200 home');
    });

    test('answers upgrades of other paths as it likes', async () => {
      await using site = await siteOf(framework);
      await using _server = await attach(site.http, (connection) => chat(connection, ''), { path: '/chat' });
      const page = await pageOf(`${site.url}/nowhere`);
      assert.match(page, /^404 /);
      assert.equal(await refusalOf(connect(`${site.url}/nowhere`)), page);
      assert.equal(await refusalOf(connect(site.url)), '200 home');
      assert.match(await pageOf(`${site.url}/chat`), /^404 /);
    });

    test('goes on when the attached server is closed', async () => {
      await using site = await siteOf(framework);
      const server = await attach(site.http, (connection) => chat(connection, ''), { path: '/chat' });
      const client = await connect(`${site.url}/chat`);
      server.close();
      await server.waitClosed();
      await client.closed;
      assert.equal(client.closeCode, 1001);
      assert.equal(await pageOf(site.url), '200 home');
    });

    test('upgrades the connections that it decides on itself', async () => {
      await using site = await siteOf(framework);
      const options = { authenticate: site.sessions.userOf };
      site.http.on('upgrade', async (request, socket, head) => {
        try {
          const connection = await upgrade(request, socket, head, options);
          await connection.use(() => chat(connection, connection.data.name));
        } catch {
          // Refused: the client has been told.
        }
      });
      const additionalHeaders = await site.login();
      await using client = await connect(`${site.url}/any`, { additionalHeaders });
      await client.send('hello');
      assert.equal(await client.recv(), 'Ann: hello');
      assert.equal(await refusalOf(connect(`${site.url}/any`)), '401 ');
      assert.equal(await pageOf(site.url), '200 home');
    });
  });
}

suite('the examples of docs/howto/frameworks.md', () => {
  const folder = new URL('../../../build/frameworks/', import.meta.url);
  const examples = readExamples('docs/howto/frameworks.md').filter(({ language }) => language === 'js');

  test('are there', () => {
    assert.deepEqual(
      examples.map(({ name }) => name),
      ['express.js', 'fastify.js', 'hono.js'],
    );
  });

  for (const { name, code } of examples) {
    test(`${name} serves a page and connections`, async () => {
      const port = await freePort();
      mkdirSync(folder, { recursive: true });
      const file = name.replace('.js', '.mjs');
      writeFileSync(new URL(file, folder), code.replaceAll('8765', String(port)).replaceAll('localhost', '127.0.0.1'));
      await using program = await startDaemon(process.execPath, [fileURLToPath(new URL(file, folder))], {
        readyPort: port,
      });
      await using client = await connect(`ws://127.0.0.1:${port}/chat`);
      await client.send('hello');
      assert.equal(await client.recv(), 'hello');
      assert.equal(await pageOf(`ws://127.0.0.1:${port}/`), '200 Hello!');
      assert.equal(program.output, '');
    });
  }
});
