// How a client says who it is: which `Authorization` a request carries, and which refusals are worth an answer. Knows no
// connection.
import { encodeBase64 } from '../../bytes/base64.ts';
import { buildAuthorizationBasic } from '../../core/auth-grammar.ts';
import { bestDigestChallenge, DigestSession } from '../../core/digest.ts';
import type { Response } from '../../core/http-message.ts';
import type { WebSocketURI } from '../../core/uri.ts';
import type { Runtime } from '../runtime.ts';
import type { ClientCredentials } from './client-options.ts';

const CNONCE_BYTES = 16;

/** The credentials of a client, and what it knows of the server's way to ask for them. Of one origin at a time. */
export class ClientAuthentication {
  readonly #runtime: Pick<Runtime, 'hash' | 'host'>;
  #credentials: ClientCredentials | null;
  /** The challenge that is being answered, as long as the server takes its nonce, and for whom. */
  #session: { readonly digest: DigestSession; readonly user: ClientCredentials } | null = null;
  /** How often a challenge was answered since `begin`. */
  #answers = 0;

  /**
   * @param credentials instead of those of the URI.
   * @throws {TypeError} user name or password is no string.
   * @throws {RangeError} there is no such scheme.
   */
  constructor(credentials: ClientCredentials | null, runtime: Pick<Runtime, 'hash' | 'host'>) {
    if (credentials !== null) check(credentials);
    this.#credentials = credentials;
    this.#runtime = runtime;
  }

  /**
   * The value of `Authorization` for the next request; null: none.
   * @throws {RangeError} the user name can't be sent: it has a colon.
   */
  authorization(uri: WebSocketURI): string | null {
    const credentials = this.#credentialsFor(uri);
    if (credentials === null) return null;
    if (this.#session !== null && isSameUser(this.#session.user, credentials)) {
      return this.#session.digest.authorization('GET', uri.resourceName);
    }
    if (credentials.scheme === 'digest') return null;
    return buildAuthorizationBasic(credentials.username, credentials.password);
  }

  /** What follows are requests for something else than before. */
  begin(): void {
    this.#answers = 0;
  }

  /**
   * Whether the request that was refused is worth repeating: the refusal has a challenge that the next request will answer.
   * That is so once, and once more when only the nonce was too old.
   */
  takesChallenge({ statusCode, headers }: Response, uri: WebSocketURI): boolean {
    const credentials = this.#credentialsFor(uri);
    if (statusCode !== 401 || credentials === null || credentials.scheme === 'basic') return false;
    const challenge = bestDigestChallenge(headers.getAll('WWW-Authenticate'));
    if (challenge === null || this.#answers > (challenge.isStale ? 1 : 0)) return false;
    this.#answers += 1;
    const { hash, host } = this.#runtime;
    const random = new Uint8Array(CNONCE_BYTES);
    host.fillRandom(random);
    const digest = new DigestSession(challenge, credentials, { hash, cnonce: encodeBase64(random) });
    this.#session = { digest, user: credentials };
    return true;
  }

  /** Forgets everything that is for this origin alone. */
  leaveOrigin(): void {
    this.#credentials = null;
    this.#session = null;
  }

  #credentialsFor({ userInfo }: WebSocketURI): ClientCredentials | null {
    if (this.#credentials !== null || userInfo === null) return this.#credentials;
    const [username, password] = userInfo;
    return { username, password };
  }
}

const isSameUser = (a: ClientCredentials, b: ClientCredentials): boolean =>
  a.username === b.username && a.password === b.password;

function check({ username, password, scheme }: ClientCredentials): void {
  if (typeof username !== 'string' || typeof password !== 'string') {
    throw new TypeError('credentials must have a username and a password');
  }
  if (scheme !== undefined && scheme !== 'basic' && scheme !== 'digest') {
    throw new RangeError(`unsupported authentication scheme: ${String(scheme)}`);
  }
}
