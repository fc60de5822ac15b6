// What a user's CommonJS module does with the package: Node requires ES modules from 20.19 on.
import exceptions = require('websockets-ts/exceptions');

function describe(error: unknown): string {
  return error instanceof exceptions.WebSocketException ? error.name : String(error);
}

console.log(describe(new TypeError('mine')));
