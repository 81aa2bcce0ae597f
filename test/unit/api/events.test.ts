/** The event stream, with a clock that the test moves. */
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createClient } from '../../../src/api/client.js';
import type { EventOptions, GatewayEvent } from '../../../src/api/contract.js';
import { createApiServer } from '../../../src/api/server.js';
import { MAX_STREAMS } from '../../../src/api/sse.js';
import { parseEvents } from '../../../src/api/sse-parser.js';
import { silentLog } from '../../../src/core/log.js';
import { FakeView } from '../../support/fake-view.js';
import { ManualClock } from '../../support/manual-clock.js';
import { eventually } from '../../support/peers.js';

async function startServer(t: Test) {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-e-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const socket = join(folder, 'c.sock');
  const view = new FakeView();
  const clock = new ManualClock();
  const server = createApiServer({ view, socket, log: silentLog, clock });
  await server.start(AbortSignal.timeout(10_000));
  t.teardown(() => server[Symbol.asyncDispose]());
  return { view, clock, server, socket, client: createClient({ socket }) };
}

type Started = Awaited<ReturnType<typeof startServer>>;

/** Follows a stream and keeps its events. */
function watch(t: Test, { client }: Started, options: Omit<EventOptions, 'signal'>) {
  const stop = new AbortController();
  const events: GatewayEvent[] = [];
  let failure: unknown;
  const ended = (async () => {
    try {
      for await (const event of client.events({ ...options, signal: stop.signal })) events.push(event);
    } catch (error) {
      failure = error;
    }
  })();
  t.teardown(async () => {
    stop.abort();
    await ended;
  });
  const seen = (count: number) => eventually(() => events.length >= count && events);
  return { events, seen, stop, ended, failure: () => failure };
}

function rawStream(socketPath: string, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    httpRequest({ socketPath, path, agent: false }, resolve).on('error', reject).end();
  });
}

t.test('snapshot first, then only what changed', async (t) => {
  const started = await startServer(t);
  const { view, clock } = started;
  const { seen } = watch(t, started, { kinds: ['points', 'devices', 'links', 'status', 'logs'], rate: 4 });
  const [snapshot] = await seen(1);
  t.equal(snapshot?.kind, 'snapshot');
  t.strictSame(Object.keys(snapshot?.data ?? {}).sort(), ['devices', 'links', 'logs', 'points', 'status']);

  view.set('boiler', 'temperature', 72);
  view.set('boiler', 'temperature', 73);
  view.log('something happened');
  await clock.advance(250);
  const [, points, logs] = await seen(3);
  t.match(points, { kind: 'points', data: [{ point: 'temperature', value: 73 }] }, 'two changes, one event');
  t.match(logs, { kind: 'logs', data: [{ message: 'something happened' }] });

  await clock.advance(1_000);
  view.devices_ = view.devices_.map((device) => (device.name === 'meter' ? { ...device, state: 'online' } : device));
  await clock.advance(250);
  const events = await seen(4);
  t.equal(events.length, 4, 'what does not change is not sent');
  t.match(events[3], { kind: 'devices', data: [{ name: 'meter', state: 'online' }] });
});

t.test('messages: the filter is kept, what overflows is counted', async (t) => {
  const started = await startServer(t);
  const { view, clock } = started;
  const { seen } = watch(t, started, { kinds: ['messages'], filter: 'a/#' });
  await seen(1);
  for (let i = 0; i < 1_005; i++) view.arrive('a/b', String(i));
  view.arrive('c', 'not asked for');
  await clock.advance(250);
  const [snapshot, event] = await seen(2);
  t.strictSame(snapshot, { kind: 'snapshot', data: {} });
  const data = event?.data as { items: { text: string }[]; dropped: number };
  t.equal(data.items.length, 1_000);
  t.equal(data.dropped, 5);
  t.equal(data.items[0]?.text, '0', 'the first are kept, in order');
});

t.test('topics: counted while somebody watches, retained ones known from the start', async (t) => {
  const started = await startServer(t);
  const { view, clock, client } = started;
  const { seen } = watch(t, started, { kinds: ['topics'] });
  const [snapshot] = await seen(1);
  t.match(snapshot?.data, { topics: [{ topic: 'hpmq/plant-7/boiler/temperature', retained: true, messages: 0 }] });
  view.arrive('new/topic', '1');
  view.arrive('new/topic', '2');
  view.arrive('hpmq/plant-7/boiler/temperature', '', true);
  await clock.advance(250);
  const [, event] = await seen(2);
  t.match(event?.data, [
    { topic: 'new/topic', retained: false, messages: 2 },
    { topic: 'hpmq/plant-7/boiler/temperature', retained: false, messages: 1 },
  ]);
  const { items } = await client.request('GET /v1/topics');
  t.ok(items.some(({ topic }) => topic === 'new/topic'));
});

t.test('the rate is the client’s', async (t) => {
  const started = await startServer(t);
  const { view, clock } = started;
  const slow = watch(t, started, { kinds: ['points'], rate: 1 });
  const fast = watch(t, started, { kinds: ['points'], rate: 10 });
  await slow.seen(1);
  await fast.seen(1);
  for (let i = 0; i < 10; i++) {
    view.set('boiler', 'temperature', i);
    await clock.advance(100);
  }
  await fast.seen(11);
  await slow.seen(2);
  t.equal(slow.events.length, 2);
  t.match(slow.events[1], { data: [{ value: 9 }] });
});

t.test('nobody watches: no timer, no subscription', async (t) => {
  const started = await startServer(t);
  const { view, clock } = started;
  t.equal(clock.pending, 0);
  const one = watch(t, started, { kinds: ['points', 'logs', 'messages', 'topics'] });
  await one.seen(1);
  t.equal(view.watchers, 3);
  t.equal(clock.pending, 1);
  one.stop.abort();
  await one.ended;
  t.equal(one.failure(), undefined, 'a stream that was cancelled just ends');
  await eventually(() => view.watchers === 0 && clock.pending === 0);
});

t.test('a quiet stream is pinged every 15 s; events carry increasing ids', async (t) => {
  const { socket, clock, view } = await startServer(t);
  const stream = await rawStream(socket, '/v1/events?kinds=points');
  t.teardown(() => stream.destroy());
  t.equal(stream.headers['content-type'], 'text/event-stream; charset=utf-8');
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  await eventually(() => text.includes('event: snapshot'));
  await clock.advance(15_250);
  await eventually(() => text.includes(': ping\n\n'));
  view.set('boiler', 'temperature', 1);
  await clock.advance(250);
  await eventually(() => text.includes('event: points'));
  t.match(text, /^id: 1\nevent: snapshot\ndata: .*\n\n: ping\n\nid: 2\nevent: points\ndata: /s);
});

t.test('a reader that does not drain is skipped, then disconnected', async (t) => {
  const { socket, clock, view } = await startServer(t);
  const stream = await rawStream(socket, '/v1/events?kinds=messages');
  t.teardown(() => stream.destroy());
  stream.on('error', () => {});
  stream.pause();
  const payload = 'x'.repeat(60_000);
  for (let round = 0; round < 40; round++) {
    for (let i = 0; i < 50; i++) view.arrive('a', payload);
    await clock.advance(250);
  }
  t.equal(view.watchers, 1, 'still there, its buffers bounded');
  await clock.advance(61_000);
  t.equal(view.watchers, 0, 'given up after a minute');
});

t.test('eight streams at most; the ninth is refused with a reason', async (t) => {
  const started = await startServer(t);
  for (let i = 0; i < MAX_STREAMS; i++) await watch(t, started, { kinds: ['status'] }).seen(1);
  const ninth = watch(t, started, { kinds: ['status'] });
  await ninth.ended;
  t.match(ninth.failure(), { code: 'API_TOO_MANY_STREAMS', fault: 'limit' });
});

t.test('an invalid filter is refused before the stream begins, and leaves nothing behind', async (t) => {
  const started = await startServer(t);
  const bad = watch(t, started, { kinds: ['logs', 'topics'], filter: 'bad/#/filter' });
  await bad.ended;
  t.match(bad.failure(), { code: 'FAKE_TIMEOUT' });
  t.equal(started.view.watchers, 0);
});

t.test('when the gateway stops, its watchers are told', async (t) => {
  const started = await startServer(t);
  const one = watch(t, started, { kinds: ['status'] });
  await one.seen(1);
  await started.server[Symbol.asyncDispose]();
  await one.ended;
  t.match(one.failure(), { code: 'GATEWAY_LOST', fault: 'peer' });
});

t.test('the parser takes any chunking', async (t) => {
  const text = 'id: 1\nevent: status\ndata: {"a":1}\n\n: ping\n\nevent: logs\ndata: []\n\n';
  for (let size = 1; size <= text.length; size++) {
    const chunks = (async function* () {
      for (let at = 0; at < text.length; at += size) yield text.slice(at, at + size);
    })();
    const events = [];
    for await (const event of parseEvents(chunks)) events.push(event);
    t.strictSame(events, [
      { kind: 'status', data: { a: 1 } },
      { kind: 'logs', data: [] },
    ]);
  }
});
