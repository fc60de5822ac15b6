// A client of ws under attack, with its defaults.
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { WebSocket } from 'ws';
import type { ClientSettings } from '../attack.ts';
import { answer, say } from './gauge.ts';
import { obey } from './outcomes.ts';

const { openTimeoutMs, closeTimeoutMs } = JSON.parse(process.argv[2]!) as ClientSettings;
const options = {
  ...(openTimeoutMs !== undefined && { handshakeTimeout: openTimeoutMs }),
  ...(closeTimeoutMs !== undefined && { closeTimeout: closeTimeoutMs }),
  rejectUnauthorized: false,
  followRedirects: true,
};

answer(
  obey({
    visit: (url, signal) =>
      new Promise((resolve) => {
        const connection = new WebSocket(url, options);
        let error: (Error & { code?: string }) | null = null;
        signal.addEventListener('abort', () => connection.terminate(), { once: true });
        connection.on('message', () => {});
        connection.on('error', (cause: Error) => {
          error ??= cause;
        });
        connection.on('close', (code) => {
          if (signal.aborted) resolve('open');
          else resolve(error === null ? `closed ${code}` : (error.code ?? error.message.slice(0, 40)));
        });
      }),
    async echo(url) {
      const connection = new WebSocket(url);
      await once(connection, 'open');
      connection.send('are you there?');
      await once(connection, 'message');
      connection.terminate();
    },
  }),
);
const { version } = createRequire(import.meta.url)('ws/package.json') as { version: string };
say({ version });
