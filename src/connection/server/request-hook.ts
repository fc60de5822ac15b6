// What looks at requests before the handshake goes on. No code, only the shape.
import type { Request, Response } from '../../core/http-message.ts';
import type { ServerConnection } from './server-connection.ts';

/** A `processRequest` for any server: a response refuses the request, null lets it through. */
export type RequestHook = (
  connection: ServerConnection,
  request: Request,
) => Response | null | Promise<Response | null>;
