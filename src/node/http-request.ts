// A request that node:http has parsed, as bytes again, so that it takes the road of every other. Knows no sockets.
import type { IncomingMessage } from 'node:http';
import { Headers } from '../core/headers.ts';
import { Request } from '../core/http-message.ts';

/** An empty line: what our parser refuses with 400. */
const NO_REQUEST: Uint8Array = Uint8Array.of(13, 10);

/**
 * The request with the fields as they came, and what came behind it. Anything that cannot stand in a request, as somebody may
 * have put there on the way to us, makes it one that will be refused.
 */
export function requestBytes(message: IncomingMessage, head: Uint8Array): Uint8Array {
  const { method, url, httpVersion, rawHeaders } = message;
  let request: Uint8Array;
  try {
    const headers = new Headers();
    for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
    request = new Request(url ?? '', headers, method, `HTTP/${httpVersion}`).serialize();
  } catch {
    return NO_REQUEST;
  }
  if (head.length === 0) return request;
  const bytes = new Uint8Array(request.length + head.length);
  bytes.set(request);
  bytes.set(head, request.length);
  return bytes;
}
