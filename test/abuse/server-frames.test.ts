// See short-form.ts.
import { FRAMES } from './server-attacks/index.ts';
import { attackInShort } from './short-form.ts';

attackInShort('a server keeps its bounds whatever frames come:', { servers: FRAMES });
