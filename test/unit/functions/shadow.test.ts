import type { Test } from 'tap';
import t from 'tap';
import type { ShadowRun } from '../../../src/core/shadow-views.js';
import { FakeCompiler, type FakeHooks, type FakeOptions, onMessage, record } from '../../support/fake-function.js';
import { Bench, settle, upstream } from './support.js';

const run: ShadowRun = { live: undefined, promote: true, allow: 0, show: 2, jsonEqual: false };
const grants = { kv: 1_000, publish: ['#'], points: { read: ['*'], command: ['*'] }, http: undefined };

/** Counts in kv, reads the time and a point, publishes, commands. */
const busy = (more: { end?: string; say?: string; command?: string } = {}) =>
  onMessage(({ topic, payload }, host) => {
    const calls = Number(host.kvGet!('calls')?.toString() ?? '0') + 1;
    host.kvSet!('calls', Buffer.from(String(calls)));
    host.publish!(record({ topic: 'made', payload: more.say ?? 'said' }));
    host.pointCommand!('plc/valve', more.command ?? '1');
    return [{ topic, payload: `${calls} ${host.now()} ${host.pointRead!('plc/t')} ${payload}${more.end ?? ''}` }];
  });

async function open(t: Test, hooks: FakeHooks, candidate: FakeHooks, options: FakeOptions = {}) {
  const compiler = new FakeCompiler();
  const needs = { needs: ['kv', 'publish', 'points'] };
  const commands: string[] = [];
  let temperature = 20;
  const points = {
    read: () => ({ v: temperature++ }),
    command: (device: string, point: string, value: unknown) => {
      commands.push(`${device}/${point} ${value}`);
      return true;
    },
  };
  const wish = { on: upstream('#'), hooks, options: needs, config: { grants } };
  const bench = await new Bench({ f: wish }, { folder: t.testdir(), compiler, points }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  const bytes = compiler.add('the candidate', candidate, { ...needs, ...options });
  return { bench, bytes, commands };
}

t.test('what only a version of its own would give is the same: kv, time, points', async (t) => {
  const { bench, bytes, commands } = await open(t, busy(), busy());
  await bench.pass('a first');
  await bench.functions.shadow('f', bytes, 'new.wasm', run);
  for (let n = 0; n < 50; n++) {
    await bench.pass(`a ${n}`);
    bench.clock.advance(7);
  }
  const view = await bench.functions.endShadow('f');
  t.match(view, { state: 'over', messages: 50, equal: 50, different: 0, refusal: null, promoted: true });
  t.equal(bench.functions.function('f').versions[0]!.source, 'new.wasm');
  t.equal(commands.length, 51, 'only the current version commands');
  t.equal(bench.router.messages.length, 51, 'only the current version publishes');
  t.equal(bench.functions.function('f').kv!.keys, 1);
  t.match(await bench.pass('a x'), [/^a 52 /]);
});

for (const [name, more] of Object.entries({
  payload: { end: '!' },
  published: { say: 'other' },
  command: { command: '2' },
})) {
  t.test(`another ${name} is a difference, and nothing is promoted`, async (t) => {
    const { bench, bytes } = await open(t, busy(), busy(more));
    await bench.functions.shadow('f', bytes, 'new.wasm', run);
    for (let n = 0; n < 3; n++) await bench.pass(`a ${n}`);
    const view = await bench.functions.endShadow('f');
    t.match(view, { messages: 3, different: 3, promoted: false, refusal: /3 of 3/ });
    t.equal(view.differences.length, 2, 'as many as are to be shown');
    t.match(view.differences[0], { about: 'a', lines: [new RegExp(`^- .*${name}`), new RegExp(`^\\+ .*${name}`)] });
    t.equal(bench.functions.function('f').versions.length, 1);
  });
}

t.test('a deployment ends it; there is one at a time', async (t) => {
  const { bench, bytes } = await open(t, busy(), busy());
  t.throws(() => bench.functions.shadowView('f'), { code: 'FUNCTION_NO_SHADOW' });
  await bench.functions.shadow('f', bytes, 'new.wasm', run);
  await t.rejects(bench.functions.shadow('f', bytes, 'new.wasm', run), { code: 'FUNCTION_SHADOW_RUNS' });
  await bench.pass('a x');
  await bench.functions.deploy('f', bytes, 'meanwhile');
  await settle();
  t.match(bench.functions.shadowView('f'), { state: 'over', refusal: /another version/, promoted: false });
});

t.test('it ends by itself after its time, also where the candidate waits', async (t) => {
  const { bench, bytes } = await open(t, busy(), busy(), { turns: 3 });
  await bench.functions.shadow('f', bytes, 'new.wasm', { ...run, live: 5_000 });
  await bench.pass('a x');
  bench.clock.advance(5_000);
  await settle();
  await bench.pass('a too late');
  t.match(await bench.functions.endShadow('f'), { state: 'over', messages: 1, equal: 1, promoted: true });
});

t.test('a gateway that stops promotes nothing', async (t) => {
  const { bench, bytes } = await open(t, busy(), busy());
  await bench.functions.shadow('f', bytes, 'new.wasm', run);
  await bench.pass('a x');
  await bench.functions[Symbol.asyncDispose]();
  t.match(bench.functions.shadowView('f'), { state: 'over', promoted: false, refusal: /stopping/ });
});
