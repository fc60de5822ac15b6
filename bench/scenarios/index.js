// All scenarios, in the order of the report.
import { COMPRESSED } from './compressed.js';
import { ECHO } from './echo.js';

export const SCENARIOS = [...ECHO, ...COMPRESSED];
