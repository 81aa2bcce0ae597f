/** Foreign serial devices (pyserial) on pseudo-terminals of socat. */
import { join } from 'node:path';
import type { Test } from 'tap';
import { plugCable } from './cable.js';
import { PYTHON, works } from './modbus-peers.js';
import { needs, type Peer, repoRoot, startPeer } from './peers.js';

/** Options of a test that needs socat and pyserial, and further programs. */
export function needsSerialPeers(...programs: readonly string[]) {
  const there = works(PYTHON, ['-c', 'import serial']);
  return needs('socat', ...(there ? [] : ['python3-serial']), ...programs);
}

export interface PluggedIn {
  readonly device: Peer;
  /** Pulls the adapter: its device file is gone. */
  pull(): Promise<void>;
}

/** @param path - of the near end; @param script - in test/peers */
export async function plugIn(t: Test, path: string, script: string, ...args: readonly string[]): Promise<PluggedIn> {
  const far = `${path}-far`;
  const cable = await plugCable(t, path, far);
  const device = startPeer(t, PYTHON, [join(repoRoot, 'test', 'peers', script), far, ...args]);
  await device.sees(/^ready$/m);
  return {
    device,
    async pull() {
      await cable.unplug();
      await device.kill();
    },
  };
}
