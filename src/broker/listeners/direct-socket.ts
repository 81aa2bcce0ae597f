/**
 * A TCP or Unix socket that is read into one buffer, which all of them share: Node otherwise allocates 64 KiB for each
 * read, and the garbage of that is half the cost of a busy connection (test/bench H).
 *
 * What the system takes at once is written without the state of a stream, which is for what has to wait (test/bench A1, J).
 *
 * `net.Server` makes its sockets without `onread`, so the handle of an accepted one is given to a new one.
 */
import { Socket, type SocketConstructorOpts } from 'node:net';
import { getSystemErrorName } from 'node:util';

const READ_BYTES = 64 * 1024;
const shared = Buffer.allocUnsafeSlow(READ_BYTES);
/** The beginning of it, of so many bytes: who sends packet by packet sends a few lengths, and a view costs more than a short packet (A1). */
const beginnings: (Buffer | undefined)[] = Array.from({ length: 256 });

function beginning(bytes: number): Buffer {
  if (bytes === READ_BYTES) return shared;
  if (bytes >= beginnings.length) return shared.subarray(0, bytes);
  beginnings[bytes] ??= shared.subarray(0, bytes);
  return beginnings[bytes];
}

/** What the handle needs when it has to wait; of libuv, as `uv_write_t`. */
interface WriteRequest {
  /** @param status - below 0: an error of the system */
  oncomplete(status: number): void;
  /** The bytes, as long as they are needed. */
  buffer: Buffer;
}

/** Node's own business; a socket without one cannot be taken over. */
interface Handle {
  /** Tries at once; what is left is written later. @returns below 0: an error of the system */
  writeBuffer(request: WriteRequest, bytes: Buffer): number;
  /** Bytes that are left. */
  readonly writeQueueSize: number;
}

interface WithHandle {
  _handle?: Handle | null;
}

/** No module exports it: the first write that a stream makes shows it. */
let Request: (new () => WriteRequest) | undefined;
/** Not used by a write that left nothing. */
let spare: WriteRequest | undefined;

function learn(handle: Handle): void {
  handle.writeBuffer = (request, bytes) => {
    Request = request.constructor as new () => WriteRequest;
    delete (handle as Partial<Handle>).writeBuffer;
    return handle.writeBuffer(request, bytes);
  };
}

function failure(status: number): Error {
  const code = getSystemErrorName(status);
  return Object.assign(new Error(`write ${code}`), { code, errno: status, syscall: 'write' });
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
    this.owner?.read(beginning(bytes));
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
    if (typeof handle?.writeQueueSize !== 'number' || accepted.destroyed) return undefined;
    const direct: DirectSocket = new DirectSocket({ handle, onread } as unknown as SocketConstructorOpts);
    direct.on('error', onError);
    direct.on('end', onEnd);
    direct.on('close', onClose);
    // Without a handle it closes nothing, and is done.
    (accepted as WithHandle)._handle = null;
    accepted.destroy();
    return direct;
  }

  /**
   * Writes before anything else happens. What the system does not take is kept and written later, before what is written then.
   *
   * @returns whether it took everything, or the socket failed
   */
  writeNow(bytes: Buffer): boolean {
    const handle = (this as WithHandle)._handle;
    if (!handle || this.writableLength > 0 || this.writableEnded || Request === undefined) {
      if (handle && Request === undefined) learn(handle);
      this.write(bytes);
      return this.writableLength === 0;
    }
    spare ??= new Request();
    const status = handle.writeBuffer(spare, bytes);
    if (status < 0) {
      this.destroy(failure(status));
      return true;
    }
    if (handle.writeQueueSize === 0) return true;
    spare.buffer = bytes;
    spare.oncomplete = (status) => {
      if (status < 0 && !this.destroyed) this.destroy(failure(status));
    };
    spare = undefined;
    return false;
  }

  /** Bytes that were written, and the system did not yet take. */
  get unsentBytes(): number {
    return this.writableLength + ((this as WithHandle)._handle?.writeQueueSize ?? 0);
  }
}
