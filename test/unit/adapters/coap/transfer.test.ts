/** Block-wise transfers in both directions (RFC 7959). */
import t from 'tap';
import { type TransferLimits, transfer } from '../../../../adapters/coap/exchange/transfer.js';
import { Code, type Message, NO_PAYLOAD } from '../../../../adapters/coap/message/message.js';
import {
  type Block,
  blockBytes,
  blockOf,
  blockOption,
  OptionNumber,
  uintOf,
} from '../../../../adapters/coap/message/options.js';
import { FakePeer, piggyback, requestsOn, type Said } from '../../../support/coap-peer.js';
import { ManualClock } from '../../../support/manual-clock.js';

const limits: TransferLimits = { szx: 6, maxBytes: 65_536 };
const body = (length: number, salt = 0) => Buffer.from(Array.from({ length }, (_, i) => (i * 7 + salt) & 0xff));
const never = () => new AbortController().signal;
const get = { name: 'GET /x', code: Code.GET, options: [], payload: NO_PAYLOAD, isConfirmable: true };
const put = (payload: Buffer) => ({ ...get, name: 'PUT /x', code: Code.PUT, payload });

function start(answer: (request: Message) => Said) {
  const clock = new ManualClock();
  const peer = new FakePeer();
  peer.onMessage = (request) => (request.code === 0 ? undefined : [piggyback(request, answer(request))]);
  return { peer, requests: requestsOn(peer, clock) };
}

const block1 = (message: Message) => blockOf(message, OptionNumber.BLOCK1) as Block;
const block2 = (message: Message) => blockOf(message, OptionNumber.BLOCK2) as Block;

/** A block of a representation, at most of that size. */
function part(whole: Buffer, request: Message, largest: number, more: Said['options'] = []): Said {
  const asked = block2(request) as Block | undefined;
  const szx = Math.min(largest, asked?.szx ?? largest);
  const from = (asked?.number ?? 0) * blockBytes(asked?.szx ?? szx);
  const payload = whole.subarray(from, from + blockBytes(szx));
  const block = { number: from / blockBytes(szx), more: from + payload.length < whole.length, szx };
  return { code: Code.CONTENT, payload, options: [...more, blockOption(OptionNumber.BLOCK2, block)] };
}

t.test('a representation in blocks, as large as either side wants them', async (t) => {
  for (const [length, ours, theirs] of [
    [100, 6, 6],
    [1_024, 6, 6],
    [1_025, 6, 6],
    [3_000, 6, 2],
    [3_000, 1, 6],
  ] as const) {
    const whole = body(length);
    const { peer, requests } = start((request) => part(whole, request, theirs));
    const response = await transfer(requests, get, { ...limits, szx: ours }, never());
    t.ok(response.payload.equals(whole), `${length} bytes`);
    t.equal(peer.received.length, Math.ceil(length / blockBytes(Math.min(ours, theirs))));
  }
});

t.test(
  'a representation that changes between two blocks is read anew, and given up when it never stands still',
  async (t) => {
    let version = 1;
    let isRestless = false;
    const { peer, requests } = start((request) => {
      if (block2(request) !== undefined && (isRestless || version === 1)) version++;
      return part(body(3_000, version), request, 6, [{ number: OptionNumber.ETAG, value: Buffer.of(version) }]);
    });
    const response = await transfer(requests, get, limits, never());
    t.ok(response.payload.equals(body(3_000, 2)), 'one version, whole');
    isRestless = true;
    peer.received.length = 0;
    await t.rejects(transfer(requests, get, limits, never()), { code: 'COAP_CHANGING' });
  },
);

t.test('blocks that do not fit together, and more than fits, are errors', async (t) => {
  const whole = body(3_000);
  const bad: readonly ((request: Message) => Said)[] = [
    (request) => ({
      ...part(whole, request, 6),
      options: [blockOption(OptionNumber.BLOCK2, { number: 5, more: true, szx: 6 })],
    }),
    (request) => ({ ...part(whole, request, 6), payload: body(1_000) }),
    (request) => ({ ...part(whole, request, 6), options: [{ number: OptionNumber.BLOCK2, value: Buffer.of(7) }] }),
  ];
  for (const answer of bad) {
    await t.rejects(transfer(start(answer).requests, get, limits, never()), { code: 'COAP_BAD_MESSAGE' });
  }
  const endless = start((request) => {
    const number = (block2(request) as Block | undefined)?.number ?? 0;
    return {
      code: Code.CONTENT,
      payload: body(1_024),
      options: [blockOption(OptionNumber.BLOCK2, { number, more: true, szx: 6 })],
    };
  });
  await t.rejects(transfer(endless.requests, get, limits, never()), { code: 'COAP_TOO_LARGE' });
  t.ok(endless.peer.received.length <= 66);
});

t.test('a refusal in the middle is the answer', async (t) => {
  const whole = body(3_000);
  const { requests } = start((request) =>
    (block2(request)?.number ?? 0) === 1 ? { code: Code.SERVICE_UNAVAILABLE } : part(whole, request, 6),
  );
  t.equal((await transfer(requests, get, limits, never())).code, Code.SERVICE_UNAVAILABLE);
});

/** A server that puts the blocks together; largest: the SZX that it can take. */
function uploads(largest: number, refuse?: (request: Message) => Said | undefined) {
  const bodies: Buffer[] = [];
  let parts: Buffer[] = [];
  const started = start((request) => {
    const refusal = refuse?.(request);
    if (refusal !== undefined) return refusal;
    const block = block1(request) as Block | undefined;
    if (block === undefined) {
      bodies.push(request.payload);
      return { code: Code.CHANGED };
    }
    if (block.number === 0) parts = [];
    const received = parts.reduce((sum, { length }) => sum + length, 0);
    if (block.number * blockBytes(block.szx) !== received) return { code: Code.REQUEST_ENTITY_INCOMPLETE };
    parts.push(request.payload);
    if (!block.more) bodies.push(Buffer.concat(parts));
    const options = [blockOption(OptionNumber.BLOCK1, { ...block, szx: Math.min(block.szx, largest) })];
    return { code: block.more ? Code.CONTINUE : Code.CHANGED, options };
  });
  return { ...started, bodies };
}

t.test(
  'a body in blocks, the size announced; the server may want smaller ones [RFC 7959 §2.5, figure 8]',
  async (t) => {
    for (const [length, largest] of [
      [10, 6],
      [1_024, 6],
      [5_000, 6],
      [5_000, 2],
      [1_025, 0],
    ] as const) {
      const { peer, requests, bodies } = uploads(largest);
      const response = await transfer(requests, put(body(length)), limits, never());
      t.equal(response.code, Code.CHANGED);
      t.equal(bodies.length, 1, 'one body');
      t.ok(bodies[0]!.equals(body(length)), `${length} bytes, ${blockBytes(largest)} a block`);
      const [first] = peer.received as [Message];
      t.equal(uintOf(first, OptionNumber.SIZE1), length > 1_024 ? length : undefined);
    }
  },
);

t.test(
  '4.13 with a smaller block begins again with such blocks; without one it is the answer [RFC 7959 §2.9.3]',
  async (t) => {
    const small = uploads(6, (request) => {
      const szx = (block1(request) as Block | undefined)?.szx ?? 6;
      if (szx <= 3) return undefined;
      const options = [blockOption(OptionNumber.BLOCK1, { number: 0, more: true, szx: 3 })];
      return { code: Code.REQUEST_ENTITY_TOO_LARGE, options };
    });
    t.equal((await transfer(small.requests, put(body(1_000)), limits, never())).code, Code.CHANGED);
    t.ok(small.bodies[0]!.equals(body(1_000)));
    const none = uploads(6, () => ({ code: Code.REQUEST_ENTITY_TOO_LARGE }));
    t.equal((await transfer(none.requests, put(body(5_000)), limits, never())).code, Code.REQUEST_ENTITY_TOO_LARGE);
    t.equal(none.peer.received.length, 1);
  },
);

t.test('4.08 begins anew, but not for ever [RFC 7959 §2.9.2]', async (t) => {
  let times = 0;
  const once = uploads(6, (request) =>
    block1(request).number === 2 && times++ === 0 ? { code: Code.REQUEST_ENTITY_INCOMPLETE } : undefined,
  );
  t.equal((await transfer(once.requests, put(body(5_000)), limits, never())).code, Code.CHANGED);
  t.ok(once.bodies[0]!.equals(body(5_000)));
  const always = uploads(6, () => ({ code: Code.REQUEST_ENTITY_INCOMPLETE }));
  const response = await transfer(always.requests, put(body(5_000)), limits, never());
  t.equal(response.code, Code.REQUEST_ENTITY_INCOMPLETE);
});

t.test('FETCH repeats its body with each block of the answer, GET and PUT do not [RFC 8132 §2]', async (t) => {
  const whole = body(3_000);
  const { peer, requests } = start((request) => part(whole, request, 6));
  const fetch = { ...get, code: Code.FETCH, payload: Buffer.from('["a"]') };
  t.ok((await transfer(requests, fetch, limits, never())).payload.equals(whole));
  t.strictSame(
    peer.received.map(({ payload }) => payload.toString()),
    ['["a"]', '["a"]', '["a"]'],
  );
});
