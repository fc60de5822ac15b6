// This library's client with direct handlers: the fast road.
import { connect } from '../../dist/index.js';
import { openAll } from './common.js';

const handlers = { message: (connection, data) => connection.send(data) };
await openAll((uri) => connect(uri, { handlers, compression: null }));
