// The place where both sides meet: certificates, socket files, and which carriers this machine has. Knows no WebSocket.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Carrier, Target } from './peer.ts';

/** Whether there is an IPv6 loopback address. */
const hasIpv6 = (): boolean =>
  Object.values(networkInterfaces()).some((addresses) => addresses?.some(({ address }) => address === '::1'));

/** A folder of its own with a certificate authority and a certificate for this machine, both made for the occasion. */
export class Site implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'websockets-ts-interop-'));
  #sockets = 0;
  #hasCertificates = false;

  /** Why bytes can't travel that way here, or false. */
  static lacks(carrier: Carrier): string | false {
    if (carrier === 'TCP over IPv6' && !hasIpv6()) return 'there is no IPv6 here';
    if (carrier === 'a Unix socket' && process.platform === 'win32') return 'Windows has no Unix sockets';
    return false;
  }

  get caFile(): string {
    return this.#certificate('ca.pem');
  }

  get certFile(): string {
    return this.#certificate('server.pem');
  }

  get keyFile(): string {
    return this.#certificate('server.key');
  }

  /** What a client has to trust. */
  get ca(): Buffer {
    return readFileSync(this.caFile);
  }

  /** What a server shows. */
  get identity(): { readonly cert: Buffer; readonly key: Buffer } {
    return { cert: readFileSync(this.certFile), key: readFileSync(this.keyFile) };
  }

  /** A path where nothing listens yet. */
  freshSocketPath(): string {
    this.#sockets += 1;
    return join(this.#folder, `${this.#sockets}.sock`);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #certificate(file: string): string {
    if (!this.#hasCertificates) this.#makeCertificates();
    this.#hasCertificates = true;
    return join(this.#folder, file);
  }

  #makeCertificates(): void {
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-sha256'];
    writeFileSync(
      join(this.#folder, 'ca.cnf'),
      '[req]\ndistinguished_name = name\nx509_extensions = ca\nprompt = no\n[name]\nCN = Interoperability Test CA\n' +
        '[ca]\nbasicConstraints = critical, CA:TRUE\nkeyUsage = critical, keyCertSign\nsubjectKeyIdentifier = hash\n',
    );
    writeFileSync(
      join(this.#folder, 'server.cnf'),
      'subjectAltName = DNS:localhost, IP:127.0.0.1, IP:::1\nbasicConstraints = critical, CA:FALSE\n' +
        'authorityKeyIdentifier = keyid\nsubjectKeyIdentifier = hash\n',
    );
    this.#openssl('req', '-x509', ...newKey, '-days', '2', '-config', 'ca.cnf', '-keyout', 'ca.key', '-out', 'ca.pem');
    this.#openssl('req', ...newKey, '-subj', '/CN=localhost', '-keyout', 'server.key', '-out', 'server.csr');
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-set_serial', '1', '-days', '2', '-extfile', 'server.cnf'];
    this.#openssl('x509', '-req', '-sha256', '-in', 'server.csr', ...signing, '-out', 'server.pem');
  }

  #openssl(...args: string[]): void {
    const { status, error, stderr } = spawnSync('openssl', args, { cwd: this.#folder, encoding: 'utf8' });
    if (error) throw error;
    if (status !== 0) throw new Error(`openssl ${args[0]} failed: ${stderr}`);
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
