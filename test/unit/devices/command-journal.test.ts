/** What becomes of commands when the gateway ends: their senders are told, and nothing is done twice. */
import t from 'tap';
import type { WriteConfig } from '../../../src/core/config.js';
import { ManualClock } from '../../support/manual-clock.js';
import { deviceConfig, FakeTables, FakeWorld, pointConfig, startBench, writable } from './support.js';

const set = 'hpmq/gw/pump/speed/set';

async function start(world: FakeWorld, tables: FakeTables, write: Partial<WriteConfig> = {}, wall?: number) {
  const store = tables.open();
  const points = [pointConfig('speed', 0, { write: { ...writable, ...write } }), pointConfig('on', 1)];
  const bench = await startBench(world, [deviceConfig('pump', points)], {}, new ManualClock(wall), store);
  return {
    bench,
    command: (payload: string, correlation?: string, more = {}) =>
      bench.publish(set, payload, {
        qos: 1,
        properties: {
          responseTopic: 'answers',
          ...(correlation === undefined ? {} : { correlationData: Buffer.from(correlation) }),
        },
        ...more,
      }),
    results: () => bench.router.on(`${set}/result`).map((text) => JSON.parse(text)),
    /** As kill -9: nothing is written any more, nothing is told. */
    kill: () => store.close(),
  };
}

function newWorld() {
  const world = new FakeWorld();
  const pump = world.add('pump', { 0: 50, 1: 1 });
  return { world, pump, writes: () => pump.log.filter((line) => line.startsWith('write')) };
}

t.test('killed while a command is on the wire: the next start says unknown, and writes nothing', async (t) => {
  const { world, pump, writes } = newWorld();
  const tables = new FakeTables();
  const first = await start(world, tables);
  pump.onWrite = 'silent';
  first.command('60', 'c-1');
  await first.bench.clock.advance(100);
  t.strictSame(writes(), ['write 0=60'], 'it is on the wire');
  t.strictSame(first.results(), []);
  first.kill();

  pump.onWrite = 'store';
  const second = await start(world, tables, {}, first.bench.clock.now());
  t.match(second.results(), [{ status: 'unknown', v: null, code: 'COMMAND_INTERRUPTED', correlation: 'c-1' }]);
  const answer = second.bench.router.messages.find(({ topic }) => topic === 'answers')!;
  t.equal(String(answer.properties?.correlationData), 'c-1');
  t.match(second.bench.audits, [{ who: 'client:test', target: 'pump.speed', outcome: 'unknown COMMAND_INTERRUPTED' }]);

  second.command('60', 'c-1');
  await second.bench.clock.advance(1_000);
  t.equal(second.results().length, 2, 'who asks again is told again');
  t.match(second.results()[1], { status: 'unknown', correlation: 'c-1' });
  t.strictSame(writes(), ['write 0=60'], 'and it is not done again');
  second.kill();

  const third = await start(world, tables, {}, second.bench.clock.now());
  t.strictSame(third.results(), [], 'it is told once');
  third.command('60', 'c-2');
  await third.bench.clock.advance(100);
  t.match(third.results(), [{ status: 'verified', correlation: 'c-2' }]);
  await third.bench[Symbol.asyncDispose]();
});

t.test('the same without Correlation Data, and of a command to several points', async (t) => {
  const { world, pump } = newWorld();
  const tables = new FakeTables();
  const first = await start(world, tables);
  pump.onWrite = 'silent';
  first.command('60');
  first.bench.publish('hpmq/gw/pump/set', '{"speed":61}', { qos: 2 });
  await first.bench.clock.advance(100);
  first.kill();
  const second = await start(world, tables, {}, first.bench.clock.now());
  t.match(second.results(), [{ status: 'unknown', code: 'COMMAND_INTERRUPTED' }]);
  t.match(second.bench.router.last('hpmq/gw/pump/set/result'), {
    status: 'unknown',
    points: { speed: { status: 'unknown', code: 'COMMAND_INTERRUPTED' } },
  });
  t.equal(tables.tables.get('command')!.size, 0, 'nothing is left behind');
  await second.bench[Symbol.asyncDispose]();
});

t.test('a command that may be done twice is done again after a restart, as long as it is valid', async (t) => {
  const { world, pump, writes } = newWorld();
  const tables = new FakeTables();
  const first = await start(world, tables, { idempotent: true });
  pump.onWrite = 'silent';
  first.command('60', 'c-1', { expiresAt: first.bench.clock.now() + 60_000 });
  first.bench.publish(set, '61', { qos: 1, expiresAt: first.bench.clock.now() + 5_000 });
  await first.bench.clock.advance(100);
  first.kill();
  pump.onWrite = 'store';
  pump.log.length = 0;
  const second = await start(world, tables, { idempotent: true }, first.bench.clock.now() + 10_000);
  await second.bench.clock.advance(5_000);
  t.strictSame(
    second.results().map(({ status, correlation }) => [status, correlation]),
    [
      ['unknown', undefined],
      ['verified', 'c-1'],
    ],
    'one of the two had expired',
  );
  t.strictSame(writes(), ['write 0=60']);
  await second.bench[Symbol.asyncDispose]();
});

t.test(
  'Correlation Data of a command that was done: answered again, not done again; another value is another command',
  async (t) => {
    const { world, writes } = newWorld();
    const { bench, command, results } = await start(world, new FakeTables());
    command('60', 'c-1');
    await bench.clock.advance(100);
    command('60', 'c-1');
    await bench.clock.advance(100);
    t.strictSame(results()[1], results()[0]);
    command('61', 'c-1');
    await bench.clock.advance(100);
    command('60', 'c-1');
    await bench.clock.advance(100);
    t.strictSame(writes(), ['write 0=60', 'write 0=61', 'write 0=60']);
    bench.publish(set, '60', { qos: 1, origin: 'client:other', properties: { correlationData: Buffer.from('c-1') } });
    await bench.clock.advance(100);
    t.equal(writes().length, 4, 'another sender has commands of his own');
    await bench.clock.advance(700_000);
    command('60', 'c-1');
    await bench.clock.advance(100);
    t.equal(writes().length, 5, 'after ten minutes it is forgotten');
    await bench[Symbol.asyncDispose]();
  },
);

t.test('sent again while it is in work: done once, answered once', async (t) => {
  const { world, pump, writes } = newWorld();
  const { bench, command, results } = await start(world, new FakeTables());
  pump.latency = 300;
  command('60', 'c-1');
  await bench.clock.advance(100);
  command('60', 'c-1');
  await bench.clock.advance(3_000);
  t.equal(results().length, 1);
  t.equal(writes().length, 1);
  await bench[Symbol.asyncDispose]();
});

t.test('QoS 0 promises nothing and leaves nothing; what cannot be read of an older gateway is dropped', async (t) => {
  const { world, pump } = newWorld();
  const tables = new FakeTables();
  tables.tables.set(
    'command',
    new Map([
      ['cxyz', Buffer.from('{"open":')],
      ['n7', Buffer.from('{"open":true}')],
    ]),
  );
  const first = await start(world, tables);
  pump.onWrite = 'silent';
  first.bench.publish(set, '60', { qos: 0, properties: { correlationData: Buffer.from('c-1') } });
  await first.bench.clock.advance(100);
  t.equal(tables.tables.get('command')!.size, 0);
  first.kill();
});

t.test('only the thousand commands done last are remembered', async (t) => {
  const { world } = newWorld();
  const tables = new FakeTables();
  const { bench, command } = await start(world, tables);
  for (let i = 0; i < 1_100; i++) {
    command('60', `c-${i}`);
    await bench.clock.advance(0);
  }
  t.equal(tables.tables.get('command')!.size, 1_000);
  await bench[Symbol.asyncDispose]();
});
