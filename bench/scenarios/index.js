// All scenarios, in the order of the report, each with those whom it compares.
import { CLIENTS } from '../clients/index.js';
import { SERVERS } from '../servers/index.js';
import { CLIENT } from './client.js';
import { COMPRESSED } from './compressed.js';
import { CONNECTIONS } from './connections.js';
import { ECHO } from './echo.js';
import { MEMORY } from './memory.js';
import { ONE_WAY } from './one-way.js';
import { OPEN_CLOSE } from './open-close.js';
import { TLS } from './tls.js';

const SERVER = [...ECHO, ...OPEN_CLOSE, ...ONE_WAY, ...TLS, ...MEMORY, ...COMPRESSED, ...CONNECTIONS];

export const SCENARIOS = [
  ...SERVER.map((scenario) => ({
    ...scenario,
    peers: SERVERS.filter(({ can }) => scenario.needs.every((need) => can.includes(need))),
  })),
  ...CLIENT.map((scenario) => ({ ...scenario, peers: CLIENTS })),
];
