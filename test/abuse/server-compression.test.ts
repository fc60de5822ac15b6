// See short-form.ts.
import { COMPRESSION } from './server-attacks/index.ts';
import { attackInShort } from './short-form.ts';

attackInShort('a server keeps its bounds whatever is compressed:', { servers: COMPRESSION });
