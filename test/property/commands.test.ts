/**
 * Commands against a model, through absences, refusals, restarts and kills: each has one end that is true of what the
 * device was told, and nothing is written twice.
 */
import fc from 'fast-check';
import t from 'tap';
import { ManualClock } from '../support/manual-clock.js';
import {
  type Bench,
  deviceConfig,
  FakeTables,
  FakeWorld,
  pointConfig,
  startBench,
  writable,
} from '../unit/devices/support.js';

type Step =
  | { readonly do: 'command'; readonly point: 'plain' | 'latest' | 'again'; readonly within: number }
  | { readonly do: 'repeat'; readonly back: number }
  | { readonly do: 'device'; readonly is: 'store' | 'ignore' | 'refuse' | 'silent' | 'dead' }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'pause' | 'resume' | 'cut' | 'stop' | 'kill' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('command' as const),
      point: fc.constantFrom('plain' as const, 'latest' as const, 'again' as const),
      within: fc.constantFrom(300, 5_000, 20_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('repeat' as const), back: fc.nat(3) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('device' as const),
      is: fc.constantFrom('store' as const, 'ignore' as const, 'refuse' as const, 'silent' as const, 'dead' as const),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 20, 150, 700, 4_000) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constantFrom<'pause' | 'resume' | 'cut' | 'stop' | 'kill'>('pause', 'resume', 'cut', 'stop', 'kill'),
    }),
  },
);

const REGISTERS = { plain: 0, latest: 1, again: 2 } as const;
const POINTS = [
  pointConfig('plain', REGISTERS.plain, { write: writable }),
  pointConfig('latest', REGISTERS.latest, { write: { ...writable, coalesce: true } }),
  pointConfig('again', REGISTERS.again, { write: { ...writable, idempotent: true } }),
];

interface Sent {
  readonly point: keyof typeof REGISTERS;
  /** A number of its own: what is on the wire says which command it was. */
  readonly value: number;
  readonly expiresAt: number;
}

interface End {
  readonly status: string;
  readonly code: string | undefined;
  readonly correlation: string;
}

/** One that ends in each way, whatever else is drawn. */
const EACH_END: Step[] = [
  { do: 'command', point: 'plain', within: 20_000 },
  { do: 'wait', ms: 4_000 },
  { do: 'device', is: 'refuse' },
  { do: 'command', point: 'plain', within: 20_000 },
  { do: 'wait', ms: 4_000 },
  { do: 'device', is: 'silent' },
  { do: 'command', point: 'plain', within: 20_000 },
  { do: 'wait', ms: 4_000 },
  { do: 'pause' },
  { do: 'command', point: 'plain', within: 300 },
  { do: 'wait', ms: 4_000 },
];

/** One gateway after another, on one device and one disk. */
class Life {
  readonly world = new FakeWorld();
  readonly device = this.world.add('d', { 0: 1, 1: 1, 2: 1 });
  readonly tables = new FakeTables();
  readonly sent: Sent[] = [];
  readonly ends: End[] = [];
  bench!: Bench;
  #store!: ReturnType<FakeTables['open']>;
  #wall = Date.UTC(2026, 0, 1);

  async start(): Promise<void> {
    this.#store = this.tables.open();
    const port = { timeout: 400 };
    this.device.latency = 30;
    this.bench = await startBench(
      this.world,
      [deviceConfig('d', POINTS)],
      port,
      new ManualClock(this.#wall),
      this.#store,
    );
  }

  async do(one: Step): Promise<void> {
    const { bench, device } = this;
    switch (one.do) {
      case 'command': {
        const value = 1_000 + this.sent.length;
        const command = { point: one.point, value, expiresAt: bench.clock.now() + one.within };
        this.sent.push(command);
        this.#publish(command);
        break;
      }
      case 'repeat': {
        const command = this.sent.at(-1 - one.back);
        if (command !== undefined) this.#publish(command);
        break;
      }
      case 'device':
        device.dead = one.is === 'dead';
        if (one.is !== 'dead') device.onWrite = one.is;
        break;
      case 'wait':
        await bench.clock.advance(one.ms);
        break;
      case 'pause':
        bench.devices.pause('d');
        break;
      case 'resume':
        bench.devices.resume('d');
        break;
      case 'cut':
        this.world.cut();
        break;
      case 'stop': {
        const over = bench[Symbol.asyncDispose]();
        await bench.clock.advance(5_000);
        await over;
        await this.#next();
        break;
      }
      case 'kill':
        // What it says and writes from now on, nobody hears.
        this.#store.close();
        await this.#next();
        break;
    }
    this.#hear();
  }

  #publish({ point, value, expiresAt }: Sent): void {
    const properties = { correlationData: Buffer.from(String(value)) };
    this.bench.publish(`hpmq/gw/d/${point}/set`, String(value), { qos: 1, properties, expiresAt });
  }

  async #next(): Promise<void> {
    this.#hear();
    this.#wall = this.bench.clock.now() + 100;
    await this.start();
  }

  #heard = new WeakMap<Bench, number>();

  #hear(): void {
    const { messages } = this.bench.router;
    const from = this.#heard.get(this.bench) ?? 0;
    this.#heard.set(this.bench, messages.length);
    for (const { topic, payload } of messages.slice(from)) {
      if (topic.endsWith('/set/result')) this.ends.push(JSON.parse(payload.toString()) as End);
    }
  }
}

t.test('one end for each command, true of what the device was told; nothing twice', async (t) => {
  const counts = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
      const life = new Life();
      await life.start();
      for (const one of steps) await life.do(one);
      // Whatever is in work ends, with the device there again.
      await life.do({ do: 'device', is: 'store' });
      await life.do({ do: 'resume' });
      await life.do({ do: 'wait', ms: 120_000 });
      for (const { point, value } of life.sent) {
        const name = `${point} ${value}`;
        const ends = life.ends.filter(({ correlation }) => correlation === String(value));
        const written = life.device.log.filter((line) => line === `write ${REGISTERS[point]}=${value}`).length;
        if (ends.length === 0) throw new Error(`${name} has no end`);
        // A command that is sent again is told the same again; one sent while nothing is remembered is a new one.
        const last = ends.at(-1)!;
        counts.set(last.status, (counts.get(last.status) ?? 0) + 1);
        if (new Set(ends.map(({ status, code }) => `${status} ${code}`)).size > 1) {
          throw new Error(`${name} ended as ${ends.map(({ status, code }) => `${status} ${code}`)}`);
        }
        if (point !== 'again' && written > 1) throw new Error(`${name} was written ${written} times`);
        if (last.status === 'refused' && written > 0) throw new Error(`${name} was refused and written`);
        if (last.status === 'verified' && written === 0) throw new Error(`${name} was verified and never written`);
      }
      const foreign = life.device.log.filter((line) => line.startsWith('write'));
      if (foreign.some((line) => !life.sent.some(({ value }) => line.endsWith(`=${value}`))))
        throw new Error(`${foreign}`);
    }),
    { numRuns: 60, examples: [[EACH_END]] },
  );
  t.ok((counts.get('verified') ?? 0) > 20 && (counts.get('unknown') ?? 0) > 5, JSON.stringify([...counts]));
  t.ok(counts.has('failed') && counts.has('refused'), 'these ends, too');
});
