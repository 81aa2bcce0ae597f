/** The wires of a gateway, closed at the end of the test. */
import type { Test } from 'tap';
import { systemClock } from '../../src/core/clock.js';
import { silentLog } from '../../src/core/log.js';
import type { OpenTransport } from '../../src/core/transport.js';
import { Wires } from '../../src/devices/transport/open.js';

export function createWires(t: Test): Wires {
  const wires = new Wires({ clock: systemClock, log: silentLog });
  t.teardown(() => wires[Symbol.asyncDispose]());
  return wires;
}

/** For wires that need nothing to be closed but themselves: all but `listen`. */
export const openTransport: OpenTransport = (endpoint, signal) =>
  new Wires({ clock: systemClock, log: silentLog }).open(endpoint, signal);
