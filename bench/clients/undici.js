// The WebSocket of the package undici. Node's own is one of its versions.
import { WebSocket } from 'undici';
import { openWebSockets } from './common.js';

await openWebSockets(WebSocket);
