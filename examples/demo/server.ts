// The demo: a page and the WebSocket it talks over, on one port. Run it with `npm start`, or `npm start -- --port 9000`.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Request, Response, type Server, type ServerConnection, serve } from 'websockets-ts';
import { Room } from './room.ts';

const LIVE_PATH = '/live';
const DEFAULT_PORT = 8080;

/** Found from the package, so that this file runs compiled and as it is. */
const folder = new URL('examples/demo/', import.meta.resolve('websockets-ts/package.json'));
const FILES: ReadonlyMap<string, { readonly type: string; readonly body: Uint8Array }> = new Map([
  ['/', { type: 'text/html; charset=utf-8', body: readFileSync(new URL('page.html', folder)) }],
  ['/page.css', { type: 'text/css; charset=utf-8', body: readFileSync(new URL('page.css', folder)) }],
  ['/page.js', { type: 'text/javascript; charset=utf-8', body: readFileSync(new URL('page.js', folder)) }],
]);

const room = new Room();
const server = await start(readSettings());
announce(server);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => server.close({ reason: 'the demo was stopped' }));
}

/** One port for both: what isn't the path of the WebSocket is a file of the page. */
function processRequest(connection: ServerConnection, { method, path }: Request): Response | null {
  const [pathname = ''] = path.split('?');
  // Null: go on with the handshake.
  if (pathname === LIVE_PATH) return room.isFull ? connection.respond(503, 'The room is full.\n') : null;
  const file = FILES.get(pathname);
  if (file === undefined) return connection.respond(404, 'There is nothing here.\n');
  if (method !== 'GET' && method !== 'HEAD') return connection.respond(405, 'This can only be read.\n');
  const headers = {
    Connection: 'close',
    'Content-Type': file.type,
    'Content-Length': String(file.body.length),
    'Cache-Control': 'no-cache',
    // All that the page needs comes from here; whatever a chat message might smuggle in would not run.
    'Content-Security-Policy':
      "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:",
    'X-Content-Type-Options': 'nosniff',
  };
  return new Response(200, 'OK', headers, method === 'HEAD' ? undefined : file.body);
}

interface Settings {
  readonly host: string;
  /** Null: the usual one, or another if that is taken. */
  readonly port: number | null;
}

/** What the command line says, else the environment. */
function readSettings(): Settings {
  const { values } = parseArgs({ options: { host: { type: 'string' }, port: { type: 'string' } } });
  const { HOST, PORT } = process.env;
  const port = values.port ?? PORT;
  return { host: values.host ?? HOST ?? '127.0.0.1', port: port === undefined ? null : Number(port) };
}

async function start({ host, port }: Settings): Promise<Server> {
  const listen = (port: number): Promise<Server> => serve(room, { host, port, processRequest, maxSize: 4_096 });
  try {
    return await listen(port ?? DEFAULT_PORT);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isTaken = 'code' in error && error.code === 'EADDRINUSE';
    if (isTaken && port === null) {
      console.log(`Port ${DEFAULT_PORT} is taken: using another.`);
      return listen(0);
    }
    console.error(
      isTaken ? `Port ${port} is taken. Try another: npm start -- --port 0` : `Can't listen: ${error.message}`,
    );
    process.exit(1);
  }
}

function announce({ addresses }: Server): void {
  const address = addresses[0];
  if (typeof address !== 'object') return;
  const [host, port] = address;
  const isAnywhere = host === '::' || host === '0.0.0.0';
  const authority = `${isAnywhere ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`;
  console.log(`
  websockets-ts demo

  Open in a browser, twice:  http://${authority}/
  Or in a second terminal:   node build/examples/client.js ws://${authority}${LIVE_PATH} Ada

  Ctrl-C stops it.
`);
}
