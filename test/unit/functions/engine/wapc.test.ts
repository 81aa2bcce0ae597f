import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import t from 'tap';
import type { Direction } from '../../../../src/core/function.js';
import type { MessageInit } from '../../../../src/core/message.js';
import { decodeMessages, encodeMessageInput } from '../../../../src/functions/engine/abi/message-frames.js';
import { decodeResponse, encodeRequest } from '../../../../src/functions/engine/abi/wapc-json.js';
import { compile } from '../../../../src/functions/engine/module.js';
import {
  cGuest,
  guestLimits,
  guestMessage,
  needsAssemblyScript,
  quietHost,
  wapcAssemblyScriptGuest,
} from '../../../support/guests.js';
import { needs, repoRoot } from '../../../support/peers.js';

interface Vectors {
  readonly requests: readonly { topic: string; payload: number[]; previous: number[] | null; json: string }[];
  readonly responses: readonly { json: string; transmit?: [number[], number[]] | null; fault?: true }[];
}

const vectors: Vectors = JSON.parse(readFileSync(join(repoRoot, 'test/vectors/functions/wapc.json'), 'utf8'));

t.test('requests are written as the vectors say', async (t) => {
  for (const { topic, payload, previous, json } of vectors.requests) {
    t.equal(encodeRequest(topic, Buffer.from(payload), previous ? Buffer.from(previous) : undefined).toString(), json);
  }
});

t.test('responses are read as the vectors say', async (t) => {
  for (const { json, transmit, fault } of vectors.responses) {
    if (fault) t.throws(() => decodeResponse(Buffer.from(json)), { name: 'FunctionTrap', trap: 'output' }, json);
    else {
      const read = decodeResponse(Buffer.from(json));
      t.strictSame(read === undefined ? null : [[...read.topic], [...read.payload]], transmit, json);
    }
  }
});

t.test('any bytes come out of JSON.parse as they went in, and back', async () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(
      fc.string({ unit: 'binary' }),
      bytes,
      fc.option(bytes, { nil: undefined }),
      (topic, payload, previous) => {
        const read = JSON.parse(encodeRequest(topic, payload, previous).toString());
        const expected = { topic, payload: [...payload], context: {}, his_payload: previous ? [...previous] : null };
        if (JSON.stringify(read) !== JSON.stringify({ ...expected, topic: topic.toWellFormed() }))
          throw new Error('request');
        const transmit = decodeResponse(
          Buffer.from(JSON.stringify({ Transmit: [[...payload], [...(previous ?? [])]] })),
        );
        if (!transmit?.topic.equals(payload) || !transmit.payload.equals(previous ?? Buffer.alloc(0)))
          throw new Error('response');
      },
    ),
  );
});

const guests = [
  { name: 'C on the bare imports', options: needs('clang', 'wasm-ld'), build: () => cGuest('wapc-bare.c') },
  { name: 'AssemblyScript with @wapc/as-guest', options: needsAssemblyScript(), build: wapcAssemblyScriptGuest },
];

for (const { name, options, build } of guests) {
  t.test(`a waPC guest in ${name} runs both operations`, options, async (t) => {
    const module = await compile(build(), { limits: guestLimits, grants: new Set(), isolate: 'inline' });
    t.equal(module.abi, 'wapc');
    const lines: string[] = [];
    using instance = module.instantiate(quietHost(lines));
    const send = (direction: Direction, init: Partial<MessageInit>, previous?: string) => {
      const before = previous === undefined ? undefined : Buffer.from(previous);
      const frame = encodeMessageInput(guestMessage(init), before, direction, 0);
      return decodeMessages(instance.call('on_message', frame), guestLimits).map((message) => ({
        ...message,
        payload: message.payload.toString(),
      }));
    };
    const properties = { contentType: 'text/plain', userProperties: [['a', 'b'] as const] };
    t.match(send('upstream', { payload: 'hello', qos: 2, retain: true, properties }), [
      { topic: 'up/a/b', payload: 'hello', qos: 2, retain: true, properties },
    ]);
    t.match(send('downstream', { payload: 'go' }), [{ topic: 'down/a/b', payload: 'go', qos: 0, retain: false }]);
    t.strictSame(lines, []);
    t.strictSame(send('upstream', { payload: 'hello' }, 'hello'), [], 'the same payload as before is discarded');
    t.strictSame(lines, ['the same again']);
    t.match(send('upstream', { payload: 'hello' }, 'hallo'), [{ topic: 'up/a/b' }]);
  });
}

t.test('what a waPC guest calls an error is a refusal, and the guest lives on', needsAssemblyScript(), async (t) => {
  const module = await compile(wapcAssemblyScriptGuest(), {
    limits: guestLimits,
    grants: new Set(),
    isolate: 'inline',
  });
  using instance = module.instantiate(quietHost());
  const empty = encodeMessageInput(guestMessage({ payload: '' }), undefined, 'downstream', 0);
  t.throws(() => instance.call('on_message', empty), {
    name: 'FunctionTrap',
    trap: 'refused',
    message: /an empty command/,
  });
  const full = encodeMessageInput(guestMessage(), undefined, 'downstream', 0);
  t.equal(decodeMessages(instance.call('on_message', full), guestLimits).length, 1);
});
