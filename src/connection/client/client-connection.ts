// The client's end of a connection: the shell plus the client's half of the opening handshake.

import type { ClientProtocol } from '../../core/client-protocol.ts';
import { EndOfStreamError, InvalidMessage } from '../../core/exceptions.ts';
import { compactMessage, Request, type Response } from '../../core/http-message.ts';
import { State } from '../../core/state.ts';
import { Connection } from '../connection.ts';

/** A client's connection. Made by `connect`. */
export class ClientConnection<P extends string | null = string | null> extends Connection<P> {
  declare readonly protocol: ClientProtocol;
  #settleHandshake: (() => void) | null = null;
  #hasOpened = false;

  /**
   * Does the opening handshake.
   * @throws {InvalidHandshake} one of its kinds: the server's answer isn't acceptable.
   */
  handshake(request: Request): Promise<void> {
    this.request = request;
    return new Promise((resolve, reject) => {
      this.#settleHandshake = () => {
        this.#settleHandshake = null;
        if (this.#hasOpened) resolve();
        else reject(this.protocol.handshakeExc ?? endedEarly());
      };
      this.protocol.sendRequest(request);
      this.flush();
    });
  }

  protected override onHandshake(message: Request | Response): void {
    if (message instanceof Request) return;
    this.response = message;
    if (this.request !== null) compactMessage(this.request);
    compactMessage(message);
    if (this.protocol.state === State.OPEN) {
      // Before the handler of `open`, which may well close the connection.
      this.#hasOpened = true;
      this.onOpen();
    }
    this.#settleHandshake?.();
  }

  protected override onHandshakeFailed(): void {
    this.#settleHandshake?.();
  }

  protected override onGone(): void {
    this.#settleHandshake?.();
  }
}

const endedEarly = (): InvalidMessage =>
  new InvalidMessage('did not receive a valid HTTP response', {
    cause: new EndOfStreamError('connection closed while reading HTTP status line'),
  });
