import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/core/clock.js';
import type { FunctionGrants } from '../../../src/core/config.js';
import type { HostCalls } from '../../../src/core/function.js';
import { silentLog } from '../../../src/core/log.js';
import { HttpAgent } from '../../../src/functions/http.js';
import { KvTables } from '../../../src/functions/kv.js';
import { functionsTables } from '../../../src/functions/tables.js';
import { openStore } from '../../../src/store/store.js';
import { fakeLimits, onMessage, output, readInput, record } from '../../support/fake-function.js';
import { Bench, message, settle, upstream } from './support.js';

const granted = (grants: Partial<FunctionGrants>): FunctionGrants => ({
  kv: undefined,
  publish: undefined,
  points: undefined,
  http: undefined,
  ...grants,
});

/** What a module can ask of its host. */
async function hostOf(
  t: Test,
  grants: Partial<FunctionGrants>,
  more: object = {},
): Promise<{ host: HostCalls; bench: Bench }> {
  let host: HostCalls | undefined;
  const hooks = {
    on_message: (_frame: Buffer, calls: HostCalls): undefined => {
      host = calls;
    },
  };
  const wish = {
    on: upstream('ask'),
    hooks,
    config: { grants: granted(grants), config: { factor: 10, deep: { a: [1] } } },
  };
  const bench = await new Bench({ f: wish }, { folder: t.testdir(), ...more }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  await bench.pass('ask');
  return { host: host!, bench };
}

t.test('what is not granted is not there; config, now and log always are', async (t) => {
  const { host, bench } = await hostOf(t, {});
  t.strictSame(Object.keys(host).sort(), ['config', 'log', 'now']);
  t.equal(host.config('factor'), '10');
  t.equal(host.config('deep'), '{"a":[1]}');
  t.equal(host.config('toString'), undefined);
  t.equal(host.now(), bench.clock.now());
  host.log(2, 'odd \x1b[2J');
  t.match(bench.functions.logs('f').at(-1), { level: 'warn', text: 'odd ?[2J' });
  for (let i = 0; i < 1_000; i++) host.log(1, 'again');
  await bench.clock.advance(1_000);
  host.log(1, 'later');
  t.match(bench.functions.logs('f').at(-2), { level: 'warn', text: /^9\d\d lines were left out/ });
});

t.test('kv: quota in bytes of keys and values; survives restart and versions, apart by function', async (t) => {
  const folder = t.testdir();
  const open = () =>
    openStore({ folder, durability: 'strict', tables: functionsTables, log: silentLog, clock: systemClock });
  const store = await open();
  const a = new KvTables(store).open('a', 20);
  t.equal(a.set('key', Buffer.from('0123456789')), true);
  t.equal(a.bytes, 13);
  t.equal(a.set('k2', Buffer.from('012345')), false, 'over the quota');
  t.equal(a.set('k2', Buffer.from('01234')), true);
  t.equal(a.set('key', Buffer.from('0')), true);
  t.equal(a.bytes, 11);
  t.equal(a.set('x'.repeat(1_025), Buffer.alloc(0)), false);
  a.delete('k2');
  a.delete('k2');
  t.equal(a.bytes, 4);
  const given = Buffer.from('mine');
  a.set('key', given);
  given.fill(0);
  t.equal(a.get('key')?.toString(), 'mine', 'its own copy');
  await store.commit();
  await store[Symbol.asyncDispose]();
  const again = await open();
  t.teardown(() => again[Symbol.asyncDispose]());
  const tables = new KvTables(again);
  t.equal(tables.open('a', 20).get('key')?.toString(), 'mine');
  t.equal(tables.open('a', 20).keys, 1);
  t.equal(tables.open('a.b', 20).get('key'), undefined);
  tables.open('gone', 20).set('key', Buffer.from('old'));
  t.strictSame(tables.keepOnly(new Set(['a', 'a.b'])), ['gone']);
  await again.commit();
  const later = new KvTables(again);
  t.equal(later.open('gone', 20).keys, 0, 'not configured any more');
  t.equal(later.open('a', 20).keys, 1);
});

t.test('publish: topics that are granted, so many as the limits allow, once the call has ended well', async (t) => {
  const answers: number[] = [];
  const hooks = onMessage(({ topic, payload }, host) => {
    for (const to of payload.split(' ')) answers.push(host.publish!(record({ topic: to, payload: topic, qos: 1 })));
    if (payload.includes('trap')) throw new Error('trap');
    return [{ topic, payload: 'in its place' }];
  });
  const config = { grants: granted({ publish: ['alarm/#'] }), limits: { ...fakeLimits, outputs: 2 } };
  const bench = await new Bench({ f: { on: upstream('raw/#'), hooks, config } }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  t.strictSame(await bench.pass('raw/1 alarm/1 other alarm/2 alarm/3'), ['raw/1 in its place']);
  t.strictSame(answers.splice(0), [0, -1, 0, -2]);
  t.strictSame(bench.published(), ['alarm/1 raw/1', 'alarm/2 raw/1']);
  t.match(bench.router.messages[0], { qos: 1, origin: 'function:f' });
  t.strictSame(await bench.pass('raw/1 alarm/4 trap'), []);
  t.equal(bench.published().length, 2, 'a call that fails publishes nothing');
});

t.test('points: read and command by name, as granted', async (t) => {
  const commands: unknown[][] = [];
  const points = {
    read: (device: string, point: string) => (point === 'gone' ? undefined : { v: 71.4, q: 'good', t: 1, device }),
    command: (...args: unknown[]) => commands.push(args) > 0 && args[1] !== 'refused',
  };
  const { host } = await hostOf(
    t,
    { points: { read: ['boiler/*'], command: ['boiler/set*', 'boiler/refused'] } },
    { points },
  );
  t.equal(host.pointRead!('boiler/temperature'), '{"v":71.4,"q":"good","t":1,"device":"boiler"}');
  t.equal(host.pointRead!('boiler/gone'), undefined);
  t.equal(host.pointRead!('pump/x'), undefined);
  t.equal(host.pointCommand!('boiler/setpoint', '42.5'), 0);
  t.equal(host.pointCommand!('boiler/temperature', '1'), -1);
  t.equal(host.pointCommand!('boiler/setpoint', '{"v":1}'), -1);
  t.equal(host.pointCommand!('boiler/setpoint', '1e999'), -1);
  t.equal(host.pointCommand!('boiler/refused', 'true'), -1);
  t.strictSame(commands[0], ['boiler', 'setpoint', 42.5, 'function:f']);
  t.equal(commands.length, 2);
});

t.test('http: hosts of the list alone, redirects included; sizes and times are bounded', async (t) => {
  const server = createServer((request, response) => {
    const { url = '' } = request;
    if (url.startsWith('/to?')) response.writeHead(302, { location: decodeURIComponent(url.slice(4)) }).end();
    else if (url === '/loop') response.writeHead(302, { location: '/loop' }).end();
    else if (url === '/large') response.end(Buffer.alloc(1_100_000));
    else if (url === '/binary') response.end(Buffer.from([0xff, 0]));
    else if (url === '/never') return;
    else
      request
        .on('data', () => {})
        .on('end', () =>
          response.end(`${request.method} ${request.headers['x-a'] ?? ''} ${request.headers.authorization ?? ''}`),
        );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const agent = new HttpAgent([`127.0.0.1:${port}`], 2_000);
  const signal = new AbortController().signal;
  const at = (path: string) => `http://127.0.0.1:${port}${path}`;
  const ask = async (request: unknown) => JSON.parse(await agent.fetch(JSON.stringify(request), signal));
  t.match(await ask({ method: 'POST', url: at('/'), headers: { 'x-a': '1' }, body: 'x' }), {
    status: 200,
    body: 'POST 1 ',
  });
  t.match(await ask({ url: at('/binary') }), { status: 200, bodyBase64: '/wA=' });
  t.match(await ask({ url: at(`/to?${encodeURIComponent(at('/'))}`), headers: { authorization: 'b' } }), {
    body: 'GET  b',
  });
  t.match(await ask({ url: at(`/to?${encodeURIComponent('http://localhost:1/')}`) }), {
    error: 'localhost:1 is not in grants.http.hosts',
  });
  t.match(await ask({ url: at('/to?file:///etc/passwd') }), { error: /is not in grants/ });
  t.match(await ask({ url: at('/loop') }), { error: 'more than 5 redirects' });
  t.match(await ask({ url: at('/large') }), { error: /more than 1048576 bytes/ });
  t.match(await ask({ url: 'http://127.0.0.1/' }), { error: '127.0.0.1 is not in grants.http.hosts' });
  t.match(await ask({ url: at('/').replace('http://', 'http://user:pw@') }), { error: /is not in grants/ });
  t.match(await ask({ url: at('/'), headers: { host: 'other' } }), { error: "the header host is not the function's" });
  t.match(await ask({ url: at('/'), headers: { 'x-a': 'a\r\nb: c' } }), { error: 'a header is none' });
  t.match(await ask({ url: at('/'), method: 'CONNECT' }), { error: 'the method is none' });
  for (const text of ['', 'null', '[', '{"url":1}'])
    t.match(JSON.parse(await agent.fetch(text, signal)), { error: String });
  const hasty = new HttpAgent([`127.0.0.1:${port}`], 50);
  t.match(JSON.parse(await hasty.fetch(JSON.stringify({ url: at('/never') }), signal)), {
    error: 'no answer within 50 ms',
  });
  const ended = AbortSignal.abort();
  t.match(JSON.parse(await agent.fetch(JSON.stringify({ url: at('/') }), ended)), { error: String });
  const wild = new HttpAgent(['*.example.com', '[::1]:8080'], 1_000);
  t.strictSame(
    [
      'https://a.example.com/',
      'https://example.com/',
      'http://a.example.com:81/',
      'http://[::1]:8080/',
      'ftp://a.example.com/',
      'https://a.example.com.evil.org/',
    ].map((url) => wild.allows(new URL(url))),
    [true, false, false, true, false, false],
  );
});

t.test('a subscription gets copies, publishes what comes of them, and not its own', async (t) => {
  const hooks = onMessage(({ topic, payload, origin, direction }) => [
    { topic: `copy/${topic}`, payload: `${payload} ${origin} ${direction}` },
  ]);
  const on = [
    { type: 'subscribe', filter: 'raw/#' },
    { type: 'subscribe', filter: 'copy/#' },
  ] as const;
  const config = { limits: { ...fakeLimits, queue: 3 } };
  const bench = await new Bench({ f: { on, hooks, config } }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  t.equal(bench.functions.transform, undefined, 'nothing is in the path');
  await bench.publish('raw/1 x');
  t.strictSame(bench.published(), ['raw/1 x', 'copy/raw/1 x client:c 2']);
  for (let i = 0; i < 5; i++) await bench.router.publish(message(`raw/2 ${i}`));
  await bench.idle();
  const copies = bench.published().filter((line) => line.startsWith('copy/raw/2'));
  t.equal(copies.length, 3, 'as many as its queue holds');
  t.match(bench.functions.function('f').failures, { queue: 2 });
  await bench.functions.pause('f');
  await bench.publish('raw/3 x');
  t.notOk(bench.published().some((line) => line.startsWith('copy/raw/3')));
});

t.test('on_timer at its beat, on_start at start and at each deployment', async (t) => {
  const at = (frame: Buffer) => String(frame.readBigInt64LE(0));
  const hooks = {
    on_timer: (frame: Buffer) => output({ topic: 'tick', payload: at(frame) }),
    on_start: () => output({ topic: 'started', payload: '' }),
  };
  const on = [{ type: 'timer', every: 10_000 }, { type: 'start' }] as const;
  const bench = await new Bench({ f: { on, hooks } }, { folder: t.testdir() }).start();
  t.strictSame(bench.published(), ['started ']);
  const begin = bench.clock.now();
  await bench.clock.advance(30_000);
  t.strictSame(
    bench.published().slice(1),
    [10, 20, 30].map((s) => `tick ${begin + s * 1_000}`),
  );
  await bench.functions.deploy('f', bench.compiler.add('v2', hooks), 'v2');
  await settle();
  t.equal(bench.published().at(-1), 'started ');
  await bench.functions.pause('f');
  await bench.clock.advance(20_000);
  t.equal(bench.published().length, 5);
  await bench.functions[Symbol.asyncDispose]();
  t.equal(bench.clock.pending, 0, 'no timer is left');
});

t.test('a restart does not forget what input a function gets: readInput is the frame of the contract', async (t) => {
  // 1 flags, str topic, bytes payload, u16 count, str origin, u32 none, u8 direction: written by hand.
  const frame = Buffer.concat([
    Buffer.from([0x01, 1, 0]),
    Buffer.from('t'),
    Buffer.from([2, 0, 0, 0]),
    Buffer.from('hi'),
    Buffer.from([0, 0, 8, 0]),
    Buffer.from('client:c'),
    Buffer.from([0xff, 0xff, 0xff, 0xff, 0]),
  ]);
  let seen: Buffer | undefined;
  const hooks = {
    on_message: (one: Buffer): undefined => {
      seen = Buffer.from(one);
    },
  };
  const bench = await new Bench({ f: { on: upstream('#'), hooks } }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  await bench.pass({ topic: 't', payload: 'hi', qos: 1 });
  t.strictSame(seen, frame);
  t.match(readInput(frame), { topic: 't', payload: 'hi', qos: 1, previous: undefined, direction: 0 });
});
