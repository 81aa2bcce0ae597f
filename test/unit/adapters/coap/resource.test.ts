/** Observing resources: order, freshness, blocks of notifications, devices that cannot (RFC 7641). */
import t from 'tap';
import { type Representation, Resource } from '../../../../adapters/coap/exchange/resource.js';
import { Code, type Message, NO_PAYLOAD } from '../../../../adapters/coap/message/message.js';
import {
  type Block,
  blockOf,
  blockOption,
  OptionNumber,
  optionOf,
  uintOf,
  uintOption,
} from '../../../../adapters/coap/message/options.js';
import { FakePeer, piggyback, requestsOn, type Said } from '../../../support/coap-peer.js';
import { ManualClock, settle } from '../../../support/manual-clock.js';

const never = () => new AbortController().signal;
const text = ({ payload }: { payload: Buffer }) => payload.toString();

const observe = (sequence: number) => uintOption(OptionNumber.OBSERVE, sequence);
const maxAge = (seconds: number) => uintOption(OptionNumber.MAX_AGE, seconds);
const etag = (value: string) => ({ number: OptionNumber.ETAG, value: Buffer.from(value) });
const content = (payload: string, ...options: NonNullable<Said['options']>): Said => ({
  code: Code.CONTENT,
  payload: Buffer.from(payload),
  options,
});

function start(answer: (request: Message) => Said | undefined, options = {}) {
  const clock = new ManualClock();
  const peer = new FakePeer();
  peer.onMessage = (request) => {
    const said = request.code === 0 ? undefined : answer(request);
    return said === undefined ? undefined : [piggyback(request, said)];
  };
  const requests = requestsOn(peer, clock);
  const changes: Representation[] = [];
  const resource = new Resource({
    requests,
    request: { name: 'GET /x', code: Code.GET, options: [], payload: NO_PAYLOAD, isConfirmable: true },
    observe: true,
    limits: { szx: 6, maxBytes: 65_536 },
    clock,
    recheckMs: 600_000,
    patienceMs: 93_000,
    onChange: (representation) => void changes.push(representation),
    ...options,
  });
  const notify = (said: Said) => peer.say({ type: 'CON', token: peer.requests()[0]!.token, ...said });
  return { clock, peer, requests, resource, changes, notify };
}

t.test('registered once, then nothing is asked while it is fresh; changes come by themselves', async (t) => {
  const { clock, peer, resource, changes, notify } = start(() => content('1', observe(12), maxAge(60)));
  t.equal(text(await resource.read(never())), '1');
  t.equal(uintOf(peer.received[0]!, OptionNumber.OBSERVE), 0);
  t.ok(resource.isObserved);
  await clock.advance(30_000);
  notify(content('2', observe(13), maxAge(60)));
  await settle();
  t.strictSame(changes.map(text), ['2']);
  await clock.advance(40_000);
  t.equal(text(await resource.read(never())), '2', 'fresh: 40 s after the notification');
  t.equal(peer.requests().length, 1);
});

t.test(
  'when Max-Age is over the interest is registered again, with the same token and what we have [RFC 7641 §3.3.1]',
  async (t) => {
    let version = 'a';
    const { clock, peer, resource } = start((request) => {
      const known = optionOf(request, OptionNumber.ETAG)?.toString();
      return known === version
        ? { code: Code.VALID, options: [observe(20), maxAge(10), etag(version)] }
        : content(`v${version}`, observe(15), maxAge(10), etag(version));
    });
    t.equal(text(await resource.read(never())), 'va');
    await clock.advance(10_000);
    const again = await resource.read(never());
    t.match(again, { code: Code.CONTENT, at: clock.now() }, '2.03 confirms what we have [RFC 7252 §5.9.1.3]');
    t.equal(text(again), 'va');
    const [first, second] = peer.requests() as [Message, Message];
    t.ok(first.token.equals(second.token));
    version = 'b';
    await clock.advance(10_000);
    t.equal(text(await resource.read(never())), 'vb');
  },
);

t.test('however long Max-Age is, it is asked again after `recheck`', async (t) => {
  const { clock, peer, resource } = start(() => content('1', observe(1), maxAge(86_400)), { recheckMs: 5_000 });
  await resource.read(never());
  await clock.advance(4_999);
  await resource.read(never());
  t.equal(peer.requests().length, 1);
  await clock.advance(1);
  await resource.read(never());
  t.equal(peer.requests().length, 2);
});

t.test(
  'notifications that overtook one another: the newer counts; the number goes round, and ages [RFC 7641 §3.4]',
  async (t) => {
    const { clock, resource, changes, notify, peer } = start(() => content('0', observe(2 ** 24 - 2), maxAge(600)));
    await resource.read(never());
    for (const [value, sequence] of [
      ['new', 2 ** 24 - 1],
      ['older', 2 ** 24 - 3],
      ['round', 3],
      ['before', 2 ** 24 - 1],
      ['same', 3],
    ] as const) {
      notify(content(value, observe(sequence), maxAge(600)));
      await settle();
    }
    t.strictSame(changes.map(text), ['new', 'round']);
    t.equal(peer.received.filter(({ type }) => type === 'ACK').length, 5, 'acknowledged all the same');
    await clock.advance(128_001);
    notify(content('restarted', observe(1), maxAge(600)));
    await settle();
    t.strictSame(changes.map(text), ['new', 'round', 'restarted']);
  },
);

t.test('a device that cannot be observed is polled, and observed as soon as it can', async (t) => {
  let isAble = false;
  let count = 0;
  const { peer, resource } = start(() => content(String(++count), ...(isAble ? [observe(1)] : [])));
  t.equal(text(await resource.read(never())), '1');
  t.equal(text(await resource.read(never())), '2');
  isAble = true;
  t.equal(text(await resource.read(never())), '3');
  t.equal(text(await resource.read(never())), '3');
  t.equal(peer.requests().length, 3);
});

t.test('a notification of an error ends the observation, and is passed on [RFC 7641 §4.2]', async (t) => {
  const { peer, resource, changes, notify } = start(() => content('1', observe(1), maxAge(60)));
  await resource.read(never());
  notify({ code: Code.NOT_FOUND });
  await settle();
  t.equal(changes[0]?.code, Code.NOT_FOUND);
  t.notOk(resource.isObserved);
  t.equal(text(await resource.read(never())), '1', 'registered again');
  t.equal(peer.requests().length, 2);
});

t.test('not wanted any more: the device is told, what it still says is rejected [RFC 7641 §3.6]', async (t) => {
  const { clock, peer, resource, changes, notify } = start(() => content('1', observe(1), maxAge(60)));
  await resource.read(never());
  resource.close();
  await settle();
  const [, cancel] = peer.requests() as [Message, Message];
  t.equal(uintOf(cancel, OptionNumber.OBSERVE), 1);
  t.equal(cancel.type, 'NON');
  t.ok(cancel.token.equals(peer.requests()[0]!.token));
  const id = notify(content('2', observe(2)));
  await settle();
  t.match(peer.last(), { type: 'RST', messageId: id });
  t.equal(changes.length, 0);
  t.equal(clock.pending, 0);
});

/** Blocks of 16 bytes. */
function blocks(whole: string, number: number, ...options: NonNullable<Said['options']>): Said {
  const payload = whole.slice(16 * number, 16 * number + 16);
  const more = 16 * number + 16 < whole.length;
  return content(payload, ...options, blockOption(OptionNumber.BLOCK2, { number, more, szx: 0 }));
}

t.test('the blocks of a notification are fetched; a newer notification meanwhile wins [RFC 7959 §2.6]', async (t) => {
  const first = 'first '.repeat(8);
  const second = 'second '.repeat(8);
  let now = 'x';
  let isHeld = false;
  const { peer, resource, changes, notify } = start((request) => {
    const number = (blockOf(request, OptionNumber.BLOCK2) as Block | undefined)?.number ?? 0;
    const sequence = uintOf(request, OptionNumber.OBSERVE) === 0 ? [observe(1)] : [];
    return isHeld && number === 2 ? undefined : blocks(now, number, ...sequence, etag(now.slice(0, 3)));
  });
  await resource.read(never());
  now = first;
  notify(blocks(first, 0, observe(2), etag('fir')));
  await settle();
  await settle();
  t.strictSame(changes.map(text), [first]);
  t.ok(
    peer
      .requests()
      .slice(1)
      .every((request) => uintOf(request, OptionNumber.OBSERVE) === undefined),
    'without Observe',
  );
  isHeld = true;
  now = 'never whole '.repeat(8);
  notify(blocks(now, 0, observe(3), etag('nev')));
  await settle();
  now = second;
  isHeld = false;
  notify(blocks(second, 0, observe(4), etag('sec')));
  await settle();
  await settle();
  t.strictSame(changes.map(text), [first, second]);
  t.equal(text(await resource.read(never())), second);
});

t.test('blocks of a notification that change meanwhile: the whole is read anew', async (t) => {
  const last = 'last version '.repeat(8);
  let now = 'x';
  const { resource, changes, notify } = start((request) => {
    const number = (blockOf(request, OptionNumber.BLOCK2) as Block | undefined)?.number ?? 0;
    return blocks(
      now,
      number,
      ...(uintOf(request, OptionNumber.OBSERVE) === 0 ? [observe(1)] : []),
      etag(now.slice(0, 3)),
    );
  });
  await resource.read(never());
  now = last;
  notify(blocks('an old version '.repeat(8), 0, observe(2), etag('an ')));
  for (let i = 0; i < 6; i++) await settle();
  t.strictSame(changes.map(text), [last]);
});

t.test('blocks that cannot be had: what is known is old, and the next read asks', async (t) => {
  let isSilent = false;
  let now = 'before';
  const { clock, resource, changes, notify } = start((request) => {
    if (isSilent) return undefined;
    const number = (blockOf(request, OptionNumber.BLOCK2) as Block | undefined)?.number ?? 0;
    return blocks(now, number, ...(uintOf(request, OptionNumber.OBSERVE) === 0 ? [observe(1), maxAge(600)] : []));
  });
  t.equal(text(await resource.read(never())), 'before');
  now = 'after all of this '.repeat(4);
  isSilent = true;
  notify(blocks(now, 0, observe(2), maxAge(600)));
  await clock.advance(93_000);
  t.equal(changes.length, 0);
  isSilent = false;
  t.equal(text(await resource.read(never())), now);
});

t.test('2.03 for something that we do not have is asked for anew', async (t) => {
  let isConfused = true;
  const { resource } = start(() => {
    if (!isConfused) return content('1', observe(5), etag('b'));
    isConfused = false;
    return { code: Code.VALID, options: [etag('a'), observe(4)] };
  });
  t.equal(text(await resource.read(never())), '1');
});

t.test('not to be observed: polled, with ETag', async (t) => {
  const { peer, resource } = start(
    (request) =>
      optionOf(request, OptionNumber.ETAG) === undefined
        ? content('1', etag('a'))
        : { code: Code.VALID, options: [etag('a')] },
    { observe: false },
  );
  t.equal(text(await resource.read(never())), '1');
  t.equal(text(await resource.read(never())), '1');
  t.equal(peer.requests().length, 2);
  t.equal(uintOf(peer.requests()[1]!, OptionNumber.OBSERVE), undefined);
});
