/** Short forms of `npm run fuzz`. */
import t from 'tap';
import { fuzzListeners } from '../../fuzz/listener-streams.js';
import { fuzzConnections } from '../../fuzz/mqtt-connections.js';
import { fuzzBroker } from '../../fuzz/mqtt-streams.js';
import { needs } from '../../support/peers.js';

t.test(
  'tens of thousands of mutated packets: every answer is a legal one, nothing is left, memory stays',
  async (t) => {
    const { mutated, connections, refused, received } = await fuzzConnections({ packets: 20_000, seed: 1 });
    t.ok(mutated >= 20_000);
    t.ok(connections > 5_000, `${connections} connections`);
    t.ok(refused > 2_000, `${refused} were refused in words`);
    t.ok(received > 10_000, `${received} packets of the broker were judged`);
  },
);

t.test('a thousand broken streams: nothing crashes, nothing is left, the broker serves on', async (t) => {
  const { streams, packets, refused } = await fuzzBroker({ streams: 1_000, seed: 1 });
  t.equal(streams, 1_000);
  t.ok(refused > 100, `${refused} were refused`);
  t.ok(packets > 250, `${packets} packets were taken`);
});

t.test('broken PROXY headers, WebSocket frames and TLS handshakes', needs('openssl'), async (t) => {
  const { packets } = await fuzzListeners({ streams: 600, seed: 1 });
  t.ok(packets > 50, `${packets} packets came through`);
});
