// Takes the examples out of Markdown, so that tests compile and run what stands in the documents and not a copy of it.
import { readFileSync } from 'node:fs';

/** A fenced block of code with a file name behind its language: the block below a line such as ```` ```ts server.ts ````. */
export interface Example {
  readonly name: string;
  readonly language: string;
  readonly code: string;
}

/** The named blocks of a Markdown text in order; blocks without a name (fragments, commands) are left out. */
export function examplesOf(markdown: string): Example[] {
  const examples: Example[] = [];
  let open: { readonly fence: string; readonly info: string; readonly lines: string[] } | null = null;
  for (const line of markdown.split(/\r?\n/)) {
    if (open === null) {
      const [, fence, info] = /^(`{3,}|~{3,})\s*(.*)$/.exec(line) ?? [];
      if (fence !== undefined) open = { fence, info: info!, lines: [] };
    } else if (line.trimEnd() !== open.fence) {
      open.lines.push(line);
    } else {
      const [language, name] = open.info.trim().split(/\s+/);
      if (name !== undefined) examples.push({ name, language: language!, code: `${open.lines.join('\n')}\n` });
      open = null;
    }
  }
  if (open !== null) throw new Error(`the block \`${open.fence}${open.info}\` has no end`);
  return examples;
}

/** The named examples of a document of this repository, README.md by default. */
export function readExamples(document = 'README.md'): Example[] {
  return examplesOf(readFileSync(new URL(`../../../${document}`, import.meta.url), 'utf8'));
}
