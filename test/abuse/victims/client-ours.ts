// A client of ours under attack. Connects to where it is told to, reads all that comes, and says how it ended.
import { ConnectionClosed, type ConnectOptions, connect, version } from 'websockets-ts';
import type { ClientSettings } from '../attack.ts';
import { answer, say } from './gauge.ts';
import { obey } from './outcomes.ts';

const settings = JSON.parse(process.argv[2]!) as ClientSettings;
const options: ConnectOptions = {
  logger: { debug() {}, info() {}, warn() {}, error() {}, isEnabled: () => false },
  ...settings,
};

const describe = (error: unknown): string => {
  if (error instanceof ConnectionClosed) return `${error.name} ${error.sent?.code ?? error.rcvd?.code ?? 1006}`;
  return error instanceof Error ? error.name : String(error);
};

answer(
  obey({
    async visit(url, signal) {
      try {
        const connection = await connect(url, {
          ...options,
          signal,
          ...(url.startsWith('wss:') && { tls: { rejectUnauthorized: false } }),
        });
        signal.addEventListener('abort', () => connection.abort(), { once: true });
        for await (const _message of connection);
        return 'closed';
      } catch (error) {
        return signal.aborted ? 'open' : describe(error);
      }
    },
    async echo(url) {
      const connection = await connect(url, options);
      await connection.send('are you there?');
      await connection.recv();
      connection.abort();
    },
  }),
);
say({ version });
