// Finds the foreign programs that some tests talk to. Without one its tests are skipped; where CI is set they must not be.
import { spawnSync } from 'node:child_process';

/** How to find a tool. */
interface Search {
  /** Where to look, the environment's word first. */
  readonly commands: readonly (string | undefined)[];
  /** The arguments that prove that it works. */
  readonly proof: readonly string[];
  /** How it ends then. Default 0. */
  readonly status?: number;
}

/** A server, which most systems keep where only its administrators look. */
const daemon = (name: string): readonly string[] => [name, `/usr/sbin/${name}`];

const TOOLS = {
  chromium: {
    commands: [process.env['CHROMIUM'], 'chromium', 'chromium-browser', 'google-chrome'],
    proof: ['--version'],
  },
  curl: { commands: [process.env['CURL'], 'curl'], proof: ['--version'] },
  'python websockets': {
    // A distribution's package lives in the system's Python, which need not be the first one on the path.
    commands: [process.env['PYTHON'], 'python3', '/usr/bin/python3'],
    proof: ['-c', 'import websockets'],
  },
  tinyproxy: { commands: daemon('tinyproxy'), proof: ['-v'] },
  squid: { commands: daemon('squid'), proof: ['-v'] },
  microsocks: { commands: daemon('microsocks'), proof: ['-h'], status: 1 },
  danted: { commands: daemon('danted'), proof: ['-v'] },
  nginx: { commands: daemon('nginx'), proof: ['-v'] },
  haproxy: { commands: daemon('haproxy'), proof: ['-v'] },
  apache2: { commands: daemon('apache2'), proof: ['-v'] },
} satisfies Record<string, Search>;

/** A foreign program that tests talk to. */
export type Tool = keyof typeof TOOLS;

const found = new Map<Tool, string | null>();

function find(tool: Tool): string | null {
  const known = found.get(tool);
  if (known !== undefined) return known;
  const { commands, proof, status = 0 }: Search = TOOLS[tool];
  const works = (command: string): boolean =>
    spawnSync(command, proof, { stdio: 'ignore', timeout: 20_000 }).status === status;
  const command = commands.find((candidate) => candidate !== undefined && candidate !== '' && works(candidate)) ?? null;
  found.set(tool, command);
  return command;
}

/**
 * For the `skip` option of a test: the reason when the tool is missing, else false. Throws instead where `CI` is set: there
 * nothing is skipped.
 *
 *     test('curl is answered', { skip: requires('curl') }, () => … commandOf('curl') …);
 */
export function requires(tool: Tool): string | false {
  if (find(tool) !== null) return false;
  const reason = `${tool} is not installed`;
  if (isSet(process.env['CI'])) throw new Error(`${reason}, and CI skips no test`);
  return reason;
}

/** The command that starts the tool (for `python websockets`: a Python that has the module). Throws when it is missing. */
export function commandOf(tool: Tool): string {
  const command = find(tool);
  if (command === null) throw new Error(`${tool} is not installed`);
  return command;
}

const isSet = (value: string | undefined): boolean =>
  value !== undefined && value !== '' && value !== 'false' && value !== '0';
