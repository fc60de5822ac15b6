// Reads the files of test/vectors/http, whose format stands at the head of requests.txt, and writes outcomes the same way.
import { readFileSync } from 'node:fs';
import type { Request, Response } from '#dist/core/http-message.js';

/** Bytes that arrive and what has to come out of them. */
export interface HttpVector {
  readonly title: string;
  readonly options: ReadonlyMap<string, string>;
  readonly bytes: Uint8Array;
  /** Whether the stream ends after the bytes. */
  readonly ends: boolean;
  /** Empty: the parser still waits. */
  readonly outcome: readonly string[];
}

/** The vectors of a file in test/vectors/http. */
export function readHttpVectors(file: string): HttpVector[] {
  const text = readFileSync(new URL(`../../../test/vectors/http/${file}`, import.meta.url), 'utf8');
  return text
    .split(/^== /m)
    .slice(1)
    .map((part) => readVector(part.split('\n')));
}

function readVector([title, ...lines]: string[]): HttpVector {
  const marked = (mark: string): string[] => lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(2));
  const sent = marked('>').join('');
  for (const line of lines) if (!/^([*>=!]|#|$)/.test(line)) throw new Error(`cannot read the vector line: ${line}`);
  const ends = sent.endsWith('<end>');
  return {
    title: title!,
    options: new Map(marked('*').map((line) => [line.split(' ')[0]!, line.split(' ')[1] ?? ''])),
    bytes: Buffer.from(readEscapes(repeat(ends ? sent.slice(0, -'<end>'.length) : sent)), 'latin1'),
    ends,
    outcome: lines.filter((line) => /^[=!]/.test(line)).map((line) => repeat(line)),
  };
}

const repeat = (text: string): string =>
  text
    .replace(/\{([^*]+)\*(\d+)\}/g, (_, part: string, count: string) => part.repeat(Number(count)))
    .replace(/\n/g, '');

const ESCAPES: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', 0: '\0', '\\': '\\' };

const readEscapes = (text: string): string =>
  text.replace(/\\(?:x([0-9a-f]{2})|([rnt0\\]))/g, (_, hex: string | undefined, letter: string) =>
    hex === undefined ? ESCAPES[letter]! : String.fromCharCode(Number.parseInt(hex, 16)),
  );

const hex = (character: string): string => `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
const showBytes = (text: string): string => text.replace(/[^\x20-\x7e]/g, hex);
const showControls = (text: string): string => text.replace(/[\0-\x1f\x7f]/g, hex);

/** A message with what followed it, in the lines of a vector. */
export function describeMessage(message: Request | Response, rest: Uint8Array): string[] {
  const isRequest = 'path' in message;
  const first = isRequest
    ? `${message.method} ${message.path} ${message.protocol}`
    : `${message.statusCode} ${message.reasonPhrase}`;
  const lines = [first, ...[...message.headers.rawItems()].map(([name, value]) => `${name}: ${value}`)];
  const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  if (!isRequest && message.body.length > 0) lines.push(`body: ${latin1(message.body)}`);
  if (rest.length > 0) lines.push(`rest: ${latin1(rest)}`);
  return lines.map((line) => `= ${showBytes(line)}`);
}

/** An error with its causes, in the lines of a vector. */
export function describeError(error: unknown): string[] {
  if (!(error instanceof Error)) return [];
  return [`! ${error.name}: ${showControls(error.message)}`, ...describeError(error.cause)];
}
