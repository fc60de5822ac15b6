// See short-form.ts.
import { ANSWERS } from './client-attacks/index.ts';
import { attackInShort } from './short-form.ts';

attackInShort('a client keeps its bounds whatever is answered:', { clients: ANSWERS });
