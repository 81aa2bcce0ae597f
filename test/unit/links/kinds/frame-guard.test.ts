import fc from 'fast-check';
import { generate } from 'mqtt-packet';
import t from 'tap';
import { FrameGuard } from '../../../../src/links/kinds/frame-guard.js';

t.test('packets within the limit pass, however they are cut (property)', async (t) => {
  const sizes = fc.array(fc.integer({ min: 0, max: 20_000 }), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(sizes, fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1 }), (payloads, cuts) => {
      const stream = Buffer.concat(
        payloads.map((size) =>
          generate({ cmd: 'publish', topic: 'a', payload: Buffer.alloc(size, 0xff), qos: 0 } as never),
        ),
      );
      const guard = new FrameGuard(20_100);
      for (let at = 0, i = 0; at < stream.length; i++) {
        const end = at + cuts[i % cuts.length]!;
        if (guard.check(stream.subarray(at, end)) !== undefined) throw new Error(`stopped at ${at}`);
        at = end;
      }
      // In step: the next packet that is too large is found.
      if (guard.check(Buffer.from([0x30, 0x85, 0x9d, 0x01])) !== 20_101) throw new Error('out of step');
    }),
    { numRuns: 200 },
  );
  t.pass('200 streams');
});

t.test('a packet beyond the limit is found in its header, byte by byte [MQTT 5.0 §2.1.4]', async (t) => {
  const guard = new FrameGuard(100);
  t.equal(guard.check(Buffer.from([0x30])), undefined);
  t.equal(guard.check(Buffer.from([0xe5])), undefined);
  t.equal(guard.check(Buffer.from([0x00])), 101);
  t.equal(new FrameGuard(100).check(Buffer.from([0x30, 100])), undefined);
});

t.test('a Remaining Length of five bytes is malformed [MQTT 5.0 §1.5.5]', async (t) => {
  const guard = new FrameGuard(Number.MAX_SAFE_INTEGER);
  t.equal(guard.check(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01])), Number.POSITIVE_INFINITY);
  t.equal(new FrameGuard(1e9).check(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])), undefined);
});
