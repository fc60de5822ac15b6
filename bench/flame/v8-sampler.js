// Runs within a server, before its own code: samples the second half of the load, and writes the profile.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';

const { FLAME_FILE, FLAME_SECONDS } = process.env;
const WARM_UP_MS = 500;
const loadMs = Number(FLAME_SECONDS) * 1000;

const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.setSamplingInterval', { interval: 250 });
setTimeout(() => session.post('Profiler.start'), WARM_UP_MS + loadMs / 2);
// Before the load ends: then the server is killed.
const stop = () =>
  session.post('Profiler.stop', (error, { profile }) => {
    if (error) throw error;
    writeFileSync(FLAME_FILE, JSON.stringify(profile));
  });
setTimeout(stop, WARM_UP_MS + loadMs * 0.9);
