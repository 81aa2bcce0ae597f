import fc from 'fast-check';
import t from 'tap';
import { EntryWriter, readEntries } from '../../../src/store/entries.js';

const row = fc.record({
  sequence: fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  flags: fc.integer({ min: 0, max: 0xffff_ffff }),
  released: fc.nat(),
  identifiers: fc.option(fc.array(fc.integer({ min: 1, max: 0x0fff_ffff }), { minLength: 1, maxLength: 3 })),
  share: fc.option(fc.string({ unit: 'grapheme', minLength: 1 })),
  record: fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array({ minLength: 15_000, maxLength: 20_000, size: 'max' }),
  ),
});

t.test('what is written of entries is read again, in order', async () => {
  fc.assert(
    fc.property(fc.array(row, { maxLength: 60 }), (rows) => {
      const writer = new EntryWriter();
      for (const one of rows) writer.add({ ...one, identifiers: one.identifiers?.join(',') ?? null });
      t.strictSame(
        readEntries(writer.take()).map((entry) => ({ ...entry, record: new Uint8Array(entry.record) })),
        rows.map(({ identifiers, share, ...rest }) => ({
          ...rest,
          identifiers: identifiers ?? [],
          share: share ?? undefined,
        })),
      );
      t.equal(
        writer.bytes,
        rows.reduce((sum, { record }) => sum + record.length, 0),
      );
    }),
    { numRuns: 50 },
  );
});

t.test('a message that stays keeps no more than a small buffer in memory', async (t) => {
  const writer = new EntryWriter();
  const record = new Uint8Array(200);
  for (let sequence = 1; sequence <= 4_000; sequence++) {
    writer.add({ sequence, flags: 1, released: 0, identifiers: null, share: null, record });
  }
  const buffers = new Set(readEntries(writer.take()).map(({ record: { buffer } }) => buffer));
  t.ok([...buffers].every(({ byteLength }) => byteLength <= 16 * 1024));
});
