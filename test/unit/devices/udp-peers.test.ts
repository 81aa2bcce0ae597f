/** Masters over UDP: who gets a wire, and who makes room. */
import { createSocket, type Socket } from 'node:dgram';
import t, { type Test } from 'tap';
import { type PeerWire, UdpPeers, type UdpPeersOptions } from '../../../src/devices/servers/udp-peers.js';
import { ManualClock } from '../../support/manual-clock.js';
import { eventually } from '../../support/peers.js';

async function start(t: Test, options: Partial<UdpPeersOptions> = {}) {
  const clock = new ManualClock();
  const wires: PeerWire[] = [];
  const heard: string[] = [];
  const refused: string[] = [];
  const endpoint = { type: 'udp', host: '127.0.0.1', port: 0 } as const;
  const peers = new UdpPeers(endpoint, {
    clock,
    maxPeers: 2,
    idleTimeout: 60_000,
    isAllowed: () => true,
    onPeer(wire) {
      wires.push(wire);
      wire.on('data', (bytes: Buffer) => {
        heard.push(bytes.toString());
        wire.write(Buffer.from(`re: ${bytes}`));
      });
    },
    onRefused: (who) => void refused.push(who),
    ...options,
  });
  t.teardown(() => peers[Symbol.dispose]());
  const port = await peers.listen(endpoint);
  const client = (): { socket: Socket; answers: string[]; send(text: string): void } => {
    const socket = createSocket('udp4');
    const answers: string[] = [];
    socket.on('message', (bytes) => void answers.push(bytes.toString()));
    t.teardown(() => void socket.close());
    return { socket, answers, send: (text) => socket.send(text, port, '127.0.0.1') };
  };
  return { clock, peers, wires, heard, refused, client };
}

t.test('each address has a wire; a datagram is a chunk, in both directions', async (t) => {
  const { wires, client } = await start(t);
  const [a, b] = [client(), client()];
  a.send('one');
  b.send('two');
  a.send('three');
  await eventually(() => a.answers.length === 2 && b.answers.length === 1);
  t.strictSame(a.answers, ['re: one', 're: three']);
  t.strictSame(b.answers, ['re: two']);
  t.equal(wires.length, 2);
});

t.test('when there is no room, who was silent longest goes', async (t) => {
  const { clock, peers, wires, client } = await start(t);
  const [a, b, c] = [client(), client(), client()];
  a.send('a');
  await eventually(() => a.answers.length === 1);
  await clock.advance(1_000);
  b.send('b');
  await eventually(() => b.answers.length === 1);
  await clock.advance(1_000);
  a.send('a again');
  await eventually(() => a.answers.length === 2);
  c.send('c');
  await eventually(() => c.answers.length === 1);
  t.equal(peers.size, 2);
  t.strictSame(
    wires.map(({ destroyed }) => destroyed),
    [false, true, false],
  );
});

t.test('who is silent for the idle time is forgotten; a new datagram makes a new wire', async (t) => {
  const { clock, peers, wires, client } = await start(t);
  const a = client();
  a.send('a');
  await eventually(() => a.answers.length === 1);
  await clock.advance(59_000);
  t.equal(peers.size, 1);
  await clock.advance(31_000);
  await eventually(() => peers.size === 0);
  a.send('b');
  await eventually(() => a.answers.length === 2);
  t.equal(wires.length, 2);
});

t.test('addresses that are not allowed are not heard', async (t) => {
  const { heard, refused, wires, client } = await start(t, { isAllowed: () => false });
  client().send('x');
  await eventually(() => refused.length === 1);
  t.strictSame([heard, wires], [[], []]);
});
