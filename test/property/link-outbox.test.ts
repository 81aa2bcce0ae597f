/**
 * The outbox of a link, whatever happens to link, far side and gateway: what was acknowledged to its publisher arrives, each
 * topic in order, at QoS 2 once; or it is in the loss record, which says exactly how much is missing.
 *
 * One thing nobody can know: whether a message of QoS 1 arrived that was on its way when the gateway ended. If a limit takes it
 * afterwards, the record has it in any case.
 *
 * A kill is a start on a copy of the folder as it lies there at that moment, with whatever is on its way.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import t from 'tap';
import type { OutboxConfig, RouteConfig } from '../../src/core/config.js';
import { FarSession } from '../support/fake-far-side.js';
import { lossesAt, lost, OutgoingBench } from '../support/link-outbox.js';
import { linkConfig, outboxConfig } from '../support/links.js';
import { ManualClock } from '../support/manual-clock.js';

const OUT: RouteConfig = { direction: 'out', filter: 'out/#', to: '{topic:1}', qos: 2 };
/** The same topics, named otherwise by an edit of the configuration. */
const RENAMED: RouteConfig = { ...OUT, to: 'new/{topic:1}' };
const TOPICS = 4;
/** ms: all of them together are less than the pause of a loss report that two connections did not survive. */
const WAIT = 400;
/** ms: that pause, at its longest. */
const LONGEST_PAUSE = 300_000;

type Step =
  | { readonly do: 'publish'; readonly qos: 1 | 2; readonly topic: number; readonly count: number }
  | { readonly do: 'connect'; readonly window: number }
  | { readonly do: 'take'; readonly count: number }
  /** The connection ends after the far side has taken some packets whose acknowledgements are lost. */
  | { readonly do: 'cut'; readonly taken: number }
  | { readonly do: 'wait' }
  | { readonly do: 'kill' }
  | { readonly do: 'rename' }
  | { readonly do: 'stop' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('publish' as const),
      qos: fc.constantFrom(1 as const, 2 as const),
      topic: fc.nat(TOPICS - 1),
      count: fc.integer({ min: 1, max: 12 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('take' as const), count: fc.integer({ min: 1, max: 15 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('connect' as const), window: fc.integer({ min: 1, max: 20 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('cut' as const), taken: fc.nat(10) }) },
  { weight: 2, arbitrary: fc.constant({ do: 'wait' as const }) },
  { weight: 2, arbitrary: fc.constant({ do: 'kill' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'rename' as const }) },
  { weight: 1, arbitrary: fc.constant({ do: 'stop' as const }) },
);

const order = fc.constantFrom('live-first' as const, 'history-first' as const, 'interleaved' as const);

async function run(steps: readonly Step[], config: OutboxConfig): Promise<void> {
  const clock = new ManualClock();
  const bench = new OutgoingBench(linkConfig('mqtt://127.0.0.1:1', [OUT], { outbox: config }), clock);
  const session = new FarSession();
  /** Payload → QoS, in the order of each topic; those whose publisher was told. */
  const promised = new Set<string>();
  let unpromised = 0;
  let hasCrashed = false;
  let next = 0;
  let isRenamed = false;
  /** Of QoS 1: at the far side, and not acknowledged when the gateway ended. */
  const unknown = new Set<string>();
  const started = async () => {
    const arrived = new Set(session.delivered.map(({ payload }) => payload.toString()));
    for (const { qos, message } of await bench.store.queue('link:cloud').read(0, 1_000)) {
      const text = message.payload.toString();
      if (qos === 1 && arrived.has(text)) unknown.add(text);
    }
  };
  const edited = () => ({ ...bench.config, routes: [isRenamed ? RENAMED : OUT] });
  try {
    await bench.start();
    let waiting: { readonly payload: string; readonly told: Promise<boolean>; isTold: boolean }[] = [];
    for (const one of steps) {
      if (one.do === 'publish') {
        for (let i = 0; i < one.count; i++) {
          const payload = `${one.qos} ${one.topic} ${next++}`;
          const told = bench.publish(`out/t${one.topic}`, payload, { qos: one.qos });
          const entry = { payload, told, isTold: false };
          waiting.push(entry);
          void told.then((isKept) => {
            entry.isTold = true;
            if (isKept) promised.add(payload);
          });
        }
      } else if (one.do === 'connect') bench.connect(session, { window: one.window });
      else if (one.do === 'take') bench.far?.take(one.count);
      else if (one.do === 'cut') {
        bench.far?.take(one.taken, false);
        bench.disconnect();
      } else if (one.do === 'wait') {
        await bench.settle();
        await clock.advance(WAIT);
      } else if (one.do === 'kill') {
        const untold = waiting.filter(({ isTold }) => !isTold);
        unpromised += untold.length;
        // What is told from now on is told by a process that does not exist.
        waiting = [];
        const before = new Set(promised);
        await bench.kill(edited());
        await started();
        for (const payload of promised) if (!before.has(payload)) promised.delete(payload);
        hasCrashed = true;
      } else {
        await bench.settle();
        if (one.do === 'rename') isRenamed = !isRenamed;
        await bench.stop();
        await bench.start(edited());
        await started();
      }
    }
    bench.connect(session);
    await bench.drain();
    await clock.advance(LONGEST_PAUSE);
    await bench.drain();
    const view = bench.outgoing.view();
    assert.equal(view.queued, 0, 'nothing waits');
    assert.equal(view.books.difference, 0, 'the books balance');
    assert.equal(view.losses.unreported, 0, 'every loss is reported');
    const arrived = new Map<string, number>();
    const last = new Map<string, number>();
    for (const { topic, payload } of session.delivered) {
      if (topic.includes('$loss')) continue;
      const text = payload.toString();
      const [qos, source, number] = text.split(' ');
      const count = (arrived.get(text) ?? 0) + 1;
      arrived.set(text, count);
      if (qos === '2') assert.equal(count, 1, `QoS 2 ${text} arrives once`);
      if (count > 1) continue;
      assert.ok(Number(number) > (last.get(source!) ?? -1), `${text} comes after ${last.get(source!)} of its topic`);
      last.set(source!, Number(number));
    }
    const missing = [...promised].filter((payload) => !arrived.has(payload)).length;
    const reported = lost(session);
    if (hasCrashed) {
      // What nobody was told of may be lost, recorded, or here.
      const most = missing + unpromised + unknown.size;
      assert.ok(reported >= missing && reported <= most, `${reported} reported, ${missing} to ${most} missing`);
    } else {
      const all = `${missing} missing, unknown of ${unknown.size}: ${JSON.stringify(lossesAt(session))}`;
      assert.ok(
        reported >= missing && reported <= missing + unknown.size,
        `the loss record has what is missing: ${all}`,
      );
      assert.equal(view.losses.total, reported);
    }
    if (config.maxMessages > 10_000) assert.equal(missing, 0, 'nothing is lost');
  } finally {
    await bench.stop().catch(() => {});
    bench.removeFolders();
  }
}

const options = { numRuns: Number(process.env.HPMQ_PROPERTY_RUNS ?? 12), interruptAfterTimeLimit: 120_000 };
const steps = fc.array(step, { minLength: 5, maxLength: 30 });

/** What was found once. */
const found: [Step[], 'live-first', { full: 'drop-oldest' | 'drop-new'; thin: { every: 2 }; maxMessages: number }][] = [
  // The report of a loss is on its way when a connection ends, twice: it goes after a pause.
  [
    [
      { do: 'publish', qos: 1, topic: 0, count: 2 },
      { do: 'connect', window: 20 },
      { do: 'wait' },
      { do: 'cut', taken: 0 },
      { do: 'connect', window: 20 },
      { do: 'wait' },
      { do: 'take', count: 1 },
      { do: 'wait' },
      { do: 'cut', taken: 0 },
    ],
    'live-first',
    { full: 'drop-new', thin: { every: 2 }, maxMessages: 1 },
  ],
  // Of QoS 1, arrived, not acknowledged before the gateway ended, and taken by the limit afterwards.
  [
    [
      { do: 'connect', window: 14 },
      { do: 'publish', qos: 1, topic: 2, count: 5 },
      { do: 'cut', taken: 6 },
      { do: 'publish', qos: 2, topic: 0, count: 12 },
      { do: 'wait' },
      { do: 'rename' },
      { do: 'publish', qos: 1, topic: 1, count: 10 },
    ],
    'live-first',
    { full: 'drop-oldest', thin: { every: 2 }, maxMessages: 17 },
  ],
];

t.test('without a limit nothing is lost, whatever ends', async () => {
  await fc.assert(
    fc.asyncProperty(steps, order, async (all, one) => {
      await run(all, outboxConfig({ drain: { order: one, rate: undefined, bandwidth: undefined } }));
    }),
    options,
  );
});

t.test('with a limit the loss record says what is missing, exactly', async () => {
  const policy = fc.record({
    full: fc.constantFrom('drop-oldest' as const, 'drop-new' as const, 'thin' as const),
    thin: fc.constantFrom({ every: 2 }, { every: 5 }, { interval: 1_000 }),
    maxMessages: fc.integer({ min: 1, max: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(steps, order, policy, async (all, one, limits) => {
      await run(all, outboxConfig({ ...limits, drain: { order: one, rate: undefined, bandwidth: undefined } }));
    }),
    { ...options, examples: found },
  );
});
