import { Duplex } from 'node:stream';

/** A wire to nowhere: takes every byte, never says one. For adapters that make their values themselves. */
export function openMemory(): Duplex {
  const wire = new Duplex({
    read() {},
    write(_chunk, _encoding, callback) {
      callback();
    },
  });
  wire.on('error', () => {});
  return wire;
}
