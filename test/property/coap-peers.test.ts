/** Client and server of CoAP, whatever they are sent: nothing throws, and all that is kept has its limit. */
import assert from 'node:assert/strict';
import t from 'tap';
import { Requests } from '../../adapters/coap/exchange/requests.js';
import { DEFAULT_TRANSMISSION } from '../../adapters/coap/exchange/transmission.js';
import { encode } from '../../adapters/coap/message/message.js';
import { ServerPeer } from '../../adapters/coap/server/peer.js';
import type { ServedTree } from '../../adapters/coap/server/resource.js';
import { FakePeer } from '../support/coap-peer.js';
import { ManualClock, settle } from '../support/manual-clock.js';
import { Choice } from '../support/random.js';

const DATAGRAMS = 30_000;
const OPTIONS = [1, 3, 4, 5, 6, 11, 12, 14, 15, 17, 23, 27, 28, 35, 60, 292, 9, 2_049] as const;
const CODES = [0, 1, 2, 3, 4, 5, 6, 7, 0x41, 0x43, 0x44, 0x45, 0x5f, 0x84, 0x88, 0x8d, 0xa3, 0xe1] as const;

function datagram(choice: Choice): Buffer {
  if (choice.chance(0.3)) return choice.bytes(choice.below(40));
  const options = Array.from({ length: choice.below(5) }, () => ({
    number: choice.pick(OPTIONS),
    value: choice.bytes(choice.below(4)),
  }));
  const bytes = encode({
    type: choice.pick(['CON', 'NON', 'ACK', 'RST'] as const),
    code: choice.pick(CODES),
    messageId: choice.below(300),
    token: Buffer.alloc(choice.below(9), choice.below(3)),
    options,
    payload: Buffer.alloc(choice.pick([0, 0, 16, 1_024]), 1),
  });
  if (choice.chance(0.2)) bytes[choice.below(bytes.length)] = choice.below(256);
  return bytes;
}

t.test(`${DATAGRAMS} datagrams of a seed`, async (t) => {
  const choice = new Choice(7);
  const clock = new ManualClock();
  const [client, device] = [new FakePeer(), new FakePeer()];
  let watched = 0;
  let mostWatched = 0;
  const tree: ServedTree = {
    handle: ({ payload }) => ({ code: 0x45, payload: payload.length > 0 ? payload : 'x'.repeat(3_000) }),
    observe() {
      mostWatched = Math.max(mostWatched, ++watched);
      return { [Symbol.dispose]: () => void watched-- };
    },
  };
  const signal = new AbortController().signal;
  const server = new ServerPeer({
    wire: client.wire,
    clock,
    szx: 6,
    maxBytes: 65_536,
    signal,
    onAnswer: () => {},
    tree: () => ({ tree, depth: 1 }),
  });
  const requests = new Requests({ wire: device.wire, clock, transmission: DEFAULT_TRANSMISSION });
  let before: Buffer = Buffer.alloc(0);
  for (let n = 0; n < DATAGRAMS; n++) {
    const bytes: Buffer = n > 0 && choice.chance(0.05) ? before : datagram(choice);
    before = bytes;
    client.bytes(bytes);
    device.bytes(Buffer.from(bytes));
    if (n % 100 === 0) {
      await clock.advance(choice.below(5_000));
      // They are of no interest here, and many.
      client.received.length = 0;
      device.received.length = 0;
    }
  }
  await settle();
  assert.ok(mostWatched <= 64);
  t.ok(requests.layer.malformed > 0 && requests.layer.duplicates > 0);
  const last = client.received.length;
  client.say({ type: 'CON', code: 1, messageId: 40_000, token: Buffer.from('after all').subarray(0, 8) });
  await settle();
  t.ok(client.received.length > last, 'it still answers');
  server.close();
  requests.close();
  await clock.advance(300_000);
  t.equal(clock.pending, 0);
  t.equal(watched, 0);
});
