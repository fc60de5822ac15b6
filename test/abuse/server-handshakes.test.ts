// See short-form.ts.
import { HANDSHAKES } from './server-attacks/index.ts';
import { attackInShort } from './short-form.ts';

attackInShort('a server keeps its bounds before connections are open:', { servers: HANDSHAKES });
