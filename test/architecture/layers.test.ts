/** Who may import whom (ARCHITECTURE.md § Layers), as a test over the sources. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { cruise, type IForbiddenRuleType, type IReporterOutput } from 'dependency-cruiser';
import t from 'tap';
import { repoRoot } from '../support/peers.js';

/** A folder may import only what its rule lists (regular expressions on paths); npm packages are listed by `packages`. */
const allowed: readonly { from: string; to: readonly string[]; packages: string }[] = [
  { from: '^src/core/', to: ['^src/core/'], packages: '^$' },
  { from: '^src/adapter\\.ts$', to: ['^src/core/'], packages: '^$' },
  { from: '^adapters/([^/]+)/', to: ['^src/adapter\\.ts$', '^adapters/$1/'], packages: '.' },
  { from: '^src/broker/', to: ['^src/core/', '^src/broker/'], packages: '^(ws|jose|@mongodb-js/saslprep)$' },
  { from: '^src/devices/', to: ['^src/core/', '^src/devices/'], packages: '^(serialport)$' },
  { from: '^src/functions/', to: ['^src/core/', '^src/functions/'], packages: '^$' },
  { from: '^src/history/', to: ['^src/core/', '^src/history/', '^src/store/failure\\.ts$'], packages: '^$' },
  { from: '^src/links/', to: ['^src/core/', '^src/links/'], packages: '^(ws)$' },
  {
    from: '^src/import/',
    to: ['^src/core/', '^src/import/', '^src/config/'],
    packages: '^(yaml|sax|toml-eslint-parser)$',
  },
  { from: '^src/systemd/', to: ['^src/core/', '^src/systemd/'], packages: '^$' },
  { from: '^src/update/', to: ['^src/core/', '^src/update/', '^src/version\\.ts$'], packages: '^$' },
  { from: '^src/flash/', to: ['^src/core/', '^src/flash/'], packages: '^$' },
  { from: '^src/config/', to: ['^src/core/', '^src/config/'], packages: '^(zod|yaml)$' },
  { from: '^src/provision/', to: ['^src/core/', '^src/config/', '^src/provision/'], packages: '^(zod)$' },
  { from: '^src/api/contract\\.ts$', to: ['^src/core/'], packages: '^$' },
  { from: '^src/api/', to: ['^src/core/', '^src/api/'], packages: '^$' },
  {
    from: '^src/cli/',
    to: [
      '^src/core/',
      '^src/cli/',
      '^src/api/(client|contract|socket)\\.ts$',
      '^src/config/',
      '^src/(run|builtin|version|profile-test|function-(test|replay)|discover|simulated-line)\\.ts$',
      '^src/import/',
      '^src/systemd/',
      '^src/provision/',
      '^src/update/',
      '^src/flash/',
      '^src/demo/',
      '^src/tui/main\\.tsx$',
      '^src/functions/(engine|javascript|registry)/',
      '^src/functions/(rehearse|recorded-messages|slot-loader|version-folder)\\.ts$',
    ],
    packages: '^(commander|string-width|@mongodb-js/saslprep)$',
  },
  {
    from: '^src/tui/',
    to: ['^src/core/', '^src/tui/', '^src/api/(client|contract)\\.ts$'],
    packages: '^(ink|react|string-width)$',
  },
];

const forbidden: IForbiddenRuleType[] = [
  { name: 'no cycles', severity: 'error', from: {}, to: { circular: true } },
  {
    name: 'product code does not import tests',
    severity: 'error',
    from: { pathNot: '^test/' },
    to: { path: '^test/' },
  },
  {
    name: 'gateway.ts starts no user interface',
    severity: 'error',
    from: { path: '^src/gateway\\.ts$' },
    to: { path: '^src/(cli|tui)/' },
  },
  {
    name: 'adapters open no wires',
    severity: 'error',
    from: { path: '^adapters/' },
    to: { path: '^(net|tls|dgram|node:net|node_modules/serialport)' },
  },
  {
    name: 'node:http comes through core/node-http.ts, which says why',
    severity: 'error',
    from: { path: '^(bin|src|adapters)/' },
    to: { path: '^(node:)?http$', dependencyTypesNot: ['type-only'] },
  },
  ...allowed.flatMap(({ from, to, packages }): IForbiddenRuleType[] => [
    {
      name: `${from} imports only ${to.join(' ')}`,
      severity: 'error',
      from: { path: from },
      to: { path: '^(bin|src|adapters)/', pathNot: [...to] },
    },
    {
      name: `${from} uses only the packages ${packages}`,
      severity: 'error',
      from: { path: from },
      to: {
        path: '^node_modules/',
        pathNot: packages === '.' ? '.' : `^node_modules/${packages.replace(/[\^$]/g, '')}/`,
        dependencyTypesNot: ['type-only'],
      },
    },
  ]),
];

t.test('every import keeps to the layers', async (t) => {
  process.chdir(repoRoot);
  const result: IReporterOutput = await cruise(
    ['bin', 'src', 'adapters'],
    { ruleSet: { forbidden }, validate: true, tsPreCompilationDeps: 'specify', doNotFollow: { path: 'node_modules' } },
    undefined,
    { tsConfig: undefined },
  );
  if (typeof result.output === 'string') throw new Error('no result from dependency-cruiser');
  t.ok(result.output.summary.totalCruised > 15, 'the sources were found');
  t.strictSame(
    result.output.summary.violations.map((violation) => `${violation.from} -> ${violation.to}: ${violation.rule.name}`),
    [],
  );
});

t.test('no source file is longer than 500 lines', async (t) => {
  for (const root of ['bin', 'src', 'adapters', 'test']) {
    for (const name of readdirSync(join(repoRoot, root), { recursive: true, encoding: 'utf8' })) {
      const path = join(repoRoot, root, name);
      if (!/\.tsx?$/.test(name) || !statSync(path).isFile()) continue;
      const lines = readFileSync(path, 'utf8').split('\n').length;
      t.ok(lines <= 500, `${root}/${name} has ${lines} lines`);
    }
  }
});
