/**
 * What one message costs in a function of JavaScript, complete: frame in, call, frame out, messages read. CPU time of this
 * thread, of the best and the median of batches.
 *
 *   node dist/test/bench/functions/javascript.js
 */
import { createMessage } from '../../../src/core/message.js';
import { compile } from '../../../src/functions/engine/module.js';
import { readMessages } from '../../../src/functions/frame-reader.js';
import { messageFrame } from '../../../src/functions/frame-writer.js';
import { buildJavaScript } from '../../../src/functions/javascript/build.js';
import { guestLimits, quietHost } from '../../support/guests.js';

const BATCHES = 20;
const CALLS = 4_000;

/** JSON of 200 bytes. */
const reading = { t: 21.5, phone: '13800138000', raw: 'abcdef'.repeat(10), seq: 123_456, name: 'sensor-1', unit: 'C' };
const payload = Buffer.from(JSON.stringify({ ...reading, ok: true, list: [1, 2, 3], site: 'north', pad: 'pppppppp' }));

const sources = {
  'hands the message on': 'export const onMessage = (message) => message;',
  'another topic, equal ones dropped': `export function onMessage(message, context) {
    if (context.previousText() === message.text()) return null;
    return { topic: message.topic.replace(/^raw/, 'clean') };
  }`,
  'JSON: one value computed, one masked, one left out': `export function onMessage(message) {
    const { raw, ...rest } = message.json();
    rest.tf = rest.t * 1.8 + 32;
    rest.phone = rest.phone.slice(0, 3) + '****' + rest.phone.slice(7);
    return { payload: rest };
  }`,
};

for (const [name, text] of Object.entries(sources)) {
  const building = performance.now();
  const bytes = await buildJavaScript({ name: 'bench.js', text });
  const compiling = performance.now();
  const module = await compile(bytes, { limits: guestLimits, grants: new Set(), isolate: 'inline' });
  const starting = performance.now();
  using instance = module.instantiate(quietHost());
  const started = performance.now();
  const message = createMessage({ topic: 'raw/line-3/t', payload, origin: 'client:line-3', receivedAt: 0 });
  const before = Buffer.from('{"t":21.4}');
  const times: number[] = [];
  for (let batch = 0; batch < BATCHES; batch++) {
    const from = process.threadCpuUsage();
    for (let call = 0; call < CALLS; call++) {
      readMessages(instance.call('on_message', messageFrame(message, before, 0, 0)), guestLimits.outputs);
    }
    const { user, system } = process.threadCpuUsage(from);
    times.push((user + system) / CALLS);
  }
  times.sort((a, b) => a - b);
  const us = (value: number) => `${value.toFixed(1)} µs`;
  const ms = (from: number, to: number) => `${(to - from).toFixed(1)} ms`;
  console.log(
    `${name}: best ${us(times[0]!)}, median ${us(times[BATCHES / 2]!)}; ${payload.length} bytes in, fuel ${instance.fuelUsed}, ` +
      `memory ${instance.memory} bytes; built in ${ms(building, compiling)} (${bytes.length} bytes), ` +
      `compiled in ${ms(compiling, starting)}, started in ${ms(starting, started)}`,
  );
}
