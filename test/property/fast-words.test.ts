/** What the fast path copies and compares by words, and its sets of Packet Identifiers, against what they stand for. */
import fc from 'fast-check';
import t from 'tap';
import { isTopic, TopicShelf } from '../../src/broker/fast/topic-words.js';
import { copyTo, wordsOf } from '../../src/broker/fast/words.js';
import { PacketIdentifiers } from '../../src/broker/packet-identifiers.js';

/** A part of a larger buffer, as what is read and what is written are. */
const part = (bytes: Uint8Array, before: number) => Buffer.concat([Buffer.alloc(before, 0xaa), bytes]).subarray(before);
const offset = fc.nat({ max: 9 });

t.test('copies the bytes that are meant, and touches no others', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), offset, offset, offset, (bytes, before, start, at) => {
      const source = part(Buffer.concat([Buffer.alloc(start, 0x55), bytes, Buffer.alloc(9, 0x55)]), before);
      const target = Buffer.alloc(at + bytes.length + 9, 0xff);
      const expected = Buffer.from(target);
      expected.set(bytes, at);
      copyTo(
        target,
        new DataView(target.buffer, target.byteOffset),
        at,
        source,
        wordsOf(source),
        start,
        start + bytes.length,
      );
      return target.equals(expected);
    }),
    { numRuns: 2_000 },
  );
});

t.test('of a buffer that is gone there are no words, however often they are asked for', async (t) => {
  const memory = new ArrayBuffer(16);
  const bytes = Buffer.from(memory);
  wordsOf(Buffer.alloc(8));
  structuredClone(memory, { transfer: [memory] });
  for (let time = 0; time < 2; time++) t.throws(() => wordsOf(bytes), { name: 'TypeError' });
});

t.test('says whether it is the topic, whichever byte differs', async () => {
  const shelf = new TopicShelf();
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      offset,
      fc.nat(),
      fc.nat({ max: 255 }),
      (bytes, start, which, flip) => {
        const source = Buffer.concat([Buffer.alloc(start), bytes, Buffer.alloc(9)]);
        const { words, at, length } = shelf.put(bytes);
        const isSame = (source: Buffer, end: number) => isTopic(words, at, length, source, start, end);
        const end = start + bytes.length;
        if (length !== bytes.length || !isSame(source, end) || isSame(source, end + 1)) return false;
        if (bytes.length === 0) return true;
        source[start + (which % bytes.length)]! ^= flip;
        // Read through another view: the last one is remembered.
        return isSame(part(source, 3), end) === (flip === 0);
      },
    ),
    { numRuns: 2_000 },
  );
});

t.test('Packet Identifiers are a set, whatever comes and goes', async () => {
  const identifier = fc.oneof(
    fc.integer({ min: 1, max: 65_535 }),
    fc.constantFrom(1, 2, 1023, 1024, 2047, 2048, 65_535),
  );
  const step = fc.record({ what: fc.constantFrom('add', 'add', 'delete', 'clear'), identifier });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const identifiers = new PacketIdentifiers();
      const model = new Set<number>();
      for (const { what, identifier } of steps) {
        if (what === 'clear') {
          identifiers.clear();
          model.clear();
        } else if (what === 'add') {
          identifiers.add(identifier);
          model.add(identifier);
        } else if (identifiers.delete(identifier) !== model.delete(identifier)) return false;
        if (identifiers.size !== model.size || identifiers.has(identifier) !== model.has(identifier)) return false;
      }
      return [...identifiers].sort((a, b) => a - b).join() === [...model].sort((a, b) => a - b).join();
    }),
    { numRuns: 2_000 },
  );
});
