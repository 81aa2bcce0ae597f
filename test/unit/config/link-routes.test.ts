import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { ConfigError } from '../../../src/config/errors.js';
import { loadConfig } from '../../../src/config/load.js';
import { createConfigSchema } from '../../../src/config/schema.js';
import { fakeAdapters } from '../../support/fake-adapters.js';

const inputs = { folder: '/', env: {}, hostName: 'plant-7' };
const parse = (...routes: readonly unknown[]) =>
  createConfigSchema(fakeAdapters, inputs).parse({ links: { cloud: { type: 'mqtt', url: 'mqtt://x', routes } } }).links
    .cloud!.routes;

t.test('a route with only what it needs says only that', async (t) => {
  t.strictSame(parse({ direction: 'out', filter: 'a/#' }), [
    { direction: 'out', filter: 'a/#', to: '{topic}', qos: 1 },
  ]);
});

t.test('the lowest QoS that travels is at most the highest', async (t) => {
  t.match(parse({ direction: 'both', filter: 'a/#', qos: 2, minQos: 1 }), [{ qos: 2, minQos: 1 }]);
  t.throws(() => parse({ direction: 'out', filter: 'a/#', qos: 0, minQos: 1 }), /minQos.*more than qos.*\(0\)/s);
  t.throws(() => parse({ direction: 'out', filter: 'a/#', minQos: 3 }), /minQos/);
});

t.test('short and long forms', async (t) => {
  const [one, two, three] = parse(
    {
      direction: 'out',
      filter: ['a/+/#', 'b/+'],
      except: 'a/secret/#',
      to: 'x/{1}',
      qos: 0,
      retain: 'clear',
      expiry: '1h',
      priority: 9,
      maxSize: '64KB',
      format: 'thingsboard',
      batch: {},
      compress: 'gzip',
      schedule: '22:00-06:00',
    },
    {
      direction: 'out',
      filter: 'a/#',
      expiry: { set: '2s' },
      maxSize: { bytes: '1KB', over: 'drop' },
      format: { type: 'template', template: { ts: '{t}', list: ['{v}', 1, null], '{device}': true } },
      batch: { maxMessages: 5, maxBytes: '10KB', maxDelay: '1m', as: 'lines' },
      schedule: ['sat,sun', '* 22-23 * * *'],
    },
    { direction: 'in', filter: 'a/#', onDemand: true, format: { type: 'text', text: '{json:params.value}' } },
  );
  t.strictSame(one, {
    direction: 'out',
    filter: ['a/+/#', 'b/+'],
    to: 'x/{1}',
    qos: 0,
    except: ['a/secret/#'],
    retain: 'clear',
    expiry: { ms: 3_600_000, mode: 'cap' },
    priority: 9,
    maxSize: { bytes: 64_000, over: 'refuse' },
    format: { type: 'thingsboard', api: 'device', quality: false },
    batch: { maxMessages: 100, maxBytes: 64_000, maxDelay: 5_000, as: 'array' },
    compress: 'gzip',
    schedule: ['22:00-06:00'],
  });
  t.match(two, {
    expiry: { ms: 2_000, mode: 'set' },
    maxSize: { bytes: 1_000, over: 'drop' },
    format: { type: 'template', template: { ts: '{t}', list: ['{v}', 1, null], '{device}': true } },
    batch: { maxMessages: 5, maxBytes: 10_000, maxDelay: 60_000, as: 'lines' },
    schedule: ['sat,sun', '* 22-23 * * *'],
  });
  t.match(three, { onDemand: { linger: 30_000 }, format: { type: 'text', text: '{json:params.value}' } });
  t.strictSame(Object.keys(parse({ direction: 'in', filter: 'a', format: 'as-is', onDemand: false })[0]!), [
    'direction',
    'filter',
    'to',
    'qos',
  ]);
});

t.test('a prefix swap is a template', async (t) => {
  const to = (route: object) => parse({ direction: 'both', ...route })[0]!.to;
  t.equal(to({ filter: 'hpmq/g/#', from: 'hpmq/g/', to: 'plants/{gateway}/' }), 'plants/{gateway}/{topic:2}');
  t.equal(to({ filter: 'hpmq/g/#', from: 'hpmq/g', to: 'plants' }), 'plants/{topic:2}');
  t.equal(to({ filter: ['a/b', 'a/c/#'], from: 'a' }), '{topic:1}', 'taken away');
  t.equal(to({ filter: 'a/#', from: '', to: 'x' }), 'x/{topic}', 'put before');
});

t.test('each fault has its place and a hint', async (t) => {
  const batch = { maxMessages: 2 };
  const cases: readonly [route: object, path: string, message: RegExp, hint: RegExp][] = [
    [{ filter: 'a/#/b' }, 'filter', /"a\/#\/b" is not a topic filter/, /plant/],
    [{ filter: ['a', 'a+'] }, 'filter[1]', /"a\+" is not a topic filter/, /plant/],
    [{ filter: [] }, 'filter', /is empty/, /at least one/],
    [{ filter: '$share/g/a' }, 'filter', /shared subscriptions/, /topic filter/],
    [{ filter: 'a', except: ['b', '#/b'] }, 'except[1]', /not a topic filter/, /plant/],
    [{ filter: 'a', to: '{topics}' }, 'to', /the template does not know "\{topics\}"/, /\{level:N\}/],
    [{ filter: 'a', to: '{1}' }, 'to', /there is no \{1\}/, /\{level:N\}/],
    [{ filter: 'a/b', to: '{topic:2}' }, 'to', /leaves nothing/, /\{topic:N\}/],
    [{ filter: 'a/+', to: 'x/+' }, 'to', /contains a wildcard/, /./],
    [{ direction: 'both', filter: 'a/+/b', to: 'x' }, 'to', /cannot be reversed/, /two routes/],
    [{ filter: ['a/#', 'b/#'], from: 'a' }, 'filter[1]', /"b\/#" does not begin with "a"/, /below `from`/],
    [{ filter: 'a/#', from: 'a', to: 'x/{topic}' }, 'to', /only \{gateway\}/, /prefix/],
    [{ filter: 'a', qos: 3 }, 'qos', /./, /./],
    [{ filter: 'a', retain: 'yes' }, 'retain', /"yes"/, /keep/],
    [{ filter: 'a', expiry: '5' }, 'expiry', /not a duration/, /number and/],
    [{ filter: 'a', expiry: { set: '5' } }, 'expiry.set', /not a duration/, /number and/],
    [{ filter: 'a', priority: 10 }, 'priority', /0 to 9/, /0 to 9/],
    [{ filter: 'a', maxSize: 'big' }, 'maxSize', /not a size/, /KB/],
    [{ filter: 'a', format: 'xml' }, 'format', /"xml"/, /json/],
    [{ filter: 'a', format: { type: 'sparkplug' } }, 'format.type', /"sparkplug"/, /template/],
    [
      { filter: 'a', format: { type: 'template', template: { a: ['{x}'] } } },
      'format.template.a[0]',
      /"\{x\}"/,
      /\{json:a.b\}/,
    ],
    [{ filter: 'a', format: { type: 'text', text: '{1}' } }, 'format.text', /no \{1\}/, /./],
    [{ direction: 'in', filter: 'a', format: 'thingsboard' }, 'format', /only goes out/, /json:params/],
    [{ direction: 'both', filter: 'a', format: { type: 'text', text: '{v}' } }, 'format', /reversed/, /two routes/],
    [{ direction: 'in', filter: 'a', batch }, 'batch', /only go out/, /direction: out/],
    [{ filter: 'a', batch, qos: 2 }, 'qos', /QoS 1/, /qos: 1/],
    [{ filter: 'a', batch, format: 'value' }, 'batch.as', /no JSON array/, /as: lines/],
    [{ filter: 'a', batch: { as: 'lines' }, format: 'thingsboard' }, 'batch.as', /lines/, /remove/],
    [{ filter: 'a', batch: { maxDelay: '2h' } }, 'batch.maxDelay', /out of range/, /1h/],
    [{ filter: 'a', compress: 'zip' }, 'compress', /"zip"/, /zstd/],
    [{ filter: 'a', schedule: 'nights' }, 'schedule', /"nights"/, /22:00-06:00/],
    [{ filter: 'a', schedule: ['sat', 'nights'] }, 'schedule[1]', /"nights"/, /22:00-06:00/],
    [{ direction: 'in', filter: 'a', schedule: 'sat' }, 'schedule', /goes out/, /remove/],
    [{ filter: 'a', onDemand: true }, 'onDemand', /not subscribed/, /direction: in/],
    [{ filter: 'a', onDemnd: true }, 'onDemnd', /unknown key/, /onDemand/],
  ];
  const cwd = t.testdir({});
  for (const [route, path, message, hint] of cases) {
    const routes = [{ direction: 'out', ...route }];
    writeFileSync(
      join(cwd, 'hpmq.yaml'),
      JSON.stringify({ links: { cloud: { type: 'mqtt', url: 'mqtt://x', routes } } }),
    );
    const name = JSON.stringify(route);
    try {
      loadConfig({ cwd, env: { HOME: cwd }, adapters: fakeAdapters, hostName: 'box' });
      t.fail(`${name} was accepted`);
    } catch (error) {
      const found = error instanceof ConfigError ? error.problems : [];
      t.match(found, [{ path: `links.cloud.routes[0].${path}`, line: Number, message, hint }], name);
    }
  }
});
