/** A CoAP device on a port of the gateway: what comes by itself, deadlines, writes, presence; time is the test's. */
import t, { type Test } from 'tap';
import { coapError } from '../../../../adapters/coap/errors.js';
import coap from '../../../../adapters/coap/index.js';
import { Code, codeText, type Message } from '../../../../adapters/coap/message/message.js';
import { OptionNumber, pathOf, textsOf, uintOf, uintOption } from '../../../../adapters/coap/message/options.js';
import { loadConfig } from '../../../../src/config/load.js';
import type { FrameHooks } from '../../../../src/core/function.js';
import { silentLog } from '../../../../src/core/log.js';
import { createDevices } from '../../../../src/devices/devices.js';
import { FakePeer, piggyback, type Said } from '../../../support/coap-peer.js';
import { FakeRouter } from '../../../support/fake-router.js';
import { ManualClock, settle } from '../../../support/manual-clock.js';

const content = (payload: string, contentFormat: number, ...options: NonNullable<Said['options']>): Said => ({
  code: Code.CONTENT,
  payload: Buffer.from(payload),
  options: [uintOption(OptionNumber.CONTENT_FORMAT, contentFormat), ...options],
});
const observe = (sequence: number) => uintOption(OptionNumber.OBSERVE, sequence);

/** A gateway with one device, whose peer is a function. */
async function start(t: Test, device: string, answer: (request: Message) => Said | undefined, frames?: FrameHooks) {
  const yaml = `devices:\n  node:\n    adapter: coap\n    port: { type: udp, host: 10.0.0.42, port: 5683 }\n${device}`;
  const cwd = t.testdir({ 'hpmq.yaml': yaml });
  const { config } = loadConfig({ cwd, env: { HOME: cwd }, adapters: [coap], hostName: 'g' });
  const clock = new ManualClock();
  const router = new FakeRouter();
  const peers: FakePeer[] = [];
  const devices = createDevices({
    ports: config.ports,
    devices: config.devices,
    gatewayId: 'g',
    adapters: new Map([['coap', coap]]),
    router,
    openTransport: async () => {
      const peer = new FakePeer();
      peer.onMessage = (request) => {
        const said = request.code === 0 || request.code > 31 ? undefined : answer(request);
        return said === undefined ? undefined : [piggyback(request, said)];
      };
      peers.push(peer);
      return peer.wire;
    },
    log: silentLog,
    frames,
    clock,
    random: () => 0.999_999,
  });
  t.teardown(() => devices[Symbol.asyncDispose]());
  await devices.start(new AbortController().signal);
  await settle();
  await settle();
  const values = (point: string) =>
    router.published
      .filter(({ topic }) => topic === `hpmq/g/node/${point}`)
      .map(({ payload }) => JSON.parse(payload.toString()) as { v: unknown; q: string; e?: string });
  return { config, clock, devices, peers, values };
}

t.test('a notification is published when it comes, for all points in it, and nothing is asked', async (t) => {
  const points = `    points:
      temp: { path: /env, pointer: /t, scale: 0.1 }
      hum: { path: /env, pointer: /h }
`;
  const { clock, peers, values } = await start(t, points, () =>
    content('{"t":215,"h":40}', 50, observe(1), uintOption(OptionNumber.MAX_AGE, 600)),
  );
  const [peer] = peers as [FakePeer];
  t.match(values('temp'), [{ v: 21.5, q: 'good' }]);
  t.equal(peer.requests().length, 1, 'one exchange for one resource');
  await clock.advance(10_300);
  peer.say({ type: 'CON', token: peer.requests()[0]!.token, ...content('{"t":230,"h":41}', 50, observe(2)) });
  await settle();
  t.match(values('temp').at(-1), { v: 23, q: 'good' });
  t.match(values('hum').at(-1), { v: 41, q: 'good' });
  peer.say({ type: 'CON', token: peer.requests()[0]!.token, ...content('{"t":231}', 50, observe(3)) });
  await settle();
  t.match(values('temp').at(-1), { v: 23.1, q: 'good' });
  t.match(values('hum').at(-1), { v: null, q: 'bad', e: 'COAP_NO_VALUE' });
  peer.say({ type: 'CON', token: peer.requests()[0]!.token, code: Code.SERVICE_UNAVAILABLE });
  await settle();
  t.match(values('temp').at(-1), { q: 'bad', e: 'COAP_RESPONSE' });
});

t.test(
  'a read may take 20 s, with all repetitions, unless the port says otherwise; other adapters have 1 s',
  async (t) => {
    const points = '    every: 1s\n    points: { a: { path: /a } }\n';
    const { config, clock, peers, values, devices } = await start(t, points, () => undefined);
    t.equal(config.ports.node?.timeout, 20_000);
    await clock.advance(19_000);
    t.strictSame(values('a'), []);
    t.ok(peers[0]!.received.length >= 3, 'repeated meanwhile');
    await clock.advance(60_000);
    t.match(values('a').at(-1), { q: 'bad', e: 'COAP_TIMEOUT' });
    t.equal(devices.devices()[0]?.state, 'offline');
  },
);

t.test('three silent exchanges open the wire anew, and the interest is registered there', async (t) => {
  let isDead = false;
  const points =
    '    every: 1s\n    recheck: 2s\n    ackTimeout: 100ms\n    maxRetransmit: 1\n    points: { a: { path: /a } }\n';
  const yaml = points;
  const { clock, peers, values } = await start(t, yaml, () => (isDead ? undefined : content('5', 0, observe(1))));
  t.match(values('a'), [{ v: 5, q: 'good' }]);
  isDead = true;
  await clock.advance(30_000);
  t.match(values('a').at(-1), { q: 'bad', e: 'COAP_TIMEOUT' });
  isDead = false;
  await clock.advance(60_000);
  t.match(values('a').at(-1), { v: 5, q: 'good' });
  const last = peers.at(-1)!;
  t.equal(uintOf(last.requests().at(-1)!, OptionNumber.OBSERVE), 0);
});

t.test('writes: method, path, format and body as the point says; refusals, and what nobody answers', async (t) => {
  const points = `    ackTimeout: 100ms
    maxRetransmit: 1
    points:
      plain: { path: '/plain?x=1', write: { verify: false } }
      part: { path: /json, format: json, pointer: /a/b, writeMethod: iPATCH, write: { verify: false } }
      body: { path: /led, format: json, pointer: /on, writeBody: '{"on":{value}}', writePath: /led/set, writeMethod: POST, write: { verify: false } }
      senml: { path: /s, format: senml-json, record: r, write: { verify: false } }
      refused: { path: /refused, write: true }
      silent: { path: /silent, write: true }
`;
  const written: string[] = [];
  const { clock, devices } = await start(t, points, (request) => {
    const path = pathOf(request);
    if (request.code === Code.GET)
      return { code: path === '/silent' ? Code.CONTENT : Code.NOT_FOUND, payload: Buffer.from('1') };
    if (path === '/silent') return undefined;
    if (path === '/refused') return { code: Code.FORBIDDEN };
    const query = textsOf(request, OptionNumber.URI_QUERY).join('&');
    written.push(
      `${codeText(request.code)} ${path}?${query} ${uintOf(request, OptionNumber.CONTENT_FORMAT)} ${request.payload}`,
    );
    return { code: Code.CHANGED };
  });
  const write = async (point: string, value: number | boolean) => {
    const result = devices.write('node', point, { value }, new AbortController().signal);
    await clock.advance(10_000);
    return await result;
  };
  await clock.advance(1_000);
  t.match(await write('plain', 21.5), { status: 'written' });
  t.match(await write('part', 5), { status: 'written' });
  t.match(await write('body', true), { status: 'written' });
  t.match(await write('senml', 7), { status: 'written' });
  t.strictSame(written, [
    '0.03 /plain?x=1 0 21.5',
    '0.07 /json? 52 {"a":{"b":5}}',
    '0.02 /led/set? 50 {"on":true}',
    '0.03 /s? 110 [{"n":"r","v":7}]',
  ]);
  t.match(await write('refused', 1), {
    status: 'failed',
    error: { code: 'COAP_RESPONSE', details: { exceptionCode: 403 } },
  });
  t.match(await write('silent', 1), {
    status: 'unknown',
    error: { code: 'COAP_TIMEOUT', details: { transmissions: 2 } },
  });
});

t.test('what the device says that it has', async (t) => {
  const { devices } = await start(t, '    points: {}\n', () => content('</a>;rt="x y";obs,</b>;ct=50', 40));
  t.strictSame(await devices.identify('node', new AbortController().signal), {
    device: 'node',
    source: '/.well-known/core',
    fields: { '/a': 'rt=x y; obs', '/b': 'ct=50' },
  });
});

t.test('payloads that a function takes apart and makes, read, observed and written', async (t) => {
  const points = `    points:
      level: { path: /raw }
      state: { path: /raw, encoded: true, write: true }
`;
  let isDown = false;
  const down = coapError('COAP_DECODE', 'the function is down');
  const frames: FrameHooks = {
    decode: () => async (frame) =>
      isDown
        ? down
        : [
            { point: 'level', value: frame.readUInt16BE() / 10 },
            { point: 'state', value: undefined, why: 'off' },
          ],
    encode: () => (point, value) => (value === 9 ? [] : [Buffer.from(`${point}:${value}`), Buffer.from('end')]),
  };
  const put: string[] = [];
  const { clock, devices, peers, values } = await start(
    t,
    points,
    (request) => {
      if (request.code !== Code.PUT) return content('\x00\x7b', 42, observe(1), uintOption(OptionNumber.MAX_AGE, 600));
      put.push(`${request.payload} ${uintOf(request, OptionNumber.CONTENT_FORMAT)}`);
      return { code: Code.CHANGED };
    },
    frames,
  );
  t.match(values('level'), [{ v: 12.3, q: 'good' }]);
  t.match(values('state'), [{ q: 'bad', e: 'COAP_NO_VALUE' }]);
  const [peer] = peers as [FakePeer];
  const { token } = peer.requests()[0]!;
  isDown = true;
  await clock.advance(1_000);
  peer.say({ type: 'CON', token, ...content('\x00\x7c', 42, observe(2)) });
  await settle();
  t.match(values('level').at(-1), { q: 'bad', e: 'COAP_DECODE' });
  isDown = false;
  peer.say({ type: 'CON', token, ...content('\x00\x7d', 42, observe(3)) });
  await settle();
  t.match(values('level').at(-1), { v: 12.5, q: 'good' });
  const signal = new AbortController().signal;
  t.match(await devices.write('node', 'state', { value: 1 }, signal), { status: 'written' });
  t.strictSame(put, ['state:1 42', 'end 42']);
  t.match(await devices.write('node', 'state', { value: 9 }, signal), { error: { code: 'COAP_VALUE' } });
  t.equal(put.length, 2);
});
