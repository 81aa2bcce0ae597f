/** Our CoAP client in a gateway, against libcoap's server. */
import mqtt from 'mqtt';
import type { Test } from 'tap';
import t from 'tap';
import { coapClient, coapServer, needsLibcoap } from '../support/coap-peers.js';
import { hpmqEntry, type RunningGateway, startTestGateway } from '../support/gateway.js';
import { eventually, needs, startPeer } from '../support/peers.js';

const config = (port: number, points: string, device = '') => `
gateway: { id: g }
broker: { listeners: [ { type: tcp, port: 0 } ] }
devices:
  node:
    adapter: coap
    port: { type: udp, host: 127.0.0.1, port: ${port} }
    every: 200ms
    ${device}
    points:
      ${points}
`;

interface Value {
  readonly v?: unknown;
  readonly q: string;
  readonly e?: string;
}

/** All values of a point, in the order in which they are published. */
async function values(t: Test, gateway: RunningGateway, point: string): Promise<readonly Value[]> {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.mqttPort}`);
  t.teardown(() => client.endAsync(true));
  const seen: Value[] = [];
  client.on('message', (_topic, payload) => void seen.push(JSON.parse(payload.toString()) as Value));
  await client.subscribeAsync(`hpmq/g/node/${point}`);
  return seen;
}

t.test('values, refusals, writes, discovery', needsLibcoap(), async (t) => {
  const server = await coapServer(t);
  const points = [
    "ticks: { path: '/time?ticks' }",
    'now: { path: /time, type: text, observe: false }',
    'about: { path: / }',
    'data: { path: /example_data, type: text, write: { verify: true } }',
    "slow: { path: '/async?1', observe: false, every: 1h }",
    'absent: { path: /absent, every: 1h }',
  ];
  const gateway = await startTestGateway(t, config(server.port, points.join('\n      ')));
  const ticks = await values(t, gateway, 'ticks');
  await eventually(() => ticks.length >= 3);
  t.ok(ticks.every(({ v, q }) => q === 'good' && Math.abs(Number(v) - Date.now() / 1_000) < 60));
  const [now] = await Promise.all([values(t, gateway, 'now')]);
  await eventually(() => now.some(({ v }) => /^[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d$/.test(String(v))));
  const slow = await values(t, gateway, 'slow');
  await eventually(() => slow.some(({ v }) => v === 'done'), 20_000);
  const absent = await values(t, gateway, 'absent');
  await eventually(() => absent.some(({ q, e }) => q === 'bad' && e === 'COAP_RESPONSE'));

  const text = `${'a long text '.repeat(400)}end`;
  const written = await gateway.hpmq('point', 'write', 'node.data', text);
  t.equal(written.code, 0, written.stderr);
  t.match(written.stdout, /verified/);
  const uri = `coap://127.0.0.1:${server.port}`;
  t.equal(
    (await coapClient(['-m', 'get', `${uri}/example_data`])).stdout.trim(),
    text,
    'what a foreign client finds there',
  );

  const identity = await gateway.hpmq('device', 'identify', 'node', '--json');
  const { fields } = JSON.parse(identity.stdout) as { fields: Record<string, string> };
  const links = (await coapClient(['-m', 'get', `${uri}/.well-known/core`])).stdout;
  const targets = [...links.matchAll(/<([^>]+)>/g)].map(([, target]) => target);
  t.ok(targets.length >= 4);
  t.strictSame(Object.keys(fields).sort(), targets.sort(), 'discovery finds what coap-client finds');
});

t.test(
  'a dead device is bad with a code, and good again when it is back; its observations, too',
  needsLibcoap(),
  async (t) => {
    const server = await coapServer(t);
    const points = "ticks: { path: '/time?ticks' }";
    const gateway = await startTestGateway(
      t,
      config(server.port, points, 'ackTimeout: 100ms\n    maxRetransmit: 2\n    recheck: 1s'),
    );
    const seen = await values(t, gateway, 'ticks');
    await eventually(() => seen.filter(({ q }) => q === 'good').length >= 2);
    server.peer.child.kill('SIGSTOP');
    await eventually(() => seen.at(-1)?.q === 'bad', 20_000);
    t.equal(seen.at(-1)?.e, 'COAP_TIMEOUT');
    server.peer.child.kill('SIGCONT');
    await eventually(() => seen.at(-1)?.q === 'good', 20_000);
    await server.peer.kill();
    await eventually(() => seen.at(-1)?.q === 'bad', 20_000);
    t.match(seen.at(-1)?.e, /^(PORT_|COAP_)/, 'nobody listens there');
    await coapServer(t, [], server.port);
    const before = seen.length;
    await eventually(() => seen.slice(before).filter(({ q }) => q === 'good').length >= 3, 20_000);
  },
);

t.test(
  'discovery: by multicast, and at an address, as a configuration that is valid',
  { ...needsLibcoap(), ...needs('unshare', 'ip') },
  async (t) => {
    // The group has a port of its own: a network for this test alone.
    const script = [
      'ip link set lo up',
      'coap-server-openssl -g 224.0.1.187 -G lo -v 6 >/dev/null 2>&1 & server=$!',
      'sleep 0.5',
      `"${process.execPath}" "${hpmqEntry}" device discover --from 127.0.0.1 --wait 8s --json`,
      `"${process.execPath}" "${hpmqEntry}" device discover 127.0.0.1 --yaml > "$1/hpmq.yaml"`,
      `"${process.execPath}" "${hpmqEntry}" config check "$1/hpmq.yaml"`,
      'coap-client-openssl -m get coap://127.0.0.1/.well-known/core',
      'kill $server',
    ].join('\n');
    const folder = t.testdir();
    const run = startPeer(t, 'unshare', ['-rn', 'sh', '-c', script, 'sh', folder]);
    t.equal(await run.ended, 0, run.stderr());
    const [found = '', verdict = '', links = ''] = run.stdout().trim().split('\n');
    const { items } = JSON.parse(found) as {
      items: { host: string; port: number; points: { address: { path: string } }[] }[];
    };
    t.match(items, [{ host: '127.0.0.1', port: 5683 }]);
    t.strictSame(
      items[0]?.points.map(({ address }) => address.path).sort(),
      [...links.matchAll(/<([^>]+)>/g)].map(([, target]) => target).sort(),
      'what coap-client finds',
    );
    t.match(verdict, /ok, 1 port, 1 device, 4 points/);
  },
);
