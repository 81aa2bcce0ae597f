/**
 * Files in the shapes that the products document, their conversion and its report: test/vectors/import. With
 * HPMQ_WRITE_VECTORS=1 the expected files are written anew, to be looked at.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { parseAddress } from '../../../adapters/modbus/address.js';
import { loadAdapters } from '../../../src/builtin.js';
import { reportLines } from '../../../src/cli/commands/import.js';
import { loadConfig } from '../../../src/config/load.js';
import { GatewayError } from '../../../src/core/errors.js';
import { FORMATS, importText } from '../../../src/import/formats.js';
import { repoRoot } from '../../support/peers.js';

const folder = join(repoRoot, 'test/vectors/import');
const rewrite = process.env.HPMQ_WRITE_VECTORS === '1';
const format = (name: string) => FORMATS.find((one) => one.name === name)!;

/** File, format, and how many entries of it mean a point, counted by hand. */
const SAMPLES: readonly (readonly [file: string, format: string, entries: number])[] = [
  ['telegraf-register.conf', 'telegraf', 12],
  ['telegraf-request.conf', 'telegraf', 11],
  ['neuron.csv', 'neuron', 11],
  ['neuron.json', 'neuron', 6],
  ['thingsboard.json', 'thingsboard', 12],
  ['hivemq.xml', 'hivemq', 7],
  ['hivemq.json', 'hivemq', 3],
  ['points.csv', 'csv', 8],
];

function expect(t: Test, name: string, found: string): void {
  const file = join(folder, name);
  if (rewrite) writeFileSync(file, found);
  t.equal(found, readFileSync(file, 'utf8'), name);
}

for (const [file, name, entries] of SAMPLES) {
  t.test(`${file}: no entry is lost, what comes out is valid`, async (t) => {
    const adapters = await loadAdapters();
    const imported = await importText(format(name), readFileSync(join(folder, file), 'utf8'), file, adapters);
    expect(t, `${file}.config.txt`, imported.yaml);
    expect(t, `${file}.report.txt`, `${reportLines(imported).join('\n')}\n`);

    t.equal(imported.entries, entries, 'entries, counted by hand');
    const unmapped = imported.findings.filter(({ kind }) => kind === 'unmapped').length;
    t.equal(imported.mapped + unmapped, entries, 'each entry is mapped or told');

    const cwd = t.testdir({ 'hpmq.yaml': imported.yaml });
    const { config } = loadConfig({ cwd, env: { HOME: cwd }, adapters });
    const points = Object.values(config.devices).reduce((sum, one) => sum + Object.keys(one.points).length, 0);
    t.equal(points, imported.points);
  });
}

t.test('texts of Neuron: the importer and the address grammar take H L D E for the same', async (t) => {
  // From the table of Neuron's manual: two bytes in a register, the high or the low one first; or one, in its low or high.
  const packings = { H: 'high-first', L: 'low-first', D: 'low-byte', E: 'high-byte' } as const;
  const tags = Object.keys(packings).map((kind) => `g,${kind},1!400001.6${kind},Read,STRING`);
  const text = ['group,name,address,attribute,type', ...tags].join('\n');
  const { yaml, findings } = await importText(format('neuron'), text, 'tags.csv', await loadAdapters());
  const cwd = t.testdir({ 'hpmq.yaml': yaml });
  const { config } = loadConfig({ cwd, env: { HOME: cwd }, adapters: await loadAdapters() });
  const points = Object.values(config.devices)[0]!.points;
  for (const [kind, packing] of Object.entries(packings)) {
    t.equal((points[kind]!.address as { packing?: string }).packing ?? 'high-first', packing, `${kind}, imported`);
    t.match(parseAddress(`1!400001.6${kind}`), { packing }, `${kind}, as an address`);
  }
  t.notMatch(JSON.stringify(findings), /text of kind/);
});

t.test('what is not of the format is told, with its line', async (t) => {
  const adapters = await loadAdapters();
  const cases: readonly (readonly [format: string, text: string, code: string, message: RegExp])[] = [
    ['telegraf', 'a = [1,\nb', 'IMPORT_UNREADABLE', /not TOML.*line \d/],
    ['telegraf', '[agent]\ninterval = "1s"\n', 'IMPORT_EMPTY', /no points/],
    ['thingsboard', '{ "master": ', 'IMPORT_UNREADABLE', /not JSON/],
    ['hivemq', '<hivemq>\n<a></b></hivemq>', 'IMPORT_UNREADABLE', /not XML.*line 2/],
    ['hivemq', `${'<a>'.repeat(100)}`, 'IMPORT_UNREADABLE', /nested too deeply/],
    ['csv', 'device,point\n"open', 'IMPORT_UNREADABLE', /line 2 are never closed/],
    ['csv', 'a,b\n1,2,3\n', 'IMPORT_UNREADABLE', /line 2 has 3 cells/],
    ['csv', '', 'IMPORT_EMPTY', /no rows/],
  ];
  for (const [name, text, code, message] of cases) {
    try {
      await importText(format(name), text, 'file', adapters);
      t.fail(`${name} took ${text}`);
    } catch (error) {
      t.ok(error instanceof GatewayError, String(error));
      t.equal((error as GatewayError).code, code);
      t.match((error as GatewayError).message, message);
    }
  }
});
