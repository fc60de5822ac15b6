// What the compiler must know about the public API. Nothing here runs: that this file compiles is the test.
import type { Server as HttpServer, IncomingMessage } from 'node:http';
import {
  attach,
  backoff,
  basicAuth,
  broadcast,
  ClientConnection,
  type ClientProtocol,
  type Connecting,
  type Connection,
  type ConnectionOptions,
  type ConnectOptions,
  closeOnSignals,
  connect,
  type Data,
  prepare,
  processException,
  type Request,
  Response,
  type ServeOptions,
  ServerConnection,
  type ServerConnectionOptions,
  type ServerProtocol,
  type ServerView,
  serve,
  unixConnect,
  unixServe,
  upgrade,
} from 'websockets-ts';
import * as compat from 'websockets-ts/compat';
import {
  type Converter,
  type Params,
  Router,
  type Rule,
  route,
  rule,
  unixRoute,
  urlPattern,
} from 'websockets-ts/router';
import { FakeClock, pair, testServer } from 'websockets-ts/testing';

/** Compiles only when the two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_yes: Same<A, B>): void => {};

export async function receiving(connection: Connection): Promise<void> {
  const text = await connection.recv({ decode: true });
  same<typeof text, string>(true);
  const bytes = await connection.recv({ decode: false, timeoutMs: 5 });
  same<typeof bytes, Uint8Array>(true);
  const either = await connection.recv();
  same<typeof either, Data>(true);
  const limited = await connection.recv({ signal: AbortSignal.timeout(1) });
  same<typeof limited, string | Uint8Array>(true);
  for await (const piece of connection.recvStreaming({ decode: true })) same<typeof piece, string>(true);
  for await (const piece of connection.recvStreaming({ decode: false })) same<typeof piece, Uint8Array>(true);
  for await (const piece of connection.recvStreaming()) same<typeof piece, Data>(true);
  for await (const message of connection) same<typeof message, Data>(true);
  const { pong, data } = await connection.ping();
  same<typeof pong, Promise<number>>(true);
  same<typeof data, Uint8Array>(true);
  for await (const message of connection.readable) same<typeof message, Data>(true);
  const used = await connection.use(() => 42);
  same<typeof used, number>(true);
}

export async function sending(connection: Connection): Promise<void> {
  await connection.send('text');
  await connection.send(new ArrayBuffer(1));
  await connection.send(new DataView(new ArrayBuffer(1)), { text: true });
  await connection.send(['a', 'b']);
  await connection.send(
    (async function* () {
      yield new Uint8Array(1);
    })(),
  );
  await connection.send(new ReadableStream<string>());
  const outcome = connection.trySend('text', { compress: false, maxBuffered: null });
  same<typeof outcome, 'sent' | 'queued' | 'dropped'>(true);
  const result = connection.cork(() => 42);
  same<typeof result, number>(true);
  await new ReadableStream<string>().pipeTo(connection.writable);
  // @ts-expect-error fragments need time
  connection.trySend(['a']);
  // @ts-expect-error numbers are no messages
  await connection.send(42);
  // @ts-expect-error nor are plain objects
  await connection.send({ a: 1 });
  broadcast(new Set([connection]), 'text', { raiseExceptions: true });
  const prepared = prepare('text', { compress: 'auto' });
  await connection.send(prepared, { compress: false });
  broadcast([connection], prepared);
  // @ts-expect-error fragments can't be prepared
  prepare(['a']);
  // @ts-expect-error fragments can't be broadcast
  broadcast([connection], ['a']);
}

export async function subprotocols(): Promise<void> {
  const literal = await connect('ws://localhost', { subprotocols: ['chat', 'superchat'] });
  same<typeof literal.subprotocol, 'chat' | 'superchat' | null>(true);
  const none = await connect('ws://localhost');
  same<typeof none.subprotocol, null>(true);
  const unix = await unixConnect('/path', undefined, { subprotocols: ['chat'] });
  same<typeof unix.subprotocol, 'chat' | null>(true);
  const connecting = connect('ws://localhost', { subprotocols: ['chat'] });
  same<typeof connecting, Connecting<ClientConnection<'chat' | null>>>(true);
  const assignable: ClientConnection = literal;
  await using scoped = assignable;
  await scoped.close({ code: 1000, reason: '' });
}

export async function reconnecting(): Promise<void> {
  for await (const connection of connect('ws://localhost', { subprotocols: ['chat'] })) {
    same<typeof connection, ClientConnection<'chat' | null>>(true);
  }
  for await (const client of connect('ws://localhost', { createConnection: makeMyClient })) {
    same<typeof client.room, string>(true);
  }
  connect('ws://localhost', { reconnectDelays: () => backoff({ fullJitter: true }), processException });
  connect('ws://localhost', {
    reconnectDelays: () => [1, 2][Symbol.iterator](),
    processException: (error) => console.log(error.message),
    reconnectPolicy: { stableAfterMs: 5000, stopCodes: [] },
  });
  // @ts-expect-error a verdict is an error or nothing
  connect('ws://localhost', { processException: () => true });
  // @ts-expect-error there is no such scheme
  connect('ws://localhost', { credentials: { username: 'a', password: 'b', scheme: 'bearer' } });
}

export async function serving(): Promise<void> {
  await using server = await serve(
    async (connection) => {
      same<typeof connection.subprotocol, 'chat' | null>(true);
      await connection.send('hello');
    },
    { subprotocols: ['chat'], selectSubprotocol: (_, offered) => (offered.includes('chat') ? 'chat' : null) },
  );
  same<typeof server.connections, ReadonlySet<ServerConnection<'chat' | null, undefined>>>(true);
  await serve({
    message: (connection, data, isText) => {
      same<typeof connection.subprotocol, null>(true);
      same<typeof data, Data>(true);
      same<typeof isText, boolean>(true);
    },
  });
  // @ts-expect-error a code alone is no option
  server.close(1001);
}

export const clientOptions: ConnectOptions = {
  pingIntervalMs: null,
  maxSize: [null, 1024],
  maxQueue: [16, null],
  compression: null,
};
export const serverOptions: ServeOptions = {
  origins: [null, /example/],
  allowedHosts: ['localhost'],
  writeLimit: [2, 1],
};

// Undefined means the default, so that options can be passed on.
export const passedOn: ServeOptions & ConnectOptions = {
  compression: undefined,
  signal: undefined,
  maxSize: undefined,
};

class Mine extends ServerConnection {
  readonly room: string = 'lobby';
}

const makeMine = (protocol: ServerProtocol, server: ServerView, options: ServerConnectionOptions): Mine =>
  new Mine(protocol, server, options);
const makeMyClient = (protocol: ClientProtocol, options: ConnectionOptions): MyClient =>
  new MyClient(protocol, options);

export async function ownClass(): Promise<void> {
  await using server = await serve((connection) => connection.send(connection.room), {
    createConnection: makeMine,
    processRequest: (connection) => (connection.room === '' ? connection.respond(404, '') : null),
  });
  same<typeof server.connections, ReadonlySet<Mine>>(true);
  await serve(async (connection) => same<typeof connection.subprotocol, 'a' | 'b'>(true), { subprotocols: ['a', 'b'] });
  await serve((connection: ServerConnection) => connection.close());
  await using client = await connect('ws://localhost', { createConnection: makeMyClient });
  same<typeof client.room, string>(true);
}

class MyClient extends ClientConnection {
  readonly room: string = 'lobby';
}

interface User {
  readonly name: string;
}

declare const findUser: (request: Request) => Promise<User | Response>;

export async function data(): Promise<void> {
  // Without authenticate there is no data, unless the type is named.
  await serve((connection) => same<typeof connection.data, undefined>(true));
  await serve<never, User | undefined>((connection) => {
    same<typeof connection.data, User | undefined>(true);
    connection.data = { name: 'Ann' };
  });
  await serve((connection: ServerConnection<null, User | undefined>) => {
    connection.data = { name: 'Ann' };
  });

  // The result of authenticate reaches both kinds of handlers and all hooks; a Response is not part of it.
  const server = await serve((connection) => same<typeof connection.data, User>(true), { authenticate: findUser });
  same<typeof server.connections, ReadonlySet<ServerConnection<null, User>>>(true);
  await serve(
    { message: (connection) => same<typeof connection.data, { id: number }>(true) },
    { authenticate: (request: Request) => (request.path === '/' ? new Response(401, '') : { id: 1 }) },
  );
  await serve((connection) => same<typeof connection.data, number>(true), { authenticate: () => 42 });
  await serve(
    (connection) => {
      same<typeof connection.data, User>(true);
      same<typeof connection.subprotocol, 'a' | 'b' | null>(true);
    },
    {
      authenticate: findUser,
      subprotocols: ['a', 'b'],
      selectSubprotocol: ({ data }) => {
        same<typeof data, User>(true);
        return 'a';
      },
      processRequest: ({ data }) => same<typeof data, User>(true),
      processResponse: ({ data }) => same<typeof data, User>(true),
    },
  );
  await serve((connection) => same<typeof connection.subprotocol, 'a'>(true), {
    authenticate: findUser,
    subprotocols: ['a'],
  });

  // A hook for any connection, such as those of basicAuth, takes nothing away from what the handler knows.
  const hook = (connection: ServerConnection, { path }: Request): Response | null =>
    path === '/' ? null : connection.respond(404, '');
  await serve(
    (connection) => {
      same<typeof connection.data, { name: string }>(true);
      same<typeof connection.subprotocol, 'a'>(true);
    },
    {
      subprotocols: ['a'],
      processRequest: basicAuth({ realm: 'r', credentials: ['u', 'p'] }),
      processResponse: hook,
      authenticate: (request: Request, connection: ServerConnection) =>
        request.path === '/' ? { name: 'Ann' } : connection.respond(401, ''),
    },
  );
  await serve((connection) => same<typeof connection.subprotocol, 'a' | null>(true), {
    subprotocols: ['a'],
    selectSubprotocol: (connection: ServerConnection) => (connection.data === undefined ? 'a' : null),
  });
  await route([{ path: '/<int:n>', handler: (connection) => same<typeof connection.data, User>(true) }], {
    processRequest: hook,
    authenticate: findUser,
  });

  // A handler that names its type, or takes any.
  const forUsers = (connection: ServerConnection<null, User>): Promise<void> => connection.send(connection.data.name);
  const forAll = (connection: ServerConnection): Promise<void> => connection.send(String(connection.data));
  await serve(forUsers, { authenticate: findUser });
  await serve(forAll, { authenticate: (request) => ({ id: request.path }) });
  await unixServe((connection) => connection.data.name, '/path', { authenticate: findUser });
  await unixServe((connection) => same<typeof connection.subprotocol, 'a' | null>(true), '/path', {
    subprotocols: ['a'],
    selectSubprotocol: () => null,
  });
  // @ts-expect-error the data is of another type
  await serve(forUsers, { authenticate: () => ({ id: 1 }) });
  // @ts-expect-error there is no data
  await serve(forUsers);

  // A class of one's own says which data it takes.
  class OfUser extends ServerConnection<null, User> {}
  const createConnection = (...args: ConstructorParameters<typeof OfUser>): OfUser => new OfUser(...args);
  const own = await serve((connection) => connection.data.name, { createConnection, authenticate: findUser });
  same<typeof own.connections, ReadonlySet<OfUser>>(true);
  await serve(() => {}, { createConnection, authenticate: (request) => ({ name: request.path }) });
  // @ts-expect-error the data is of another type
  await serve(() => {}, { createConnection, authenticate: () => ({ id: 1 }) });
}

declare const httpServer: HttpServer;
declare const upgradeRequest: IncomingMessage;

export async function attaching(): Promise<void> {
  const server = await attach(
    httpServer,
    (connection) => {
      same<typeof connection.data, User>(true);
      same<typeof connection.subprotocol, 'a' | null>(true);
    },
    { path: /\/chat/, authenticate: findUser, subprotocols: ['a'], selectSubprotocol: () => null },
  );
  same<typeof server.connections, ReadonlySet<ServerConnection<'a' | null, User>>>(true);
  await attach(httpServer, (connection) => same<typeof connection.data, undefined>(true), { path: '/chat' });
  const connection = await upgrade(upgradeRequest, upgradeRequest.socket, new Uint8Array(), {
    authenticate: findUser,
    subprotocols: ['a'],
  });
  same<typeof connection, ServerConnection<'a', User>>(true);
  const plain = await upgrade(upgradeRequest, upgradeRequest.socket, new Uint8Array());
  same<typeof plain, ServerConnection<null, undefined>>(true);
  using _binding = closeOnSignals([server, plain.server], { signals: ['SIGTERM'], graceMs: 1000, spreadMs: 10 });
  // @ts-expect-error whoever calls upgrade has no server to close by a signal
  await upgrade(upgradeRequest, upgradeRequest.socket, new Uint8Array(), { signal: AbortSignal.timeout(1) });
}

export async function inMemory(): Promise<void> {
  await using both = await pair({ client: { subprotocols: ['a', 'b'] }, server: { subprotocols: ['a'] } });
  same<typeof both.client.subprotocol, 'a' | 'b' | null>(true);
  same<typeof both.server.subprotocol, 'a'>(true);
  await using plain = await pair({ clock: new FakeClock(), seed: 1, faults: { chunkBytes: [1, 5] } });
  same<typeof plain.client, ClientConnection<null>>(true);
  same<typeof plain.server, ServerConnection<null, undefined>>(true);
  await using mine = await pair({ client: { createConnection: makeMyClient }, server: { createConnection: makeMine } });
  same<typeof mine.client, MyClient>(true);
  same<typeof mine.server, Mine>(true);
  await using host = await testServer((connection) => connection.send(connection.room), {
    createConnection: makeMine,
  });
  same<typeof host.server.connections, ReadonlySet<Mine>>(true);
  const client = await host.connect('/', { subprotocols: ['a'] });
  same<typeof client.subprotocol, 'a' | null>(true);
  await testServer(async (connection) => same<typeof connection.subprotocol, 'a' | null>(true), {
    subprotocols: ['a'],
    selectSubprotocol: () => null,
  });
  await testServer((connection) => same<typeof connection.data, User>(true), { authenticate: findUser });
  await using known = await pair({ server: { authenticate: findUser } });
  same<typeof known.server.data, User>(true);
  // @ts-expect-error there is no such fault
  await pair({ faults: { speed: 1 } });
  // @ts-expect-error the clock of the network is one that a test turns
  await pair({ clock: { now: () => 0, setTimer: () => ({ cancel() {} }) } });
}

// Example 5 of the specification, and what a rule knows of its parameters.

declare function echo(connection: Connection, count: number): Promise<void>;
declare const hex: Converter<bigint>;

export async function routing(): Promise<void> {
  await route(
    [
      { path: '/echo/<int:count>', handler: (ws, { count }) => echo(ws, count) },
      { path: '/', redirectTo: '/echo/1' },
    ],
    { port: 8080 },
  );
  const server = await route(
    [
      { path: '/', handler: (_, params) => same<keyof typeof params, never>(true) },
      {
        path: '/<a>/<string(length=2):b>/<float:c>/<path:d>/<uuid:e>',
        handler: (_, params) =>
          same<
            typeof params,
            { readonly a: string; readonly b: string; readonly c: number; readonly d: string; readonly e: string }
          >(true),
      },
      {
        path: `/<any(x, 'y', "z"):letter>`,
        handler: (_, params) => same<typeof params, { readonly letter: 'x' | 'y' | 'z' }>(true),
      },
      { path: '/<hex:n>', handler: (_, params) => same<typeof params, { readonly n: bigint }>(true) },
      { path: '/<unheard:n>', handler: (_, params) => same<typeof params, { readonly n: unknown }>(true) },
      {
        path: '/plain',
        handler: async (connection) => {
          same<typeof connection.subprotocol, 'chat' | null>(true);
          for await (const message of connection) await connection.send(message);
        },
      },
      { path: urlPattern('/users/:id'), handler: (_, params) => same<typeof params, { readonly id: string }>(true) },
      rule('/echo/<int:count>', (_, params) => same<typeof params, { readonly count: number }>(true)),
      rule('/list/<int:n>', (_, params) => same<typeof params, { readonly n: number; readonly page: number }>(true), {
        defaults: { page: 1 },
      }),
      rule('/hex/<hex:n>', (_, params) => same<typeof params, { readonly n: bigint }>(true), { converters: { hex } }),
    ],
    { converters: { hex }, subprotocols: ['chat'] },
  );
  same<typeof server.connections, ReadonlySet<ServerConnection<'chat' | null, undefined>>>(true);
  await route([{ path: '/<int:n>', handler: (connection) => same<typeof connection.data, User>(true) }], {
    authenticate: findUser,
  });
  await unixRoute(
    [
      {
        path: '/<int:n>',
        handler: {
          open: (connection, { n }) => echo(connection, n),
          message: (_, data, isText, { n }) => {
            same<typeof data, Data>(true);
            same<typeof isText, boolean>(true);
            same<typeof n, number>(true);
          },
          close: (_, code, reason, { n }) => {
            same<typeof code, number>(true);
            same<typeof reason, string>(true);
            same<typeof n, number>(true);
          },
        },
      },
    ],
    '/path',
  );
  // @ts-expect-error there is no such parameter
  await route([{ path: '/<a>', handler: (_, { b }) => b }]);
  // @ts-expect-error a rule does one thing only
  await route([{ path: '/', handler: () => {}, redirectTo: '/x' }]);
  const rules: Rule[] = [rule('/echo/<int:count>', (ws, { count }) => echo(ws, count))];
  await route(rules);
  new Router([{ path: '/<int:n>', handler: (_, { n }) => same<typeof n, number>(true) }]);
  new Router([{ path: '/<hex:n>', handler: (_, { n }) => same<typeof n, bigint>(true) }], { converters: { hex } });
  const router = new Router(rules);
  await serve(router.handler, { processRequest: router.processRequest });
}

type Pattern<Path extends string> = Params<ReturnType<typeof urlPattern<Path>>>;

export function patterns(): void {
  same<keyof Pattern<'/plain'>, never>(true);
  same<Pattern<'/:a-:b_2.txt'>, { readonly a: string; readonly b_2: string }>(true);
  same<Pattern<'/:a(\\d+)/:b?'>, { readonly a: string; readonly b: string | undefined }>(true);
  same<Pattern<'/:a(\\d+)?'>['a'], string | undefined>(true);
  same<Pattern<'/:a+/:b*'>, { readonly a: string; readonly b: string | undefined }>(true);
  same<Pattern<'{/:a}?/{x:b}/:c'>, { readonly a: string | undefined; readonly b: string; readonly c: string }>(true);
  same<Pattern<'/files/*'>[0], string | undefined>(true);
  same<Pattern<'/:a/(\\d+)'>, { readonly [group: number]: string | undefined; readonly a: string }>(true);
  same<Pattern<string>, Readonly<Record<string, string | undefined>>>(true);
  same<Params<string>, Readonly<Record<string, unknown>>>(true);
}

class Polite extends compat.WebSocketServerProtocol {
  readonly greeting: string = 'hello';
}

export async function legacy(): Promise<void> {
  await using server = await compat.serve(
    async (connection, path) => {
      same<typeof path, string>(true);
      await connection.send(connection.greeting);
    },
    { createProtocol: Polite, processRequest: (path, headers) => (headers.has(path) ? [404, []] : null) },
  );
  same<typeof server.connections, ReadonlySet<Polite>>(true);
  const connection = await compat.connect('ws://localhost', { extraHeaders: { a: 'b' }, subprotocols: ['chat'] });
  same<typeof connection, compat.WebSocketClientProtocol<'chat' | null>>(true);
  same<typeof connection.open, boolean>(true);
  await connection.close(1000, 'bye');
  await connection.close({ code: 1000 });
  for await (const again of compat.connect('ws://localhost')) same<typeof again.subprotocol, null>(true);
}
