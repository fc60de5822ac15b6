// Addresses as Node tells them, and as the connection layer has them.
import type { AddressInfo } from 'node:net';
import type { Address } from '../connection/transport.ts';

/** The address of one end of a connection; null when the system has not told. */
export const addressOf = (host: string | undefined, port: number | undefined): Address | null =>
  host === undefined || port === undefined ? null : [host, port];

/** The address of a listening socket. */
export const listeningAddress = (address: AddressInfo | string | null): Address[] =>
  address === null ? [] : [typeof address === 'string' ? address : [address.address, address.port]];
