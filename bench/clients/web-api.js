// The WebSocket of browsers, as the runtime has it: Node's, Bun's, Deno's.
import { openWebSockets } from './common.js';

await openWebSockets(WebSocket);
