import t from 'tap';
import { systemClock } from '../../../src/core/clock.js';
import { compile } from '../../../src/functions/engine/module.js';
import { recordedMessages } from '../../../src/functions/recorded-messages.js';
import { rehearse } from '../../../src/functions/rehearse.js';
import { functionConfig } from '../../support/fake-function.js';
import { cGuest } from '../../support/guests.js';
import { needs } from '../../support/peers.js';

const sdk = ['-O2', '-ffreestanding', '-I', 'functions-sdk/c'];
const config = functionConfig('copy', '/none', [{ type: 'path', direction: 'upstream', filter: '#' }], {
  grants: { kv: 1_024, publish: undefined, points: undefined, http: undefined },
});

function recording(count: number): string {
  const line = (n: number) => JSON.stringify({ topic: `raw/${n % 7}`, text: `reading ${n}`, qos: n % 3 });
  return Array.from({ length: count }, (_, n) => line(n)).join('\n');
}

function run(current: Buffer, candidate: Buffer, text: string, more: { jsonEqual?: boolean; allow?: number } = {}) {
  return rehearse({
    config,
    compile,
    clock: systemClock,
    current: { bytes: current, source: 'current' },
    candidate: { bytes: candidate, source: 'candidate' },
    messages: recordedMessages(text, 'messages'),
    jsonEqual: false,
    allow: 0,
    show: 10,
    ...more,
  });
}

t.test('one seeded difference in 10,000 recorded messages is found', needs('clang', 'wasm-ld'), async (t) => {
  const current = cGuest('copy.c', sdk);
  const seeded = cGuest('copy.c', [...sdk, '-DSEED="reading 6788"']);
  const messages = recording(10_000);
  const same = await run(current, current, messages);
  t.match(same, { messages: 10_000, equal: 10_000, different: 0, refusal: null });
  t.ok(same.candidate.fuel! > 0 && same.candidate.us! > 0);
  const view = await run(current, seeded, messages);
  t.match(view, { messages: 10_000, equal: 9_999, different: 1, promoted: false });
  t.match(view.refusal, /1 of 10000/);
  t.match(view.differences, [
    {
      number: 6_789,
      hook: 'on_message',
      about: 'raw/5',
      lines: [/^- message 1, payload: .*reading 6788"}$/, /^\+ message 1, payload: .*reading 6788!"}$/],
    },
  ]);
  t.match(await run(current, seeded, messages, { allow: 1 }), { different: 1, refusal: null });
});

t.test('JSON is compared by value only where that is asked for', needs('clang', 'wasm-ld'), async (t) => {
  const current = cGuest('copy.c', sdk);
  const spaced = cGuest('copy.c', [...sdk, '-DSPACED']);
  t.match(await run(current, spaced, recording(10)), { equal: 0, different: 10 });
  t.match(await run(current, spaced, recording(10), { jsonEqual: true }), { equal: 10, different: 0 });
});

t.test('nothing compared is no reason to promote', needs('clang', 'wasm-ld'), async (t) => {
  const current = cGuest('copy.c', sdk);
  t.match(await run(current, current, '\n'), { messages: 0, refusal: /no message/ });
});

t.test('a candidate that traps differs', needs('clang', 'wasm-ld'), async (t) => {
  const current = cGuest('copy.c', sdk);
  const trap = cGuest('copy.c', [...sdk, '-DTRAP="reading 3"']);
  const view = await run(current, trap, recording(5));
  t.match(view, { messages: 5, different: 2, current: { failures: 0 }, candidate: { failures: 1 } });
  t.match(view.differences[0], { number: 4, lines: [/^- message 1, topic/, /^\+ failure: unreachable/] });
  t.match(view.differences[1]!.lines, [/"calls":5/, /"calls":4/], 'what it did not note is missed in the next call');
});

t.test('a recording that is none is refused with its line', async (t) => {
  for (const [line, why] of [
    ['x', 'is no JSON'],
    ['[]', 'is no JSON object'],
    ['{"topic":"a/#","text":""}', '"topic" is no topic'],
    ['{"topic":"a"}', 'the payload is one of'],
    ['{"topic":"a","text":"","truncated":true}', 'was cut'],
    ['{"topic":"a","text":"","qos":3}', '"qos" is not'],
    ['{"topic":"a","base64":"!"}', 'no base64'],
  ] as const) {
    t.throws(() => [...recordedMessages(`{"topic":"a","text":"x"}\n${line}`, 'f')], {
      code: 'FUNCTION_RECORDING',
      message: new RegExp(`^f:2: .*${why}`),
    });
  }
});
