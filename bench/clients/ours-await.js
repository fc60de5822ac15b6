// This library's client with `for await` and `await send`.
import { connect } from '../../dist/index.js';
import { openAll } from './common.js';

async function echo(connection) {
  for await (const message of connection) await connection.send(message);
}
await openAll(async (uri) => {
  const connection = await connect(uri, { compression: null });
  echo(connection).catch(() => {}); // a load ends without a close frame
});
