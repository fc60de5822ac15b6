// uWebSockets.js, which is not on npm's registry: measured when somebody has installed it beside the others. Broadcasts go
// through its topics.
import uWS from 'uWebSockets.js';
import { HOST, isCompressed, listening, mode, tls } from './common.js';

let count = 0;
const MESSAGE = {
  echo: (socket, data, isBinary) => socket.send(isBinary ? data : textOf(data), isBinary, isCompressed),
  broadcast: (_socket, data, isBinary) => app.publish('all', data, isBinary, isCompressed),
  receive(socket, _data, isBinary) {
    if (isBinary) count += 1;
    else socket.send(String(count));
  },
};
const textOf = (data) => Buffer.from(data).toString();

const app = tls ? uWS.SSLApp({ key_file_name: tls.key, cert_file_name: tls.cert }) : uWS.App();
app.ws('/*', {
  compression: isCompressed ? uWS.SHARED_COMPRESSOR : uWS.DISABLED,
  maxPayloadLength: 2 ** 20,
  maxBackpressure: 2 ** 24,
  open(socket) {
    if (mode === 'broadcast') socket.subscribe('all');
  },
  message: MESSAGE[mode],
});
app.listen(HOST, 0, (socket) => listening(uWS.us_socket_local_port(socket)));
