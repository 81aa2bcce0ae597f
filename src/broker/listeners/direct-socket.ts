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

/** Whose bytes they are. */
export interface DirectOwner {
  /** @param bytes - overwritten after the call */
  read(bytes: Buffer): void;
  /** It failed, or the peer closed it. */
  lost(error: Error | undefined): void;
  closed(): void;
}

// The same functions for all: closures of each connection are a part of what an idle one takes (test/bench G).
const onread = {
  buffer: shared,
  callback(this: DirectSocket, bytes: number): boolean {
    this.owner?.read(bytes === READ_BYTES ? shared : shared.subarray(0, bytes));
    return true;
  },
};

function onError(this: DirectSocket, error: Error): void {
  this.owner?.lost(error);
}

function onEnd(this: DirectSocket): void {
  this.owner?.lost(undefined);
}

function onClose(this: DirectSocket): void {
  this.owner?.closed();
}

export class DirectSocket extends Socket {
  /** Told instead of 'data' and the other events. */
  owner: DirectOwner | undefined;

  /** @returns undefined when this Node does not allow it: the socket itself is as good, but dearer */
  static takeOver(accepted: Socket): DirectSocket | undefined {
    const { _handle: handle } = accepted as WithHandle;
    if (handle === undefined || handle === null || accepted.destroyed) return undefined;
    const direct: DirectSocket = new DirectSocket({ handle, onread } as unknown as SocketConstructorOpts);
    direct.on('error', onError);
    direct.on('end', onEnd);
    direct.on('close', onClose);
    // Without a handle it closes nothing, and is done.
    (accepted as WithHandle)._handle = null;
    accepted.destroy();
    return direct;
  }
}
