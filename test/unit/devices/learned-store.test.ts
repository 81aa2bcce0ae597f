import t from 'tap';
import type { Store, StoredTable } from '../../../src/core/store.js';
import { LearnedStore } from '../../../src/devices/learned-store.js';
import { ManualClock, settle } from '../../support/manual-clock.js';
import { deviceConfig, FakeWorld, lineConfig, pointConfig, startBench } from './support.js';

/** The one table of a store, as a map. */
class FakeTable implements StoredTable {
  readonly map = new Map<string, Buffer>();
  entries() {
    return this.map.entries();
  }
  set(key: string, value: Buffer) {
    this.map.set(key, value);
  }
  delete(key: string) {
    this.map.delete(key);
  }
}
const storeOf = (table: FakeTable) => ({ table: () => table, commit: () => undefined }) as unknown as Store;

const plc = deviceConfig('plc', [pointConfig('x', 0), pointConfig('y', 1)]);

t.test('what is lasting is kept, for as long as the device is configured as it was', async (t) => {
  const table = new FakeTable();
  const clock = new ManualClock();
  const first = new LearnedStore(storeOf(table), clock).open(plc, lineConfig);
  first.refused('registers', 5, 6, true);
  first.bar('registers', 7, 9, true);
  first.refused('registers', 20, 21, false);
  await settle();
  t.equal(table.map.size, 1);

  const again = new LearnedStore(storeOf(table), clock).open(plc, lineConfig);
  t.match(again.record(), {
    absences: [{ space: 'registers', start: 5, end: 6, refusals: 1 }],
    barriers: [{ before: 7, after: 9 }],
  });
  t.ok(again.isAbsent('registers', 4, 6));
  t.notOk(again.isAbsent('registers', 20, 21), 'a passing refusal is not kept');

  const moved = deviceConfig('plc', [pointConfig('x', 0), pointConfig('y', 2)]);
  t.strictSame(new LearnedStore(storeOf(table), clock).open(moved, lineConfig).record(), {
    absences: [],
    barriers: [],
  });
  t.equal(table.map.size, 0, 'other addresses: forgotten');
});

t.test('devices that are gone, and records that nobody can read, are forgotten', async (t) => {
  const table = new FakeTable();
  const clock = new ManualClock();
  const store = new LearnedStore(storeOf(table), clock);
  store.open(plc, lineConfig).refused('registers', 5, 6, true);
  await settle();
  table.map.set('broken', Buffer.from('{"fingerprint":1'));
  table.map.set('wrong', Buffer.from('{"fingerprint":"x","absences":[{"space":7}],"barriers":[]}'));
  const next = new LearnedStore(storeOf(table), clock);
  t.strictSame([...table.map.keys()], ['plc']);
  next.forgetOthers();
  t.equal(table.map.size, 0);
});

t.test('a record from the future, by a clock that was set back, does not last for ever', async (t) => {
  const clock = new ManualClock();
  const table = new FakeTable();
  const early = new ManualClock();
  await early.advance(365 * 86_400_000);
  new LearnedStore(storeOf(table), early).open(plc, lineConfig).bar('registers', 1, 2, true);
  await settle();
  const learned = new LearnedStore(storeOf(table), clock).open(plc, lineConfig);
  t.equal(learned.reach('registers', 0), 2);
  await clock.advance(25 * 3_600_000);
  learned.doubt();
  t.equal(learned.reach('registers', 0), Number.POSITIVE_INFINITY);
});

t.test('a bad point that rests says so again when it is time: silence is never the signal', async (t) => {
  const world = new FakeWorld();
  world.add('plc', { 0: 1, 1: 'refuse', 2: 3 });
  const report = { mode: 'change', deadband: 0, maxSilence: 10_000 } as const;
  const points = [0, 1, 2].map((register) => pointConfig(`p${register}`, register, { report }));
  await using bench = await startBench(world, [deviceConfig('plc', points)]);
  await bench.clock.advance(60_000);
  const said = bench.router.on('hpmq/gw/plc/p1').map((text) => JSON.parse(text) as { q: string; e: string });
  t.ok(said.length >= 6, `${said.length} times in a minute`);
  t.ok(said.every(({ q, e }) => q === 'bad' && e === 'FAKE_REFUSED'));
  const asked = world.log.filter((line) => line === 'plc read 1').length;
  t.ok(asked <= 8, `asked ${asked} times`);
  t.match(bench.devices.plan('plc'), {
    device: 'plc',
    groups: [{ every: 1_000, points: 3 }],
    absent: [{ space: 'registers', start: 1, units: 1 }],
  });
  t.match(bench.devices.ports(), [{ name: 'line', devices: ['plc'], errors: bench.devices.devices()[0]!.errors }]);
});
