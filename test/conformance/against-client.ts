// The suite as a raw server: tells a client how many cases there are and runs one on each connection that it opens.
// Knows the handshake from the server's side; what is in a case, it does not know.
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type AnswerCase, clientHandshake } from './chapters/client-handshake.ts';
import { chapters } from './chapters/index.ts';
import { Conversation } from './conversation.ts';
import { acceptFor, allValues, deflateTerms, type Head, parseHead, soleValue } from './http.ts';
import { Link } from './link.ts';
import { attempt, type Job, type Result } from './report.ts';
import { type Case, close, type Exchange, text, textMessage } from './script.ts';
import { encodeFrame } from './wire.ts';

/** A connection of the client under test, its request read and found good. */
export interface Visit {
  readonly link: Link;
  readonly request: Head;
  readonly timeoutMs: number;
}

const ECHO: readonly Exchange[] = [{ send: [text('hello')], expect: { messages: [textMessage('hello')] } }];

/** All cases for a client. */
export function clientJobs(options: { readonly full: boolean }): Job<Visit>[] {
  const jobs: Job<Visit>[] = [];
  for (const { section, title: chapter, cases } of clientHandshake) {
    for (const item of cases())
      jobs.push({ section, chapter, title: item.title, run: (visit) => tryAnswer(visit, item) });
  }
  for (const { section, title: chapter, cases } of chapters) {
    for (const item of cases(options)) {
      if (item.only === 'server') continue;
      jobs.push({ section, chapter, title: item.title, run: (visit) => tryCase(visit, item) });
    }
  }
  jobs.push({
    section: 'RFC 6455 §7.1.1',
    chapter: 'the client leaves it to the server to end TCP',
    title: 'a second after the closing handshake TCP is still open',
    run: waitForUs,
  });
  return jobs;
}

function switching(request: Head, extension: string | null): Buffer {
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${acceptFor(soleValue(request, 'Sec-WebSocket-Key'))}`,
    ...(extension === null ? [] : [`Sec-WebSocket-Extensions: ${extension}`]),
  ];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
}

/** The answer that sets what the case wants; the suite is the server. */
function extensionFor(request: Head, { ours = {}, theirs = {} }: NonNullable<Case['deflate']>): string {
  const offer = allValues(request, 'Sec-WebSocket-Extensions')
    .join(',')
    .split(',')
    .map((one) => one.split(';').map((part) => part.trim()))
    .find(([name]) => name === 'permessage-deflate');
  if (offer === undefined) throw new Error('the client did not offer permessage-deflate');
  const mayNarrow = offer.some((part) => part.startsWith('client_max_window_bits'));
  if (theirs.windowBits !== undefined && !mayNarrow) throw new Error('the client did not offer client_max_window_bits');
  return [
    'permessage-deflate',
    ...(ours.noContextTakeover ? ['server_no_context_takeover'] : []),
    ...(theirs.noContextTakeover ? ['client_no_context_takeover'] : []),
    ...(ours.windowBits === undefined ? [] : [`server_max_window_bits=${ours.windowBits}`]),
    ...(theirs.windowBits === undefined ? [] : [`client_max_window_bits=${theirs.windowBits}`]),
  ].join('; ');
}

async function tryCase({ link, request }: Visit, item: Case): Promise<void> {
  const extension = item.deflate === undefined ? null : extensionFor(request, item.deflate);
  await link.write(switching(request, extension));
  await new Conversation(link, 'server', deflateTerms(extension ?? undefined)).run(item.exchanges);
}

async function tryAnswer({ link, request, timeoutMs }: Visit, item: AnswerCase): Promise<void> {
  const accept = acceptFor(soleValue(request, 'Sec-WebSocket-Key'));
  const answer = item.answer.replaceAll('{accept}', accept).replaceAll('{lower}', accept.toLowerCase());
  const behind = (item.behind ?? []).map((frame) => encodeFrame(frame, 'server'));
  await link.write(Buffer.concat([Buffer.from(answer, 'latin1'), ...behind]), item.cut);
  if (item.hangUp === 'fin') link.end();
  if (item.hangUp === 'reset') return link.reset();
  if (item.outcome === 'open') {
    await new Conversation(link, 'server', null).run(item.then ?? ECHO);
    return;
  }
  const rest = await link.takeAll(item.withinSeconds === undefined ? timeoutMs : item.withinSeconds * 1000);
  if (rest.length > 0) throw new Error(`the client took the answer and sent ${rest.toString('hex', 0, 40)}`);
}

/** Closes in order, but ends TCP late: the client has to wait for it. */
async function waitForUs({ link, request }: Visit): Promise<void> {
  await link.write(switching(request, null));
  await link.write(encodeFrame(close(1000), 'server'));
  if ((await link.take(8))?.[0] !== 0x88) throw new Error('our close was not answered with a close');
  const waited = await link.takeAll(1000).then(
    () => false,
    () => true,
  );
  if (!waited) throw new Error('the client ended TCP before the server did');
  link.end();
  await link.takeAll();
}

/** Checks what a client may send to open a connection (RFC 6455 §4.1). */
function checkRequest(request: Head, address: string, keys: Set<string>): void {
  if (!/^GET \/\S* HTTP\/1\.1$/.test(request.startLine)) throw new Error(`the request line "${request.startLine}"`);
  if (soleValue(request, 'Host') !== address)
    throw new Error(`Host is "${soleValue(request, 'Host')}", expected "${address}"`);
  if (soleValue(request, 'Upgrade').toLowerCase() !== 'websocket') throw new Error('Upgrade is not websocket');
  if (!/(^|,)\s*upgrade\s*(,|$)/i.test(soleValue(request, 'Connection')))
    throw new Error('Connection does not say upgrade');
  if (soleValue(request, 'Sec-WebSocket-Version') !== '13') throw new Error('the version is not 13');
  const key = soleValue(request, 'Sec-WebSocket-Key');
  if (!/^[A-Za-z0-9+/]{21}[AQgw]==$/.test(key)) throw new Error(`the key "${key}" is not 16 bytes in base64`);
  if (keys.has(key)) throw new Error('a key was used before');
  keys.add(key);
  for (const name of ['Sec-WebSocket-Accept', 'Content-Length', 'Transfer-Encoding']) {
    if (allValues(request, name).length > 0) throw new Error(`a ${name} in the request`);
  }
}

/** Serves the jobs by number, until the client asks for its report or nobody waits for it any more. */
export class CaseServer {
  readonly #server: Server;
  readonly #jobs: readonly Job<Visit>[];
  readonly #timeoutMs: number;
  readonly #results = new Map<Job<Visit>, Result>();
  readonly #keys = new Set<string>();
  readonly #links = new Set<Link>();
  readonly #done: Promise<void>;
  #settle: () => void = () => {};
  /** Called with each result as it comes. */
  onResult: (result: Result) => void = () => {};

  private constructor(server: Server, jobs: readonly Job<Visit>[], timeoutMs: number) {
    this.#server = server;
    this.#jobs = jobs;
    this.#timeoutMs = timeoutMs;
    this.#done = new Promise((resolve) => {
      this.#settle = resolve;
    });
    server.on('connection', (socket: Socket) => void this.#serve(new Link(socket, timeoutMs)));
  }

  /** Listens on the loopback address; port 0 takes a free one. */
  static async listen(
    jobs: readonly Job<Visit>[],
    { port = 0, timeoutMs }: { readonly port?: number; readonly timeoutMs: number },
  ): Promise<CaseServer> {
    const server = createServer({ allowHalfOpen: true });
    const started = new CaseServer(server, jobs, timeoutMs);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return started;
  }

  /** Host and port. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Settles when the client has asked for its report. */
  get done(): Promise<void> {
    return this.#done;
  }

  /** One result for each job; a job that the client did not come for has failed. */
  get results(): Result[] {
    return this.#jobs.map(
      (job) => this.#results.get(job) ?? { job, error: new Error('the client did not open this case') },
    );
  }

  async close(): Promise<void> {
    for (const link of this.#links) link.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(link: Link): Promise<void> {
    this.#links.add(link);
    try {
      const bytes = await link.takeThrough('\r\n\r\n');
      if (bytes !== null) await this.#route(link, parseHead(bytes));
    } catch {
      // A connection without a request that we can read belongs to no case: the case that it should have been stays open.
    } finally {
      this.#links.delete(link);
      link.destroy();
    }
  }

  async #route(link: Link, request: Head): Promise<void> {
    const url = new URL(request.startLine.split(' ')[1] ?? '/', 'ws://suite');
    if (url.pathname === '/runCase') {
      await this.#runCase(link, request, Number(url.searchParams.get('case')));
      return;
    }
    const say = url.pathname === '/getCaseCount' ? [text(String(this.#jobs.length))] : [];
    await link.write(switching(request, null));
    await link.write(Buffer.concat([...say, close(1000)].map((frame) => encodeFrame(frame, 'server'))));
    link.end();
    await link.takeAll();
    if (url.pathname === '/updateReports') this.#settle();
  }

  async #runCase(link: Link, request: Head, number: number): Promise<void> {
    const job = this.#jobs[number - 1];
    if (job === undefined) return;
    const isRepeated = this.#results.has(job);
    const result = await attempt(job, async () => {
      if (isRepeated) throw new Error('the client opened the case twice');
      checkRequest(request, this.address, this.#keys);
      await job.run({ link, request, timeoutMs: this.#timeoutMs });
    });
    this.#results.set(job, result);
    this.onResult(result);
  }
}
