/** docs/configuration.md is what the schema says, and its examples are configurations. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadAdapters } from '../../src/builtin.js';
import { configJsonSchema, type JsonSchema, variantsOf } from '../../src/config/json-schema.js';
import { loadConfig } from '../../src/config/load.js';
import { optionsOf } from '../../src/config/reference/options.js';
import { sections } from '../../src/config/reference/sections.js';
import { hpmq } from '../support/cli.js';
import { documentPaths, readDocument } from '../support/documents.js';
import { repoRoot } from '../support/peers.js';
import { createAuthority } from '../support/pki.js';

const adapters = await loadAdapters();
const schema = configJsonSchema(adapters);

t.test('docs/configuration.md is what `hpmq config reference` prints', async (t) => {
  const { code, stdout } = await hpmq(t, ['config', 'reference'], { cwd: repoRoot });
  t.equal(code, 0);
  const onDisk = readFileSync(join(repoRoot, 'docs/configuration.md'), 'utf8');
  t.equal(onDisk, stdout, 'else: npm run -s compile && dist/bin/hpmq.js config reference > docs/configuration.md');
});

t.test('every key of the schema is in the reference, with a description', async (t) => {
  const { text } = readDocument('docs/configuration.md');
  const options = optionsOf(schema);
  t.ok(options.length > 400, `${options.length} options`);
  for (const { path, forms } of options) {
    t.ok(text.includes(`| \`${path}\` |`), path);
    for (const form of forms) t.not(form.description, '', `${path} has a description in the schema`);
  }
  // Against the schema itself: names of keys, wherever they are.
  const keys = new Set<string>();
  const walk = (one: JsonSchema) => {
    for (const variant of variantsOf(one)) {
      for (const [key, value] of Object.entries(variant.properties ?? {})) {
        keys.add(key);
        walk(value);
      }
      if (typeof variant.additionalProperties === 'object') walk(variant.additionalProperties);
      if (variant.items !== undefined) walk(variant.items);
    }
  };
  walk(schema);
  keys.delete('$schema');
  for (const key of keys) t.match(text, new RegExp(`[.\`{ ]${key}[\`:.\\[]`), key);
});

t.test('every example of the reference is a configuration', async (t) => {
  const { fences } = readDocument('docs/configuration.md');
  const examples = fences.filter(({ info }) => info === 'yaml');
  t.equal(examples.length, sections.filter(({ example }) => example !== undefined).length);
  const authority = createAuthority(t);
  const { cert, key } = authority.issue({ subject: '/CN=plant-7' });
  const [ca, own, secret] = [authority.cert, cert, key].map((file) => readFileSync(file, 'utf8'));
  const cwd = t.testdir({
    'ca.pem': ca!,
    'clients-ca.pem': ca!,
    'server.pem': own!,
    'server.key': secret!,
    'client.pem': own!,
    'client.key': secret!,
    'cloud.password': 'secret\n',
    'registry.password': 'secret\n',
    'users.yaml': 'users: { anna: { roles: [operator] } }\n',
    ...Object.fromEntries(examples.map(({ text }, index) => [`example-${index}.yaml`, `${text}\n`])),
  });
  const made = await hpmq(t, ['function', 'keygen', '-o', 'fn', '--no-passphrase'], { cwd });
  t.equal(made.code, 0, made.stderr);
  for (const [index, { line }] of examples.entries()) {
    const file = join(cwd, `example-${index}.yaml`);
    t.doesNotThrow(() => loadConfig({ file, env: {}, cwd, adapters }), `docs/configuration.md:${line}`);
  }
});

t.test('configurations on other pages are accepted', async (t) => {
  let checked = 0;
  for (const path of documentPaths()) {
    for (const { text, line } of readDocument(path).fences.filter(({ info }) => info === 'yaml check')) {
      checked++;
      const cwd = t.testdir({
        'hpmq.yaml': `${text}\n`,
        'users.yaml': 'users: { anna: { roles: [operator] } }\n',
      });
      const file = join(cwd, 'hpmq.yaml');
      t.doesNotThrow(() => loadConfig({ file, env: {}, cwd, adapters }), `${path}:${line}`);
    }
  }
  t.ok(checked >= 2, `${checked} configurations`);
});

t.test('config reference PATH explains a key, also by names of yours', async (t) => {
  const one = await hpmq(t, ['config', 'reference', 'ports.line-a.rs485.mode']);
  t.equal(
    one.stdout,
    `ports.*.rs485.mode
  kernel, rts; required
    who switches the transmitter: the driver, or this program by RTS
`,
  );
  const listed = await hpmq(t, ['config', 'reference', 'broker.listeners.0.port']);
  t.match(listed.stdout, /^broker\.listeners\[\]\.port\n {2}tcp: whole number, 0 to 65535; default 1883\n/);
  const json = await hpmq(t, ['config', 'reference', 'log', '--json']);
  t.match(JSON.parse(json.stdout), [{ path: 'log' }, { path: 'log.level', forms: [{ fallback: '`info`' }] }]);
  const none = await hpmq(t, ['config', 'reference', 'links.cloud.outbux']);
  t.equal(none.code, 1);
  t.equal(none.stderr, 'there is no key links.cloud.outbux\n');
});
