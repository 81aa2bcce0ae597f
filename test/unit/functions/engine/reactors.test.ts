/** Modules with a runtime say the version of their ABI when that is initialised: before they take the place of another. */
import t from 'tap';
import { compile } from '../../../../src/functions/engine/module.js';
import { functionError } from '../../../../src/functions/errors.js';
import { onMessage } from '../../../support/fake-function.js';
import { cGuest, guestLimits, quietHost } from '../../../support/guests.js';
import { needs } from '../../../support/peers.js';
import { Bench, upstream } from '../support.js';

const other = { code: 'FUNCTION_ABI', message: /version 2 of the ABI/ };

t.test('of another version of the ABI', needs('clang', 'wasm-ld'), async (t) => {
  const bytes = cGuest('mark.c', ['-O2', '-DREACTOR', '-DABI=2']);
  const options = { limits: guestLimits, grants: new Set<never>() };
  await t.rejects(compile(bytes, { ...options, isolate: 'worker' }), other);
  const module = await compile(bytes, { ...options, isolate: 'inline' });
  t.throws(() => module.instantiate(quietHost()), other);
});

t.test('of this one', needs('clang', 'wasm-ld'), async (t) => {
  const bytes = cGuest('mark.c', ['-O2', '-DREACTOR']);
  for (const isolate of ['worker', 'inline'] as const) {
    const module = await compile(bytes, { limits: guestLimits, grants: new Set(), isolate });
    using instance = module.instantiate(quietHost());
    t.equal(await instance.callAsync('on_message', Buffer.alloc(64)).then(() => 'answered'), 'answered', isolate);
  }
});

t.test('a deployment is refused by that name, and what ran goes on', async (t) => {
  const hooks = onMessage(({ topic, payload }) => [{ topic, payload }]);
  const bench = await new Bench({ f: { on: upstream('#'), hooks } }, { folder: t.testdir() }).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  const onInstance = () => {
    throw functionError('FUNCTION_ABI', 'the module is built for version 2 of the ABI; spoken here is 1');
  };
  await t.rejects(bench.functions.deploy('f', bench.compiler.add('new', hooks, { onInstance }), 'new'), other);
  t.strictSame(await bench.pass('a x'), ['a x']);
});
