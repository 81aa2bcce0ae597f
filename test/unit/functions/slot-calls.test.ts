/** Where an old version lets a deadline pass, what it has not begun goes to the new one: once, and in order. */
import t, { type Test } from 'tap';
import type { HostCalls } from '../../../src/core/function.js';
import { Allowance } from '../../../src/functions/allowance.js';
import { encodeMessageInput } from '../../../src/functions/engine/abi/message-frames.js';
import { compile } from '../../../src/functions/engine/module.js';
import { Failure, type Outcome } from '../../../src/functions/failure.js';
import { type Running, SlotCalls } from '../../../src/functions/slot-calls.js';
import { cGuest, guestLimits, guestMessage, quietHost } from '../../support/guests.js';
import { ManualClock } from '../../support/manual-clock.js';
import { needs } from '../../support/peers.js';

type Isolate = 'inline' | 'worker';

class Bench {
  readonly calls: SlotCalls;
  /** Requests, each with the name of the version that made it. */
  readonly asked: string[] = [];
  #heard = Promise.withResolvers<void>();

  constructor(t: Test) {
    const onBug = (error: unknown) => t.fail(String(error));
    this.calls = new SlotCalls({ queue: 100, clock: new ManualClock(), onBug });
    t.teardown(() => this.calls.end(new Failure('down', 'over')));
  }

  /** One that hangs gets no answer to its requests. */
  async version(name: string, isolate: Isolate, hangs: boolean): Promise<Running> {
    const limits = { ...guestLimits, deadline: hangs ? 300 : 60_000 };
    const bytes = cGuest('ask.c', ['-O2', '-DHTTP']);
    const module = await compile(bytes, { limits, grants: new Set(['http']), isolate });
    const http = (request: string) => {
      this.asked.push(`${request} ${name}`);
      this.#heard.resolve();
      return hangs ? new Promise<string>(() => {}) : Promise.resolve(request);
    };
    // What it does cannot be done twice.
    const host: HostCalls = { ...quietHost(), kvSet: () => true, http };
    return { module, instance: module.instantiate(host), allowance: new Allowance(1_000), pending: 0, isOver: false };
  }

  call(to: Running, payload: string): Outcome | Promise<Outcome> {
    const frame = encodeMessageInput(guestMessage({ payload }), undefined, 'upstream', 0);
    const nothing = () => {};
    return this.calls.call(to, 'on_message', frame, nothing, (outcome) => outcome);
  }

  /** The next request. */
  heard(): Promise<void> {
    this.#heard = Promise.withResolvers();
    return this.#heard.promise;
  }
}

/** What each ended in: its payload, or why not. */
async function ends(outcomes: readonly (Outcome | Promise<Outcome>)[]) {
  return (await Promise.all(outcomes)).map((one) =>
    one instanceof Failure ? one.cause : one?.toString('latin1').match(/\d/)?.[0],
  );
}

for (const isolate of ['inline', 'worker'] as const) {
  t.test(`${isolate}: calls are made once, though a version hangs`, needs('clang', 'wasm-ld'), async (t) => {
    const bench = new Bench(t);
    const { asked } = bench;
    const old = await bench.version('old', isolate, true);
    const next = await bench.version('new', isolate, false);
    bench.calls.swapped(old);
    const outcomes = ['1', '2', '3', '4', '5'].map((payload) => bench.call(old, payload));
    await bench.heard();
    bench.calls.swapped(next);
    outcomes.push(bench.call(next, '6'));
    const ended = await ends(outcomes);
    t.strictSame(
      asked.map((one) => one[0]),
      ['1', '2', '3', '4', '5', '6'],
      'each once, in order',
    );
    t.match(asked, ['1 old'], 'by the old one first');
    t.ok(asked.includes('5 new'), 'what waited went to the new one');
    t.strictSame(
      ended,
      asked.map((one) => (one.endsWith('old') ? 'deadline' : one[0])),
      'each has the answer of who was asked',
    );
  });
}

t.test('what waited at the gate for a version that hangs goes on, too', needs('clang', 'wasm-ld'), async (t) => {
  const bench = new Bench(t);
  const first = await bench.version('first', 'inline', true);
  const second = await bench.version('second', 'inline', true);
  const third = await bench.version('third', 'inline', false);
  bench.calls.swapped(first);
  const outcomes = [bench.call(first, '1')];
  await bench.heard();
  bench.calls.swapped(second);
  outcomes.push(bench.call(second, '2'), bench.call(second, '3'), bench.call(second, '4'));
  await bench.heard();
  bench.calls.swapped(third);
  t.strictSame(await ends(outcomes), ['deadline', 'deadline', '3', '4']);
  t.strictSame(bench.asked, ['1 first', '2 second', '3 third', '4 third']);
});
