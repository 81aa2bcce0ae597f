/** One message in a ring, and how often it is delivered: for brokers that have nothing against loops. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { SessionClient } from '../client.js';
import { type MeshShape, openMesh } from './mesh.js';

export interface StormResult extends MeshShape {
  readonly published: 1;
  readonly seconds: number;
  readonly deliveries: number;
}

const SECONDS = 5;
/** For all links to be there. */
const LINKING = 3_000;

export async function storm(shape: MeshShape): Promise<StormResult> {
  const folder = mkdtempSync(join(tmpdir(), 'hpmq-storm-'));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rmSync(folder, { recursive: true, force: true }));
  const { nodes } = await openMesh(shape, folder, stack);
  let deliveries = 0;
  for (const [index, { port }] of nodes.entries()) {
    const onMessage = () => {
      deliveries++;
    };
    const subscriber = new SessionClient({
      clientId: `subscriber-${index}`,
      filters: [{ topic: 'mesh/#', qos: 0 }],
      onMessage,
    });
    stack.defer(() => subscriber.drop());
    await subscriber.connect(port);
  }
  await sleep(LINKING);
  const publisher = new SessionClient({ clientId: 'publisher', filters: [] });
  stack.defer(() => publisher.drop());
  await publisher.connect(nodes[0]!.port);
  publisher.publish({ topic: 'mesh/one', payload: '1', qos: 1, retain: false, expiry: 0 });
  await sleep(SECONDS * 1_000);
  return { ...shape, published: 1, seconds: SECONDS, deliveries };
}
