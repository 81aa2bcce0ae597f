/** The gateway as a CoAP server, for libcoap's client. */
import mqtt from 'mqtt';
import t, { type Test } from 'tap';
import { coapClient, needsLibcoap, startCoapClient } from '../support/coap-peers.js';
import { type RunningGateway, startTestGateway } from '../support/gateway.js';
import { eventually } from '../support/peers.js';

const config = `
gateway: { id: g }
broker:
  listeners: [ { type: tcp, port: 0, auth: { anonymous: true } } ]
  auth:
    users: { coap: { roles: [] } }
    rules:
      - { roles: [anonymous], allow: all, topics: '#' }
      - { users: [coap], allow: all, topics: ['plant/#', 'hpmq/g/#', 'to/valve'] }
      - { users: [coap], deny: all, topics: ['plant/secret/#'] }
devices:
  sim:
    adapter: simulator
    every: 100ms
    points:
      level: { wave: constant, value: 20.5, write: { min: 0, max: 90 } }
      count: { wave: counter, period: 200ms, max: 100000 }
      name: { wave: constant, value: 'a name' }
servers:
  field:
    type: coap
    listen: { type: udp, port: 0 }
    user: coap
    write: true
    mailboxes: { valve: { topic: to/valve, keep: 3 } }
`;

interface Field {
  readonly gateway: RunningGateway;
  readonly client: mqtt.MqttClient;
  readonly port: number;
  readonly uri: string;
}

async function start(t: Test): Promise<Field> {
  const gateway = await startTestGateway(t, config);
  const port = await eventually(async () => {
    const { stdout } = await gateway.hpmq('server', 'list', '--json');
    const { items } = JSON.parse(stdout) as { items: { endpoint: string; state: string }[] };
    return items[0]?.state === 'up' ? Number(/:(\d+) UDP$/.exec(items[0].endpoint)?.[1]) : undefined;
  });
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`);
  t.teardown(() => client.endAsync(true));
  return { gateway, client, port, uri: `coap://127.0.0.1:${port}` };
}

async function received(client: mqtt.MqttClient, topic: string): Promise<readonly string[]> {
  const seen: string[] = [];
  client.on('message', (name, payload) => {
    if (name.startsWith(topic.replace('#', ''))) seen.push(payload.toString());
  });
  await client.subscribeAsync(topic, { qos: 1 });
  return seen;
}

const get = async (uri: string, ...args: string[]) => {
  const { stdout, stderr } = await coapClient(['-m', 'get', '-B', '10', ...args, uri]);
  return stdout + stderr;
};

t.test('points: read in every format, observed, written within their limits', needsLibcoap(), async (t) => {
  const { uri, port } = await start(t);
  await eventually(async () => (await get(`${uri}/points/sim/level`)).trim() === '20.5');
  t.match(await get(`${uri}/points/sim/level`, '-A', '50'), '{"v":20.5,"q":"good"}');
  t.match(await get(`${uri}/points/sim/level`, '-A', '110'), '[{"n":"sim/level","v":20.5}]');
  t.match(await get(`${uri}/points/sim/name`), 'a name');
  t.match(await get(`${uri}/points/sim/absent`), '4.04');
  t.match(await get(`${uri}/points/sim/level`, '-A', '41'), '4.06');
  const core = await get(`${uri}/.well-known/core`);
  t.match(core, '</points/sim/level>;rt="hpmq.point";obs');
  t.match(core, '</ps>;rt="core.ps.coll"');
  t.match(await get(`${uri}/.well-known/core?rt=hpmq.mailbox`), /^<\/mailbox\/valve>;rt="hpmq.mailbox";obs\s*$/);

  const observer = startCoapClient(t, ['-m', 'get', '-s', '30', '-w', `${uri}/points/sim/level`]);
  await observer.sees(/20\.5/);
  t.match(await coapClient(['-m', 'put', '-e', '33', `${uri}/points/sim/level`]), { code: 0 });
  await observer.sees(/33/);
  t.match(await coapClient(['-m', 'post', '-t', '50', '-e', '{"v":44}', `${uri}/points/sim/level`]), { code: 0 });
  await observer.sees(/44/);
  const refused = await coapClient(['-m', 'put', '-e', '91', `${uri}/points/sim/level`]);
  t.match(refused.stdout + refused.stderr, /4\.09.*POINT_OUT_OF_RANGE/s);
  const readOnly = await coapClient(['-m', 'put', '-e', '91', `${uri}/points/sim/count`]);
  t.match(readOnly.stdout + readOnly.stderr, /4\.\d\d/);
  t.ok(port > 0);
});

t.test(
  'topics: published, kept, read, observed, cleared; in blocks; within the access rules',
  needsLibcoap(),
  async (t) => {
    const { uri, client } = await start(t);
    const seen = await received(client, 'plant/#');
    t.match(await coapClient(['-m', 'put', '-t', '50', '-e', '{"t":1}', `${uri}/ps/plant/a`]), { code: 0 });
    await eventually(() => seen.includes('{"t":1}'));
    t.match(await get(`${uri}/ps/plant/a`), '{"t":1}');
    t.match(await get(`${uri}/ps`), '</ps/plant/a>;rt="core.ps.data";obs;ct=50');
    t.match(await get(`${uri}/ps/plant/nothing`), '4.04');
    const post = await coapClient(['-m', 'post', '-e', 'event', `${uri}/ps/plant/event`]);
    t.equal(post.code, 0);
    await eventually(() => seen.includes('event'));
    t.match(await get(`${uri}/ps/plant/event`), '4.04', 'passed on, not kept');

    const long = 'a long text. '.repeat(500);
    await coapClient(['-m', 'put', '-b', '64', '-e', encodeURIComponent(long), `${uri}/ps/plant/long`]);
    await eventually(() => seen.includes(long));
    t.equal((await get(`${uri}/ps/plant/long`)).trim(), long.trim());
    t.equal((await get(`${uri}/ps/plant/long`, '-b', '32')).trim(), long.trim());

    const observer = startCoapClient(t, ['-m', 'get', '-s', '30', '-w', `${uri}/ps/plant/state`]);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await client.publishAsync('plant/state', 'passing');
    await observer.sees(/passing/);
    await client.publishAsync('plant/state', `kept ${'x'.repeat(4_000)} end`, { retain: true, qos: 1 });
    await observer.sees(/kept x{4000} end/);

    t.match(await coapClient(['-m', 'delete', `${uri}/ps/plant/a`]), { code: 0 });
    t.match(await get(`${uri}/ps/plant/a`), '4.04');
    for (const path of ['plant/secret/x', 'elsewhere', '$SYS/broker/uptime']) {
      const refused = await coapClient(['-m', 'put', '-e', 'x', `${uri}/ps/${path}`]);
      t.match(refused.stdout + refused.stderr, /4\.0[03]/, path);
      t.match(await get(`${uri}/ps/${path}`), /4\.0[34]/);
    }
    t.notOk((await get(`${uri}/ps`)).includes('secret'));
  },
);

t.test('a mailbox keeps messages for a device that sleeps', needsLibcoap(), async (t) => {
  const { uri, client } = await start(t);
  for (const text of ['one', 'two', 'three', 'four']) await client.publishAsync('to/valve', text, { qos: 1 });
  const box = `${uri}/mailbox/valve`;
  const take = async () => {
    const shown = await coapClient(['-m', 'get', '-v', '7', box]);
    const etag = /ETag:0x([0-9a-f]+)/.exec(shown.stdout + shown.stderr)?.[1];
    const text = /(two|three|four)/.exec(shown.stdout)?.[1];
    if (etag === undefined) return undefined;
    const done = await coapClient(['-m', 'delete', '-v', '7', '-O', `1,0x${etag}`, box]);
    t.match(done.stdout + done.stderr, '2.02');
    return text;
  };
  t.strictSame([await take(), await take(), await take(), await take()], ['two', 'three', 'four', undefined]);
  const blind = await coapClient(['-m', 'delete', box]);
  t.match(blind.stdout + blind.stderr, '4.00');
});
