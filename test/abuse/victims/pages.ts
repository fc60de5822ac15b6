// What an HTTP server answers whose WebSocket server is under attack. Knows no library.
import type { RequestListener } from 'node:http';
import { LATE_MS } from '../attack.ts';

/** `/page` at once, `/page/late` after a while, `/page/never` only when the client has gone. All else as `otherwise`. */
export const pages =
  (otherwise: RequestListener): RequestListener =>
  (request, response) => {
    const { url = '/' } = request;
    if (url === '/page') response.end('page');
    else if (url === '/page/late') setTimeout(() => response.end('late page'), LATE_MS);
    else if (url !== '/page/never') otherwise(request, response);
  };
