/** PINGREQ and PINGRESP: §3.12 and §3.13. */
import { Bench } from '../unit/broker/harness.js';
import { closedSilently, each, packet, recorded, refused, unharmed } from './harness.js';

each(
  [3, 4, 5],
  'PINGREQ is answered with PINGRESP, and nothing else [MQTT-3.12.4-1] [3.1.1: MQTT-3.12.4-1]',
  async (t, version) => {
    const client = await new Bench(t).connect(version, 'a');
    const seen = recorded(client);
    client.raw(Buffer.from('c000', 'hex'));
    await client.next('pingresp');
    client.raw(Buffer.from('c000c000', 'hex'));
    await client.next('pingresp');
    await client.next('pingresp');
    t.equal(seen.bytes().toString('hex'), 'd000d000d000', 'one answer each, byte for byte');
    await unharmed(t, client);
  },
);

each([3, 4, 5], 'PINGREQ with flags, a payload or in the wrong direction ends the connection', async (t, version) => {
  const bench = new Bench(t);
  for (const bad of [packet(0xc1), packet(0xc0, 0x00), packet(0xd0)]) {
    const client = await bench.connect(version, 'a');
    client.raw(bad);
    await refused(t, client, bad[0] === 0xd0 ? 0x82 : 0x81);
  }
  const early = bench.open(version);
  early.raw(packet(0xc0));
  await closedSilently(t, early);
});
