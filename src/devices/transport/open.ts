/** Opens the wire of an endpoint. Whatever kind it is, the Duplex emits `close` once, and destroy() frees the wire. */
import type { OpenTransport } from '../../core/transport.js';
import { openMemory } from './memory.js';
import { openSerial } from './serial.js';
import { openTcp } from './tcp.js';

export const openTransport: OpenTransport = async (endpoint, signal) => {
  signal.throwIfAborted();
  switch (endpoint.type) {
    case 'tcp':
      return openTcp(endpoint, signal);
    case 'serial':
      return openSerial(endpoint, signal);
    case 'memory':
      return openMemory();
  }
};
