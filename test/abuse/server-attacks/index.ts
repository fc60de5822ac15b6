// The attacks on servers, in the order of the table.
import type { ServerAttack } from '../attack.ts';
import { announcedLengths } from './announced-lengths.ts';
import { blockedLoop } from './blocked-loop.ts';
import { allowedBombs, bombInFragments, bombsAtOnce, bombWhole } from './bombs.ts';
import { brokenDeflate } from './broken-deflate.ts';
import { byteByByte } from './byte-by-byte.ts';
import { bytesBehindTheRequest } from './bytes-behind-the-request.ts';
import { closeUnanswered } from './close-unanswered.ts';
import { churn, closeStorm } from './crowds.ts';
import { drippedHandshakes } from './dripped-handshakes.ts';
import { handlersThatNeverReturn, throwingHandlers } from './failing-handlers.ts';
import { foreignOrigins } from './foreign-origins.ts';
import { framesAfterClose } from './frames-after-close.ts';
import { giantHeaders } from './giant-headers.ts';
import { halfAFrame } from './half-a-frame.ts';
import { halfOpenHandshakes } from './half-open-handshakes.ts';
import { halfOpenTls } from './half-open-tls.ts';
import { malformedRequests } from './malformed-requests.ts';
import { manyHeaders } from './many-headers.ts';
import { allowedFinalBlocks, finalBlocks, finalStoredBlocks, storedBlocks } from './odd-deflate.ts';
import { pingFlood, pingFloodUnread, pingFloodWithoutLimit, pongFlood } from './ping-flood.ts';
import { abandonedUpgrades, pipelinedUpgrades } from './pipelined-upgrades.ts';
import { requestsWithBodies } from './requests-with-bodies.ts';
import { silentHandshakes } from './silent-handshakes.ts';
import { emptyFragments, oneByteFragments, unreadFragments } from './tiny-fragments.ts';
import { unreadBroadcast, unreadEcho, unreadEchoDirect } from './unread-echo.ts';
import { vanishingWhileCompressing } from './vanishing-while-compressing.ts';
import { withheldPayloads } from './withheld-payloads.ts';

/** Before the connection is open. */
export const HANDSHAKES: readonly ServerAttack[] = [
  silentHandshakes,
  drippedHandshakes,
  halfOpenHandshakes,
  halfOpenTls,
  giantHeaders,
  manyHeaders,
  malformedRequests,
  requestsWithBodies,
  bytesBehindTheRequest,
  foreignOrigins,
  pipelinedUpgrades,
  abandonedUpgrades,
];

/** Frames and messages, as they are and as they are read. */
export const FRAMES: readonly ServerAttack[] = [
  pingFlood,
  pingFloodUnread,
  pingFloodWithoutLimit,
  pongFlood,
  unreadEcho,
  unreadEchoDirect,
  unreadBroadcast,
  oneByteFragments,
  emptyFragments,
  unreadFragments,
  withheldPayloads,
  byteByByte,
  announcedLengths,
];

/** What compressed messages can be made of. */
export const COMPRESSION: readonly ServerAttack[] = [
  bombWhole,
  bombInFragments,
  bombsAtOnce,
  allowedBombs,
  storedBlocks,
  finalBlocks,
  finalStoredBlocks,
  allowedFinalBlocks,
  brokenDeflate,
  vanishingWhileCompressing,
];

/** How connections end, and what users’ code makes of them. */
export const LIVES: readonly ServerAttack[] = [
  framesAfterClose,
  closeUnanswered,
  halfAFrame,
  throwingHandlers,
  handlersThatNeverReturn,
  closeStorm,
  churn,
  blockedLoop,
];

export const SERVER_ATTACKS: readonly ServerAttack[] = [...HANDSHAKES, ...FRAMES, ...COMPRESSION, ...LIVES];
