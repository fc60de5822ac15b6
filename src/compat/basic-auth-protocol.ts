// Basic authentication as a class of connections, as Python's legacy API has it. The work is done by `basicAuth`.
import { type BasicAuthOptions, basicAuth, type Headers, type RequestHook } from '../server.ts';
import { type LegacyRequestHook, type ServerProtocolClass, WebSocketServerProtocol } from './legacy-server.ts';

/**
 * A server's connection that asks for user name and password. Override `realm` and `checkCredentials`.
 * @deprecated Use `serve` with `processRequest: basicAuth(…)`.
 */
export class BasicAuthWebSocketServerProtocol<
  P extends string | null = string | null,
> extends WebSocketServerProtocol<P> {
  /** What is protected, as browsers show it to their users. */
  get realm(): string {
    return '';
  }

  /** Decides about a user name and a password. Here: nobody is let in. */
  checkCredentials(_username: string, _password: string): boolean | Promise<boolean> {
    return false;
  }

  /** Who is let in. */
  protected get authentication(): RequestHook {
    return basicAuth({
      realm: this.realm,
      checkCredentials: (username, password) => this.checkCredentials(username, password),
    });
  }

  /** Refuses with 401 whom `checkCredentials` does not let in. */
  override async processRequest(
    path: string,
    requestHeaders: Headers,
  ): Promise<Awaited<ReturnType<LegacyRequestHook>>> {
    const refusal = this.request === null ? null : await this.authentication(this, this.request);
    return refusal ?? super.processRequest(path, requestHeaders);
  }
}

/** Options of {@link basicAuthProtocolFactory}: those of `basicAuth`, and the class to inherit from. */
export interface BasicAuthProtocolOptions extends BasicAuthOptions {
  /** Default: {@link BasicAuthWebSocketServerProtocol}. */
  readonly createProtocol?: typeof BasicAuthWebSocketServerProtocol | undefined;
}

/**
 * A class for the option `createProtocol` of the legacy `serve`, whose connections ask for user name and password.
 * @throws as `basicAuth`.
 * @deprecated Use `serve` with `processRequest: basicAuth(…)`.
 */
export function basicAuthProtocolFactory({
  createProtocol: Base = BasicAuthWebSocketServerProtocol,
  ...options
}: BasicAuthProtocolOptions): ServerProtocolClass<BasicAuthWebSocketServerProtocol> {
  const hook = basicAuth(options);
  return class extends Base {
    protected override get authentication(): RequestHook {
      return hook;
    }
  };
}

/**
 * `basicAuthProtocolFactory` as Python spells it.
 * @deprecated Use `serve` with `processRequest: basicAuth(…)`.
 */
export const basic_auth_protocol_factory: typeof basicAuthProtocolFactory = basicAuthProtocolFactory;
