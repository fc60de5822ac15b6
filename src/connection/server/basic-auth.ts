// Basic authentication on a server (RFC 7617): a hook that asks for user name and password. Knows no handshake.
import { equalInConstantTime } from '../../bytes/constant-time.ts';
import { encodeUtf8 } from '../../bytes/utf8.ts';
import { buildWwwAuthenticateBasic, parseAuthorizationBasic } from '../../core/auth-grammar.ts';
import { InvalidHeader } from '../../core/exceptions.ts';
import { singleValue } from '../../core/handshake-headers.ts';
import type { Headers } from '../../core/headers.ts';
import { type CredentialPairs, passwordsOf } from './credentials.ts';
import type { RequestHook } from './request-hook.ts';

/** Whom `basicAuth` lets in: exactly one of `credentials` and `checkCredentials`. */
export interface BasicAuthOptions {
  /** What is protected, as browsers show it to their users. Default empty. */
  readonly realm?: string | undefined;
  /** One pair of user name and password, or several. */
  readonly credentials?: CredentialPairs | undefined;
  /** Decides about a user name and a password. */
  readonly checkCredentials?: ((username: string, password: string) => boolean | Promise<boolean>) | undefined;
}

/**
 * Makes a `processRequest` that admits only who sends the right user name and password in `Authorization` (RFC 7617); others get
 * 401. The name is then `connection.username`. Passwords are compared in constant time. They travel in clear text: use TLS.
 *
 * @example
 * await serve(handler, { processRequest: basicAuth({ realm: 'dev', credentials: ['hello', 'iloveyou'] }) });
 *
 * @throws {RangeError} not exactly one of `credentials` and `checkCredentials`, or a realm that can't stand in a header.
 * @throws {TypeError} `credentials` are no pairs of strings.
 */
export function basicAuth({ realm = '', credentials, checkCredentials }: BasicAuthOptions): RequestHook {
  if ((credentials === undefined) === (checkCredentials === undefined)) {
    throw new RangeError('provide either credentials or checkCredentials');
  }
  const challenge = buildWwwAuthenticateBasic(realm);
  const check = checkCredentials ?? passwordCheck(passwordsOf(credentials));
  return (connection, request) => {
    const refuse = (text: string) => {
      const response = connection.respond(401, text);
      response.headers.append('WWW-Authenticate', challenge);
      return response;
    };
    if (!request.headers.has('Authorization')) return refuse('Missing credentials\n');
    const given = credentialsIn(request.headers);
    if (given === null) return refuse('Unsupported credentials\n');
    const [username, password] = given;
    const answer = (isRight: boolean) => {
      if (!isRight) return refuse('Invalid credentials\n');
      connection.username = username;
      return null;
    };
    const isRight = check(username, password);
    return typeof isRight === 'boolean' ? answer(isRight) : isRight.then(answer);
  };
}

/** Null: they can't be read, or are of another scheme. */
function credentialsIn(headers: Headers): [username: string, password: string] | null {
  try {
    return parseAuthorizationBasic(singleValue(headers, 'Authorization'));
  } catch (error) {
    if (!(error instanceof InvalidHeader)) throw error;
    return null;
  }
}

function passwordCheck(passwords: ReadonlyMap<string, string>): (username: string, password: string) => boolean {
  const secrets = new Map([...passwords].map(([username, password]) => [username, encodeUtf8(password)]));
  const nobody = new Uint8Array(0);
  return (username, password) => {
    const secret = secrets.get(username);
    // An unknown user takes as long as a wrong password.
    const isEqual = equalInConstantTime(secret ?? nobody, encodeUtf8(password));
    return secret !== undefined && isEqual;
  };
}
