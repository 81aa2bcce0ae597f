/** What every wire must do, whatever it is made of. Called with each kind; see transport.test.ts. */
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import type { Test } from 'tap';
import type { Endpoint, OpenTransport } from '../../src/core/transport.js';

/** One wire to be opened, and its far side. */
export interface TransportRig {
  readonly endpoint: Endpoint;
  /** undefined: a wire without a far side. */
  readonly far?: FarSide;
}

export interface FarSide {
  /** The stream at the far side, once the wire is open. */
  stream(): Promise<Duplex>;
  /** Takes the far side away for good. */
  kill(): Promise<void>;
  /** That it is gone shows only when something is sent to it. */
  readonly isConnectionless?: boolean;
}

/** @param rig - makes a fresh wire for each test */
export function transportContract(
  t: Test,
  openTransport: OpenTransport,
  rig: (t: Test) => Promise<TransportRig>,
  options: { skip?: string } = {},
): void {
  const signal = new AbortController().signal;

  t.test('bytes go out and come in, in order', options, async (t) => {
    const { endpoint, far } = await rig(t);
    const wire = await openTransport(endpoint, signal);
    t.teardown(() => wire.destroy());
    if (far === undefined) {
      t.equal(await written(wire, Buffer.from([1, 2, 3])), undefined);
      return;
    }
    const other = await far.stream();
    const out = Buffer.from(Array.from({ length: 2_000 }, (_, i) => i & 0xff));
    const [, seen] = await Promise.all([written(wire, out), take(other, out.length)]);
    t.ok(seen.equals(out), 'what was written arrived');
    const [answer] = await Promise.all([take(wire, out.length), written(other, out.toReversed() as Buffer)]);
    t.ok(answer.equals(out.toReversed()), 'what the far side wrote came in');
  });

  t.test('destroy frees the wire: close is emitted once, and it can be opened again', options, async (t) => {
    const { endpoint } = await rig(t);
    for (let i = 0; i < 3; i++) {
      const wire = await openTransport(endpoint, signal);
      let closed = 0;
      wire.on('close', () => closed++);
      wire.destroy();
      wire.destroy();
      await once(wire, 'close');
      t.equal(closed, 1);
      t.ok(wire.destroyed);
    }
  });

  t.test('an error on an open wire ends the wire, not the process', options, async (t) => {
    const { endpoint } = await rig(t);
    const wire = await openTransport(endpoint, signal);
    wire.destroy(new Error('as from the system'));
    await new Promise((resolve) => wire.once('close', resolve));
    t.ok(wire.destroyed);
  });

  t.test('an aborted signal opens nothing', options, async (t) => {
    const { endpoint } = await rig(t);
    const reason = new Error('not wanted');
    await t.rejects(openTransport(endpoint, AbortSignal.abort(reason)), reason);
  });

  t.test('the far side goes away: the wire closes', options, async (t) => {
    const { endpoint, far } = await rig(t);
    if (far === undefined) return t.pass('there is no far side');
    const wire = await openTransport(endpoint, signal);
    wire.resume();
    const other = await far.stream();
    other.on('error', () => {});
    const closed = new Promise((resolve) => wire.once('close', resolve));
    await far.kill();
    if (far.isConnectionless === true) wire.write(Buffer.of(1));
    await closed;
    t.ok(wire.destroyed);
    return undefined;
  });
}

function written(wire: Duplex, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    wire.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** The next `count` bytes. */
function take(wire: Duplex, count: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const onData = (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size < count) return;
      wire.off('data', onData);
      resolve(Buffer.concat(chunks).subarray(0, count));
    };
    wire.on('data', onData);
    wire.once('close', () => reject(new Error(`closed after ${size} of ${count} bytes`)));
  });
}
