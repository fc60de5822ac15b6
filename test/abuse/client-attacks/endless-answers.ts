// Answers to the opening handshake that never end, in each of their parts.
import { type ClientAttack, MIB } from '../attack.ts';
import { flood } from '../hostile-server.ts';

const STATUS = 'HTTP/1.1 101 Switching Protocols\r\n';
const MEMORY = { bytes: 8 * MIB, because: '8 KiB a line, 128 headers or 64 KiB of them' };
const lines = (line: string): string => line.repeat(Math.ceil(65_536 / line.length));

const endless = (name: string, begin: string, more: string, ends: readonly string[]): ClientAttack => ({
  name,
  client: { openTimeoutMs: 2000 },
  expect: { ends, memory: MEMORY },
  serve: (socket) => flood(socket, begin, lines(more)),
});

export const endlessStatusLine: ClientAttack = endless('status line without end', 'HTTP/1.1 101 ', 'x', [
  'StatusLineTooLong',
]);

export const endlessHeaderLine: ClientAttack = endless('header line without end', `${STATUS}X-Long: `, 'x', [
  'InvalidMessage',
]);

export const endlessHeaders: ClientAttack = endless('headers without number', STATUS, 'X: y\r\n', ['InvalidMessage']);

export const endlessInterimResponses: ClientAttack = endless(
  '1xx responses without end',
  '',
  'HTTP/1.1 103 Early Hints\r\n\r\n',
  ['InvalidMessage', 'InvalidStatus'],
);

const BODY = { bytes: 5 * MIB, because: '1 MiB of a body (`maxBodyBytes`), doubled while it grows' };

const endlessBody = (name: string, begin: string, more: string): ClientAttack => ({
  name,
  client: { openTimeoutMs: 3000 },
  expect: { ends: ['InvalidMessage', 'InvalidStatus'], memory: BODY },
  serve: (socket) => flood(socket, `HTTP/1.1 403 Forbidden\r\n${begin}\r\n`, more),
});

export const hugeErrorBody: ClientAttack = endlessBody(
  'error body of 10 GiB',
  'Content-Length: 10737418240\r\n',
  'x'.repeat(65_536),
);

export const endlessErrorBody: ClientAttack = endlessBody('error body without end', '', 'x'.repeat(65_536));

export const chunkedErrorBody: ClientAttack = endlessBody(
  'error body in chunks without end',
  'Transfer-Encoding: chunked\r\n',
  `${'a'.padEnd(8000, ';')}\r\n0123456789\r\n`.repeat(8),
);
