// An echo server on a plain socket of node:net: ServerProtocol does WebSocket and no I/O, the few lines around it do the I/O.
import { createServer } from 'node:net';
import { Frame, Opcode, Request, SEND_EOF, ServerProtocol, State } from 'websockets-ts/protocol';

const listener = createServer({ allowHalfOpen: true }, (socket) => {
  const protocol = new ServerProtocol();

  const flush = (): void => {
    for (const bytes of protocol.dataToSend()) {
      if (bytes === SEND_EOF) socket.end();
      else socket.write(bytes);
    }
    // RFC 6455 §7.1.1: the client is waited for now, but not for ever.
    if (protocol.closeExpected()) socket.setTimeout(10_000, () => socket.destroy());
  };

  socket.on('data', (bytes) => {
    protocol.receiveData(bytes);
    for (const event of protocol.eventsReceived()) {
      if (event instanceof Request) protocol.sendResponse(protocol.accept(event));
      else if (event instanceof Frame && protocol.state === State.OPEN) echo(protocol, event);
    }
    flush();
  });
  socket.on('end', () => {
    protocol.receiveEof();
    flush();
  });
  socket.on('error', () => socket.destroy());
});

/** Frame by frame: a message in fragments goes back in the same fragments. Pings and closes have been answered already. */
function echo(protocol: ServerProtocol, { opcode, data, fin }: Frame): void {
  if (opcode === Opcode.TEXT) protocol.sendText(data, fin);
  else if (opcode === Opcode.BINARY) protocol.sendBinary(data, fin);
  else if (opcode === Opcode.CONT) protocol.sendContinuation(data, fin);
}

listener.listen(Number(process.env['PORT'] ?? 8765), 'localhost', () =>
  console.log('listening on', listener.address()),
);
process.once('SIGINT', () => listener.close());
