// A program: two workers of a cluster serve on one port, and a client meets both. Prints what each of them says of itself.
import cluster from 'node:cluster';
import { once } from 'node:events';
import type { Server as NetServer } from 'node:net';
import { promisify } from 'node:util';
import { connect, serve } from 'websockets-ts';

if (cluster.isPrimary) {
  const workers = [cluster.fork(), cluster.fork()];
  const ports = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as number));
  const answers = new Map<string, string>();
  while (answers.size < workers.length) {
    await using client = await connect(`ws://127.0.0.1:${ports[0]}/`);
    await client.send('who are you?');
    const [id, road] = String(await client.recv()).split(' ');
    answers.set(id!, road!);
  }
  console.log([...answers.values()].join(' '));
  for (const worker of workers) worker.disconnect();
} else {
  const server = await serve(
    {
      message: async (connection) => {
        const [socket] = server.sockets as [NetServer];
        const count = await promisify(socket.getConnections.bind(socket))();
        await connection.send(`${cluster.worker?.id} ${count === 0 ? 'handle' : 'socket'}`);
      },
    },
    { host: '127.0.0.1' },
  );
  process.send!(server.addresses[0]![1]);
}
