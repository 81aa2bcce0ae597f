/** What a gateway that is killed and started again tells its peers of its retained messages: the same as before. */
import t from 'tap';
import { RetainedKeeper } from '../../../src/broker/persistence/retained-keeper.js';
import { MessageRouter } from '../../../src/broker/router.js';
import { Mesh } from '../../../src/core/mesh.js';
import { createMessage, type Message } from '../../../src/core/message.js';
import type { StoredTable } from '../../../src/core/store.js';
import { ManualClock } from '../../support/manual-clock.js';

/** A disk that outlives its gateways. */
class Disk {
  readonly #tables = new Map<string, Map<string, Buffer>>();

  table(name: string): StoredTable {
    const records = this.#tables.get(name) ?? new Map<string, Buffer>();
    this.#tables.set(name, records);
    return {
      entries: () => [...records],
      set: (key, value) => void records.set(key, value),
      delete: (key) => void records.delete(key),
    };
  }

  beforeBatch(): void {}
}

class Gateway {
  readonly mesh: Mesh;
  readonly router: MessageRouter;
  readonly clock = new ManualClock();

  constructor(gatewayId: string, disk: Disk) {
    this.mesh = new Mesh({ gatewayId, store: disk });
    const retained = new RetainedKeeper(disk.table('retained'), this.clock);
    const persistence = { isFull: false, retained, commit: () => undefined };
    this.router = new MessageRouter({ clock: this.clock, retainedMessages: 10, persistence, mesh: this.mesh });
  }

  put(topic: string, payload: string, receivedAt: number): void {
    void this.router.publish(createMessage({ topic, payload, receivedAt, retain: true, qos: 1, origin: 'client:c' }));
  }

  /** What it tells a peer that it meets. */
  told(): Message[] {
    return [...this.mesh.sync(this.router.retained('#'), '#', 'g2')].filter((message) => message !== undefined);
  }
}

/** As it arrives at the other side. */
function arrived(message: Message): Message {
  const stamp = message.stamp!;
  return { ...message, origin: 'link:g1', stamp: { ...stamp, hops: [...stamp.hops, 'g1'] } };
}

t.test('a retained message from before the first peer keeps the stamp that the peer was told', async (t) => {
  const disk = new Disk();
  new Gateway('g1', disk).put('t', 'v', 5);
  const [before] = new Gateway('g1', disk).told();
  const [after] = new Gateway('g1', disk).told();
  t.strictSame(after?.stamp, before?.stamp);
  const peer = new Mesh({ gatewayId: 'g2' });
  t.equal(peer.judge(arrived(before!), undefined), 'all');
  t.not(peer.judge(arrived(after!), undefined), 'all', 'who could not keep it does not deliver it twice');
});

t.test('what is cleared before a peer is back is told as cleared', async (t) => {
  const disk = new Disk();
  const first = new Gateway('g1', disk);
  first.put('t', 'v', 5);
  const [told] = first.told();
  const again = new Gateway('g1', disk);
  again.put('t', '', 5);
  const [cleared] = again.told();
  t.match(cleared, { topic: 't', stamp: { gateway: 'g1', at: 6 } });
  t.equal(cleared?.payload.length, 0);
  const peer = new Mesh({ gatewayId: 'g2' });
  const known = arrived(told!);
  peer.judge(known, undefined);
  t.equal(peer.judge(arrived(cleared!), known), 'all');
  t.match(new Gateway('g1', disk).told(), [{ topic: 't', stamp: cleared!.stamp }], 'and after the next start');
});

t.test('what is set before a peer is back is newer, by a clock that was set back, too', async (t) => {
  const disk = new Disk();
  const first = new Gateway('g1', disk);
  first.put('t', 'v', 1_000);
  const known = arrived(first.told()[0]!);
  const again = new Gateway('g1', disk);
  again.put('t', 'w', 5);
  const [told] = again.told();
  const peer = new Mesh({ gatewayId: 'g2' });
  peer.judge(known, undefined);
  t.equal(peer.judge(arrived(told!), known), 'all');
});

t.test('a gateway without peers gives no stamps', async (t) => {
  const gateway = new Gateway('g1', new Disk());
  gateway.put('t', 'v', 5);
  gateway.put('t', 'w', 6);
  t.strictSame(
    [...gateway.router.retained('#')].map(({ stamp }) => stamp),
    [undefined],
  );
});
