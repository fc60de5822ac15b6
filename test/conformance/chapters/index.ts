// The chapters that hold for both sides, in the order in which they run.
import type { Chapter } from '../script.ts';
import { closing } from './closing.ts';
import { compression } from './compression.ts';
import { framing } from './framing.ts';
import { messages } from './messages.ts';
import { utf8 } from './utf8.ts';

export const chapters: readonly Chapter[] = [...framing, ...messages, ...utf8, ...closing, ...compression];
