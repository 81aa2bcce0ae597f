/** Devices by profile: what is merged, what is refused, and where it came from. */
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ConfigError, problemLine } from '../../../src/config/errors.js';
import { configJsonSchema, editorJsonSchema, variantsOf } from '../../../src/config/json-schema.js';
import { findProfiles, loadConfig } from '../../../src/config/load.js';
import { effectiveConfig, effectiveYaml } from '../../../src/config/show.js';
import type { AnyAdapter, ProfileFiles } from '../../../src/core/adapter.js';
import { fakeAdapters, fieldbus } from '../../support/fake-adapters.js';

const METER = `profile: acme/meter
version: '1.2.0'
title: Meter of the tests
adapter: modbus
sources: [none]
device: { unit: 7, every: 2s }
points:
  power: { address: 'input:0', type: float32, unit: W, report: { deadband: 5, maxSilence: 30s } }
  energy: { address: 'input:2', type: float32, unit: kWh, every: 10s, description: total }
  setpoint: { address: 'holding:9', write: { min: 0, max: 9 } }
`;

function shipping(texts: Readonly<Record<string, string>>): readonly AnyAdapter[] {
  const profiles: ProfileFiles = {
    list: () => Object.keys(texts),
    profile: (name) => texts[name],
    test: () => undefined,
  };
  return fakeAdapters.map((adapter) => (adapter.type === fieldbus.type ? { ...adapter, profiles } : adapter));
}

/** Folders and files by name. */
interface FixtureFolder {
  readonly [name: string]: string | FixtureFolder;
}

const adapters = shipping({ 'acme/meter': METER });
const PORT = 'port: { type: tcp, host: h, port: 502 }';

function load(t: Test, yaml: string, more: Readonly<Record<string, FixtureFolder>> = {}) {
  const cwd = t.testdir({ 'hpmq.yaml': yaml, ...more } as Parameters<Test['testdir']>[0]);
  return loadConfig({ cwd, env: { HOME: cwd }, adapters, hostName: 'box' });
}

function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map((one) => `${problemLine(one)} | ${one.hint}`);
    throw error;
  }
  return [];
}

t.test('a device has the points and settings of its profile; its own go before', async (t) => {
  const { config } = load(
    t,
    `devices:
  m:
    profile: acme/meter
    ${PORT}
    unit: 3
    points:
      energy: { every: 60s }
      power: { report: { deadband: 1 } }
      setpoint: false
      extra: { address: 'input:40' }
`,
  );
  const { points, options, adapter } = config.devices.m!;
  t.equal(adapter, 'modbus', 'the adapter need not be said');
  t.strictSame(options, { unit: 3 }, 'the unit is its own');
  t.strictSame(Object.keys(points), ['power', 'energy', 'extra']);
  t.equal(points.energy?.every, 60_000);
  t.equal(points.energy?.unit, 'kWh');
  t.equal(points.power?.every, 2_000, 'as the profile says for the device');
  t.equal(points.power?.report.deadband, 1);
  t.equal(points.power?.report.maxSilence, 30_000, 'mappings are merged');
});

t.test('* stands for all points of the profile', async (t) => {
  const only = load(t, `devices: { m: { profile: acme/meter, ${PORT}, points: { '*': false, power: {} } } }\n`);
  t.strictSame(Object.keys(only.config.devices.m!.points), ['power']);
  const slow = load(
    t,
    `devices: { m: { profile: acme/meter, ${PORT}, points: { '*': { every: 5m }, power: { every: 1s } } } }\n`,
  );
  t.equal(slow.config.devices.m!.points.energy?.every, 300_000);
  t.equal(slow.config.devices.m!.points.power?.every, 1_000);
});

t.test('the operator goes before what is shipped: profiles folder, then the folder of data', async (t) => {
  const own = METER.replace("'1.2.0'", "'2.0.0'").replace('Meter of the tests', 'Mine');
  const yaml = `profiles: mine\ndevices: { m: { profile: acme/meter@2, ${PORT} } }\n`;
  const { document } = load(t, yaml, { mine: { acme: { 'meter.yaml': own } } });
  t.equal(document.profiles.get('m')?.title, 'Mine');
  const cwd = t.testdir({
    'hpmq.yaml': 'gateway: { data: data }\n',
    data: { profiles: { acme: { 'meter.yaml': own, 'scale.yaml': own.replace('acme/meter', 'acme/scale') } } },
  });
  const library = findProfiles({ cwd, env: { HOME: cwd }, adapters });
  t.strictSame(library.list(), [
    { name: 'acme/meter', file: join(cwd, 'data/profiles/acme/meter.yaml'), replaces: true },
    { name: 'acme/scale', file: join(cwd, 'data/profiles/acme/scale.yaml'), replaces: false },
  ]);
});

t.test('a folder of profiles that is named is there', async (t) => {
  const problems = (name: string) => problemsOf(() => load(t, `profiles: ${name}\n`));
  t.match(problems('nowhere'), [/^hpmq\.yaml:1:11: profiles: cannot read the folder .*nowhere: there is no such file/]);
  t.match(problems('hpmq.yaml'), [/it is not a folder/]);
});

t.test('a version is checked as far as it is given', async (t) => {
  const with_ = (version: string) => `devices: { m: { profile: acme/meter@${version}, ${PORT} } }\n`;
  for (const version of ['1', '1.2', '1.2.0']) t.ok(load(t, with_(version)), version);
  for (const version of ['2', '1.20', '1.2.0.1', '12']) {
    t.match(problemsOf(() => load(t, with_(version)))[0], /has version 1.2.0, not/, version);
  }
});

t.test('a name cannot leave the folder of profiles', async (t) => {
  for (const name of [
    '../x',
    'a/../../etc/passwd',
    '/etc/passwd',
    'acme',
    'acme/meter/x',
    'Acme/Meter',
    '__proto__/x',
  ]) {
    t.match(problemsOf(() => load(t, `devices: { m: { profile: '${name}', ${PORT} } }\n`))[0], /there is no profile/);
  }
});

t.test('problems are told where they were written', async (t) => {
  const yaml = `devices:
  a: { profile: acme/metre, ${PORT} }
  b:
    profile: acme/meter
    ${PORT}
    points: { pwer: { every: 1s }, power: { every: 5 } }
  c: { profile: acme/meter, ${PORT}, points: [] }
  d: { profile: 7, ${PORT} }
`;
  t.strictSame(
    problemsOf(() => load(t, yaml)).map((line) => line.replace(/ \(did you mean 5.*/, '')),
    [
      'hpmq.yaml:2:17: devices.a.profile: there is no profile "acme/metre" | known profiles: acme/meter (did you mean acme/meter?); `hpmq profile list` shows all',
      'hpmq.yaml:6:15: devices.b.points.pwer: the profile acme/meter has no point "pwer" | did you mean power?',
      'hpmq.yaml:6:52: devices.b.points.power.every: 5 is not a duration | write a number and ms, s, m, h or d, such as 500ms, 5s or 2m',
      'hpmq.yaml:7:78: devices.c.points: expected a mapping, found a list | write `key: value` pairs, indented by two spaces',
      'hpmq.yaml:8:3: devices.d.adapter: is missing | name the protocol of the device: modbus, scale, simulator',
    ],
  );
});

t.test('environment variables override what a profile says', async (t) => {
  const cwd = t.testdir({ 'hpmq.yaml': `devices: { m: { profile: acme/meter, ${PORT} } }\n` });
  const env = { HOME: cwd, HPMQ_DEVICES__M__EVERY: '9s', HPMQ_DEVICES__M__POINTS__ENERGY__EVERY: '90s' };
  const { config } = loadConfig({ cwd, env, adapters });
  t.equal(config.devices.m!.points.power?.every, 9_000);
  t.equal(config.devices.m!.points.energy?.every, 90_000);
});

t.test('the effective configuration says what came from which profile', async (t) => {
  const loaded = load(t, `devices: { m: { profile: acme/meter, ${PORT}, points: { energy: { every: 60s } } } }\n`);
  const yaml = effectiveYaml(loaded, adapters, { origin: true });
  t.match(yaml, /address: input:0 # profile acme\/meter/);
  t.match(yaml, /every: 60s # hpmq.yaml:1/);
  t.match(yaml, /adapter: modbus # profile acme\/meter/);
  t.match(yaml, /retain: true # default/);
  t.match(JSON.stringify(effectiveConfig(loaded, adapters)), '"description":"total"');
});

t.test('editors accept devices with a profile and without', async (t) => {
  const devices = editorJsonSchema(adapters).properties?.devices;
  const variants = variantsOf(devices?.additionalProperties as object);
  const [plain, profiled] = variants.filter(({ properties }) => properties?.adapter?.const === 'modbus');
  t.strictSame(plain?.required, ['adapter', 'port']);
  t.notOk(plain?.properties?.profile, 'a profile makes it the other kind');
  t.strictSame(profiled?.required, ['profile', 'port']);
  const points = profiled?.properties?.points;
  t.match(JSON.stringify(points?.additionalProperties), '{"const":false}');
  t.match('*', new RegExp(points?.propertyNames?.pattern ?? 'none'));
  t.match(JSON.stringify(configJsonSchema(adapters)), '"profile"');
});
