// Sends a message and prints what comes back: node build/examples/echo-client.js [URI].
import { connect } from 'websockets-ts';

const connection = await connect(process.argv[2] ?? 'ws://localhost:8765');
// Closes when the function returns, and when it throws.
await connection.use(async () => {
  await connection.send('Hello, world!');
  console.log('received:', await connection.recv());

  const { pong } = await connection.ping();
  console.log(`round trip: ${((await pong) * 1000).toFixed(1)} ms`);
});
