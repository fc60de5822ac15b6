// A program: many clients of a server that stops. Each sends message after message, waits until it is confirmed, and goes on
// until it is closed. In the end it prints what they saw, as JSON.
import { type ClientConnection, ConnectionClosed, connect } from 'websockets-ts';

const [url = '', count = ''] = process.argv.slice(2);

/** What the clients saw, all together. */
export interface Seen {
  /** How many were closed with which `code reason`. */
  readonly ends: Record<string, number>;
  /** Messages that were confirmed. */
  confirmed: number;
  /** Confirmations that were not for the message that was sent last. */
  wrong: number;
}

const seen: Seen = { ends: {}, confirmed: 0, wrong: 0 };
let talking = 0;

async function talk(client: ClientConnection): Promise<void> {
  try {
    for (let number = 0; ; number++) {
      await client.send(`message ${number}`);
      if ((await client.recv()) !== `message ${number}`) seen.wrong++;
      seen.confirmed++;
      if (number === 0 && ++talking === clients.length) console.log('talking');
    }
  } catch (error) {
    if (!(error instanceof ConnectionClosed)) throw error;
  }
  await client.closed;
  const end = `${client.closeCode} ${client.closeReason}`.trimEnd();
  seen.ends[end] = (seen.ends[end] ?? 0) + 1;
}

const clients: ClientConnection[] = [];
while (clients.length < Number(count)) {
  const next = Math.min(50, Number(count) - clients.length);
  clients.push(...(await Promise.all(Array.from({ length: next }, () => connect(url, { compression: null })))));
}
await Promise.all(clients.map(talk));
console.log(`seen ${JSON.stringify(seen)}`);
