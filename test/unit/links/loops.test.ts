import t from 'tap';
import { Mesh } from '../../../src/core/mesh.js';
import { createMessage, type MessageInit } from '../../../src/core/message.js';
import { renamingOf } from '../../../src/core/stamp.js';
import { LoopGuard, type LoopGuardOptions } from '../../../src/links/loops.js';
import { unwrap, wrap } from '../../../src/links/wrapped-topics.js';
import { ManualClock } from '../../support/manual-clock.js';

const PAYLOAD = Buffer.from('p');
const message = (more: Partial<MessageInit> = {}) =>
  createMessage({ topic: 'a/b', payload: PAYLOAD, origin: 'client:c', receivedAt: 5, ...more });

function guard(config: Partial<LoopGuardOptions['config']>, gatewayId = 'g1') {
  const mesh = new Mesh({ gatewayId, epoch: 'e' });
  const all = {
    type: 'mqtt',
    protocolVersion: 5,
    stamp: undefined,
    hub: undefined,
    wrap: false,
    bridge: false,
    ...config,
  } as const;
  return { mesh, loops: new LoopGuard({ config: all, mesh, origin: 'link:l', clock: new ManualClock() }) };
}

t.test('stamps: always between peers; with others when there are peers, unless it is said', async (t) => {
  t.ok(guard({ type: 'peer' }).loops.stamped);
  t.ok(guard({ stamp: true }).loops.stamped);
  const { mesh, loops } = guard({});
  t.notOk(loops.stamped);
  t.equal(loops.outgoing(message(), message()).properties, undefined);
  mesh.stamp(message());
  t.ok(loops.stamped);
  t.match(loops.outgoing(message(), message()).properties, { userProperties: [['hpmq-origin', 'g1/e']] });
  const never = guard({ stamp: false });
  never.mesh.stamp(message());
  t.notOk(never.loops.stamped);
  const three = guard({ protocolVersion: 4 });
  three.mesh.stamp(message());
  t.notOk(three.loops.stamped, 'MQTT 3.1.1 has no user properties');
});

t.test('a stamp of a far side that is not believed is taken away', async (t) => {
  const sent = guard({ type: 'peer' }).loops.outgoing(message(), message());
  const received = guard({ stamp: false }, 'g2').loops.incoming(sent, PAYLOAD);
  t.strictSame(received, {
    topic: 'a/b',
    retain: false,
    properties: undefined,
    stamp: undefined,
    stampedQoS: undefined,
  });
});

t.test('wrapped topics carry the stamp, RETAIN and its time, and are retained by nobody', async (t) => {
  const [one, other] = [guard({ wrap: true, protocolVersion: 4 }), guard({ wrap: true, protocolVersion: 4 }, 'g2')];
  const kept = message({ retain: true, qos: 1 });
  const sent = one.loops.outgoing(kept, kept);
  t.strictSame(sent, { topic: 'hpmq-wrap/g1/e/1/g1/1/5/a/b', retain: false, properties: undefined });
  t.equal(one.loops.filter('a/#'), 'hpmq-wrap/+/+/+/+/+/+/a/#');
  const received = other.loops.incoming(sent, PAYLOAD);
  const stamp = { gateway: 'g1', epoch: 'e', sequence: 1, hops: ['g1'], at: 5, isSync: false };
  t.strictSame(received, { topic: 'a/b', retain: true, properties: undefined, stamp, stampedQoS: 1 });
  const replayed = one.loops.outgoing(one.loops.replayed(kept), kept);
  t.match(other.loops.incoming(replayed, PAYLOAD), { stamp: { isSync: true, at: 5, sequence: 1 } });
  t.match(other.loops.incoming({ topic: 'a/b', retain: false, properties: undefined }, PAYLOAD), { topic: 'a/b' });
});

t.test('what is not wrapped as it should be is a topic like any other', async (t) => {
  const stamp = { gateway: 'g1', epoch: 'e', sequence: 1, hops: [], at: 5, isSync: false };
  t.match(unwrap(wrap(stamp, 'g1', { retain: false, qos: 2, topic: 'x/y' }), 9), {
    topic: 'x/y',
    retain: false,
    qos: 2,
    stamp: { ...stamp, at: 9, hops: ['g1'] },
  });
  for (const topic of [
    'hpmq-wrap',
    'hpmq-wrap/g1/e/1/g1/0/-',
    'hpmq-wrap/g1/e/1/g1/0/-/',
    'hpmq-wrap/g1/e/x/g1/0/-/a',
    'hpmq-wrap/g1/e/1//0/-/a',
    'hpmq-wrap/g1/e/1/g1/3/-/a',
    'hpmq-wrap/g1/e/1/g1/0/x/a',
    'other/g1/e/1/g1/0/-/a',
  ]) {
    t.equal(unwrap(topic, 9), undefined, topic);
  }
});

t.test('a rule that renames is known by what it changes', async (t) => {
  t.equal(renamingOf('a/b', 'plants/7/a/b'), renamingOf('x/y/z', 'plants/7/x/y/z'));
  t.not(renamingOf('a/b', 'plants/7/a/b'), renamingOf('a/b', 'plants/8/a/b'));
  const { loops } = guard({ type: 'peer' });
  const one = message();
  const epochs = ['a/b', 'p/a/b', 'q/a/b'].map(
    (topic) => loops.outgoing(one, { ...one, topic }).properties?.userProperties?.[0]?.[1],
  );
  t.equal(new Set(epochs).size, 3, 'one message under three names is three');
  const received = loops.incoming(loops.outgoing(one, { ...one, topic: 'p/a/b' }), PAYLOAD)!;
  const arrived = ['p/a/b', 'a/b', 'p/a/b'].map((topic) => message({ topic }));
  loops.stamp(arrived, received);
  t.equal(arrived[0]!.stamp, received.stamp);
  t.equal(new Set(arrived.map(({ stamp }) => stamp?.epoch)).size, 3, 'and here, under a name or as a part');
});

t.test('on a connect the state of the gateway itself is news, the rest is of the past', async (t) => {
  const { loops } = guard({ type: 'peer' });
  const state = message({ topic: 'hpmq/g1/$state', retain: true });
  t.match(loops.replayed(state), { stamp: { isSync: false } });
  t.not(loops.replayed(state).stamp?.sequence, loops.replayed(state).stamp?.sequence);
  t.match(loops.replayed(message({ retain: true })), { stamp: { isSync: true } });
});

t.test('a hub: each message passes to it by one of its gateways, and from it by the first', async (t) => {
  const hub = { name: 'm', gateways: ['g1', 'g2'] };
  const [one, two] = [guard({ hub }), guard({ hub }, 'g2')];
  t.ok(one.loops.stamped);
  const stamp = { gateway: 'g3', epoch: 'e', sequence: 1, hops: ['g3'], at: 5, isSync: false };
  const carriers = (more: Partial<MessageInit>) => [one, two].map(({ loops }) => loops.carries(message(more)));
  t.strictSame(carriers({ stamp }), [true, false], 'of others: the first');
  t.strictSame(carriers({ stamp: { ...stamp, gateway: 'g2', hops: ['>m', 'g2'] } }), [false, true], 'of its own');
  const joining = carriers({ stamp: { ...stamp, hops: ['>m', 'g3'] } });
  t.strictSame(joining, [false, false], 'of one that is not in the lists yet: by that');
  t.strictSame(carriers({ stamp: { ...stamp, hops: ['@m', 'g3'] } }), [false, false], 'what came from there: none');
  const there = () => message({ origin: 'link:l' });
  t.strictSame(
    [one, two].map(({ mesh }) => mesh.hubs.keeps(there())),
    [false, true],
  );
  const told = there();
  t.strictSame(one.mesh.stamp(told).hops, ['@m']);
  t.notOk(one.mesh.isForeign(told.stamp!), 'it may be published again when it could not be kept');
  const arrived = message({ stamp: { ...told.stamp!, hops: ['@m', 'g1'] } });
  t.equal(guard({ hub }, 'g2').mesh.judge(arrived, undefined), 'all', 'the hub has no subscription of ours yet');
  two.loops.connected(false);
  two.loops.subscribed(true);
  t.equal(two.mesh.judge(arrived, undefined), 'drop', 'it comes from there by itself');
  two.loops.subscribed(false);
  t.equal(two.mesh.judge(arrived, undefined), 'all', 'it has refused us');
  two.loops.subscribed(true);
  two.loops[Symbol.dispose]();
  t.notOk(two.mesh.hubs.keeps(there()), 'the link is no more');
  t.equal(guard({}, 'g3').mesh.judge(arrived, undefined), 'all');
});
