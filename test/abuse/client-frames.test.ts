// See short-form.ts.
import { FRAMES } from './client-attacks/index.ts';
import { attackInShort } from './short-form.ts';

attackInShort('a client keeps its bounds whatever frames come:', { clients: FRAMES });
