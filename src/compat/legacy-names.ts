// The members that connections have in Python's legacy API, as plain functions. Knows no side.
import { type CloseOptions, type Connection, type Headers, State } from '../server.ts';

export const isOpen = ({ state }: Connection): boolean => state === State.OPEN;
export const isClosed = ({ state }: Connection): boolean => state === State.CLOSED;
export const pathOf = ({ request }: Connection): string | null => request?.path ?? null;
export const requestHeadersOf = ({ request }: Connection): Headers | null => request?.headers ?? null;
export const responseHeadersOf = ({ response }: Connection): Headers | null => response?.headers ?? null;

/** `close({ code, reason })` from what `close` gets in either form. */
export const closeOptions = (code: number | CloseOptions | undefined, reason: string | undefined): CloseOptions =>
  typeof code === 'object' ? code : { code, reason };
