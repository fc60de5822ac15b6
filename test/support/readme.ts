// Takes the examples out of Markdown, so that tests compile and run what stands in the documents and not a copy of it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';

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

/** Examples that run together: a server, which runs until it is told to stop, and what ends by itself while it does. */
export interface Run {
  /** Null: the others need none. */
  readonly server: Example | null;
  readonly others: readonly Example[];
}

/**
 * Who runs with whom in a document: `chat-client.ts` while `chat-server.ts` does, and whatever has no server of its name while
 * the first one of the document does, if there is one.
 */
export function runsOf(examples: readonly Example[]): Run[] {
  const servers = examples.filter(isServer);
  const serverOf = (example: Example): Example | null =>
    servers.find((server) => subject(server) === subject(example)) ?? servers[0] ?? null;
  const others = examples.filter((example) => !isServer(example));
  const runs = servers.length === 0 && others.length > 0 ? [null] : servers;
  return runs.map((server) => ({ server, others: others.filter((example) => serverOf(example) === server) }));
}

const isServer = ({ name }: Example): boolean => /server\.ts$/.test(name);
const subject = ({ name }: Example): string => name.replace(/-?(?:server|client)\.ts$/, '');

const ROOT = new URL('../../../', import.meta.url);

/** The documents whose examples are run: the README, and the pages of docs/howto but for their list. */
export function documents(): string[] {
  const folder = new URL('docs/howto/', ROOT);
  const pages = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith('.md') && name !== 'README.md')
    : [];
  return ['README.md', ...pages.sort().map((name) => `docs/howto/${name}`)];
}

/** The named examples of a document of this repository. */
export const readExamples = (document: string): Example[] => examplesOf(readFileSync(new URL(document, ROOT), 'utf8'));
