import t from 'tap';
import type { Capability, FunctionInstance, FunctionTrap } from '../../../../src/core/function.js';
import { decodeMessages, encodeMessageInput } from '../../../../src/functions/engine/abi/message-frames.js';
import { compile } from '../../../../src/functions/engine/module.js';
import { cGuest, guestLimits, guestMessage, quietHost } from '../../../support/guests.js';
import { needs } from '../../../support/peers.js';

function ask(instance: FunctionInstance, payload: string) {
  const frame = encodeMessageInput(guestMessage({ payload }), undefined, 'upstream', 0);
  return decodeMessages(instance.call('on_message', frame), guestLimits);
}

const deeds = [
  ['l', 'fuel', 'an endless loop'],
  ['f', 'fuel', 'endless filling of memory'],
  ['g', 'fuel', 'memory.grow for ever'],
  ['r', 'fuel', 'random bytes for ever'],
  ['n', 'fuel', 'the time for ever'],
  ['L', 'fuel', 'log lines for ever'],
  ['m', 'memory', 'more memory than it may have'],
  ['s', 'stack', 'a call of itself without end'],
  ['o', 'output', '100 MB of output'],
  ['p', 'output', 'an answer outside of its memory'],
  ['c', 'output', '60,000 messages'],
  ['u', 'unreachable', 'an abort'],
  ['x', 'memory', 'a pointer into nowhere'],
  ['-', 'refused', 'a refusal'],
] as const;

t.test('what a hostile function does costs it that call, by name', needs('clang', 'wasm-ld'), async (t) => {
  const module = await compile(cGuest('hostile.c'), { limits: guestLimits, grants: new Set(), isolate: 'inline' });
  const lines: string[] = [];
  using instance = module.instantiate(quietHost(lines));
  for (const [payload, trap, name] of deeds) {
    t.throws(() => ask(instance, payload), { name: 'FunctionTrap', trap }, `${name}: ${trap}`);
    t.ok(instance.fuelUsed <= guestLimits.fuel + 1_000_000, `${name}: ${instance.fuelUsed} of fuel`);
    t.equal(ask(instance, 'hello')[0]?.payload.toString(), 'hello', `after ${name} it works`);
    t.ok(instance.memory <= guestLimits.memory, `after ${name}: ${instance.memory} bytes`);
    t.strictSame(ask(instance, '0'), []);
  }
  t.ok(lines.length < 64 + guestLimits.fuel / 32_768, `${lines.length} lines were logged: after 64 each costs more`);
});

t.test('the calls that follow can have less fuel', needs('clang', 'wasm-ld'), async (t) => {
  const module = await compile(cGuest('hostile.c'), { limits: guestLimits, grants: new Set(), isolate: 'inline' });
  using instance = module.instantiate(quietHost());
  const given = [guestLimits.fuel, 10_000, guestLimits.fuel + 1];
  const used = given.map((fuel) => {
    instance.giveFuel?.(fuel);
    const message =
      fuel < guestLimits.fuel ? new RegExp(`had ${fuel} of ${guestLimits.fuel}`) : /of this call is used up/;
    t.throws(() => ask(instance, 'l'), { name: 'FunctionTrap', trap: 'fuel', message });
    return Math.round(instance.fuelUsed / 1_000) * 1_000;
  });
  t.strictSame(used, [guestLimits.fuel, 10_000, guestLimits.fuel], 'never more than the limit');
  instance.giveFuel?.(10_000);
  t.equal(ask(instance, 'hello')[0]?.payload.toString(), 'hello', 'enough, and to start again, too');
});

t.test('each trap starts the function anew: nothing of before is left', needs('clang', 'wasm-ld'), async (t) => {
  const module = await compile(cGuest('hostile.c'), { limits: guestLimits, grants: new Set(), isolate: 'inline' });
  using instance = module.instantiate(quietHost());
  const before = instance.memory;
  t.throws(() => ask(instance, 'm'), { name: 'FunctionTrap', trap: 'memory' });
  ask(instance, 'hello');
  t.equal(instance.memory, before);
});

const refused: readonly [name: string, bytes: () => Uint8Array, code: string, text: RegExp][] = [
  ['no module at all', () => Buffer.from('hello'), 'FUNCTION_MODULE_INVALID', /no valid WebAssembly/],
  ['an empty file', () => Buffer.alloc(0), 'FUNCTION_MODULE_INVALID', /no valid WebAssembly/],
  ['100 MB', () => Buffer.alloc(100_000_000), 'FUNCTION_MODULE_LIMIT', /100000000 bytes; at most 16777216/],
  ['no memory', () => Buffer.from('0061736d01000000', 'hex'), 'FUNCTION_EXPORT_MISSING', /does not export memory/],
];

for (const [name, bytes, code, message] of refused) {
  t.test(`refused before any code runs: ${name}`, async (t) => {
    const options = { limits: guestLimits, grants: new Set<Capability>(), isolate: 'inline' } as const;
    await t.rejects(compile(Buffer.from(bytes()), options), { code, message });
  });
}

t.test('a module cut anywhere is refused, unless what is left is one', needs('clang', 'wasm-ld'), async (t) => {
  const bytes = cGuest('hostile.c');
  const options = { limits: guestLimits, grants: new Set<Capability>(), isolate: 'inline' } as const;
  for (let length = 0; length < bytes.length; length += 7) {
    const problem = await compile(bytes.subarray(0, length), options).then(
      () => undefined,
      (error: { code?: string }) => error,
    );
    if (problem !== undefined || !WebAssembly.validate(bytes.subarray(0, length))) {
      t.match(problem, { code: /^FUNCTION_/ }, `cut at ${length}`);
    }
  }
});

t.test('the reason of a trap can be read', needs('clang', 'wasm-ld'), async (t) => {
  const module = await compile(cGuest('hostile.c'), { limits: guestLimits, grants: new Set(), isolate: 'inline' });
  using instance = module.instantiate(quietHost());
  try {
    ask(instance, 'o');
    t.fail('it did not trap');
  } catch (error) {
    t.equal((error as FunctionTrap).message, 'it gave 104857600 bytes; at most 1048576 are allowed');
  }
});
