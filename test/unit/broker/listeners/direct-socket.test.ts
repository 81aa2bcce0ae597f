/** Writing past the stream, on real sockets: nothing is lost, nothing overtakes, and what fails is told. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { type DirectOwner, DirectSocket } from '../../../../src/broker/listeners/direct-socket.js';

interface Pair {
  readonly direct: DirectSocket;
  readonly peer: Socket;
  /** Of the owner, in order. */
  readonly told: (Error | 'ended' | 'closed' | string)[];
}

async function pair(t: Test): Promise<Pair> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const peer = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  const [accepted] = (await once(server, 'connection')) as [Socket];
  const direct = DirectSocket.takeOver(accepted);
  if (direct === undefined) throw new Error('this Node does not give its handles');
  const told: Pair['told'] = [];
  const owner: DirectOwner = {
    read: (bytes) => told.push(bytes.toString()),
    lost: (error) => told.push(error ?? 'ended'),
    closed: () => told.push('closed'),
  };
  direct.owner = owner;
  direct.resume();
  t.teardown(() => {
    direct.destroy();
    peer.destroy();
    server.close();
  });
  return { direct, peer, told };
}

/** Numbers of four bytes, one after the other. */
function numbers(from: number, count: number): Buffer {
  const bytes = Buffer.alloc(count * 4);
  for (let i = 0; i < count; i++) bytes.writeUInt32BE(from + i, i * 4);
  return bytes;
}

async function allOf(peer: Socket): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of peer) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

t.test('what the system takes at once is gone, and its bytes may be changed', async (t) => {
  const { direct, peer } = await pair(t);
  const bytes = Buffer.from('one');
  for (const text of ['one', 'two', 'six']) {
    bytes.write(text);
    t.ok(direct.writeNow(bytes));
    t.equal(direct.unsentBytes, 0);
  }
  direct.end();
  t.equal((await allOf(peer)).toString(), 'onetwosix');
});

t.test('a peer that does not read: what waits is kept, in order, with what the stream writes behind it', async (t) => {
  const { direct, peer } = await pair(t);
  const each = 16_384;
  let written = 0;
  const more = () => {
    const isGone = direct.writeNow(numbers(written, each));
    written += each;
    return isGone;
  };
  while (more());
  t.ok(direct.unsentBytes > 0, `${direct.unsentBytes} bytes wait after ${written * 4}`);
  t.notOk(more(), 'behind what waits nothing is written at once');
  const order: string[] = [];
  direct.write(numbers(written, each), () => order.push('written'));
  written += each;
  await sleep(20);
  t.strictSame(order, [], 'not before those before it');

  const received = allOf(peer);
  while (direct.unsentBytes > 0) await sleep(1);
  t.ok(more(), 'at once again');
  direct.end();
  t.ok((await received).equals(numbers(0, written)), 'all of it, as it was written');
  t.strictSame(order, ['written']);
});

t.test('a peer that is gone while bytes wait: the owner is told once, with the code of the system', async (t) => {
  const { direct, peer, told } = await pair(t);
  while (direct.writeNow(numbers(0, 16_384)));
  peer.resetAndDestroy();
  while (told.at(-1) !== 'closed') await sleep(1);
  t.match(told, [{ code: /^(ECONNRESET|EPIPE|ECANCELED)$/ }, 'closed']);
  t.equal(told.length, 2);
  t.ok(direct.writeNow(Buffer.from('late')), 'nobody waits for that any more');
});

t.test('a write that fails: as an error of the socket', async (t) => {
  const { direct, peer, told } = await pair(t);
  t.ok(direct.writeNow(Buffer.from('x')));
  await once(peer, 'readable');
  direct.pause();
  peer.resetAndDestroy();
  for (let i = 0; i < 100 && told.length === 0; i++) {
    direct.writeNow(Buffer.from('y'));
    await sleep(1);
  }
  while (told.at(-1) !== 'closed') await sleep(1);
  t.match(told[0], { code: /^(ECONNRESET|EPIPE)$/, syscall: /^(write|read)$/ });
  t.equal(told.length, 2);
});

t.test('ended while bytes wait: they arrive, then the end', async (t) => {
  const { direct, peer } = await pair(t);
  let written = 0;
  while (direct.writeNow(numbers(written, 16_384))) written += 16_384;
  written += 16_384;
  direct.end();
  t.ok((await allOf(peer)).equals(numbers(0, written)));
});
