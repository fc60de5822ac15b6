// The driver for Node.
import { connect, serve, unixConnect, unixServe } from 'websockets-ts';
import { listenRaw, RawPeer } from '../support/raw-peer.ts';
import type { Driver } from './driver.ts';

export const node: Driver = { connect, serve, unixConnect, unixServe, dial: RawPeer.dial, listen: listenRaw };
