import fc from 'fast-check';
import t from 'tap';
import type { Priority } from '../../src/devices/exchange.js';
import { FairQueue } from '../../src/devices/fair-queue.js';
import { type Job, PortQueue } from '../../src/devices/port-queue.js';
import { ManualClock } from '../support/manual-clock.js';

const KEYS = ['a', 'b', 'c', 'd'] as const;
const key = fc.constantFrom(...KEYS);

type Step =
  | { readonly do: 'push'; readonly key: string }
  | { readonly do: 'shift'; readonly ready: readonly string[]; readonly cost: number }
  | { readonly do: 'drain'; readonly key: string }
  | { readonly do: 'remove'; readonly key: string; readonly index: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('push' as const), key }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('shift' as const),
      ready: fc.subarray([...KEYS]),
      cost: fc.integer({ min: 0, max: 500 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drain' as const), key }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), key, index: fc.nat(5) }) },
);

t.test('nothing is lost or invented, a lane is first in, first out, and only ready lanes are served', async () => {
  const limit = 5;
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
      const queue = new FairQueue<number>(limit);
      const model = new Map<string, number[]>(KEYS.map((name) => [name, []]));
      let next = 0;
      for (const one of steps) {
        if (one.do === 'push') {
          const lane = model.get(one.key)!;
          const taken = queue.push(one.key, next);
          if (taken !== lane.length < limit) throw new Error('the limit of the lane');
          if (taken) lane.push(next);
          next++;
        } else if (one.do === 'shift') {
          const item = queue.shift((name) => one.ready.includes(name));
          const waiting = one.ready.filter((name) => model.get(name)!.length > 0);
          if (item === undefined) {
            if (waiting.length > 0) throw new Error(`${waiting} waited and got nothing`);
            continue;
          }
          const owner = waiting.find((name) => model.get(name)![0] === item);
          if (owner === undefined) throw new Error('not the first of a lane that is ready');
          model.get(owner)!.shift();
          queue.charge(owner, one.cost);
        } else if (one.do === 'drain') {
          const items = queue.drain(one.key);
          if (String(items) !== String(model.get(one.key))) throw new Error('drained something else');
          model.set(one.key, []);
        } else {
          const lane = model.get(one.key)!;
          const item = lane[one.index];
          if (queue.remove(one.key, item ?? -1) !== (item !== undefined)) throw new Error('removed something else');
          if (item !== undefined) lane.splice(one.index, 1);
        }
        const left = [...model.values()].reduce((sum, lane) => sum + lane.length, 0);
        if (queue.size !== left) throw new Error(`size ${queue.size}, not ${left}`);
      }
    }),
    { numRuns: 300 },
  );
});

t.test('who always waits gets the same share of the wire as any other, to within one exchange of each', async () => {
  const lanes = fc.array(fc.record({ cost: fc.integer({ min: 1, max: 500 }), joins: fc.nat(200) }), {
    minLength: 2,
    maxLength: 8,
  });
  fc.assert(
    fc.property(lanes, fc.integer({ min: 50, max: 400 }), (members, rounds) => {
      const queue = new FairQueue<number>(10);
      const used = members.map(() => 0);
      for (let round = 0; round < 200 + rounds; round++) {
        for (const [index, { joins }] of members.entries()) {
          // Each has two exchanges waiting from the moment it joins, whatever the others had before.
          if (round === joins) queue.push(String(index), index);
          if (round === joins) queue.push(String(index), index);
        }
        const index = queue.shift();
        if (index === undefined) continue;
        queue.charge(String(index), members[index]!.cost);
        if (round >= 200) used[index]! += members[index]!.cost;
        queue.push(String(index), index);
      }
      for (const [i, a] of used.entries()) {
        for (const [j, b] of used.entries()) {
          const most = 2 * (members[i]!.cost + members[j]!.cost);
          if (Math.abs(a - b) > most) throw new Error(`${i} had ${a}, ${j} had ${b}: more than ${most} apart`);
        }
      }
    }),
    { numRuns: 200 },
  );
});

/** A wire under load: `cost` of an exchange by device; whoever was served asks again at once. */
class Wire {
  readonly clock = new ManualClock();
  readonly queue: PortQueue;
  readonly served: { readonly device: string; readonly priority: Priority; readonly at: number }[] = [];

  constructor(devices: number, timeout: number) {
    this.queue = new PortQueue(this.clock, devices, timeout);
  }

  ask(device: string, priority: Priority): void {
    const exchange = { device, priority, run: async () => undefined };
    this.queue.push({ exchange, settle: () => {} });
  }

  /** @returns the job, after its time on the wire; undefined: nobody could be served */
  async serve(cost: (job: Job) => number): Promise<Job | undefined> {
    const job = this.queue.next(() => 0);
    if (job === undefined) return undefined;
    this.served.push({ ...job.exchange, at: this.clock.monotonic() });
    const ms = cost(job);
    await this.clock.advance(ms);
    this.queue.done(job, ms);
    return job;
  }
}

t.test('however many devices are absent: those that are there keep 95 % of a wire that they fill', async (t) => {
  const arbitrary = fc.record({
    present: fc.integer({ min: 1, max: 5 }),
    absent: fc.integer({ min: 1, max: 30 }),
    timeout: fc.constantFrom(100, 500, 1_000),
  });
  await fc.assert(
    fc.asyncProperty(arbitrary, async ({ present, absent, timeout }) => {
      const wire = new Wire(present + absent, timeout);
      for (let i = 0; i < present; i++) wire.ask(`here ${i}`, 'poll');
      // Without a back-off of their own: as soon as one was tried it wants to be tried again.
      for (let i = 0; i < absent; i++) wire.ask(`gone ${i}`, 'probe');
      // What each may cost at the start, and what it takes to pay for it; and until the wire's load is known (10 s, forgotten exponentially).
      const settled = 60_000 + 40 * (present + absent) * timeout;
      let busy = 0;
      const tried = new Set<string>();
      while (wire.clock.monotonic() < settled + 200_000) {
        const job = await wire.serve(({ exchange }) => (exchange.priority === 'probe' ? timeout : 200));
        if (job === undefined) throw new Error('the wire is idle although somebody wants it');
        wire.ask(job.exchange.device, job.exchange.priority);
        if (wire.clock.monotonic() < settled) continue;
        if (job.exchange.priority === 'poll') busy += 200;
        else tried.add(job.exchange.device);
      }
      const share = busy / (wire.clock.monotonic() - settled);
      if (share < 0.95) throw new Error(`${present} of ${present + absent} had ${share}`);
      if (tried.size === 0) throw new Error('nobody who is absent was tried');
    }),
    { numRuns: 15 },
  );
  t.pass();
});

t.test('a wire that is idle tries absent devices often; one that nobody else uses, half of the time', async (t) => {
  const wire = new Wire(3, 500);
  wire.ask('gone', 'probe');
  let busy = 0;
  while (wire.clock.monotonic() < 100_000) {
    const job = await wire.serve(() => 500);
    if (job === undefined) await wire.clock.advance(Math.max(1, wire.queue.wait(() => 0)!));
    else {
      busy += 500;
      wire.ask('gone', 'probe');
    }
  }
  const share = busy / wire.clock.monotonic();
  t.ok(share > 0.45 && share < 0.55, `${share}`);
});

t.test('a command waits for the exchange on the wire, not for the polls before it', async () => {
  const arrivals = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(arrivals, async (gaps) => {
      const wire = new Wire(10, 500);
      for (let i = 0; i < 10; i++) wire.ask(`device ${i}`, 'poll');
      for (const gap of gaps) {
        for (let i = 0; i < gap; i++) {
          const job = await wire.serve(() => 20);
          wire.ask(job!.exchange.device, 'poll');
        }
        wire.ask('device 3', 'command');
        const job = await wire.serve(() => 20);
        if (job?.exchange.priority !== 'command') throw new Error(`a ${job?.exchange.priority} came before it`);
      }
    }),
    { numRuns: 30 },
  );
});

t.test('a flood of commands and asks lets every device be read all the same', async (t) => {
  const wire = new Wire(3, 500);
  for (const device of ['a', 'b', 'c']) {
    wire.ask(device, 'command');
    wire.ask(device, 'ask');
    wire.ask(device, 'poll');
  }
  for (let i = 0; i < 900; i++) {
    const job = await wire.serve(() => 10);
    wire.ask(job!.exchange.device, job!.exchange.priority);
  }
  for (const device of ['a', 'b', 'c']) {
    const polls = wire.served.filter((one) => one.device === device && one.priority === 'poll').length;
    t.ok(polls >= 30 && polls <= 36, `${device}: ${polls} of 900`);
  }
});
