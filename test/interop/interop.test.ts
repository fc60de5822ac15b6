// Every peer goes through every scenario that it is able to, with our server and with our client.
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { type ServerConnection, serve } from '../support/websockets.ts';
import { DIRECTIONS, meet } from './meeting.ts';
import type { RunningPeer } from './peer.ts';
import { python } from './peers/python.ts';
import { node, undici } from './peers/whatwg.ts';
import { ws } from './peers/ws.ts';
import { SCENARIOS } from './scenarios.ts';
import { Site, targetOf } from './site.ts';

const site = new Site();
after(() => site[Symbol.dispose]());

for (const peer of [python, ws, undici, node]) {
  suite(peer.name, { skip: peer.missing }, () => {
    let running: RunningPeer;
    before(async () => {
      running = await peer.start(site);
    });
    after(() => running[Symbol.asyncDispose]());

    test('is refused when our server says so', { timeout: 20_000 }, async () => {
      const refuse = (connection: ServerConnection) => connection.respond(403, 'Not today.\n');
      await using server = await serve(() => {}, { host: '127.0.0.1', processRequest: refuse });
      await assert.rejects(running.connect(targetOf('TCP over IPv4', Number(server.addresses[0]![1])), {}));
    });

    for (const direction of DIRECTIONS) {
      if (direction === 'our client' && !peer.isServer) continue;
      suite(`with ${direction}`, () => {
        for (const scenario of SCENARIOS) {
          const { title, needs = [], carrier = 'TCP over IPv4', ours = {}, theirs = {}, isTapped = false } = scenario;
          if (!needs.every((ability) => peer.abilities.has(ability))) continue;
          test(title, { skip: Site.lacks(carrier), timeout: 20_000 }, async () => {
            await using meeting = await meet(running, site, { direction, carrier, ours, theirs, isTapped });
            await scenario.run(meeting, peer.abilities);
          });
        }
      });
    }
  });
}
