// Our client against the Digest authentication of Apache, which was written by others: it lets in who answers as RFC 7616 says.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { connect, InvalidStatus, type Server, serve } from 'websockets-ts';
import { type Daemon, freePort, startDaemon, TemporaryFolder } from '../support/daemon.ts';
import { commandOf, requires } from '../support/requires.ts';

const MODULES = [
  'mpm_event',
  'authn_core',
  'authn_file',
  'authz_core',
  'authz_user',
  'auth_digest',
  'proxy',
  'proxy_wstunnel',
];
const REALM = 'the realm';

/** Apache in front of a server, with Digest for everybody; it does not run as root. */
const configuration = (folder: string, port: number, backend: number): string => `
ServerName localhost
ServerRoot ${folder}
Listen 127.0.0.1:${port}
PidFile ${folder}/pid
Mutex file:${folder}
DefaultRuntimeDir ${folder}
User nobody
Group nogroup
ErrorLog ${folder}/error.log
${MODULES.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`).join('\n')}
<Location />
  AuthType Digest
  AuthName "${REALM}"
  AuthDigestProvider file
  AuthUserFile ${folder}/users
  AuthDigestNonceLifetime 1
  Require valid-user
  ProxyPass ws://127.0.0.1:${backend}/
</Location>
`;

const userLine = (username: string, password: string): string => {
  const secret = createHash('md5').update(`${username}:${REALM}:${password}`).digest('hex');
  return `${username}:${REALM}:${secret}\n`;
};

suite('Apache with Digest in front of a server', { skip: requires('apache2') }, () => {
  let folder: TemporaryFolder;
  let apache: Daemon;
  let server: Server;
  let port: number;
  before(async () => {
    server = await serve(async (connection) => connection.send('Hello'), { host: '127.0.0.1', allowedHosts: null });
    folder = await TemporaryFolder.make();
    port = await freePort();
    await folder.write('users', userLine('ada', 'lovelace') + userLine('ädå', 'l"\\ö'));
    const file = await folder.write('apache.conf', configuration(folder.path, port, Number(server.addresses[0]![1])));
    apache = await startDaemon(commandOf('apache2'), ['-DFOREGROUND', '-f', file], { readyPort: port });
  });
  after(async () => {
    await apache?.[Symbol.asyncDispose]();
    server?.close();
    await server?.waitClosed();
    await folder?.[Symbol.asyncDispose]();
  });

  test('lets in who knows the password: named in the URI, or as an option without Basic', async () => {
    await using plain = await connect(`ws://ada:lovelace@127.0.0.1:${port}/path?query=1`);
    assert.equal(await plain.recv(), 'Hello');
    const credentials = { username: 'ädå', password: 'l"\\ö', scheme: 'digest' } as const;
    await using other = await connect(`ws://127.0.0.1:${port}/`, { credentials });
    assert.equal(await other.recv(), 'Hello');
  });

  test('refuses who does not', async () => {
    for (const userInfo of ['ada:wrong@', 'eve:lovelace@', '']) {
      await assert.rejects(connect(`ws://${userInfo}127.0.0.1:${port}/`), (error) => {
        assert.ok(error instanceof InvalidStatus);
        assert.equal(error.response.statusCode, 401);
        return true;
      });
    }
  });

  test('asks again when its nonce is too old, and lets the same client in again and again', async () => {
    let count = 0;
    const started = Date.now();
    for await (const connection of connect(`ws://ada:lovelace@127.0.0.1:${port}/`)) {
      assert.equal(await connection.recv(), 'Hello');
      count += 1;
      // Nonces live for a second here.
      if (Date.now() - started > 2_500) break;
      if (count % 3 === 0) await new Promise((resolve) => setTimeout(resolve, 500));
    }
    assert.ok(count > 5, String(count));
  });
});
