// The attacks on clients, in the order of the table.
import type { ClientAttack } from '../attack.ts';
import {
  chunkedErrorBody,
  endlessErrorBody,
  endlessHeaderLine,
  endlessHeaders,
  endlessInterimResponses,
  endlessStatusLine,
  hugeErrorBody,
} from './endless-answers.ts';
import * as frames from './hostile-frames.ts';
import { downgrade, redirectLoop } from './redirects.ts';
import { drippedAnswer, silentServer } from './slow-answers.ts';
import { malformedAnswer, unsolicitedExtension, unsolicitedSubprotocol, wrongAccept } from './wrong-answers.ts';

/** Instead of an answer to the opening handshake, or with one. */
export const ANSWERS: readonly ClientAttack[] = [
  silentServer,
  drippedAnswer,
  endlessStatusLine,
  endlessHeaderLine,
  endlessHeaders,
  endlessInterimResponses,
  hugeErrorBody,
  endlessErrorBody,
  chunkedErrorBody,
  wrongAccept,
  unsolicitedExtension,
  unsolicitedSubprotocol,
  malformedAnswer,
  redirectLoop,
  downgrade,
];

/** Once the connection is open. */
export const FRAMES: readonly ClientAttack[] = [
  frames.maskedFrames,
  frames.giantFrame,
  frames.giantMessage,
  frames.emptyFragmentsFromServer,
  frames.pingFloodFromServer,
  frames.pongFloodFromServer,
  frames.bombFromServer,
  frames.compressedWithoutAgreement,
  frames.brokenDeflateFromServer,
  frames.framesAfterCloseFromServer,
  frames.silenceInAFrame,
];

export const CLIENT_ATTACKS: readonly ClientAttack[] = [...ANSWERS, ...FRAMES];
