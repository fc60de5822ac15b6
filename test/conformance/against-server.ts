// The suite as a raw client: opens a connection for each case and runs it against an echo server.
// Knows the handshake from the client's side; what is in a case, it does not know.
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { chapters } from './chapters/index.ts';
import { type RequestCase, serverHandshake } from './chapters/server-handshake.ts';
import { Conversation } from './conversation.ts';
import { acceptFor, allValues, deflateTerms, type Head, parseHead, soleValue } from './http.ts';
import { Link } from './link.ts';
import type { Job } from './report.ts';
import { type Case, type Exchange, text, textMessage } from './script.ts';
import { encodeFrame } from './wire.ts';

/** The server under test. */
export interface Target {
  readonly url: URL;
  /** How long a case waits for anything. */
  readonly timeoutMs: number;
}

const ECHO: readonly Exchange[] = [{ send: [text('hello')], expect: { messages: [textMessage('hello')] } }];

/** All cases for a server. */
export function serverJobs(options: { readonly full: boolean }): Job<Target>[] {
  const jobs: Job<Target>[] = [];
  for (const { section, title: chapter, cases } of serverHandshake) {
    for (const item of cases()) {
      jobs.push({
        section,
        chapter,
        title: item.title,
        run: (target) => withLink(target, (link) => tryRequest(link, target, item)),
      });
    }
  }
  for (const { section, title: chapter, cases } of chapters) {
    for (const item of cases(options)) {
      if (item.only === 'client') continue;
      jobs.push({
        section,
        chapter,
        title: item.title,
        run: (target) => withLink(target, (link) => tryCase(link, target, item)),
      });
    }
  }
  return jobs;
}

async function withLink({ url, timeoutMs }: Target, use: (link: Link) => Promise<void>): Promise<void> {
  const link = await Link.connect(url.hostname.replace(/^\[(.*)\]$/, '$1'), Number(url.port || 80), timeoutMs);
  try {
    await use(link);
  } finally {
    link.destroy();
  }
}

/** The offer that asks for what the case wants; the suite is the client. */
function offerOf({ ours = {}, theirs = {} }: NonNullable<Case['deflate']>): string {
  return [
    'permessage-deflate',
    ...(theirs.noContextTakeover ? ['server_no_context_takeover'] : []),
    ...(ours.noContextTakeover ? ['client_no_context_takeover'] : []),
    ...(theirs.windowBits === undefined ? [] : [`server_max_window_bits=${theirs.windowBits}`]),
    ...(ours.windowBits === undefined ? [] : [`client_max_window_bits=${ours.windowBits}`]),
  ].join('; ');
}

async function tryCase(link: Link, { url }: Target, item: Case): Promise<void> {
  const key = randomBytes(16).toString('base64');
  const offer = item.deflate === undefined ? [] : [`Sec-WebSocket-Extensions: ${offerOf(item.deflate)}`];
  const lines = [
    `GET ${url.pathname}${url.search} HTTP/1.1`,
    `Host: ${url.host}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Key: ${key}`,
    'Sec-WebSocket-Version: 13',
    ...offer,
  ];
  await link.write(Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'));
  const head = await readSwitch(link, key);
  const terms = deflateTerms(allValues(head, 'Sec-WebSocket-Extensions')[0]);
  if (terms === null && item.deflate !== undefined)
    throw new Error(`the server did not take "${offerOf(item.deflate)}"`);
  if (terms !== null && item.deflate === undefined)
    throw new Error('the server answered an extension that was not offered');
  const { ours, theirs } = item.deflate ?? {};
  if (terms !== null && terms.client.windowBits > (ours?.windowBits ?? 15))
    throw new Error('the server widened our window');
  if (terms !== null && terms.server.windowBits > (theirs?.windowBits ?? 15))
    throw new Error('the server takes a wider window');
  await new Conversation(link, 'client', terms).run(item.exchanges);
}

/** Reads a response that must switch protocols, and checks every field of it (RFC 6455 §4.2.2). */
async function readSwitch(link: Link, key: string): Promise<Head> {
  const bytes = await link.takeThrough('\r\n\r\n');
  if (bytes === null) throw new Error('TCP ended without a response');
  const head = parseHead(bytes);
  if (!/^HTTP\/1\.1 101 /.test(head.startLine)) throw new Error(`answered "${head.startLine}"`);
  if (soleValue(head, 'Upgrade').toLowerCase() !== 'websocket') throw new Error('Upgrade is not websocket');
  if (soleValue(head, 'Connection').toLowerCase() !== 'upgrade') throw new Error('Connection is not Upgrade');
  if (soleValue(head, 'Sec-WebSocket-Accept') !== acceptFor(key)) throw new Error('wrong Sec-WebSocket-Accept');
  for (const name of ['Sec-WebSocket-Protocol', 'Content-Length', 'Transfer-Encoding']) {
    if (allValues(head, name).length > 0) throw new Error(`a ${name} that has no place here`);
  }
  return head;
}

async function tryRequest(link: Link, { url, timeoutMs }: Target, item: RequestCase): Promise<void> {
  const request = item.request.replaceAll('{host}', url.host).replaceAll('{name}', url.hostname);
  const behind = (item.behind ?? []).map((frame) => encodeFrame(frame, 'client'));
  const bytes = Buffer.concat([Buffer.from(request, 'latin1'), ...behind]);
  if (item.dripMs === undefined) await link.write(bytes, item.cut);
  else await drip(link, bytes, item.dripMs);
  if (item.hangUp === 'fin') link.end();
  const { answer } = item;
  if (answer.status === 101) {
    const head = await readSwitch(link, /^Sec-WebSocket-Key: *(\S+)/im.exec(request)?.[1] ?? '');
    const extensions = allValues(head, 'Sec-WebSocket-Extensions');
    if (parameters(extensions.join()) !== parameters(answer.extensions ?? '')) {
      throw new Error(`answered the extensions "${extensions.join()}", expected "${answer.extensions ?? ''}"`);
    }
    await new Conversation(link, 'client', deflateTerms(extensions[0])).run(answer.then ?? ECHO);
    return;
  }
  if (answer.status === 'drop') {
    const rest = (await link.takeAll()).toString('latin1');
    if (rest !== '' && !rest.startsWith('HTTP/1.1 400 ')) throw new Error(`got ${JSON.stringify(rest.slice(0, 100))}`);
    return;
  }
  await expectRefusal(link, answer, answer.withinSeconds === undefined ? timeoutMs : answer.withinSeconds * 1000);
}

/** An extension with its parameters in alphabetical order. */
const parameters = (extension: string): string =>
  extension
    .split(';')
    .map((part) => part.trim())
    .sort()
    .join(';');

async function drip(link: Link, bytes: Buffer, everyMs: number): Promise<void> {
  for (const byte of bytes) {
    if (link.waiting > 0 || link.ending !== 'open') return;
    await link.write(Buffer.of(byte));
    await sleep(everyMs);
  }
}

/** Reads a response that must refuse: one of the statuses, a whole plain-text body, and the end of TCP behind it. */
async function expectRefusal(
  link: Link,
  {
    status,
    fields = {},
    body,
  }: { status: readonly number[]; fields?: Readonly<Record<string, string>>; body?: RegExp },
  timeoutMs: number,
): Promise<void> {
  const bytes = await link.takeThrough('\r\n\r\n', timeoutMs);
  if (bytes === null) throw new Error(`TCP ended without a response, expected ${status.join(' or ')}`);
  const head = parseHead(bytes);
  const got = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head.startLine)?.[1]);
  if (!status.includes(got)) throw new Error(`answered "${head.startLine}", expected ${status.join(' or ')}`);
  const received = await link.takeAll();
  if (soleValue(head, 'Connection').toLowerCase() !== 'close') throw new Error('Connection is not close');
  if (soleValue(head, 'Content-Length') !== String(received.length)) {
    throw new Error(`Content-Length ${soleValue(head, 'Content-Length')}, but ${received.length} bytes came`);
  }
  if (!/^text\/plain; *charset=utf-8$/i.test(soleValue(head, 'Content-Type')))
    throw new Error('not plain text in UTF-8');
  for (const [name, value] of Object.entries(fields)) {
    if (soleValue(head, name).toLowerCase() !== value.toLowerCase())
      throw new Error(`${name} is "${soleValue(head, name)}"`);
  }
  if (received.length === 0) throw new Error('the response does not say why');
  if (body?.test(received.toString('utf8')) === false)
    throw new Error(`the body ${JSON.stringify(received.toString())}`);
}
