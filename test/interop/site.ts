// The place where both sides meet: certificate, socket files, and which carriers this machine has. Knows no WebSocket.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { CERT, KEY } from '../support/certificate.ts';
import type { Carrier, Target } from './peer.ts';

/** Whether there is an IPv6 loopback address. */
const hasIpv6 = (): boolean =>
  Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));

/** A folder of its own, for sockets and for peers that read certificates from files. */
export class Site implements Disposable {
  /** What a client has to trust: the server's certificate is its own authority. */
  readonly ca: string = CERT;
  /** What a server shows. */
  readonly identity: { readonly cert: string; readonly key: string } = { cert: CERT, key: KEY };
  readonly certFile: string;
  readonly keyFile: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'websockets-ts-interop-'));
  #sockets = 0;

  constructor() {
    this.certFile = join(this.#folder, 'cert.pem');
    this.keyFile = join(this.#folder, 'key.pem');
    writeFileSync(this.certFile, CERT);
    writeFileSync(this.keyFile, KEY);
  }

  /** Why bytes can't travel that way here, or false. */
  static lacks(carrier: Carrier): string | false {
    if (carrier === 'TCP over IPv6' && !hasIpv6()) return 'there is no IPv6 here';
    if (carrier === 'a Unix socket' && process.platform === 'win32') return 'Windows has no Unix sockets';
    return false;
  }

  /** A path where nothing listens yet. */
  freshSocketPath(): string {
    this.#sockets += 1;
    return join(this.#folder, `${this.#sockets}.sock`);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Where a server on a carrier has to listen. */
export function placeOf(
  carrier: Carrier,
  site: Site,
): { readonly host: string; readonly port: 0 } | { readonly path: string } {
  if (carrier === 'a Unix socket') return { path: site.freshSocketPath() };
  return { host: carrier === 'TCP over IPv6' ? '::1' : '127.0.0.1', port: 0 };
}

/** How clients find what listens there: at a port, or at a path. */
export function targetOf(carrier: Carrier, at: number | string): Target {
  if (typeof at === 'string') return { url: 'ws://localhost/', socketPath: at };
  if (carrier === 'TLS') return { url: `wss://localhost:${at}/` };
  return { url: `ws://${carrier === 'TCP over IPv6' ? '[::1]' : '127.0.0.1'}:${at}/` };
}
