// All scenarios, in the order of the report.
import { COMPRESSED } from './compressed.js';
import { CONNECTIONS } from './connections.js';
import { ECHO } from './echo.js';
import { MEMORY } from './memory.js';
import { ONE_WAY } from './one-way.js';
import { OPEN_CLOSE } from './open-close.js';

export const SCENARIOS = [...ECHO, ...OPEN_CLOSE, ...ONE_WAY, ...MEMORY, ...COMPRESSED, ...CONNECTIONS];
