// See short-form.ts.
import { LIVES } from './server-attacks/index.ts';
import { attackInShort } from './short-form.ts';

attackInShort('a server keeps its bounds however connections end:', { servers: LIVES });
