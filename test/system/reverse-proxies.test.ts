// Servers behind nginx and HAProxy, which are configured by the files that the documentation shows.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { suite, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  attach,
  type ClientConnection,
  type ConnectOptions,
  connect,
  type DirectHandlers,
  type InvalidStatus,
  type ServeOptions,
  type Server,
  type ServerConnection,
  serve,
} from 'websockets-ts';
import { rejection } from '../behaviour/meet.ts';
import { CERT, KEY } from '../support/certificate.ts';
import { type Daemon, freePort, startDaemon, TemporaryFolder } from '../support/daemon.ts';
import { LogRecorder } from '../support/log-recorder.ts';
import { commandOf, requires } from '../support/requires.ts';

/** What the files say, and what the tests put there instead. */
interface Places {
  readonly http: number;
  readonly https: number;
  readonly backends: readonly [number, number];
  readonly folder: TemporaryFolder;
  /** How long a connection may be silent, as the files have it: `60s`. */
  readonly silence: string;
}

interface ReverseProxy {
  readonly name: 'nginx' | 'haproxy';
  readonly start: (places: Places) => Promise<Daemon>;
}

/** A file of the documentation with these texts replaced, each of which must stand there. */
function configuration(file: string, replacements: Readonly<Record<string, string>>): string {
  let text = readFileSync(new URL(`../../../docs/howto/${file}`, import.meta.url), 'utf8');
  for (const [written, ours] of Object.entries(replacements)) {
    assert.ok(text.includes(written), `${file} has no ${written}`);
    text = text.replaceAll(written, ours);
  }
  return text;
}

const nginx: ReverseProxy = {
  name: 'nginx',
  start: async ({ http, https, backends, folder, silence }) => {
    const site = configuration('nginx.conf', {
      'listen 80;': `listen 127.0.0.1:${http};`,
      'listen 443 ssl;': `listen 127.0.0.1:${https} ssl;`,
      '127.0.0.1:8001': `127.0.0.1:${backends[0]}`,
      '127.0.0.1:8002': `127.0.0.1:${backends[1]}`,
      '/etc/ssl/app.example.com.crt': await folder.write('cert.pem', CERT),
      '/etc/ssl/app.example.com.key': await folder.write('key.pem', KEY),
      '60s;': `${silence};`,
    });
    // What the file is included by on a system, with everything in our folder.
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (kind) => `${kind}_temp_path ${folder.path}/${kind};`,
    );
    const main = await folder.write(
      'nginx.conf',
      `daemon off; pid ${folder.path}/pid; error_log stderr; events {}\nhttp { access_log off; ${temporary.join(' ')}\n${site}\n}\n`,
    );
    return startDaemon(commandOf('nginx'), ['-p', folder.path, '-c', main], { readyPort: http });
  },
};

const haproxy: ReverseProxy = {
  name: 'haproxy',
  start: async ({ http, https, backends, folder, silence }) => {
    const file = await folder.write(
      'haproxy.cfg',
      configuration('haproxy.cfg', {
        'bind :80': `bind 127.0.0.1:${http}`,
        'bind :443': `bind 127.0.0.1:${https}`,
        '127.0.0.1:8001': `127.0.0.1:${backends[0]}`,
        '127.0.0.1:8002': `127.0.0.1:${backends[1]}`,
        '/etc/ssl/app.example.com.pem': await folder.write('both.pem', CERT + KEY),
        'tunnel 60s': `tunnel ${silence}`,
      }),
    );
    return startDaemon(commandOf('haproxy'), ['-db', '-f', file], { readyPort: http });
  },
};

/** Says who it is, and sends back what it is sent. */
const named = (name: string): DirectHandlers<ServerConnection> => ({
  message: (connection, data) => connection.send(data === 'who?' ? name : data),
});

/** What a server behind a proxy on the same machine needs: there the loopback is no sign of a developer's machine. */
const OPTIONS: ServeOptions = {
  allowedHosts: ['app.example.com'],
  maxSize: 16_777_216,
  processRequest: (connection, { path }) => (path === '/healthz' ? connection.respond(200, 'OK\n') : null),
};

interface Deployment extends AsyncDisposable {
  readonly proxy: Daemon;
  readonly servers: readonly [Server, Server];
  readonly connect: (
    options?: ConnectOptions & { readonly secure?: boolean; readonly path?: string },
  ) => Promise<ClientConnection>;
  readonly fetch: (path: string, headers?: Readonly<Record<string, string>>) => Promise<string>;
}

/** Two servers with these options behind the proxy. */
async function deploy(
  proxy: ReverseProxy,
  options: ServeOptions = {},
  { silence = '60s' }: { readonly silence?: string } = {},
): Promise<Deployment> {
  const folder = await TemporaryFolder.make();
  const serverOf = (name: string): Promise<Server> =>
    serve(named(name), { ...OPTIONS, host: '127.0.0.1', ...options }) as Promise<Server>;
  const servers = [await serverOf('one'), await serverOf('two')] as const;
  const ports = servers.map(({ addresses }) => Number(addresses[0]?.[1])) as [number, number];
  const [http, https] = [await freePort(), await freePort()];
  const daemon = await proxy.start({ http, https, backends: ports, folder, silence });
  return {
    proxy: daemon,
    servers,
    connect: ({ secure = false, path = '/', ...rest } = {}) => {
      const tls = secure ? { tls: { ca: CERT }, serverName: 'localhost' } : {};
      const [scheme, port] = secure ? ['wss', https] : ['ws', http];
      return Promise.resolve(
        connect(`${scheme}://app.example.com:${port}${path}`, { host: '127.0.0.1', ...tls, maxSize: null, ...rest }),
      ) as Promise<ClientConnection>;
    },
    fetch: async (path) => {
      const response = await fetch(`http://127.0.0.1:${http}${path}`, { headers: { Host: 'app.example.com' } });
      return `${response.status} ${await response.text()}`;
    },
    [Symbol.asyncDispose]: async () => {
      await daemon[Symbol.asyncDispose]();
      for (const server of servers) {
        server.abort();
        await server.waitClosed();
      }
      await folder[Symbol.asyncDispose]();
    },
  };
}

const ask = async (client: ClientConnection, text = 'who?'): Promise<unknown> => {
  await client.send(text);
  return client.recv();
};

for (const proxy of [nginx, haproxy]) {
  suite(proxy.name, { skip: requires(proxy.name) }, () => {
    for (const secure of [false, true]) {
      test(`passes connections on, ${secure ? 'wss' : 'ws'} from the client`, async () => {
        await using d = await deploy(proxy, { subprotocols: ['chat'] });
        await using client = await d.connect({ secure, subprotocols: ['chat'], path: '/room?id=1' });
        assert.match(String(await ask(client)), /^(one|two)$/);
        assert.equal(client.subprotocol, 'chat');
        assert.deepEqual(
          client.protocol.extensions.map(({ name }) => name),
          ['permessage-deflate'],
        );
        const [connection] = d.servers.flatMap(({ connections }) => [...connections]);
        assert.equal(connection?.request?.path, '/room?id=1');
        const { headers } = connection.request;
        assert.equal(headers.get('X-Forwarded-For'), '127.0.0.1');
        assert.equal(headers.get('X-Forwarded-Proto'), secure ? 'https' : 'http');
      });
    }

    test('tells who the client is, whatever the client says', async () => {
      await using d = await deploy(proxy);
      await using client = await d.connect({ additionalHeaders: { 'X-Forwarded-For': '192.0.2.1' } });
      await ask(client);
      const [connection] = d.servers.flatMap(({ connections }) => [...connections]);
      assert.deepEqual(connection?.request?.headers.getAll('X-Forwarded-For'), ['127.0.0.1']);
    });

    test('leaves Host and Origin as they were: pages of the site may connect, others not', async () => {
      await using d = await deploy(proxy, { logger: new LogRecorder('error') });
      await using client = await d.connect({ origin: 'https://app.example.com' });
      assert.match(String(await ask(client)), /one|two/);
      const { response } = (await rejection(d.connect({ origin: 'https://evil.example' }))) as InvalidStatus;
      assert.equal(response.statusCode, 403);
      assert.match(Buffer.from(response.body).toString(), /"origins"/);
    });

    test('needs allowedHosts with a server on the loopback', async () => {
      await using d = await deploy(proxy, { allowedHosts: ['other.example'], logger: new LogRecorder('error') });
      const { response } = (await rejection(d.connect())) as InvalidStatus;
      assert.equal(response.statusCode, 403);
      assert.match(Buffer.from(response.body).toString(), /"allowedHosts"/);
    });

    test('carries large messages, and bytes as they are', async () => {
      await using d = await deploy(proxy);
      for (const secure of [false, true]) {
        await using client = await d.connect({ secure, compression: null });
        const message = new Uint8Array(8_000_000).map((_, i) => i * 31);
        await client.send(message);
        assert.ok(Buffer.compare((await client.recv()) as Uint8Array, message) === 0);
      }
    });

    test('passes close codes and reasons on, both ways', async () => {
      await using d = await deploy(proxy);
      const first = await d.connect();
      await ask(first);
      const [connection] = d.servers.flatMap(({ connections }) => [...connections]);
      await connection?.close({ code: 4001, reason: 'enough' });
      await first.closed;
      assert.equal(`${first.closeCode} ${first.closeReason}`, '4001 enough');
      const second = await d.connect();
      await ask(second);
      const [other] = d.servers.flatMap(({ connections }) => [...connections]);
      await second.close({ code: 4002, reason: 'bye' });
      await other?.closed;
      assert.equal(`${other?.closeCode} ${other?.closeReason}`, '4002 bye');
    });

    test('keeps a silent connection as long as there are pings, and cuts it without them', async () => {
      await using d = await deploy(proxy, { pingIntervalMs: 300 }, { silence: '1s' });
      await using kept = await d.connect({ pingIntervalMs: null });
      await sleep(2500);
      assert.match(String(await ask(kept)), /one|two/);
      await using silent = await deploy(proxy, { pingIntervalMs: null }, { silence: '1s' });
      const cut = await silent.connect({ pingIntervalMs: null });
      await cut.closed;
      assert.equal(cut.closeCode, 1006);
    });

    test('asks the health of the servers', async () => {
      await using d = await deploy(proxy);
      assert.equal(await d.fetch('/healthz'), '200 OK\n');
    });

    test('spreads connections over both servers, and leaves out one that is gone', async () => {
      await using d = await deploy(proxy);
      await using first = await d.connect();
      await using second = await d.connect();
      assert.deepEqual([await ask(first), await ask(second)].sort(), ['one', 'two']);
      d.servers[0].close({ code: 1012, reason: 'deploy' });
      await d.servers[0].waitClosed();
      const gone = (await Promise.race([
        first.closed.then(() => first),
        second.closed.then(() => second),
      ])) as ClientConnection;
      assert.equal(`${gone.closeCode} ${gone.closeReason}`, '1012 deploy');
      for (let i = 0; i < 4; i++) {
        await using client = await d.connect();
        assert.equal(await ask(client), 'two');
      }
    });

    test('takes a handshake to the other server when one answers that it is stopping', async () => {
      // On an HTTP server that goes on listening, and is healthy: 503 tells, not a refused connection or a failed check.
      const http = createServer((_, response) => void response.end('OK\n')).listen(0, '127.0.0.1');
      await once(http, 'listening');
      let handshakes = 0;
      http.on('upgrade', () => handshakes++);
      const stopping = await attach(http, (connection: ServerConnection) => connection.closed, OPTIONS);
      await using other = await serve(named('other'), { ...OPTIONS, host: '127.0.0.1' });
      const backends = [stopping, other].map(({ addresses }) => Number(addresses[0]?.[1])) as [number, number];
      const held = await connect(`ws://app.example.com:${backends[0]}`, { host: '127.0.0.1' });
      stopping.close({ closeConnections: false });
      try {
        await using folder = await TemporaryFolder.make();
        const [port, secure] = [await freePort(), await freePort()];
        await using _daemon = await proxy.start({ http: port, https: secure, backends, folder, silence: '60s' });
        for (let i = 0; i < 6; i++) {
          await using client = await connect(`ws://app.example.com:${port}`, { host: '127.0.0.1' });
          assert.equal(await ask(client), 'other');
        }
        assert.ok(handshakes > 1, 'no handshake came to the server that is stopping');
      } finally {
        await held.close();
        await stopping.waitClosed();
        http.close();
        http.closeAllConnections();
      }
    });
  });
}
