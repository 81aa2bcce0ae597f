import fc from 'fast-check';
import t from 'tap';
import { GatewayError } from '../../../src/core/errors.js';
import { Failure } from '../../../src/functions/failure.js';
import {
  readDecision,
  readFrames,
  readMessage,
  readMessages,
  readPoints,
} from '../../../src/functions/frame-reader.js';
import { connectFrame, encodeFrame } from '../../../src/functions/frame-writer.js';
import { Previous } from '../../../src/functions/previous.js';
import { output } from '../../support/fake-function.js';
import { Bench } from './support.js';

t.test('what comes of a module is read, or is a failure: nothing else', async () => {
  const readers = [(of: Buffer) => readMessages(of, 100), readMessage, readPoints, readFrames, readDecision];
  const good = output({
    topic: 'a/b',
    payload: 'x',
    properties: [
      [0x26, 'k', Buffer.from('v')],
      [0x02, '', Buffer.from([1, 0, 0, 0])],
    ],
  });
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 60 }),
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 3 }),
      (noise, changes) => {
        const mutated = Buffer.from(good);
        for (const [at, value] of changes) mutated[at] = value;
        for (const bytes of [Buffer.from(noise), mutated, good.subarray(0, noise.length % good.length)]) {
          for (const read of readers) {
            const result = read(bytes);
            if (result instanceof Failure && result.cause !== 'output') throw new Error(result.cause);
          }
        }
      },
    ),
    { numRuns: 2_000 },
  );
});

t.test('text that is no UTF-8 is refused: read as U+FFFD it would be longer than a packet can hold', async (t) => {
  const bad = Buffer.alloc(65_535, 0xff);
  const message = (id: number, name: string | Buffer, value: Buffer) => {
    const text = Buffer.from(name);
    const frame = output({ topic: 'a', payload: '', properties: [[id, ' '.repeat(text.length), value]] });
    text.copy(frame, frame.length - value.length - 4 - text.length);
    return readMessages(frame, 1);
  };
  for (const id of [0x03, 0x08]) t.match(message(id, '', bad), { cause: 'output', message: /no UTF-8/ });
  t.match(message(0x26, 'k', bad), { cause: 'output', message: /no UTF-8/ });
  t.match(message(0x26, bad, Buffer.from('v')), { cause: 'output', message: /no UTF-8/ });
  t.match(message(0x26, 'a\0', Buffer.from('v')), { cause: 'output', message: /no text of MQTT/ });
  t.match(message(0x26, 'k', Buffer.alloc(65_536, 0x61)), { cause: 'output', message: /no text of MQTT/ });
  const topic = output({ topic: 'a'.repeat(100), payload: '' });
  topic[10] = 0xff;
  t.match(readMessages(topic, 1), { cause: 'output', message: /no UTF-8/ });
  t.match(message(0x26, 'ü', Buffer.from('€'.repeat(21_845))), [
    { properties: { userProperties: [['ü', '€'.repeat(21_845)]] } },
  ]);
  t.strictSame(readDecision(Buffer.from([2, 1, 0, 0xff])), { decision: 'deny', reason: '\ufffd' });
});

t.test('points: values of each type, and why there is none', async (t) => {
  const f64 = Buffer.alloc(9);
  f64[0] = 1;
  f64.writeDoubleLE(71.4, 1);
  const i64 = Buffer.alloc(9);
  i64[0] = 2;
  i64.writeBigInt64LE(-5n, 1);
  const values = [
    f64,
    i64,
    Buffer.from([3, 1]),
    Buffer.from([4, 1, 0, 0, 0, 0x61]),
    Buffer.from([5, 1, 0, 0, 0, 9]),
    Buffer.from([0, 2, 0, 0x6e, 0x6f]),
  ];
  const frame = Buffer.concat([
    Buffer.from([6, 0]),
    ...values.map((value, i) => Buffer.concat([Buffer.from([1, 0, 0x70 + i]), value])),
  ]);
  t.strictSame(readPoints(frame), [
    { point: 'p', value: 71.4 },
    { point: 'q', value: -5n },
    { point: 'r', value: true },
    { point: 's', value: 'a' },
    { point: 't', value: Buffer.from([9]) },
    { point: 'u', value: undefined, why: 'no' },
  ]);
  t.strictSame(readPoints(undefined), []);
});

t.test('frame hooks: the first function with an answer; a failure is an error value', async (t) => {
  const none = Buffer.from([0, 0]);
  const one = (name: string) => Buffer.concat([Buffer.from([1, 0, 1, 0]), Buffer.from(name), Buffer.from([3, 1])]);
  const bench = await new Bench(
    {
      shy: { on: { type: 'decode', devices: ['*'] }, hooks: { on_decode: () => none } },
      slow: {
        on: { type: 'decode', devices: ['scale-*'] },
        hooks: { on_decode: (frame) => (frame.toString().endsWith('y') ? one('s') : none) },
        options: { turns: 2 },
      },
      last: { on: { type: 'decode', devices: ['scale-1'] }, hooks: { on_decode: () => Buffer.from([9, 0]) } },
      enc: {
        on: { type: 'encode', devices: ['scale-1'] },
        hooks: { on_encode: (frame) => Buffer.concat([Buffer.from([1, 0, frame.length, 0, 0, 0]), frame]) },
      },
    },
    { folder: t.testdir() },
  ).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  const { frames } = bench.functions;
  t.strictSame(await frames.decode('other')!(Buffer.from('x')), []);
  t.strictSame(await frames.decode('scale-1')!(Buffer.from('y')), [{ point: 's', value: true }]);
  const failed = await frames.decode('scale-1')!(Buffer.from('x'));
  t.ok(failed instanceof GatewayError && failed.code === 'FUNCTION_FAILED');
  t.match(bench.functions.function('last').failures, { output: 1 });
  t.equal(frames.encode('other'), undefined);
  t.strictSame(await frames.encode('scale-1')!('zero', 5n), [Buffer.from(encodeFrame('scale-1', 'zero', 5n))]);
});

t.test('connect: the first opinion counts, and who fails denies', async (t) => {
  const decision = (code: number, why = '') => Buffer.concat([Buffer.from([code, why.length, 0]), Buffer.from(why)]);
  const bench = await new Bench(
    {
      names: {
        on: { type: 'connect', listeners: ['plant'] },
        hooks: {
          on_connect: (frame) =>
            frame.includes('anna') ? decision(1) : frame.includes('mallory') ? decision(2, 'not you') : undefined,
        },
      },
      strict: {
        on: { type: 'connect', listeners: undefined },
        hooks: { on_connect: () => decision(7) },
        config: { onError: 'pass' },
      },
    },
    { folder: t.testdir() },
  ).start();
  t.teardown(() => bench.functions[Symbol.asyncDispose]());
  const connect = bench.functions.connect!;
  const ask = (userName: string, listener: string) =>
    connect.decide({
      clientId: 'c',
      userName,
      password: Buffer.from('pw'),
      listener,
      address: '::1',
      protocolVersion: 5,
      certificateName: undefined,
    });
  t.strictSame(await ask('anna', 'plant'), { decision: 'allow', reason: '' });
  t.strictSame(await ask('mallory', 'plant'), { decision: 'deny', reason: 'not you' });
  t.match(await ask('bob', 'plant'), { decision: 'deny', reason: 'the function strict failed: output' });
  t.match(await ask('anna', 'other'), { decision: 'deny' });
  t.equal(connect.wants('other'), true);
  const frame = connectFrame({
    clientId: 'c',
    userName: undefined,
    password: undefined,
    listener: 'l',
    address: '',
    protocolVersion: 4,
    certificateName: 'cn',
  });
  t.equal(frame.readUInt16LE(0), 5);
});

t.test('what was seen last is bounded by topics and bytes, the oldest goes first', async (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.constantFrom('a', 'bb', 'ccc', 'dddd', 'e'), fc.uint8Array({ maxLength: 300 })), {
        maxLength: 60,
      }),
      (steps) => {
        const previous = new Previous(3, 1_000);
        const order: string[] = [];
        const model = new Map<string, string>();
        for (const [topic, bytes] of steps) {
          const payload = Buffer.from(bytes);
          const found = previous.get(topic);
          if (found !== undefined && found.toString('hex') !== model.get(topic)) throw new Error('another payload');
          previous.set(topic, payload);
          model.set(topic, payload.toString('hex'));
          if (order.includes(topic)) order.splice(order.indexOf(topic), 1);
          order.push(topic);
          if (previous.topics > 3 || previous.bytes > 1_000) throw new Error('too much');
          if (previous.get(topic) === undefined) throw new Error('the newest is gone');
          const kept = order.filter((one) => previous.get(one) !== undefined);
          if (kept.join() !== order.slice(-kept.length).join()) throw new Error('not the newest');
        }
      },
    ),
  );
  const previous = new Previous(10, 1_000);
  previous.set('a', Buffer.alloc(100));
  previous.set('a', Buffer.alloc(5_000));
  t.equal(previous.get('a'), undefined, 'too large to be kept');
  t.equal(previous.bytes, 0);
});
