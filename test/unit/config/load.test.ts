import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ConfigError, problemLine } from '../../../src/config/errors.js';
import { configPlaces, type LoadOptions, loadConfig } from '../../../src/config/load.js';
import { effectiveYaml } from '../../../src/config/show.js';
import { fakeAdapters } from '../../support/fake-adapters.js';
import { tempFolder } from '../../support/gateway.js';
import { needs } from '../../support/peers.js';
import { createAuthority } from '../../support/pki.js';

const load = (options: Partial<LoadOptions> & { cwd: string }) =>
  loadConfig({ env: { HOME: options.cwd }, adapters: fakeAdapters, hostName: 'box', ...options });

function problemsOf(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error.problems.map(problemLine);
    throw error;
  }
  return [];
}

t.test('the first file found counts; --config goes before all', async (t) => {
  const folder = t.testdir({
    here: { 'hpmq.yaml': 'gateway: { id: here }' },
    empty: {},
    home: { hpmq: { 'hpmq.yaml': 'gateway: { id: home }' } },
    'named.yaml': 'gateway: { id: named }',
  });
  const env = { XDG_CONFIG_HOME: join(folder, 'home') };
  t.equal(load({ cwd: join(folder, 'here'), env }).config.gateway.id, 'here');
  const home = load({ cwd: join(folder, 'empty'), env });
  t.equal(home.config.gateway.id, 'home');
  t.equal(home.file, join(folder, 'home', 'hpmq', 'hpmq.yaml'));
  t.equal(load({ cwd: join(folder, 'here'), env, file: '../named.yaml' }).config.gateway.id, 'named');
  t.equal(configPlaces({}, '/x').at(-1), '/etc/hpmq/hpmq.yaml');
});

t.test('without any file: defaults', async (t) => {
  const { config, file } = load({ cwd: t.testdir({}) });
  t.equal(file, undefined);
  t.equal(config.gateway.id, 'box');
});

t.test('environment before file before defaults', async (t) => {
  const cwd = t.testdir({ 'hpmq.yaml': 'log: { level: warn }\ngateway: { id: file }\napi: { socket: /file }\n' });
  const env = { HPMQ_LOG__LEVEL: 'debug', HPMQ_API__SOCKET: '/env', HPMQ_SOCKET: 'no setting: it has no __' };
  const { config } = load({ cwd, env });
  t.strictSame([config.api.socket, config.log.level, config.gateway.id], ['/env', 'debug', 'file']);
});

t.test('environment variables name keys in capitals, entries of lists by number', async (t) => {
  const cwd = t.testdir({
    'hpmq.yaml': `ports: { line-a: { type: tcp, host: h, port: 502 } }
devices: { boiler: { adapter: modbus, port: line-a, points: { a.b: { address: 'holding:1' } } } }
`,
  });
  const env = {
    HPMQ_BROKER__LISTENERS__0__PORT: '1999',
    HPMQ_PORTS__LINE_A__TIMEOUT: '300ms',
    HPMQ_DEVICES__BOILER__POINTS__A_B__EVERY: '7s',
    HPMQ_GATEWAY__ID: '007',
  };
  const { config } = load({ cwd, env });
  t.strictSame(
    config.broker.listeners.map(({ type, host, port }) => ({ type, host, port })),
    [{ type: 'tcp', host: '127.0.0.1', port: 1999 }],
    'the default listener, changed',
  );
  t.equal(config.ports['line-a']?.timeout, 300);
  t.equal(config.devices.boiler?.points['a.b']?.every, 7_000);
  t.equal(config.gateway.id, '007', 'text stays text');
});

t.test(
  'problems of environment variables name the variable and never its value when that may be a secret',
  async (t) => {
    const cwd = t.testdir({ 'hpmq.yaml': 'links: { c: { type: mqtt, url: "mqtt://h" } }' });
    const env = {
      HPMQ_BROKER__LISTNERS__0__PORT: '1',
      HPMQ_BROKER__LISTENERS__0__PORT: 'x',
      HPMQ_BROKER__LISTENERS__5__PORT: '1',
      HPMQ_LINKS__C__PASSWORD: 'hunter2',
    };
    t.strictSame(
      problemsOf(() => load({ cwd, env })),
      [
        'environment variable HPMQ_BROKER__LISTENERS__5__PORT: broker.listeners: there is no setting "5"',
        'environment variable HPMQ_BROKER__LISTNERS__0__PORT: broker: there is no setting "LISTNERS"',
        'environment variable HPMQ_BROKER__LISTENERS__0__PORT: broker.listeners[0].port: "x" is not a whole number from 0 to 65535',
        'environment variable HPMQ_LINKS__C__PASSWORD: links.c.password: a secret is not written into the configuration itself',
      ],
    );
  },
);

t.test('files that cannot be read say why', async (t) => {
  const cwd = t.testdir({
    folder: {},
    'utf16.yaml': Buffer.from('\ufeffgateway: {}', 'utf16le'),
    'nul.yaml': 'a: \0',
    'huge.yaml': Buffer.alloc(4_000_001, '#'),
  });
  const only = (file: string) => problemsOf(() => load({ cwd, file }))[0];
  t.equal(only('missing.yaml'), 'missing.yaml: cannot read the file: there is no such file');
  t.equal(only('folder'), 'folder: cannot read the file: it is a folder');
  t.equal(only('utf16.yaml'), 'utf16.yaml: the file is UTF-16, not UTF-8');
  t.equal(only('nul.yaml'), 'nul.yaml: the file contains NUL bytes: it is not a text file');
  t.equal(only('huge.yaml'), 'huge.yaml: cannot read the file: it has 4000001 bytes, more than 4000000');
  t.equal(only('/dev/null'), '/dev/null: cannot read the file: it is not a regular file');
});

t.test('odd but valid files', async (t) => {
  const cwd = t.testdir({
    'empty.yaml': '',
    'comment.yaml': '# nothing yet\n',
    'mark.yaml': '\ufeffgateway: { id: marked }\n',
    'crlf.yaml': 'gateway:\r\n  id: dos\r\n',
    'json.yaml': '{"gateway": {"id": "json"}}',
    'merge.yaml': `ports:
  a: &line { type: tcp, host: 10.0.0.1, port: 502, timeout: 2s }
  b: { <<: *line, host: 10.0.0.2 }
`,
  });
  const id = (file: string) => load({ cwd, file }).config.gateway.id;
  t.strictSame(['empty.yaml', 'comment.yaml', 'mark.yaml', 'crlf.yaml', 'json.yaml'].map(id), [
    'box',
    'box',
    'marked',
    'dos',
    'json',
  ]);
  const { ports } = load({ cwd, file: 'merge.yaml' }).config;
  t.match(
    ports.b,
    { endpoint: { host: '10.0.0.2', port: 502 }, timeout: 2_000 },
    'anchors and merge keys spare repetition',
  );
});

t.test('deep nesting is a problem, not a crash', async (t) => {
  const cwd = t.testdir({ 'deep.yaml': `${'['.repeat(200_000)}` });
  t.ok(problemsOf(() => load({ cwd, file: 'deep.yaml' })).length > 0);
});

t.test('secrets come from files beside the configuration or from the environment', needs('openssl'), async (t) => {
  const authority = createAuthority(t);
  const pair = authority.issue({ subject: '/CN=gateway' });
  const cwd = t.testdir({
    conf: {
      'hpmq.yaml': `links:
  c:
    type: mqtt
    url: mqtts://h
    username: u
    password: { file: pass }
    tls: { ca: ca.pem, cert: cert.pem, key: { env: KEY } }
`,
      pass: 'hunter2\n',
      'ca.pem': readFileSync(authority.cert, 'utf8'),
      'cert.pem': readFileSync(pair.cert, 'utf8'),
    },
  });
  const env = { KEY: readFileSync(pair.key, 'utf8') };
  const loaded = load({ cwd, env, file: 'conf/hpmq.yaml' });
  const link = loaded.config.links.c!;
  t.equal(link.password, 'hunter2', 'without the line break');
  const { ca, cert, key } = link.tls;
  t.strictSame([...ca, cert], [join(cwd, 'conf/ca.pem'), join(cwd, 'conf/cert.pem')]);
  t.equal(String(key), env.KEY);
  const yaml = effectiveYaml(loaded, fakeAdapters, { origin: true });
  t.notMatch(yaml, /hunter2|PRIVATE KEY/);
  t.match(yaml, /file: pass # conf\/hpmq\.yaml:6/);
  t.match(
    problemsOf(() => load({ cwd, env: {}, file: 'conf/hpmq.yaml' })),
    ['conf/hpmq.yaml:7:52: links.c.tls.key.env: the environment variable KEY is not set'],
  );
});

t.test('the path of the control socket starts at the folder of the file, and fits into an address', async (t) => {
  const cwd = tempFolder(t);
  mkdirSync(join(cwd, 'conf'));
  writeFileSync(join(cwd, 'conf', 'hpmq.yaml'), 'api: { socket: run/c.sock }');
  t.equal(load({ cwd, file: 'conf/hpmq.yaml' }).config.api.socket, join(cwd, 'conf', 'run', 'c.sock'));
  const env = { HPMQ_API__SOCKET: `/${'x'.repeat(107)}` };
  t.match(
    problemsOf(() => load({ cwd, env, file: 'conf/hpmq.yaml' })),
    [/HPMQ_API__SOCKET: api\.socket: .* has 108 bytes/],
  );
});

t.test('effective configuration: each value with its origin, and valid itself', async (t) => {
  const cwd = t.testdir({ 'hpmq.yaml': 'ports:\n  plc: { type: tcp, host: h, port: 502 }\n' });
  const loaded = load({ cwd, env: { HPMQ_LOG__LEVEL: 'warn' } });
  const yaml = effectiveYaml(loaded, fakeAdapters, { origin: true });
  t.match(yaml, 'id: box # host name');
  t.match(yaml, 'host: h # hpmq.yaml:2');
  t.match(yaml, 'pause: 0ms # default');
  t.match(yaml, 'level: warn # HPMQ_LOG__LEVEL');
  const again = t.testdir({ 'hpmq.yaml': effectiveYaml(loaded, fakeAdapters) });
  t.strictSame(load({ cwd: again }).config, loaded.config, 'loading what was shown gives the same');
});
