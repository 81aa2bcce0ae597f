/** Two connected streams in memory: what one side writes the other reads, asynchronously, as on a wire. */
import { Duplex } from 'node:stream';

class Side extends Duplex {
  peer!: Side;
  /** Writes to this side that are not taken; undefined: they are. */
  held: (() => void)[] | undefined;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const copy = Buffer.from(chunk);
    const take = () =>
      setImmediate(() => {
        if (!this.peer.destroyed) this.peer.push(copy);
        callback();
      });
    if (this.peer.held === undefined) take();
    else this.peer.held.push(take);
  }

  override _final(callback: (error?: Error | null) => void): void {
    setImmediate(() => {
      if (!this.peer.destroyed) this.peer.push(null);
      callback();
    });
  }

  /** A cut wire is seen by both ends. */
  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.peer.destroyed) setImmediate(() => this.peer.destroy());
    callback(error);
  }
}

export function duplexPair(): readonly [Duplex, Duplex] {
  const a = new Side();
  const b = new Side();
  a.peer = b;
  b.peer = a;
  a.on('error', () => {});
  b.on('error', () => {});
  return [a, b];
}

/** From now on what the other end writes to this one is not taken: its buffers are full. */
export function holdWrites(stream: Duplex): void {
  (stream as Side).held ??= [];
}

export function releaseWrites(stream: Duplex): void {
  const held = (stream as Side).held ?? [];
  (stream as Side).held = undefined;
  for (const take of held) take();
}
