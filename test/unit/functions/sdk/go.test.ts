import { join } from 'node:path';
import t from 'tap';
import { compile } from '../../../../src/functions/engine/module.js';
import { encodeFrame } from '../../../../src/functions/frame-writer.js';
import { guestLimits, quietHost } from '../../../support/guests.js';
import { needs, repoRoot } from '../../../support/peers.js';
import { goFunction, sdkContract } from '../../../support/sdk-contract.js';

/** Its runtime, and what its garbage collector leaves. */
const memory = 16 * 1024 * 1024;

t.test('with Go', { ...needs('go'), timeout: 180_000 }, async (t) => {
  const bytes = goFunction(join(repoRoot, 'test/guests/sdk.go'));
  sdkContract('Go', () => bytes, memory);
  t.test('more records than an answer can have are none', async (t) => {
    const limits = { ...guestLimits, memory, fuel: 1_000_000_000 };
    const module = await compile(bytes, { limits, grants: new Set(), isolate: 'inline' });
    using instance = module.instantiate(quietHost());
    const frame = Buffer.from(encodeFrame('scale', 'many', 1.5));
    t.throws(() => instance.call('on_encode', frame), { name: 'FunctionTrap', trap: 'unreachable' });
  });
});
