// Finds the foreign programs that some tests talk to. Without one its tests are skipped; where CI is set they must not be.
import { spawnSync } from 'node:child_process';

/** Where to look for each tool, the environment's word first, and the arguments that prove that it works. */
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
} as const;

/** A foreign program that tests talk to. */
export type Tool = keyof typeof TOOLS;

const found = new Map<Tool, string | null>();

function find(tool: Tool): string | null {
  const known = found.get(tool);
  if (known !== undefined) return known;
  const { commands, proof } = TOOLS[tool];
  const works = (command: string): boolean =>
    spawnSync(command, proof, { stdio: 'ignore', timeout: 20_000 }).status === 0;
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
