// One Python that runs cases through the libraries websockets and wsproto: see peer.py.
import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A distribution's packages live in the system's Python, which need not be the first one on the path. */
const commands = [process.env.PYTHON, 'python3', '/usr/bin/python3'].filter((command) => command);
const works = (command) => spawnSync(command, ['-c', 'import websockets, wsproto'], { stdio: 'ignore' }).status === 0;

export class Python {
  #child;
  #lines;

  /** Throws when no Python has the libraries. */
  constructor() {
    const command = commands.find(works);
    if (command === undefined)
      throw new Error('no Python has websockets and wsproto: install python3-websockets and python3-wsproto');
    const script = fileURLToPath(new URL('peer.py', import.meta.url));
    this.#child = spawn(command, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Outcomes of each library, by its name. */
  async outcomes(kind, cases) {
    const asJson = cases.map((each) => ({ ...each, bytes: each.bytes.toString('latin1') }));
    this.#child.stdin.write(`${JSON.stringify({ kind, cases: asJson })}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('Python has ended');
    return JSON.parse(value);
  }

  end() {
    this.#child.stdin.end();
  }
}
