/** The DTLS client, whatever it is sent. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import { DtlsClient } from '../../src/devices/transport/dtls/client.js';
import { Reassembly, writeHandshake } from '../../src/devices/transport/dtls/handshake.js';
import {
  CIPHER_SUITES,
  ContentType,
  open,
  ReplayWindow,
  readRecords,
  seal,
  writeRecord,
} from '../../src/devices/transport/dtls/records.js';
import { ManualClock } from '../support/manual-clock.js';

const bytes = (maxLength: number) => fc.uint8Array({ maxLength }).map((array) => Buffer.from(array));

/** Records that look like those of a handshake. */
const record = fc
  .record({
    type: fc.constantFrom(...Object.values(ContentType), 99),
    epoch: fc.constantFrom(0, 0, 0, 1),
    sequence: fc.nat(20),
    fragment: fc.oneof(
      bytes(60),
      fc
        .record({ type: fc.constantFrom(1, 2, 3, 12, 14, 16, 20), sequence: fc.nat(4), body: bytes(80) })
        .map((message) => writeHandshake(message)),
    ),
  })
  .map((one) => writeRecord(one));

t.test('random datagrams in a handshake never throw, and never connect', async () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(bytes(80), record), { maxLength: 12 }), (datagrams) => {
      let isConnected = false;
      const client = new DtlsClient({
        identity: Buffer.from('a'),
        key: Buffer.from('b'),
        session: undefined,
        clock: new ManualClock(),
        send: () => {},
        onConnected: () => {
          isConnected = true;
        },
        onData: () => assert.fail('data before there are keys'),
        onEnd: () => {},
      });
      client.start();
      for (const datagram of datagrams) client.receive(datagram);
      assert.equal(isConnected, false);
      client.close();
    }),
    { numRuns: 5_000 },
  );
});

t.test('what is sealed is opened; with a bit changed it is not', async () => {
  const keys = { key: Buffer.alloc(16, 1), iv: Buffer.alloc(4, 2) };
  fc.assert(
    fc.property(
      fc.constantFrom(...CIPHER_SUITES),
      bytes(300),
      fc.nat(2 ** 40),
      fc.nat(),
      (suite, plain, sequence, bit) => {
        const sealed = seal({ type: 23, epoch: 1, sequence, fragment: plain }, suite, keys);
        const [read] = [...readRecords(writeRecord(sealed))];
        assert.deepEqual(open(read!, suite, keys), plain);
        const damaged = Buffer.from(sealed.fragment);
        damaged[bit % damaged.length]! ^= 1 << (bit % 8);
        assert.equal(open({ ...sealed, fragment: damaged }, suite, keys), undefined);
        assert.equal(open({ ...sealed, sequence: sequence + 1 }, suite, keys), undefined);
      },
    ),
  );
});

t.test('messages come out whole and in order, whatever pieces they came in', async () => {
  const messages = [2, 12, 14, 20].map((type, sequence) => ({
    type,
    sequence,
    body: Buffer.alloc(5 + 30 * sequence, type),
  }));
  const pieces = messages.flatMap((message) => {
    const whole = writeHandshake(message);
    return Array.from({ length: Math.ceil(message.body.length / 10) }, (_, i) => {
      const part = message.body.subarray(10 * i, 10 * i + 10);
      const header = Buffer.from(whole.subarray(0, 12));
      header.writeUIntBE(10 * i, 6, 3);
      header.writeUIntBE(part.length, 9, 3);
      return Buffer.concat([header, part]);
    });
  });
  fc.assert(
    fc.property(fc.shuffledSubarray([...pieces, ...pieces], { minLength: 2 * pieces.length }), (shuffled) => {
      const reassembly = new Reassembly();
      const out = [];
      for (const piece of shuffled) {
        reassembly.take(piece);
        for (let message = reassembly.shift(); message !== undefined; message = reassembly.shift()) out.push(message);
      }
      assert.deepEqual(out, messages);
    }),
  );
});

t.test('a record is taken once (RFC 6347 §4.1.2.6)', async () => {
  fc.assert(
    fc.property(fc.array(fc.nat(200)), (sequences) => {
      const window = new ReplayWindow();
      const taken = new Set<number>();
      for (const sequence of sequences) {
        if (!window.isNew(sequence)) continue;
        assert.ok(!taken.has(sequence));
        taken.add(sequence);
        window.take(sequence);
      }
    }),
  );
});
