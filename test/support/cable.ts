/** A serial line between two pseudo-terminals of socat. */
import { rmSync } from 'node:fs';
import type { Test } from 'tap';
import { type Peer, startPeer } from './peers.js';

export interface Cable {
  readonly peer: Peer;
  /** Both ends are gone, and so are their names. */
  unplug(): Promise<void>;
}

/**
 * What is written to one end is read at the other.
 *
 * The names go before socat: the kernel gives the number of a pseudo-terminal that is gone to the next one, and a name that
 * still led there would let a gateway that looks for its line open, and lock, the line of another test.
 *
 * @param near - path of the symbolic link to one end, as udev makes it; @param far - to the other
 */
export async function plugCable(t: Test, near: string, far: string): Promise<Cable> {
  const peer = startPeer(t, 'socat', ['-d', '-d', `pty,raw,echo=0,link=${near}`, `pty,raw,echo=0,link=${far}`]);
  const forget = () => {
    for (const path of [near, far]) rmSync(path, { force: true });
  };
  // Before the one of startPeer, which ends it.
  t.teardown(forget);
  await peer.sees(/starting data transfer loop/);
  return {
    peer,
    async unplug() {
      forget();
      await peer.kill();
    },
  };
}
