import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { name } from '../../../src/config/values.js';
import { digestOf, VersionFolder, type VersionState } from '../../../src/functions/version-folder.js';

t.test('names that are no folder of their own are none', (t) => {
  for (const text of ['.', '..', '__proto__', '', 'a/b']) t.equal(name.safeParse(text).success, false, text);
  for (const text of ['...', '.a', 'a..', '__proto', '__proto__x']) t.equal(name.safeParse(text).success, true, text);
  t.end();
});

t.test('only modules and states that it wrote are removed', async (t) => {
  const data = t.testdir();
  const folder = join(data, 'functions', 'f');
  mkdirSync(folder, { recursive: true });
  const hex = 'ab'.repeat(32);
  const others = ['gateway.lock', 'messages.log', 'notes.wasm', `${hex}.wasm.bak`, `x${hex}.wasm`];
  for (const file of [...others, `${hex}.wasm`, `${hex}.wasm.new`, 'state.json.new']) {
    writeFileSync(join(folder, file), 'x');
  }
  const bytes = Buffer.from('module');
  const digest = digestOf(bytes);
  const state: VersionState = {
    configured: 'f.wasm',
    current: digest,
    paused: false,
    versions: [{ digest, source: 'f.wasm', deployedAt: 1, failed: false }],
  };
  const versions = new VersionFolder(data, 'f');
  await versions.addModule(digest, bytes);
  await versions.save(state);
  t.strictSame(readdirSync(folder).sort(), [...others, 'state.json', `${digest.slice(7)}.wasm`].sort());
  t.strictSame(await versions.state(), state);
});
