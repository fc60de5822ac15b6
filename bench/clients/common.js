// What all clients under test share: their orders. The server starts, and clients give back what comes: theirs is the same
// work as a server's. Runs on Node, Bun and Deno.

/** Where to connect, and how often. */
const { port, connections } = JSON.parse(process.argv[2]);

/** Opens all connections, one after the other: `open` gives a promise of one. Ends with stdin. */
export async function openAll(open) {
  process.stdin.on('end', () => process.exit()).resume();
  for (let i = 0; i < connections; i += 1) await open(`ws://127.0.0.1:${port}/`);
}

/** The same with a class that has the interface of browsers. */
export const openWebSockets = (WebSocket) =>
  openAll(async (uri) => {
    const socket = new WebSocket(uri);
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => socket.send(data);
    await new Promise((resolve, reject) => {
      socket.onopen = resolve;
      socket.onerror = reject;
    });
  });
