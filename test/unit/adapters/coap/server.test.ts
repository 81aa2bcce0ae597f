/** The CoAP server: what its clients are answered, and what is kept for them. */
import t from 'tap';
import { Code, code, codeText, type Message } from '../../../../adapters/coap/message/message.js';
import {
  type Block,
  blockOf,
  blockOption,
  OptionNumber,
  optionOf,
  uintOf,
  uintOption,
  uriOptions,
} from '../../../../adapters/coap/message/options.js';
import { ServerPeer } from '../../../../adapters/coap/server/peer.js';
import { refusal, type ServedTree, type ServerRequest } from '../../../../adapters/coap/server/resource.js';
import { Uploads } from '../../../../adapters/coap/server/uploads.js';
import { FakePeer, type Said } from '../../../support/coap-peer.js';
import { ManualClock, settle } from '../../../support/manual-clock.js';

const path = (text: string) => uriOptions(text) as NonNullable<Said['options']>;
const token = Buffer.from('token');

function start(tree: Partial<ServedTree>) {
  const clock = new ManualClock();
  const client = new FakePeer();
  const requests: ServerRequest[] = [];
  const handle = tree.handle ?? (() => refusal(Code.NOT_FOUND));
  const served: ServedTree = {
    ...tree,
    handle(request) {
      requests.push(request);
      return handle(request);
    },
  };
  const controller = new AbortController();
  const peer = new ServerPeer({
    wire: client.wire,
    clock,
    szx: 6,
    maxBytes: 4_000,
    signal: controller.signal,
    onAnswer: () => {},
    tree: ([first]) => (first === 'a' ? { tree: served, depth: 1 } : undefined),
  });
  const ask = async (said: Said): Promise<Message | undefined> => {
    const before = client.received.length;
    client.say({ type: 'CON', token, code: Code.GET, ...said });
    await settle();
    return client.received[before];
  };
  return { clock, client, peer, requests, ask };
}

t.test('answers are piggybacked; a request that comes again is not carried out again [RFC 7252 §4.5]', async (t) => {
  let count = 0;
  const { ask, requests } = start({ handle: () => ({ code: Code.CHANGED, payload: String(++count) }) });
  const request = { code: Code.POST, messageId: 5, options: path('/a/b/c?d=e'), payload: Buffer.from('x') };
  const first = await ask(request);
  const second = await ask(request);
  t.match(first, { type: 'ACK', messageId: 5, code: Code.CHANGED, token });
  t.strictSame(second, first);
  t.equal(count, 1);
  t.match(requests[0], { path: ['b', 'c'], query: ['d=e'], payload: Buffer.from('x') });
});

t.test('what takes long is acknowledged first, and answered by a message of its own [RFC 7252 §5.2.2]', async (t) => {
  const { promise, resolve } = Promise.withResolvers<void>();
  const { clock, client, ask } = start({
    async handle() {
      await promise;
      return { code: Code.CHANGED };
    },
  });
  t.equal(await ask({ code: Code.POST, options: path('/a') }), undefined);
  await clock.advance(500);
  t.match(client.last(), { type: 'ACK', code: 0 });
  resolve();
  await settle();
  const answer = client.last();
  t.match(answer, { type: 'CON', code: Code.CHANGED, token });
  await clock.advance(3_000);
  t.equal(client.received.length, 3, 'repeated until it is acknowledged');
  client.say({ type: 'ACK', messageId: answer.messageId });
  await clock.advance(100_000);
  t.equal(client.received.length, 3);
  t.equal(clock.pending, 0);
});

t.test('unknown paths, critical options, proxying, defects', async (t) => {
  const { ask, client } = start({
    handle() {
      throw new TypeError('a defect');
    },
  });
  t.equal((await ask({ options: path('/b') }))?.code, Code.NOT_FOUND);
  t.equal((await ask({ options: [...path('/a'), { number: 9, value: Buffer.alloc(1) }] }))?.code, Code.BAD_OPTION);
  t.equal(await ask({ type: 'NON', options: [...path('/a'), { number: 9, value: Buffer.alloc(1) }] }), undefined);
  t.equal(
    (await ask({ options: [{ number: OptionNumber.PROXY_URI, value: Buffer.from('coap://x/') }] }))?.code,
    code(5, 5),
  );
  t.equal(
    (await ask({ options: [...path('/a'), { number: OptionNumber.BLOCK1, value: Buffer.of(7) }] }))?.code,
    Code.BAD_OPTION,
  );
  t.equal((await ask({ options: path('/a') }))?.code, Code.INTERNAL_SERVER_ERROR);
  t.match(await ask({ type: 'NON', options: path('/a') }), { type: 'NON', code: Code.INTERNAL_SERVER_ERROR });
  client.bytes(Buffer.from('49011234', 'hex'));
  await settle();
  t.match(client.last(), { type: 'RST', messageId: 0x1234 });
});

t.test('ETag: what the client has is confirmed', async (t) => {
  const { ask } = start({ handle: () => ({ code: Code.CONTENT, payload: 'same', maxAge: 7 }) });
  const etag = optionOf((await ask({ options: path('/a') }))!, OptionNumber.ETAG)!;
  const again = await ask({ options: [...path('/a'), { number: OptionNumber.ETAG, value: etag }] });
  t.equal(again?.code, Code.VALID);
  t.equal(again?.payload.length, 0);
  t.equal(uintOf(again!, OptionNumber.MAX_AGE), 7);
});

t.test('a body in blocks is handled once, whole; pieces that do not fit, and too much, are refused', async (t) => {
  const bodies: string[] = [];
  const { ask } = start({
    handle({ payload }) {
      bodies.push(payload.toString());
      return { code: Code.CHANGED };
    },
  });
  const put = (number: number, more: boolean, payload: string, szx = 0) =>
    ask({
      code: Code.PUT,
      token: Buffer.of(number),
      options: [...path('/a'), blockOption(OptionNumber.BLOCK1, { number, more, szx })],
      payload: Buffer.from(payload),
    });
  t.equal((await put(0, true, 'x'.repeat(16)))?.code, Code.CONTINUE);
  t.equal((await put(1, true, 'y'.repeat(16)))?.code, Code.CONTINUE);
  const last = await put(2, false, 'z');
  t.equal(last?.code, Code.CHANGED);
  t.strictSame(blockOf(last!, OptionNumber.BLOCK1), { number: 2, more: false, szx: 0 });
  t.strictSame(bodies, [`${'x'.repeat(16)}${'y'.repeat(16)}z`]);
  t.equal((await put(0, true, 'x'.repeat(16)))?.code, Code.CONTINUE);
  t.equal((await put(2, true, 'x'.repeat(16)))?.code, Code.REQUEST_ENTITY_INCOMPLETE);
  t.equal((await put(5, false, 'x'))?.code, Code.REQUEST_ENTITY_INCOMPLETE);
  for (let n = 0; n < 3; n++) t.equal((await put(n, true, 'x'.repeat(1_024), 6))?.code, Code.CONTINUE);
  t.equal((await put(3, true, 'x'.repeat(1_024), 6))?.code, Code.REQUEST_ENTITY_TOO_LARGE);
  t.equal(bodies.length, 1);
});

t.test('uploads of one client are few, and forgotten', async (t) => {
  const clock = new ManualClock();
  const uploads = new Uploads(clock, 10_000);
  const first = { number: 0, more: true, szx: 0 };
  const second = { number: 1, more: false, szx: 0 };
  for (const key of ['a', 'b', 'c', 'd', 'e']) t.equal(uploads.take(key, first, Buffer.alloc(16)), 'continue');
  t.equal(uploads.take('a', second, Buffer.alloc(1)), 'incomplete', 'the oldest made room');
  t.equal((uploads.take('b', second, Buffer.alloc(1)) as Buffer).length, 17);
  await clock.advance(300_000);
  t.equal(uploads.take('c', second, Buffer.alloc(1)), 'incomplete');
});

/** A value that can be observed. */
function observable(initial: string) {
  const listeners = new Set<() => void>();
  let value = initial;
  const tree: ServedTree = {
    handle: ({ code: method }) =>
      method === Code.GET ? { code: Code.CONTENT, payload: value } : refusal(Code.METHOD_NOT_ALLOWED),
    observe(_request, onChange) {
      listeners.add(onChange);
      return { [Symbol.dispose]: () => void listeners.delete(onChange) };
    },
  };
  return {
    tree,
    listeners,
    set(next: string) {
      value = next;
      for (const listener of [...listeners]) listener();
    },
  };
}

const register = { options: [...path('/a'), uintOption(OptionNumber.OBSERVE, 0)] };

t.test(
  'observed: one notification on its way, then the latest state; numbers go up [RFC 7641 §4.4, §4.5.2]',
  async (t) => {
    const source = observable('1');
    const { client, ask } = start(source.tree);
    const first = await ask(register);
    const sequences = [uintOf(first!, OptionNumber.OBSERVE)!];
    source.set('2');
    await settle();
    for (const value of ['3', '4']) source.set(value);
    await settle();
    t.equal(client.last().payload.toString(), '2');
    t.equal(client.received.length, 2, 'the next waits for the acknowledgement');
    sequences.push(uintOf(client.last(), OptionNumber.OBSERVE)!);
    client.say({ type: 'ACK', messageId: client.last().messageId });
    await settle();
    t.equal(client.last().payload.toString(), '4');
    sequences.push(uintOf(client.last(), OptionNumber.OBSERVE)!);
    client.say({ type: 'ACK', messageId: client.last().messageId });
    const again = await ask(register);
    sequences.push(uintOf(again!, OptionNumber.OBSERVE)!);
    t.strictSame(
      sequences,
      [...sequences].sort((a, b) => a - b),
    );
    t.equal(new Set(sequences).size, 4);
    t.equal(source.listeners.size, 1, 'registered anew, not twice');
  },
);

t.test(
  'the end of an observation: asked for, rejected, not acknowledged, the client gone [RFC 7641 §3.6, §4.5]',
  async (t) => {
    for (const end of ['deregister', 'reset', 'silence', 'close'] as const) {
      const source = observable('1');
      const { clock, client, peer, ask } = start(source.tree);
      await ask(register);
      t.equal(source.listeners.size, 1);
      if (end === 'deregister') await ask({ options: [...path('/a'), uintOption(OptionNumber.OBSERVE, 1)] });
      else if (end === 'close') peer.close();
      else {
        source.set('2');
        await settle();
        if (end === 'reset') client.say({ type: 'RST', messageId: client.last().messageId });
        await clock.advance(end === 'reset' ? 1 : 93_000);
      }
      await settle();
      t.equal(source.listeners.size, 0, end);
      t.equal(clock.pending, 0);
    }
  },
);

t.test(
  'a notification that is not acknowledged: the state as it is then goes out in its place, and the attempts count on [RFC 7641 §4.5.2]',
  async (t) => {
    const source = observable('1');
    const { clock, client, ask } = start(source.tree);
    await ask(register);
    const states: string[] = [];
    client.onMessage = ({ type, payload }) => {
      if (type === 'CON') states.push(payload.toString());
      return undefined;
    };
    source.set('2');
    await settle();
    const first = client.last().messageId;
    source.set('3');
    await clock.advance(3_000);
    t.strictSame(states, ['2', '3']);
    t.not(client.last().messageId, first);
    client.say({ type: 'ACK', messageId: first });
    await clock.advance(93_000);
    t.strictSame(states, ['2', '3', '3', '3', '3'], 'MAX_RETRANSMIT is of both together');
    t.equal(source.listeners.size, 0, 'then the client is taken for gone');
  },
);

t.test(
  'who asks for the other blocks of a notification has got it, though the acknowledgement is lost [RFC 7252 §4.2]',
  async (t) => {
    const source = observable('x');
    const { clock, client, ask } = start(source.tree);
    await ask(register);
    source.set('1'.repeat(2_000));
    await settle();
    await ask({
      token: Buffer.of(1),
      options: [...path('/a'), blockOption(OptionNumber.BLOCK2, { number: 1, more: false, szx: 6 })],
    });
    const count = client.received.length;
    await clock.advance(93_000);
    t.equal(client.received.length, count, 'it is not sent again');
    t.equal(source.listeners.size, 1, 'and the observation goes on');
    source.set('2');
    await settle();
    t.equal(client.last().payload.toString(), '2');
  },
);

t.test('a notification in blocks: they are of one state, and the next comes when they were fetched', async (t) => {
  const source = observable('x');
  const { clock, client, ask } = start(source.tree);
  await ask(register);
  const [one, two] = ['1', '2'].map((digit) => digit.repeat(2_500)) as [string, string];
  source.set(one);
  await settle();
  const notification = client.last();
  t.strictSame(blockOf(notification, OptionNumber.BLOCK2), { number: 0, more: true, szx: 6 });
  client.say({ type: 'ACK', messageId: notification.messageId });
  source.set(two);
  await settle();
  t.equal(client.last(), notification, 'not yet');
  let whole = notification.payload.toString();
  for (let number = 1; number < 3; number++) {
    const part = await ask({
      token: Buffer.of(number),
      options: [...path('/a'), blockOption(OptionNumber.BLOCK2, { number, more: false, szx: 6 })],
    });
    t.ok(optionOf(part!, OptionNumber.ETAG)?.equals(optionOf(notification, OptionNumber.ETAG)!));
    whole += part!.payload.toString();
  }
  t.equal(whole, one);
  await settle();
  t.equal(client.last().payload.toString(), '2'.repeat(1_024));
  client.say({ type: 'ACK', messageId: client.last().messageId });
  source.set('after a client that fetches nothing');
  await clock.advance(10_000);
  t.equal(client.last().payload.toString(), 'after a client that fetches nothing');
});

t.test('more observations than one client may have are answered, not registered', async (t) => {
  const source = observable('1');
  const { ask } = start(source.tree);
  for (let n = 0; n < 64; n++) await ask({ ...register, token: Buffer.of(n) });
  const beyond = await ask({ ...register, token: Buffer.of(64) });
  t.equal(codeText(beyond!.code), '2.05');
  t.equal(uintOf(beyond!, OptionNumber.OBSERVE), undefined);
  t.equal(source.listeners.size, 64);
});

t.test('an answer in blocks is as large as the client wants them', async (t) => {
  const whole = 'abcdefghij'.repeat(30);
  const { ask } = start({ handle: () => ({ code: Code.CONTENT, payload: whole }) });
  const parts: string[] = [];
  for (let number = 0; ; number++) {
    const part = await ask({
      options: [...path('/a'), blockOption(OptionNumber.BLOCK2, { number, more: false, szx: 1 })],
    });
    parts.push(part!.payload.toString());
    if (!(blockOf(part!, OptionNumber.BLOCK2) as Block).more) break;
  }
  t.equal(parts.join(''), whole);
  t.equal(parts.length, 10);
  const beyond = await ask({
    options: [...path('/a'), blockOption(OptionNumber.BLOCK2, { number: 50, more: false, szx: 1 })],
  });
  t.equal(beyond?.code, Code.BAD_OPTION);
});
