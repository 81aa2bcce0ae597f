/** Nobody on a link uses the Packet Identifiers of another. */
import t from 'tap';
import { Flights, flightOf, packetIdOf } from '../../../src/links/outbox/flights.js';
import { HEARTBEATS, LOSS_REPORTS, REQUESTS, STORED } from '../../../src/links/packet-identifiers.js';

t.test('the shares follow each other and are all there are', async (t) => {
  let next = 1;
  for (const { first, last } of [STORED, HEARTBEATS, LOSS_REPORTS, REQUESTS]) {
    t.equal(first, next);
    next = last + 1;
  }
  t.equal(next, 0x1_0000);
});

t.test('stored messages go round within their share', async (t) => {
  t.strictSame([1, 65_000, 65_001, 130_000, 2 ** 52].map(packetIdOf), [
    1,
    65_000,
    1,
    65_000,
    ((2 ** 52 - 1) % 65_000) + 1,
  ]);
});

t.test('loss reports take none of stored messages, and there is an end to them', async (t) => {
  const flights = new Flights();
  const ids: number[] = [];
  for (let id = flights.freeId(); id !== undefined; id = flights.freeId()) {
    ids.push(id);
    flights.add(flightOf(id, [], undefined));
  }
  t.equal(ids.length, 100);
  t.strictSame([ids[0], ids.at(-1)], [65_101, 65_200]);
  flights.delete(65_150);
  t.equal(flights.freeId(), 65_150);
});
