/** Files that were cut, mixed up and mistyped: an import either says what is wrong, or loses no entry and is valid. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as fc from 'fast-check';
import t from 'tap';
import { loadAdapters } from '../../src/builtin.js';
import { createConfigSchema } from '../../src/config/schema.js';
import { ConfigSource } from '../../src/config/source.js';
import { GatewayError } from '../../src/core/errors.js';
import { FORMATS, importText } from '../../src/import/formats.js';
import { readCsv } from '../../src/import/read-csv.js';
import { repoRoot } from '../support/peers.js';

const SAMPLES: readonly (readonly [file: string, format: string])[] = [
  ['telegraf-register.conf', 'telegraf'],
  ['telegraf-request.conf', 'telegraf'],
  ['neuron.csv', 'neuron'],
  ['neuron.json', 'neuron'],
  ['thingsboard.json', 'thingsboard'],
  ['hivemq.xml', 'hivemq'],
  ['points.csv', 'csv'],
];

/** What people and programs do to files. */
const words = ['0', '-1', '70000', '"', '1e9', 'null', '[]', '{}', 'true', '__proto__', 'set', '\u0000', 'ä', ''];
const mutation = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), word: fc.constantFrom(...words) });

/** Replaces the word at a place; the place is a share of the text. */
function mutate(text: string, { at, word }: { at: number; word: string }): string {
  const start = Math.floor(at * text.length);
  const match = /[\w.:/-]+/.exec(text.slice(start));
  if (match === null) return text + word;
  return text.slice(0, start + match.index) + word + text.slice(start + match.index + match[0].length);
}

for (const [file, name] of SAMPLES) {
  t.test(`${file}, damaged`, async (t) => {
    const adapters = await loadAdapters();
    const schema = createConfigSchema(adapters);
    const format = FORMATS.find((one) => one.name === name)!;
    const text = readFileSync(join(repoRoot, 'test/vectors/import', file), 'utf8');
    await fc.assert(
      fc.asyncProperty(fc.array(mutation, { minLength: 1, maxLength: 4 }), async (mutations) => {
        const damaged = mutations.reduce(mutate, text);
        try {
          const { yaml, entries, mapped, findings } = await importText(format, damaged, file, adapters);
          const unmapped = findings.filter(({ kind }) => kind === 'unmapped').length;
          if (mapped + unmapped !== entries) return false;
          return schema.safeParse(new ConfigSource('result', Buffer.from(yaml)).value).success;
        } catch (error) {
          if (error instanceof GatewayError && error.code.startsWith('IMPORT_')) return true;
          throw error;
        }
      }),
      { numRuns: 40 },
    );
    t.pass();
  });
}

t.test('cells of a table come out as they went in, whatever is in them', async (t) => {
  const cell = fc.string().map((text) => text.replaceAll('\r', '').trim());
  const quoted = (text: string) => `"${text.replaceAll('"', '""')}"`;
  const rowsOfCells = fc.array(fc.tuple(cell, cell), { minLength: 1 });
  const holds = fc.property(rowsOfCells, fc.constantFrom(',', ';', '\t'), (rows, separator) => {
    const text = [['a', 'b'], ...rows].map((row) => row.map(quoted).join(separator)).join('\r\n');
    const read = readCsv(text)
      .list()
      .map((row) => [row.text('a') ?? '', row.text('b') ?? '']);
    const written = rows.filter((row) => row.some((one) => one !== ''));
    return JSON.stringify(read) === JSON.stringify(written);
  });
  t.doesNotThrow(() => fc.assert(holds));
});
