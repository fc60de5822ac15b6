// The types that users build on. Never run: a line that does not hold stops the compilation.
import { type Connection, connect, type ServerConnection, serve } from 'websockets-ts';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Holds when the value has exactly the type `Expected`. */
const has =
  <Expected,>() =>
  <Actual,>(_value: Actual, _same: Same<Actual, Expected> extends true ? true : 'another type'): void => {};

export async function receiving(connection: Connection): Promise<void> {
  has<string>()(await connection.recv({ decode: true }), true);
  has<Uint8Array>()(await connection.recv({ decode: false }), true);
  has<string | Uint8Array>()(await connection.recv(), true);
  for await (const part of connection.recvStreaming({ decode: true })) has<string>()(part, true);
  for await (const message of connection) has<string | Uint8Array>()(message, true);
}

export async function sending(connection: Connection, stream: ReadableStream<string>): Promise<void> {
  await connection.send('text');
  await connection.send(new Uint8Array(1));
  await connection.send(new ArrayBuffer(1));
  await connection.send(['a', 'b']);
  await connection.send(stream);
  // @ts-expect-error a plain object is no message
  await connection.send({ text: 'text' });
}

export async function subprotocols(): Promise<void> {
  has<'chat' | 'superchat' | null>()(
    (await connect('ws://localhost', { subprotocols: ['chat', 'superchat'] })).subprotocol,
    true,
  );
  has<null>()((await connect('ws://localhost')).subprotocol, true);
}

export async function serving(): Promise<void> {
  const server = await serve((connection) => has<ServerConnection<null, undefined>>()(connection, true));
  for (const connection of server.connections) has<ServerConnection<null, undefined>>()(connection, true);
  await server.close();
  await server.waitClosed();
}

export async function options(): Promise<void> {
  await connect('ws://localhost', { openTimeoutMs: null, maxSize: [1_000_000, null], maxQueue: [8, 2] });
  // So that options can be passed on.
  await connect('ws://localhost', { openTimeoutMs: undefined });
  // @ts-expect-error no such option
  await connect('ws://localhost', { openTimeout: 5 });
}
