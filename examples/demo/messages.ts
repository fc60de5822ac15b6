// What the demo's clients and server say to each other: one JSON object a message. Checks what clients send; knows no sockets.

/** The longest name and the longest text, in UTF-16 code units: the page's inputs count the same way. */
export const LIMITS = { name: 24, text: 500 } as const;

/** What a client may say. */
export type ClientMessage =
  | { readonly type: 'say'; readonly text: string }
  | { readonly type: 'rename'; readonly name: string }
  | { readonly type: 'count'; readonly step: 1 | -1 }
  | { readonly type: 'ping'; readonly id: number };

/** A line of the conversation; `at` is in milliseconds since 1970. */
export type Line =
  | { readonly kind: 'said'; readonly at: number; readonly from: number; readonly name: string; readonly text: string }
  | { readonly kind: 'joined'; readonly at: number; readonly name: string }
  | { readonly kind: 'renamed'; readonly at: number; readonly name: string; readonly newName: string }
  | {
      readonly kind: 'left';
      readonly at: number;
      readonly name: string;
      readonly closedBy: 'client' | 'server' | 'nobody';
      /** Both close frames in words: `received 1001 (going away); then sent 1001 (going away)`. */
      readonly how: string;
    };

/** Somebody who is here. */
export interface Guest {
  readonly id: number;
  readonly name: string;
  /** As the server measured it; null until the first pong. */
  readonly rttMs: number | null;
  /** What the 101 response agreed on; null for no extension. */
  readonly extensions: string | null;
}

/** What the server says. */
export type ServerMessage =
  | { readonly type: 'welcome'; readonly id: number; readonly lines: readonly Line[]; readonly count: number }
  | { readonly type: 'line'; readonly line: Line }
  | { readonly type: 'guests'; readonly guests: readonly Guest[] }
  | { readonly type: 'count'; readonly count: number; readonly name: string }
  | { readonly type: 'pong'; readonly id: number };

/** The message in a client's text; null when it is none of ours. */
export function parseClientMessage(json: string): ClientMessage | null {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return null; // The caller answers for all that is no message, JSON or not.
  }
  if (typeof value !== 'object' || value === null) return null;
  const { type, text, name, step, id } = value as Readonly<Record<string, unknown>>;
  switch (type) {
    case 'say': {
      const clean = plainText(text, LIMITS.text);
      return clean === null ? null : { type, text: clean };
    }
    case 'rename': {
      const clean = plainText(name, LIMITS.name);
      return clean === null ? null : { type, name: clean };
    }
    case 'count':
      return step === 1 || step === -1 ? { type, step } : null;
    case 'ping':
      return typeof id === 'number' ? { type, id } : null;
    default:
      return null;
  }
}

/** A line of text without unseen characters; null when it is empty, too long or no text. */
export function plainText(value: unknown, maxLength: number): string | null {
  if (typeof value !== 'string' || value.length > maxLength) return null;
  return visibleText(value) || null;
}

/** Control characters, and those that turn the direction of what follows: they could dress up as somebody else's line. */
const UNSEEN = /[\p{Cc}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+/gu;

/** The text without unseen characters, and without space around it. */
export const visibleText = (text: string): string => text.replace(UNSEEN, ' ').trim();
