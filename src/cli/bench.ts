// The command `websockets bench`: from its options to a run, and from the result to an exit code.
import { readFileSync } from 'node:fs';
import { type ConnectOptions, connect } from '../index.ts';
import { MODES, type Mode } from './bench/modes.ts';
import { headline, jsonReport, progressLine, textReport } from './bench/report.ts';
import { type RunResult, type RunSettings, runBench } from './bench/run.ts';
import { type Command, defineCommand } from './command.ts';
import { errorText } from './error-text.ts';
import { ExitCode, exitCodeOf, UsageError } from './exit-code.ts';
import { type Given, oneOf } from './options.ts';
import { parseCount, parseDuration, parseSize } from './quantities.ts';
import { printable, styled } from './terminal.ts';

/** A message of more would not fit into a string, nor would anybody wait for it. */
const MAX_SIZE_BYTES = 256 * 1024 * 1024;
/** Pings a second on a connection unless a rate is given: a server may take many more for an attack, as ours does. */
const PINGS_PER_SECOND = 10;
/** Received messages may have this much at least, as with any client of ours. */
const MIN_MAX_SIZE_BYTES = 1_048_576;
const MAX_CLOSE_TIMEOUT_MS = 2_000;

const OPTIONS = {
  connections: {
    kind: 'value',
    short: 'c',
    placeholder: 'N',
    parse: parseCount,
    default: '64',
    help: 'How many connections.',
  },
  'in-flight': {
    kind: 'value',
    short: 'n',
    placeholder: 'N',
    parse: parseCount,
    help: 'How many messages each connection has on their way at a time (default: 1).',
  },
  size: {
    kind: 'value',
    short: 's',
    placeholder: 'SIZE',
    parse: parseSize,
    help: 'How large a message is: 64, 16KiB, 1MiB (default: 64).',
  },
  duration: {
    kind: 'value',
    short: 'd',
    placeholder: 'TIME',
    parse: parseDuration,
    help: 'How long to measure: 10s, 500ms, 2m (default: 10s, or until --messages are done).',
  },
  messages: {
    kind: 'value',
    placeholder: 'N',
    parse: parseCount,
    help: 'End after so many messages, pings or handshakes in all.',
  },
  mode: {
    kind: 'value',
    placeholder: 'MODE',
    parse: oneOf('echo', 'send', 'ping', 'connect'),
    help: 'echo (default): send messages to a server that sends each back. send: expect nothing back. ping: send pings. connect: open and close connections.',
  },
  ping: { kind: 'flag', help: 'The same as --mode ping.' },
  rate: {
    kind: 'value',
    placeholder: 'N',
    parse: parseCount,
    help: 'Send so many a second on all connections together, whether or not earlier ones are answered. Latencies count from when each should have left, so that a stall of the server shows in full. Default with --ping: 10 for each connection.',
  },
  warmup: {
    kind: 'value',
    placeholder: 'TIME',
    parse: parseDuration,
    default: '1s',
    help: 'How long to work before measuring.',
  },
  timeout: {
    kind: 'value',
    placeholder: 'TIME',
    parse: parseDuration,
    default: '5s',
    help: 'Give up when nothing is answered for so long, or when opening a connection takes so long.',
  },
  text: { kind: 'flag', help: 'Send text that looks like JSON, instead of bytes that look random.' },
  compress: { kind: 'flag', help: 'Offer permessage-deflate. Best with --text: random bytes do not get smaller.' },
  'no-compress': { kind: 'flag', help: 'Do not offer it; this is the default.' },
  header: {
    kind: 'values',
    short: 'H',
    placeholder: "'NAME: VALUE'",
    parse: parseHeader,
    help: 'Add a header to the requests. May be repeated.',
  },
  origin: { kind: 'value', short: 'o', placeholder: 'ORIGIN', parse: String, help: 'The Origin of the requests.' },
  subprotocol: {
    kind: 'values',
    placeholder: 'NAME',
    parse: String,
    help: 'Offer a subprotocol. May be repeated, in order of preference.',
  },
  ca: {
    kind: 'value',
    placeholder: 'FILE',
    parse: readFile,
    help: 'Trust the certificate authorities in this PEM file, for wss.',
  },
  insecure: { kind: 'flag', help: 'Accept any certificate, for wss.' },
  json: { kind: 'flag', help: 'Print the result as one line of JSON.' },
} as const;

export const bench: Command = defineCommand({
  name: 'bench',
  summary: 'Put load on a server; shows throughput and a histogram of latencies.',
  operands: ['URI'],
  about: `Puts load on any WebSocket server, and measures how many messages a second it
takes and how long each takes. By default 64 connections send one message of
64 bytes at a time to a server that echoes, for 10 seconds:

  websockets bench ws://localhost:8765

Ctrl-C ends it early and shows what was measured.`,
  options: OPTIONS,
  run: async ([uri], given, terminal) => {
    const settings = settingsOf(uri!, given);
    const { err } = terminal;
    if (!given.json) terminal.out.write(`${styled(terminal.out, 'bold', headline(settings))}\n`);
    let result: RunResult;
    try {
      result = await runBench(settings, terminal.interrupted, (progress) => {
        if (err.isTerminal) err.write(`${ERASE_LINE}${progressLine(settings, progress)}`);
      });
    } catch (error) {
      if (!terminal.interrupted.aborted) throw error;
      err.write('interrupted before anything was measured\n');
      return ExitCode.INTERRUPTED;
    } finally {
      if (err.isTerminal) err.write(ERASE_LINE);
    }
    terminal.out.write(given.json ? jsonReport(settings, result) : textReport(settings, result, terminal.out));
    if (given.json && result.ending === 'silent') err.write(`no answer. ${settings.mode.silence}\n`);
    return exitCodeFor(result);
  },
});

/** To the start of the line, and nothing stays of it. */
const ERASE_LINE = '\r\x1b[K';

/** @throws {UsageError} options that do not go together, or with this URI. */
function settingsOf(uri: string, given: Given<typeof OPTIONS>): RunSettings {
  if (given.ping && given.mode !== undefined && given.mode !== 'ping') {
    throw new UsageError(`--ping and --mode ${given.mode} exclude each other`);
  }
  if (given.compress && given['no-compress']) throw new UsageError('--compress and --no-compress exclude each other');
  const mode: Mode = MODES[given.ping ? 'ping' : (given.mode ?? 'echo')];
  if (mode.copiesOut === 0) {
    for (const name of ['size', 'text'] as const) {
      if (given[name]) throw new UsageError(`--${name} means nothing with --mode ${mode.name}: no messages are sent`);
    }
  }
  if (given.rate !== undefined && given['in-flight'] !== undefined) {
    throw new UsageError('--rate and --in-flight exclude each other: with a rate nothing waits for answers');
  }
  const sizeBytes = given.size ?? 64;
  if (sizeBytes > MAX_SIZE_BYTES) throw new UsageError('--size: 256MiB is the most');
  if (given.timeout === 0) throw new UsageError('--timeout must be more than nothing');
  const { connections } = given;
  const isRateGiven = given.rate !== undefined || given['in-flight'] !== undefined;
  const settings: RunSettings = {
    uri,
    connectOptions: connectOptionsOf(given, sizeBytes),
    mode,
    connections,
    inFlight: given['in-flight'] ?? 1,
    ratePerSecond: mode.name === 'ping' && !isRateGiven ? connections * PINGS_PER_SECOND : (given.rate ?? null),
    sizeBytes,
    isText: given.text,
    durationMs: given.duration ?? (given.messages === undefined ? 10_000 : null),
    operations: given.messages ?? null,
    warmupMs: given.warmup,
    timeoutMs: given.timeout,
  };
  if ((given.ca !== undefined || given.insecure) && !/^wss:/i.test(uri)) {
    throw new UsageError('--insecure and --ca are for wss');
  }
  try {
    // Begins nothing, but says what is wrong with the URI, with headers, with names of subprotocols.
    void connect(uri, settings.connectOptions);
  } catch (error) {
    if (exitCodeOf(error) === null && !(error instanceof TypeError || error instanceof RangeError)) throw error;
    throw new UsageError(errorText(error), { cause: error });
  }
  return settings;
}

function connectOptionsOf(given: Given<typeof OPTIONS>, sizeBytes: number): ConnectOptions {
  const isTlsGiven = given.ca !== undefined || given.insecure;
  return {
    compression: given.compress ? 'deflate' : null,
    maxSize: Math.max(sizeBytes, MIN_MAX_SIZE_BYTES),
    openTimeoutMs: given.timeout,
    closeTimeoutMs: Math.min(given.timeout, MAX_CLOSE_TIMEOUT_MS),
    pingIntervalMs: null,
    additionalHeaders: given.header,
    origin: given.origin,
    subprotocols: given.subprotocol.length > 0 ? given.subprotocol : null,
    ...(isTlsGiven && {
      tls: { ...(given.ca !== undefined && { ca: given.ca }), ...(given.insecure && { rejectUnauthorized: false }) },
    }),
  };
}

function exitCodeFor({ ending, faults }: RunResult): ExitCode {
  if (ending === 'silent') return ExitCode.TIMEOUT;
  const isAbnormal = [...faults.closeCodes.keys()].some((code) => ![1000, 1001, 1005].includes(code));
  if (ending === 'lost' || isAbnormal) return ExitCode.ABNORMAL_CLOSE;
  return faults.first === null ? ExitCode.OK : (exitCodeOf(faults.first) ?? ExitCode.ABNORMAL_CLOSE);
}

/** `Name: value`, as curl has it. */
function parseHeader(text: string): [name: string, value: string] {
  const colon = text.indexOf(':');
  if (colon < 1) throw new UsageError(`${JSON.stringify(text)} is not of the form 'Name: value'`);
  return [text.slice(0, colon).trim(), text.slice(colon + 1).trim()];
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new UsageError(`cannot read ${printable(path)}: ${errorText(error)}`, { cause: error });
  }
}
