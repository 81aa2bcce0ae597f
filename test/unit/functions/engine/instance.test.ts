import t from 'tap';
import { decodeMessages, encodeMessageInput } from '../../../../src/functions/engine/abi/message-frames.js';
import { compile } from '../../../../src/functions/engine/module.js';
import { cGuest, guestLimits, guestMessage, quietHost } from '../../../support/guests.js';
import { needs } from '../../../support/peers.js';

t.test('a message goes in and comes out of a C guest', needs('clang', 'wasm-ld'), async (t) => {
  const module = await compile(cGuest('echo.c'), { limits: guestLimits, grants: new Set(), isolate: 'inline' });
  t.equal(module.abi, 'hpmq-fn/1');
  t.strictSame([...module.hooks], ['on_message']);
  t.equal(module.isAsync, false);
  using instance = module.instantiate(quietHost());
  for (const retain of [false, true]) {
    const properties = { contentType: 'text/plain', userProperties: [['a', 'b'] as const] };
    const frame = encodeMessageInput(guestMessage({ qos: 1, retain, properties }), undefined, 'upstream', 0);
    const out = decodeMessages(instance.call('on_message', frame), guestLimits);
    t.match(out, [{ topic: 'a/b', qos: 1, retain, properties, expiry: undefined }]);
    t.equal(out[0]?.payload.toString(), 'hello');
    t.ok(instance.fuelUsed > 0 && instance.fuelUsed < 100, `fuel: ${instance.fuelUsed}`);
  }
});
