// An extension that both sides agree on and that cannot encode on the client.
import type { ClientExtensionFactory, Extension, ServerExtensionFactory } from 'websockets-ts/extensions';

const plain: Extension = { name: 'failing', decode: (frame) => frame, encode: (frame) => frame };

/** What the server makes of it: nothing. */
export const agreeing: ServerExtensionFactory = { name: 'failing', processRequestParams: () => [[], plain] };

/** Throws `RangeError: mine` at every frame that is sent. */
export const failing: ClientExtensionFactory = {
  name: 'failing',
  getRequestParams: () => [],
  processResponseParams: () => ({
    ...plain,
    encode: () => {
      throw new RangeError('mine');
    },
  }),
};
