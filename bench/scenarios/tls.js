// The same messages over TLS 1.3. The load runs on Node, which has the cryptography that the one in C has not.
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { CERT, KEY } from '../../build/test/support/certificate.js';
import { Child } from '../harness/child.js';
import { loading } from '../harness/cores.js';
import { binary } from '../harness/frames.js';
import { BUILD } from '../harness/programs.js';
import { startServer } from '../harness/server.js';
import { figures } from './loaded.js';

const LOAD = fileURLToPath(new URL('../load/tls.js', import.meta.url));

/** The certificate of the tests, in files: some servers want their names. */
function certificateFiles() {
  mkdirSync(BUILD, { recursive: true });
  const files = { key: `${BUILD}key.pem`, cert: `${BUILD}cert.pem` };
  writeFileSync(files.key, KEY);
  writeFileSync(files.cert, CERT);
  return files;
}

export const TLS = [
  {
    id: 'tls',
    title: '64 B binary over TLS, 1 in flight × 64',
    needs: ['tls'],
    starts: 1,
    unit: 'µs',
    async measure(peer, { nodePath, seconds }) {
      const server = await startServer(peer, nodePath, { tls: certificateFiles() });
      const orders = {
        port: server.port,
        pid: server.pid,
        connections: 64,
        seconds,
        frame: binary(64).toString('base64'),
        answer: binary(64, { isMasked: false }).toString('base64'),
        ca: CERT,
      };
      const load = new Child(loading([process.execPath, LOAD, JSON.stringify(orders)]));
      try {
        return { ...figures(await load.answer()), version: server.version };
      } finally {
        await load.stop();
        await server.stop();
      }
    },
  },
];
