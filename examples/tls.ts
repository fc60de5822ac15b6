// Serves wss and connects to it: node build/examples/tls.js CERTIFICATE KEY. A pair for localhost to try it with comes from
//   openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost \
//     -addext subjectAltName=DNS:localhost -keyout key.pem -out certificate.pem
import { readFileSync } from 'node:fs';
import { connect, serve } from 'websockets-ts';

const [certificateFile = 'certificate.pem', keyFile = 'key.pem'] = process.argv.slice(2);
const certificate = readFileSync(certificateFile);

const server = await serve((connection) => connection.send('Nobody else can read this.'), {
  host: 'localhost',
  tls: { cert: certificate, key: readFileSync(keyFile) },
});
const [, port] = server.addresses[0] ?? [];

// A certificate that signed itself has to be named; one from an authority needs no `tls` here.
const connection = await connect(`wss://localhost:${port}`, { tls: { ca: certificate } });
console.log('received:', await connection.recv());
await connection.close();
server.close();
