import t from 'tap';
import type { HostCalls } from '../../../../src/core/function.js';
import { encodeMessageInput } from '../../../../src/functions/engine/abi/message-frames.js';
import { compile } from '../../../../src/functions/engine/module.js';
import { cGuest, guestLimits, guestMessage, quietHost } from '../../../support/guests.js';
import { needs } from '../../../support/peers.js';

for (const isolate of ['inline', 'worker'] as const) {
  t.test(`${isolate}: the request of a call that is over is given up`, needs('clang', 'wasm-ld'), async (t) => {
    const signals: AbortSignal[] = [];
    const never: Promise<string>[] = [];
    const host: HostCalls = {
      ...quietHost(),
      http: (request, signal) => {
        if (request === 'quick') return Promise.resolve('');
        signals.push(signal);
        never.push(Promise.withResolvers<string>().promise);
        return never.at(-1)!;
      },
    };
    const limits = { ...guestLimits, deadline: 200 };
    const module = await compile(cGuest('ask.c', ['-O2', '-DHTTP']), { limits, grants: new Set(['http']), isolate });
    using instance = module.instantiate(host);
    const call = (payload: string) =>
      instance.callAsync('on_message', encodeMessageInput(guestMessage({ payload }), undefined, 'upstream', 0));
    for (let round = 0; round < 2; round++) {
      await t.rejects(call('slow'), { name: 'FunctionTrap', trap: 'deadline' });
      const signal = signals[round]!;
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
      t.ok(await call('quick'), 'the next call is none the worse');
    }
    t.equal(signals.length, 2);
  });
}
