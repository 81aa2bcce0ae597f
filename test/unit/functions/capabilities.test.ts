import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createNetServer } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t, { type Test } from 'tap';
import { systemClock } from '../../../src/core/clock.js';
import type { FunctionGrants } from '../../../src/core/config.js';
import type { HostCalls } from '../../../src/core/function.js';
import { silentLog } from '../../../src/core/log.js';
import type { Message } from '../../../src/core/message.js';
import { HttpAgent, redirected, requestTimeout } from '../../../src/functions/http.js';
import { ENTRY_BYTES, KvTables } from '../../../src/functions/kv.js';
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

t.test('kv: quota in bytes, and for each key; survives restart and versions, apart by function', async (t) => {
  const folder = t.testdir();
  const open = () =>
    openStore({ folder, durability: 'strict', tables: functionsTables, log: silentLog, clock: systemClock });
  const store = await open();
  const quota = 20 + 2 * ENTRY_BYTES;
  const a = new KvTables(store).open('a', quota);
  t.equal(a.set('key', Buffer.from('0123456789')), true);
  t.equal(a.bytes, 13 + ENTRY_BYTES);
  t.equal(a.set('k2', Buffer.from('012345')), false, 'over the quota');
  t.equal(a.set('k2', Buffer.from('01234')), true);
  t.equal(a.set('', Buffer.alloc(0)), false, 'a key alone costs as well');
  t.equal(a.set('key', Buffer.from('0')), true);
  t.equal(a.bytes, 11 + 2 * ENTRY_BYTES);
  t.equal(a.set('x'.repeat(1_025), Buffer.alloc(0)), false);
  a.delete('k2');
  a.delete('k2');
  t.equal(a.bytes, 4 + ENTRY_BYTES);
  const given = Buffer.from('mine');
  a.set('key', given);
  given.fill(0);
  t.equal(a.get('key')?.toString(), 'mine', 'its own copy');
  await store.commit();
  await store[Symbol.asyncDispose]();
  const again = await open();
  t.teardown(() => again[Symbol.asyncDispose]());
  const tables = new KvTables(again);
  t.equal(tables.open('a', quota).get('key')?.toString(), 'mine');
  t.equal(tables.open('a', quota).keys, 1);
  t.equal(tables.open('a', quota).bytes, 7 + ENTRY_BYTES);
  t.equal(tables.open('a.b', quota).get('key'), undefined);
  tables.open('gone', quota).set('key', Buffer.from('old'));
  t.strictSame(tables.keepOnly(new Set(['a', 'a.b'])), ['gone']);
  await again.commit();
  const later = new KvTables(again);
  t.equal(later.open('gone', quota).keys, 0, 'not configured any more');
  t.equal(later.open('a', quota).keys, 1);
  const tight = tables.open('a', 10);
  t.equal(tight.set('key', Buffer.from('mines')), false, 'a quota that was made smaller: nothing grows');
  t.equal(tight.set('key', Buffer.from('own')), true, 'and what is there may shrink');
  t.equal(tight.bytes, 6 + ENTRY_BYTES);
  tight.delete('key');
  t.equal(tight.bytes, 0);
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

t.test('http: a server that switches protocols or goes is an answer; a call that ends lets go', async (t) => {
  let wasClosed = Promise.withResolvers<void>();
  const server = createNetServer((socket) => {
    socket.on('error', () => {});
    socket.on('close', () => wasClosed.resolve());
    socket.once('data', (request) => {
      if (request.includes('GET /switch')) {
        socket.write('HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n');
      } else if (request.includes('GET /gone')) socket.destroy();
      else if (request.includes('GET /half')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  const { port } = server.address() as AddressInfo;
  const agent = new HttpAgent([`127.0.0.1:${port}`], 60_000);
  const ask = async (path: string, signal = new AbortController().signal) =>
    JSON.parse(await agent.fetch(JSON.stringify({ url: `http://127.0.0.1:${port}${path}` }), signal));
  t.match(await ask('/switch'), { error: 'the server switches to another protocol' });
  await wasClosed.promise;
  t.match(await ask('/gone'), { error: String });
  for (const path of ['/silent', '/half']) {
    wasClosed = Promise.withResolvers<void>();
    const ending = new AbortController();
    server.once('connection', (socket) => socket.once('data', () => setImmediate(() => ending.abort())));
    t.match(await ask(path, ending.signal), { error: String });
    await wasClosed.promise;
  }
});

t.test('http: what a function wrote for one origin stays there', async (t) => {
  const listen = async (answer: RequestListener): Promise<string> => {
    const server = createServer(answer);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    t.teardown(() => server.close());
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  };
  const bodies: string[] = [];
  const other = await listen((request, response) => {
    request.on('data', (bytes) => bodies.push(String(bytes)));
    request.on('end', () => response.end(JSON.stringify(request.headers)));
  });
  const first = await listen((request, response) => {
    request.resume();
    response.writeHead(Number(request.url!.slice(1)), { location: `${other}/`, connection: 'close' }).end();
  });
  const agent = new HttpAgent([first.slice(7), other.slice(7)], 60_000);
  const ask = async (request: object) =>
    JSON.parse(await agent.fetch(JSON.stringify(request), new AbortController().signal));
  const secrets = { authorization: 'a', Cookie: 'b', 'X-Api-Key': 'c', 'proxy-authorization': 'd' };
  const headers = { ...secrets, Accept: 'text/plain', 'user-agent': 'f', 'content-type': 'text/x' };
  for (const status of [301, 307]) {
    const { body } = await ask({ url: `${first}/${status}`, headers });
    const seen = JSON.parse(body) as Record<string, string>;
    for (const name of Object.keys(secrets)) t.equal(seen[name.toLowerCase()], undefined, `${status} ${name}`);
    t.match(seen, { accept: 'text/plain', 'user-agent': 'f' });
  }
  for (const status of [307, 308]) {
    t.match(await ask({ method: 'POST', url: `${first}/${status}`, headers, body: 'secret' }), {
      error: `the redirect to ${other.slice(7)} would take the body to another origin`,
    });
  }
  t.match(await ask({ method: 'POST', url: `${first}/303`, headers, body: 'secret' }), { status: 200 });
  t.strictSame(bodies, []);
});

t.test('http: from https to https alone; within an origin a request stays as it was', (t) => {
  const wanted = {
    method: 'PUT',
    url: new URL('https://a.example.com/x'),
    headers: { authorization: 'a', 'content-type': 'b' },
    body: Buffer.from('c'),
  };
  t.throws(() => redirected(wanted, 308, 'http://a.example.com/x'), { message: /from https to http/ });
  t.throws(() => redirected(wanted, 303, 'http://b.example.com/'), { message: /from https to http/ });
  t.strictSame(redirected(wanted, 308, '/y'), { ...wanted, url: new URL('https://a.example.com/y') });
  t.strictSame(redirected(wanted, 302, '/y'), {
    method: 'GET',
    url: new URL('https://a.example.com/y'),
    headers: { authorization: 'a' },
    body: undefined,
  });
  const plain = { ...wanted, url: new URL('http://a.example.com/x') };
  t.strictSame(
    redirected(plain, 308, 'https://a.example.com/x'),
    { ...wanted, headers: { 'content-type': 'b' } },
    'the same host, with TLS from now on, may have the body',
  );
  t.throws(() => redirected(plain, 308, 'https://b.example.com/x'), { message: /another origin/ });
  t.end();
});

t.test('http: a request ends before the call that waits for it', (t) => {
  t.equal(requestTimeout(2_000, 1_000), 900);
  t.equal(requestTimeout(50, 1_000), 50);
  t.equal(requestTimeout(50, 10), 9);
  t.end();
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

t.test('a subscription with a full queue drops what comes, and opens no breaker', async (t) => {
  const config = {
    limits: { ...fakeLimits, queue: 1 },
    breaker: { traps: 2, time: 1_000, within: 60_000, rest: 30_000 },
  };
  const on = { type: 'subscribe', filter: 'raw' } as const;
  const bench = await new Bench({ f: { on, hooks: onMessage(() => []), config } }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  for (let i = 0; i < 10; i++) await bench.router.publish(message(`raw ${i}`));
  await bench.idle();
  t.match(bench.functions.function('f'), { state: 'up', calls: 1, failures: { queue: 9 } });
});

t.test('what a subscription has given on is let go of, though it is never done', async (t) => {
  const on = { type: 'subscribe', filter: 'raw' } as const;
  const config = { limits: { ...fakeLimits, queue: 5_000 } };
  const wish = { on, hooks: onMessage(() => []), options: { turns: 1 }, config };
  const bench = await new Bench({ f: wish }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  const seen: WeakRef<Message>[] = [];
  const more = () => {
    const one = message(`raw ${seen.length}`);
    seen.push(new WeakRef(one));
    void bench.router.publish(one);
    bench.router.messages.length = 0;
  };
  for (let i = 0; i < 1_000; i++) more();
  while (bench.functions.function('f').calls < 4_000) {
    more();
    await new Promise((resolve) => setImmediate(resolve));
  }
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const kept = seen.filter((one) => one.deref() !== undefined).length;
  t.ok(kept < 2_500, `${kept} of ${seen.length} are in memory`);
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
