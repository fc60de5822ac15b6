// A terminal client for the demo: node build/examples/client.js [URI] [name]. Prints what happens, says what you type.
import { userInfo } from 'node:os';
import { createInterface } from 'node:readline';
import { type ClientConnection, ConnectionClosed, connect } from 'websockets-ts';
import { type ClientMessage, LIMITS, type Line, type ServerMessage, visibleText } from './demo/messages.ts';

const [uri = 'ws://127.0.0.1:8080/live', name = userInfo().username] = process.argv.slice(2);

const connection = await open();
if (connection !== null) await talk(connection);

async function open(): Promise<ClientConnection | null> {
  try {
    return await connect(`${uri}?name=${encodeURIComponent(name)}`);
  } catch (error) {
    print(`Can't connect to ${uri}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
    return null;
  }
}

/** Until one side closes: the server, Ctrl-C, or the end of the input. */
async function talk(connection: ClientConnection): Promise<void> {
  const extensions = connection.response?.headers.getAll('Sec-WebSocket-Extensions').join(', ');
  print(`Connected to ${uri} (${extensions || 'no compression'}).`);
  print('Type a message, +1 or -1 for the counter, /name NAME for another name. Ctrl-C leaves.');

  const input = createInterface({ input: process.stdin });
  input.on('line', (line) => {
    const message = messageOf(line.trim());
    // What can't be sent any more needs no word: the loop below tells how the connection ended.
    if (message !== null) connection.send(JSON.stringify(message)).catch(() => {});
  });
  const leave = (): void => void connection.close({ reason: 'bye' });
  input.once('close', leave);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, leave);

  try {
    for (;;) show(JSON.parse(await connection.recv({ decode: true })) as ServerMessage);
  } catch (error) {
    // Whatever else it is, it isn't our demo that talks there.
    if (!(error instanceof ConnectionClosed)) await connection.close({ code: 1003, reason: 'not understood' });
    print(`Closed: ${connection.protocol.closeExc.message}`);
  } finally {
    // Nobody listens any more: an open stdin would keep the process alive.
    process.stdin.destroy();
  }
}

function messageOf(line: string): ClientMessage | null {
  if (line === '') return null;
  if (line === '+1' || line === '-1') return { type: 'count', step: line === '+1' ? 1 : -1 };
  if (line.startsWith('/name ')) return { type: 'rename', name: line.slice('/name '.length).slice(0, LIMITS.name) };
  return { type: 'say', text: line.slice(0, LIMITS.text) };
}

function show(message: ServerMessage): void {
  switch (message.type) {
    case 'welcome':
      for (const line of message.lines) showLine(line);
      print(`The counter stands at ${message.count}.`);
      break;
    case 'line':
      showLine(message.line);
      break;
    case 'count':
      print(`${message.name} set the counter to ${message.count}.`);
      break;
    case 'guests':
    case 'pong':
      break; // For pages, which have room for them.
  }
}

function showLine(line: Line): void {
  const time = new Date(line.at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  print(`${time}  ${textOf(line)}`);
}

function textOf(line: Line): string {
  switch (line.kind) {
    case 'said':
      return `${line.name}: ${line.text}`;
    case 'joined':
      return `${line.name} joined`;
    case 'renamed':
      return `${line.name} is now ${line.newName}`;
    case 'left':
      return `${line.name} left: ${line.how}`;
  }
}

/** Others' text could hold what a terminal takes as a command. */
function print(text: string): void {
  console.log(visibleText(text));
}
