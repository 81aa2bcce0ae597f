import fc from 'fast-check';
import t from 'tap';
import { FunctionTrap } from '../../src/core/function.js';
import { fakeLimits, onMessage } from '../support/fake-function.js';
import { Bench, type Wish } from '../unit/functions/support.js';

const TOPICS = ['a', 'a/b', 'c', 'c/d'] as const;
const FILTERS = ['#', 'a', 'a/#', 'c/#', '+/b', '+'] as const;
const NAMES = ['f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6', 'f7', 'f8', 'f9'] as const;

interface Shape {
  readonly where: 'path' | 'subscribe' | 'both';
  readonly filter: string;
  readonly outputs: readonly string[];
  readonly published: readonly string[];
  readonly turns: number;
  readonly onError: 'pass' | 'drop' | 'dead-letter';
  readonly traps: boolean;
}

const shape: fc.Arbitrary<Shape> = fc.record({
  where: fc.constantFrom('path', 'subscribe', 'both'),
  filter: fc.constantFrom(...FILTERS),
  outputs: fc.array(fc.constantFrom(...TOPICS), { maxLength: 2 }),
  published: fc.array(fc.constantFrom(...TOPICS), { maxLength: 1 }),
  turns: fc.constantFrom(0, 0, 2),
  onError: fc.constantFrom('pass', 'drop', 'dead-letter'),
  traps: fc.boolean().map((traps) => traps),
});

t.test('whatever functions do to each other: it ends, none sees what came of itself, none is the ninth', async (t) => {
  let deepest = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(shape, { minLength: 1, maxLength: NAMES.length }), async (shapes) => {
      const faults: string[] = [];
      let calls = 0;
      const wishes: Record<string, Wish> = {};
      for (const [index, one] of shapes.entries()) {
        const name = NAMES[index]!;
        const hooks = onMessage(({ topic, payload }, host) => {
          // The payload is the list of those that it came through; a dead letter has the payload of what died.
          const passed = payload === '' ? [] : payload.split(',');
          calls++;
          deepest = Math.max(deepest, passed.length + 1);
          if (passed.includes(name)) faults.push(`${name} sees ${topic} ${payload}`);
          if (passed.length >= 8) faults.push(`${name} is behind ${payload}`);
          const more = [...passed, name].join(',');
          if (one.traps && passed.length > 2) throw new FunctionTrap('unreachable', 'trap');
          for (const to of one.published) host.publish?.(fakeRecord(to, more));
          return one.outputs.map((to) => ({ topic: to, payload: more }));
        });
        const path = { type: 'path', direction: 'both', filter: one.filter } as const;
        const subscribe = { type: 'subscribe', filter: one.filter } as const;
        wishes[name] = {
          on: one.where === 'both' ? [path, subscribe] : one.where === 'path' ? path : subscribe,
          hooks,
          options: { turns: one.turns, needs: ['publish'] },
          config: {
            onError: one.onError,
            grants: { kv: undefined, publish: ['#'], points: undefined, http: undefined },
            limits: { ...fakeLimits, queue: 50 },
            breaker: { traps: 10_000, time: 1_000, within: 1_000, rest: 1_000 },
          },
        };
      }
      const bench = await new Bench(wishes, { folder: t.testdir() }).start();
      const { transform } = bench.functions;
      const made = (await transform?.apply(bench.message('a'))) ?? [bench.message('a')];
      for (const message of made) await bench.router.publish(message);
      await bench.idle();
      await bench.functions[Symbol.asyncDispose]();
      t.strictSame(faults, []);
      if (calls > 100_000) t.fail(`${calls} calls`);
    }),
    { numRuns: 60, seed: 42 },
  );
  t.ok(deepest >= 4, `chains of ${deepest} were seen`);
});

function fakeRecord(topic: string, payload: string): Buffer {
  const bytes = Buffer.alloc(1 + 2 + topic.length + 4 + payload.length + 2);
  bytes.writeUInt16LE(topic.length, 1);
  bytes.write(topic, 3);
  bytes.writeUInt32LE(payload.length, 3 + topic.length);
  bytes.write(payload, 7 + topic.length);
  return bytes;
}
