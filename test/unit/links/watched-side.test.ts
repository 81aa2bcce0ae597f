/** Limits of clouds that are kept to when sending. */
import t from 'tap';
import { linkPresets, topicLimitFault } from '../../../src/core/link-presets.js';
import type { FarSide, Outgoing } from '../../../src/links/far-side.js';
import { WatchedSide } from '../../../src/links/watched-side.js';
import { outgoing } from '../../support/far-side.js';
import { ManualClock } from '../../support/manual-clock.js';

function watched(preset: keyof typeof linkPresets | undefined, heartbeatTopic?: string, window = 1_000) {
  const sent: Outgoing[] = [];
  const side = new WatchedSide({
    clock: new ManualClock(),
    preset: preset === undefined ? undefined : linkPresets[preset],
    wasSentTo: true,
    onSent: () => {},
    events: { onMessage: async () => {}, onAcknowledged: () => {}, onDrain: () => {} },
    onProgress: () => {},
    heartbeatTopic,
    onReturned: () => {},
  });
  const far = {
    window,
    maximumQoS: 2,
    isWritable: true,
    refusal: () => undefined,
    publish: (message: Outgoing) => void sent.push(message),
  };
  side.watch(far as unknown as FarSide);
  return { side, sent };
}

function beat(side: WatchedSide, onAnswer: (refusal?: Error) => void = () => {}) {
  return side.beat('beat', 'x', 30, () => {}, onAnswer);
}

t.test('AWS IoT: QoS, window, message and topic', async (t) => {
  const { side } = watched('aws-iot');
  t.equal(side.maximumQoS, 1);
  t.equal(side.window, 100);
  t.equal(side.refusal(outgoing({ topic: '1/2/3/4/5/6/7/8', payload: Buffer.alloc(131_072) })), undefined);
  t.match(side.refusal(outgoing({ topic: 'a', payload: Buffer.alloc(131_073) })), { code: 'LINK_LIMIT' });
  t.match(side.refusal(outgoing({ topic: '1/2/3/4/5/6/7/8/9' })), { code: 'LINK_LIMIT', message: /9 levels/ });
  t.match(side.refusal(outgoing({ topic: 'ä'.repeat(129) })), { code: 'LINK_LIMIT', message: /258 bytes/ });
  t.equal(topicLimitFault(linkPresets['aws-iot'], '$AWS/rules/mine/1/2/3/4/5/6/7/8'), undefined, 'basic ingest');
});

t.test('without a preset the far side alone decides', async (t) => {
  const { side } = watched(undefined);
  t.equal(side.maximumQoS, 2);
  t.equal(side.refusal(outgoing({ topic: '1/2/3/4/5/6/7/8/9', payload: Buffer.alloc(1_000_000) })), undefined);
});

t.test('held back until all is acknowledged; a heartbeat has an identifier of its own', async (t) => {
  const { side, sent } = watched(undefined, 'beat');
  t.equal(side.window, 999, 'one place is kept for the heartbeat');
  for (const packetId of [1, 2, 65_000]) side.publish(outgoing({ topic: 'x', packetId }));
  let isIdle = false;
  const idle = side.hold().then(() => {
    isIdle = true;
  });
  t.equal(side.isWritable, false);
  const answers: unknown[] = [];
  t.ok(beat(side, (refusal) => void answers.push(refusal)));
  t.notOk(beat(side), 'one at a time');
  const id = sent.at(-1)!.packetId;
  t.ok(id > 65_000);
  t.equal(side.window, 999);
  side.events.onAcknowledged('puback', id, undefined);
  t.strictSame(answers, [undefined]);
  side.events.onAcknowledged('puback', 1, undefined);
  side.events.onAcknowledged('pubrec', 2, undefined);
  side.events.onAcknowledged('puback', 65_000, undefined);
  await Promise.resolve();
  t.notOk(isIdle, 'QoS 2 is not over with PUBREC');
  side.events.onAcknowledged('pubcomp', 2, undefined);
  await idle;
  t.equal(side.inFlight, 0);
});

t.test('a window of one is the message’s or the heartbeat’s', async (t) => {
  const { side, sent } = watched(undefined, 'beat', 1);
  t.equal(side.window, 1);
  side.publish(outgoing({ topic: 'x', packetId: 1 }));
  beat(side);
  t.equal(sent.length, 1, 'it waits');
  t.equal(side.window, 0, 'the next place is its own');
  side.events.onAcknowledged('puback', 1, undefined);
  t.equal(sent.at(-1)?.topic, 'beat');
  t.equal(side.window, 0);
  side.events.onAcknowledged('puback', sent.at(-1)!.packetId, undefined);
  t.equal(side.window, 1);
});
