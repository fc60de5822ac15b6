// Close codes and how they read (RFC 6455 §7.4). Knows nothing of frames or errors.

/** Close codes (RFC 6455 §7.4.1 and the IANA registry). */
export const CloseCode = {
  NORMAL_CLOSURE: 1000,
  GOING_AWAY: 1001,
  PROTOCOL_ERROR: 1002,
  UNSUPPORTED_DATA: 1003,
  NO_STATUS_RCVD: 1005,
  ABNORMAL_CLOSURE: 1006,
  INVALID_DATA: 1007,
  POLICY_VIOLATION: 1008,
  MESSAGE_TOO_BIG: 1009,
  MANDATORY_EXTENSION: 1010,
  INTERNAL_ERROR: 1011,
  SERVICE_RESTART: 1012,
  TRY_AGAIN_LATER: 1013,
  BAD_GATEWAY: 1014,
  TLS_HANDSHAKE: 1015,
} as const;
/** Close codes (RFC 6455 §7.4.1 and the IANA registry). */
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/** A close code with its reason. */
export interface CloseInfo {
  readonly code: number;
  readonly reason: string;
}

const EXPLANATIONS: Readonly<Record<number, string>> = {
  1000: 'OK',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'no status received [internal]',
  1006: 'abnormal closure [internal]',
  1007: 'invalid frame payload data',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'mandatory extension',
  1011: 'internal error',
  1012: 'service restart',
  1013: 'try again later',
  1014: 'bad gateway',
  1015: 'TLS handshake failure [internal]',
};

/** What a close code means, in two or three words. */
export function explainCloseCode(code: number): string {
  if (code >= 3000 && code < 4000) return 'registered';
  if (code >= 4000 && code < 5000) return 'private use';
  return EXPLANATIONS[code] ?? 'unknown';
}

/** `1001 (going away) the reason`: how a close reads in messages and logs. */
export function closeText({ code, reason }: CloseInfo): string {
  const text = `${code} (${explainCloseCode(code)})`;
  return reason === '' ? text : `${text} ${reason}`;
}

/** Whether the code may stand in a close frame (RFC 6455 §7.4). 1005, 1006 and 1015 never travel. */
export const isSendableCloseCode = (code: number): boolean =>
  Number.isInteger(code) &&
  ((code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999));
