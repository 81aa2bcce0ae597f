/** Documents and hints name only commands, options and error codes that exist. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadCatalogues } from '../../src/builtin.js';
import { cliErrors } from '../../src/cli/errors.js';
import { commandFault, commandsIn, wholeProgram } from '../support/commands.js';
import { documentPaths, readDocument } from '../support/documents.js';
import { repoRoot } from '../support/peers.js';

const program = await wholeProgram();
const catalogues = [cliErrors, ...(await loadCatalogues())];
const known = new Set(catalogues.flatMap(Object.keys));
/** What changed long ago may name what is no more. */
const ours = documentPaths().filter((path) => path !== 'CHANGELOG.md');

/** Variables of the environment and placeholders that look like codes. */
const NOT_CODES = new Set(['FUNCTION_NAME', 'API_KEY', 'LINK_NAME', 'CLOUD_PASSWORD']);

t.test('the checker knows good from bad', async (t) => {
  t.equal(commandFault(program, 'hpmq client list|show|kick'), undefined);
  t.equal(commandFault(program, "hpmq topic tail 'hpmq/#' --json"), undefined);
  t.equal(commandFault(program, 'hpmq --socket /run/x status'), undefined);
  t.match(commandFault(program, 'hpmq port scan'), /no command port scan/);
  t.match(commandFault(program, 'hpmq client list|frob'), /no command/);
  t.match(commandFault(program, 'hpmq port record line-a --fro 0s'), /no option --fro/);
});

t.test('every command that a document names exists', async (t) => {
  let commands = 0;
  for (const path of ours) {
    for (const text of commandsIn(readDocument(path))) {
      commands++;
      t.equal(commandFault(program, text), undefined, `${path}: ${text}`);
    }
  }
  t.ok(commands > 100, `${commands} commands`);
});

t.test('every command that a hint names exists', async (t) => {
  for (const catalogue of catalogues) {
    for (const [code, { hint }] of Object.entries(catalogue)) {
      for (const text of commandsIn({ prose: hint, fences: [] })) {
        t.equal(commandFault(program, text), undefined, `${code}: ${text}`);
      }
    }
  }
});

t.test('every error code that a document names is explained', async (t) => {
  const families = new Set([...known].map((code) => code.split('_')[0]!));
  let codes = 0;
  for (const path of ours) {
    const { text } = readDocument(path);
    for (const [code] of text.matchAll(/(?<![\w$./-])[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)+(?![\w*])/g)) {
      if (!families.has(code.split('_')[0]!) || NOT_CODES.has(code)) continue;
      codes++;
      t.ok(known.has(code), `${path}: ${code}`);
    }
  }
  t.ok(codes > 30, `${codes} codes`);
});

t.test('every error code of the sources is explained by `hpmq explain`', async (t) => {
  let codes = 0;
  for (const root of ['src', 'adapters']) {
    for (const name of readdirSync(join(repoRoot, root), { recursive: true, encoding: 'utf8' })) {
      if (!/\.tsx?$/.test(name)) continue;
      const text = readFileSync(join(repoRoot, root, name), 'utf8');
      for (const [, code = ''] of text.matchAll(/^ {2}([A-Z][A-Z0-9_]+): \{\s*fault:/gm)) {
        codes++;
        t.ok(known.has(code), `${root}/${name}: ${code}`);
      }
    }
  }
  t.ok(codes > 150, `${codes} codes`);
});
