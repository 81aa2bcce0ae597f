/** Messages and requests: repetition, acknowledgement, duplicates, what belongs to what (RFC 7252 §4, §5). */
import t from 'tap';
import { Code, encode, type Message, NO_PAYLOAD } from '../../../../adapters/coap/message/message.js';
import { FakePeer, piggyback, requestsOn } from '../../../support/coap-peer.js';
import { ManualClock, settle } from '../../../support/manual-clock.js';

const get = { name: 'GET /x', code: Code.GET, options: [], payload: NO_PAYLOAD, isConfirmable: true };
const content = (text: string) => ({ code: Code.CONTENT, payload: Buffer.from(text) });
const never = () => new AbortController().signal;

function start(transmission = {}) {
  const clock = new ManualClock();
  const peer = new FakePeer();
  return { clock, peer, requests: requestsOn(peer, clock, transmission) };
}

t.test('a Confirmable request is repeated at growing times, and given up [RFC 7252 §4.2, §4.8]', async (t) => {
  const { clock, peer, requests } = start();
  const at: number[] = [];
  peer.onMessage = () => void at.push(clock.monotonic());
  const failed = t.rejects(requests.exchange(get, never()), {
    code: 'COAP_TIMEOUT',
    fault: 'device',
    details: { transmissions: 5, sent: true, timeoutMs: 62_000, acknowledged: false },
  });
  await clock.advance(61_999);
  t.equal(peer.received.length, 5);
  await clock.advance(1);
  await failed;
  t.strictSame(at, [0, 2_000, 6_000, 14_000, 30_000]);
  t.equal(new Set(peer.received.map((one) => encode(one).toString('hex'))).size, 1, 'the same message each time');
  await clock.advance(100_000);
  t.equal(peer.received.length, 5);
  t.equal(clock.pending, 0);
});

t.test('the parameters are those of the device, the first time-out is spread', async (t) => {
  const { clock, peer, requests } = start({ ackTimeout: 100, maxRetransmit: 1 });
  const failed = t.rejects(requests.exchange(get, never()), { code: 'COAP_TIMEOUT', details: { transmissions: 2 } });
  await clock.advance(300);
  await failed;
  t.equal(peer.received.length, 2);
});

t.test('a piggybacked response ends it; one with another token does not [RFC 7252 §5.3.2]', async (t) => {
  const { clock, peer, requests } = start();
  const answer = requests.exchange(get, never());
  await settle();
  const [request] = peer.received as [Message];
  t.ok(request.token.length >= 4, 'a token that cannot be guessed');
  peer.say(piggyback(request, { ...content('no'), token: Buffer.from('other') }));
  peer.say(piggyback(request, { ...content('no'), messageId: request.messageId ^ 1 }));
  await settle();
  peer.say(piggyback(request, content('yes')));
  t.equal((await answer).payload.toString(), 'yes');
  await clock.advance(100_000);
  t.equal(peer.received.length, 1, 'nothing is repeated, nothing else is said');
});

t.test(
  'a separate response: the acknowledgement ends the repetition, the response is acknowledged once each time it comes [RFC 7252 §5.2.2]',
  async (t) => {
    const { clock, peer, requests } = start();
    let answers = 0;
    const answer = requests.exchange(get, never()).then((response) => {
      answers++;
      return response;
    });
    await settle();
    const [request] = peer.received as [Message];
    peer.say({ type: 'ACK', messageId: request.messageId });
    await clock.advance(90_000);
    t.equal(peer.received.length, 1, 'acknowledged: not repeated');
    const separate = { type: 'CON', token: request.token, messageId: 77, ...content('late') } as const;
    peer.say(separate);
    peer.say(separate);
    t.equal((await answer).payload.toString(), 'late');
    await settle();
    peer.say(separate);
    await settle();
    t.equal(answers, 1);
    t.strictSame(
      peer.received.slice(1).map(({ type, code, messageId }) => [type, code, messageId]),
      [
        ['ACK', 0, 77],
        ['ACK', 0, 77],
        ['ACK', 0, 77],
      ],
    );
    t.equal(requests.layer.duplicates, 2);
  },
);

t.test('a response without the acknowledgement before it counts for both', async (t) => {
  const { clock, peer, requests } = start();
  const answer = requests.exchange(get, never());
  await settle();
  peer.say({ type: 'NON', token: peer.received[0]!.token, ...content('there') });
  t.equal((await answer).payload.toString(), 'there');
  await clock.advance(100_000);
  t.equal(peer.received.length, 1);
});

t.test('Reset, a wire that closes, and a deadline', async (t) => {
  const first = start();
  const reset = t.rejects(first.requests.exchange(get, never()), { code: 'COAP_RESET' });
  await settle();
  first.peer.say({ type: 'RST', messageId: first.peer.received[0]!.messageId });
  await reset;

  const second = start();
  const closed = t.rejects(second.requests.exchange(get, never()), {
    code: 'COAP_DISCONNECTED',
    details: { sent: true },
  });
  await settle();
  second.peer.wire.destroy();
  await closed;
  await t.rejects(second.requests.exchange(get, never()), { code: 'COAP_DISCONNECTED', details: { sent: false } });

  const third = start();
  const controller = new AbortController();
  const expired = t.rejects(third.requests.exchange(get, controller.signal), {
    code: 'COAP_TIMEOUT',
    message: /not answered within 2500 ms \(sent 2 times\)/,
  });
  await third.clock.advance(2_500);
  controller.abort();
  await expired;
  third.peer.say({ type: 'CON', token: third.peer.received[0]!.token, ...content('too late') });
  await third.clock.advance(60_000);
  t.match(third.peer.last(), { type: 'RST', code: 0 }, 'what nobody waits for is rejected [RFC 7252 §4.2]');
  t.equal(third.clock.pending, 0);
  await t.rejects(third.requests.exchange(get, AbortSignal.abort()), {
    code: 'COAP_NOT_SENT',
    details: { sent: false },
  });
});

t.test('NSTART: the next request waits for the acknowledgement of the one before [RFC 7252 §4.7]', async (t) => {
  const { clock, peer, requests } = start();
  const a = requests.exchange({ ...get, name: 'a' }, never());
  const b = requests.exchange({ ...get, name: 'b' }, never());
  const impatient = new AbortController();
  const c = t.rejects(requests.exchange({ ...get, name: 'c' }, impatient.signal), { code: 'COAP_NOT_SENT' });
  await clock.advance(1_000);
  t.equal(peer.received.length, 1);
  impatient.abort();
  await c;
  const [first] = peer.received as [Message];
  peer.say({ type: 'ACK', messageId: first.messageId });
  await settle();
  t.equal(peer.received.length, 2, 'acknowledged is enough, the response may take its time');
  peer.say(piggyback(peer.received[1]!, content('b')));
  t.equal((await b).payload.toString(), 'b');
  peer.say({ type: 'NON', token: first.token, ...content('a') });
  t.equal((await a).payload.toString(), 'a');
});

t.test('what waits has a limit', async (t) => {
  const { requests } = start();
  const all = Array.from({ length: 66 }, () => requests.exchange(get, never()).catch((error: unknown) => error));
  t.match(await all[65], { code: 'COAP_QUEUE_FULL', fault: 'limit' });
  requests.close();
  t.match(await all[0], { code: 'COAP_DISCONNECTED' });
});

t.test(
  'a Non-confirmable request is sent once; a device that does not answer is left alone for a while [RFC 7252 §4.7]',
  async (t) => {
    const { clock, peer, requests } = start({ probingRate: 2 });
    const controller = new AbortController();
    const failed = t.rejects(requests.exchange({ ...get, isConfirmable: false }, controller.signal), {
      code: 'COAP_TIMEOUT',
    });
    await clock.advance(20_000);
    t.equal(peer.received.length, 1);
    t.equal(peer.last().type, 'NON');
    controller.abort();
    await failed;
    t.equal(requests.readyAt, 28_000, '16 bytes at 2 bytes per second');
  },
);

t.test('a message with the same Message ID is a duplicate only if it is the same message', async (t) => {
  const { peer, requests } = start();
  const seen: string[] = [];
  const token = Buffer.from('tokentok');
  requests.observe(token, ({ payload }) => void seen.push(payload.toString()));
  peer.say({ token, messageId: 1, ...content('before') });
  peer.say({ token, messageId: 1, ...content('before') });
  peer.say({ token, messageId: 1, ...content('after its restart') });
  await settle();
  t.strictSame(seen, ['before', 'after its restart']);
  t.equal(peer.received.filter(({ type }) => type === 'ACK').length, 3);
});

t.test('duplicates are known for EXCHANGE_LIFETIME, no longer', async (t) => {
  const { clock, peer, requests } = start();
  const token = Buffer.from('tokentok');
  let count = 0;
  requests.observe(token, () => void count++);
  peer.say({ token, messageId: 1, ...content('x') });
  await clock.advance(246_999);
  peer.say({ token, messageId: 1, ...content('x') });
  await settle();
  t.equal(count, 1);
  await clock.advance(1);
  peer.say({ token, messageId: 1, ...content('x') });
  await settle();
  t.equal(count, 2);
});

t.test(
  'pings, requests and what is malformed are rejected; a response with an unknown critical option, too',
  async (t) => {
    const { peer, requests } = start();
    const ping = peer.say({ type: 'CON' });
    const request = peer.say({ type: 'CON', code: Code.GET });
    peer.say({ type: 'NON', code: Code.GET });
    peer.bytes(Buffer.from('49011234', 'hex'));
    peer.bytes(Buffer.from('ff', 'hex'));
    await settle();
    t.strictSame(
      peer.received.map(({ type, messageId }) => [type, messageId]),
      [
        ['RST', ping],
        ['RST', request],
        ['RST', 0x1234],
      ],
    );
    t.equal(requests.layer.malformed, 2);
    const failed = t.rejects(requests.exchange(get, never()), { code: 'COAP_BAD_MESSAGE', details: { option: 9 } });
    await settle();
    const { token } = peer.last();
    peer.say({ token, ...content('x'), options: [{ number: 9, value: Buffer.alloc(1) }] });
    await failed;
    await settle();
    t.equal(peer.received.filter(({ type }) => type === 'RST').length, 4);
  },
);
