/**
 * A TCP or Unix socket that is read into one buffer, which all of them share: Node otherwise allocates 64 KiB for each
 * read, and the garbage of that is half the cost of a busy connection (test/bench H).
 *
 * `net.Server` makes its sockets without `onread`, so the handle of an accepted one is given to a new one.
 */
import { Socket, type SocketConstructorOpts } from 'node:net';

const READ_BYTES = 64 * 1024;
const shared = Buffer.allocUnsafeSlow(READ_BYTES);

/** Node's own business; a socket without one cannot be taken over. */
interface WithHandle {
  _handle?: unknown;
}

export class DirectSocket extends Socket {
  /** Called with what was read, which is overwritten after the call; instead of 'data'. */
  onBytes: ((bytes: Buffer) => void) | undefined;

  /** @returns undefined when this Node does not allow it: the socket itself is as good, but dearer */
  static takeOver(accepted: Socket): DirectSocket | undefined {
    const { _handle: handle } = accepted as WithHandle;
    if (handle === undefined || handle === null || accepted.destroyed) return undefined;
    const onread = {
      buffer: shared,
      callback: (bytes: number) => {
        direct.onBytes?.(bytes === READ_BYTES ? shared : shared.subarray(0, bytes));
        return true;
      },
    };
    const direct: DirectSocket = new DirectSocket({ handle, onread } as unknown as SocketConstructorOpts);
    direct.on('error', () => {});
    // Without a handle it closes nothing, and is done.
    (accepted as WithHandle)._handle = null;
    accepted.destroy();
    return direct;
  }
}
