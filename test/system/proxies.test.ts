// The client through proxies that other people run: tinyproxy, squid, microsocks and danted, with every way to log in.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  type ConnectOptions,
  connect,
  type Data,
  InvalidProxyStatus,
  ProxyError,
  type Server,
  type ServerConnection,
  serve,
} from 'websockets-ts';
import { CERT, KEY, LEAF_CERT, LEAF_KEY } from '../support/certificate.ts';
import { type Daemon, freePort, startDaemon, TemporaryFolder } from '../support/daemon.ts';
import { commandOf, requires, type Tool } from '../support/requires.ts';

const USER = 'user';
const PASSWORD = 'password1';
/** As `htpasswd` and `openssl passwd -apr1` write it. */
const PASSWORD_APR1 = '$apr1$saltsalt$JpJ.tnO8d1zZMqIWNLYmK0';
const REALM = 'a realm';

/** A proxy that runs, and where. */
interface Running {
  readonly daemon: Daemon;
  readonly port: number;
}

/** A kind of proxy. */
interface Kind {
  readonly tool: Tool;
  /** What is special about it. */
  readonly title: string;
  /** The schemes that it understands. */
  readonly schemes: readonly string[];
  /** Whether it lets nobody in without credentials. */
  readonly hasUsers?: boolean;
  /** Whether it can reach IPv6 addresses. Default true. */
  readonly isIPv4Only?: boolean;
  readonly start: (folder: TemporaryFolder) => Promise<Running>;
}

async function startTinyproxy(folder: TemporaryFolder, ...lines: readonly string[]): Promise<Running> {
  const port = await freePort();
  const file = await folder.write('tinyproxy.conf', ['Listen 127.0.0.1', `Port ${port}`, ...lines, ''].join('\n'));
  return { port, daemon: await startDaemon(commandOf('tinyproxy'), ['-d', '-c', file], { readyPort: port }) };
}

/** Where Debian keeps squid's programs that check passwords. */
const SQUID_PROGRAMS = '/usr/lib/squid';

async function startSquid(
  folder: TemporaryFolder,
  { listen = 'http_port', rules }: { readonly listen?: string; readonly rules: readonly string[] },
): Promise<Running> {
  const port = await freePort();
  const [cert, key] = [await folder.write('cert.pem', LEAF_CERT), await folder.write('key.pem', LEAF_KEY)];
  const file = await folder.write(
    'squid.conf',
    [
      `${listen} 127.0.0.1:${port}${listen === 'https_port' ? ` tls-cert=${cert} tls-key=${key}` : ''}`,
      ...rules,
      'pid_filename none',
      'cache deny all',
      'cache_mem 0 MB',
      'access_log none',
      'cache_log /dev/null',
      `coredump_dir ${folder.path}`,
      'netdb_filename none',
      'pinger_enable off',
      'visible_hostname localhost',
      'shutdown_lifetime 0 seconds',
      '',
    ].join('\n'),
  );
  return { port, daemon: await startDaemon(commandOf('squid'), ['-N', '-f', file], { readyPort: port }) };
}

const LOGGED_IN = ['acl known proxy_auth REQUIRED', 'http_access allow known', 'http_access deny all'];

async function basicRules(folder: TemporaryFolder): Promise<string[]> {
  const users = await folder.write('users', `${USER}:${PASSWORD_APR1}\n`);
  return [
    `auth_param basic program ${SQUID_PROGRAMS}/basic_ncsa_auth ${users}`,
    'auth_param basic children 1 startup=1 idle=1',
    `auth_param basic realm ${REALM}`,
    ...LOGGED_IN,
  ];
}

async function digestRules(folder: TemporaryFolder): Promise<string[]> {
  const hash = createHash('md5').update(`${USER}:${REALM}:${PASSWORD}`).digest('hex');
  const users = await folder.write('users', `${USER}:${REALM}:${hash}\n`);
  return [
    `auth_param digest program ${SQUID_PROGRAMS}/digest_file_auth -c ${users}`,
    'auth_param digest children 1 startup=1 idle=1',
    `auth_param digest realm ${REALM}`,
    ...LOGGED_IN,
  ];
}

async function startMicrosocks(...args: readonly string[]): Promise<Running> {
  const port = await freePort();
  const all = ['-i', '127.0.0.1', '-p', String(port), ...args];
  return { port, daemon: await startDaemon(commandOf('microsocks'), all, { readyPort: port }) };
}

async function startDanted(folder: TemporaryFolder): Promise<Running> {
  const port = await freePort();
  const file = await folder.write(
    'danted.conf',
    [
      'logoutput: stdout',
      `internal: 127.0.0.1 port = ${port}`,
      'external: 127.0.0.1',
      'socksmethod: none',
      'clientmethod: none',
      'client pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }',
      'socks pass { from: 127.0.0.0/8 to: 0.0.0.0/0 }',
      '',
    ].join('\n'),
  );
  const args = ['-f', file, '-p', `${folder.path}/pid`];
  return { port, daemon: await startDaemon(commandOf('danted'), args, { readyPort: port }) };
}

const HTTP = ['http'];
const HTTPS = ['https'];
const SOCKS5 = ['socks5h', 'socks5'];

const KINDS: readonly Kind[] = [
  { tool: 'tinyproxy', title: 'for everybody', schemes: HTTP, start: (folder) => startTinyproxy(folder) },
  {
    tool: 'tinyproxy',
    title: 'with Basic credentials',
    schemes: HTTP,
    hasUsers: true,
    start: (folder) => startTinyproxy(folder, `BasicAuth ${USER} ${PASSWORD}`),
  },
  {
    tool: 'squid',
    title: 'for everybody',
    schemes: HTTP,
    start: (folder) => startSquid(folder, { rules: ['http_access allow all'] }),
  },
  {
    tool: 'squid',
    title: 'with Basic credentials',
    schemes: HTTP,
    hasUsers: true,
    start: async (folder) => startSquid(folder, { rules: await basicRules(folder) }),
  },
  {
    tool: 'squid',
    title: 'with Digest credentials',
    schemes: HTTP,
    hasUsers: true,
    start: async (folder) => startSquid(folder, { rules: await digestRules(folder) }),
  },
  {
    tool: 'squid',
    title: 'over TLS',
    schemes: HTTPS,
    start: (folder) => startSquid(folder, { listen: 'https_port', rules: ['http_access allow all'] }),
  },
  {
    tool: 'squid',
    title: 'over TLS with Digest credentials',
    schemes: HTTPS,
    hasUsers: true,
    start: async (folder) => startSquid(folder, { listen: 'https_port', rules: await digestRules(folder) }),
  },
  { tool: 'microsocks', title: 'for everybody', schemes: SOCKS5, start: () => startMicrosocks() },
  {
    tool: 'microsocks',
    title: 'with user name and password',
    schemes: SOCKS5,
    hasUsers: true,
    start: () => startMicrosocks('-u', USER, '-P', PASSWORD),
  },
  {
    tool: 'danted',
    title: 'for everybody',
    schemes: [...SOCKS5, 'socks4'], // it takes the address of a SOCKS4a request for one of SOCKS4
    isIPv4Only: true,
    start: startDanted,
  },
];

/** An echo server at one port of both 127.0.0.1 and ::1: which of them `localhost` is, is for the proxy to find out. */
async function startServers(tls?: { readonly cert: string; readonly key: string }): Promise<readonly Server[]> {
  const options = tls === undefined ? {} : { tls };
  const echo = { message: (connection: ServerConnection, data: Data) => connection.send(data) };
  const port = await freePort();
  return Promise.all(['127.0.0.1', '::1'].map((host) => serve(echo, { host, port, ...options })));
}

describe('the client', () => {
  let plain: readonly Server[];
  let secure: readonly Server[];
  before(async () => {
    [plain, secure] = await Promise.all([startServers(), startServers({ cert: CERT, key: KEY })]);
  });
  after(async () => {
    for (const server of [...plain, ...secure]) {
      for (const connection of server.connections) connection.abort();
      server.close();
      await server.waitClosed();
    }
  });

  for (const kind of KINDS) {
    const { tool, title, schemes, hasUsers = false, isIPv4Only = false } = kind;
    describe(`through ${tool} ${title}`, { skip: requires(tool) }, () => {
      let folder: TemporaryFolder;
      let running: Running;
      before(async () => {
        folder = await TemporaryFolder.make();
        running = await kind.start(folder);
      });
      after(async () => {
        await running?.daemon[Symbol.asyncDispose]();
        await folder[Symbol.asyncDispose]();
      });

      const right = hasUsers ? `${USER}:${PASSWORD}@` : '';
      const options = (scheme: string, user: string): ConnectOptions => ({
        proxy: `${scheme}://${user}localhost:${running.port}`,
        ...(scheme === 'https' ? { proxyTls: { ca: CERT } } : {}),
      });

      /** Sends something there and back. When that fails, what the proxy had to say is told too. */
      async function roundTrip(host: string, isSecure: boolean, through: ConnectOptions): Promise<void> {
        const port = Number((isSecure ? secure : plain)[0]!.addresses[0]![1]);
        const tls = isSecure ? { tls: { ca: CERT }, serverName: 'localhost' } : {};
        try {
          const client = await connect(`${isSecure ? 'wss' : 'ws'}://${host}:${port}/`, { ...through, ...tls });
          assert.deepEqual(client.remoteAddress, ['127.0.0.1', running.port]);
          const text = 'x'.repeat(200_000);
          await client.send(text);
          assert.equal(await client.recv(), text);
          await client.close();
          assert.equal(client.closeCode, 1000);
        } catch (cause) {
          throw new Error(`${tool} said:\n${running.daemon.output}`, { cause });
        }
      }

      for (const scheme of schemes) {
        for (const isSecure of [false, true]) {
          test(`reaches ${isSecure ? 'wss' : 'ws'} by ${scheme}, and closes in order`, async () => {
            await roundTrip('localhost', isSecure, options(scheme, right));
            await roundTrip('127.0.0.1', isSecure, options(scheme, right));
          });
        }

        if (!isIPv4Only) {
          test(`reaches an IPv6 address by ${scheme}`, () => roundTrip('[::1]', false, options(scheme, right)));
        }

        test(`is told by ${scheme} that nobody listens there`, async () => {
          const error = await rejection(connect(`ws://127.0.0.1:${await freePort()}/`, options(scheme, right)));
          assert.ok(error instanceof ProxyError, String(error));
          if (scheme.startsWith('http')) assert.match(error.message, /HTTP 50[0-9]$/);
        });

        if (!hasUsers) continue;
        for (const [who, user] of [
          ['with a wrong password', `${USER}:wrong@`],
          ['with a wrong name', `wrong:${PASSWORD}@`],
          ['without credentials', ''],
        ] as const) {
          test(`is not let in by ${scheme} ${who}`, async () => {
            const error = await rejection(connect('ws://127.0.0.1:1/', options(scheme, user)));
            if (error instanceof InvalidProxyStatus) {
              assert.match(String(error.response.statusCode), /^40[17]$/); // tinyproxy says 401 to whom it does not know
            } else {
              assert.ok(error instanceof ProxyError);
              assert.match((error.cause as Error).message, /auth/i);
            }
          });
        }
      }
    });
  }

  describe('through tinyproxy that refuses the port', { skip: requires('tinyproxy') }, () => {
    test('is told so', async () => {
      await using folder = await TemporaryFolder.make();
      const { daemon, port } = await startTinyproxy(folder, 'ConnectPort 1');
      await using _ = daemon;
      const error = await rejection(connect('ws://127.0.0.1:2/', { proxy: `http://127.0.0.1:${port}` }));
      assert.ok(error instanceof InvalidProxyStatus);
      assert.equal(error.response.statusCode, 403);
    });
  });
});

/** What a promise rejects with; fails when it resolves. */
const rejection = (promise: PromiseLike<unknown>): Promise<Error> =>
  Promise.resolve(
    promise.then(
      () => assert.fail('resolved'),
      (error: Error) => error,
    ),
  );
