/** Two connected streams in memory: what one side writes the other reads, asynchronously, as on a wire. */
import { Duplex } from 'node:stream';

class Side extends Duplex {
  peer!: Side;

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: (error?: Error | null) => void): void {
    const copy = Buffer.from(chunk);
    setImmediate(() => {
      if (!this.peer.destroyed) this.peer.push(copy);
      callback();
    });
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
